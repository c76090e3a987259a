// RUN: nn-opt %s -p convert-nn-to-core-op --split-input-file --verify-diagnostics | filecheck %s

// All that has no form here is listed, each with what would mend it.
// CHECK: error: cannot become core_op: {{.*}}:7:3: nn.batch_norm: run nn-fold-batch-norm before; {{.*}}:8:3: nn.max_pool: run nn-decompose-pooling before; {{.*}}:9:3: nn.average_pool: run nn-decompose-pooling before; {{.*}}:10:3: nn.softmax: only the network's last operations are computed by the host
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %c = trained.tensor [1.0] : tensor<1xf32>
  %a = nn.batch_norm %x, %c, %c, %c, %c : (tensor<1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4xf32>
  %b = nn.max_pool %a kernel [2] : (tensor<1x4xf32>) -> tensor<1x3xf32>
  %d = nn.average_pool %b kernel [2] : (tensor<1x3xf32>) -> tensor<1x2xf32>
  %e = nn.softmax %d axis 1 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %y = nn.relu %e : (tensor<1x2xf32>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// CHECK: error: cannot become core_op: {{.*}}:19:3: nn.dense: its weights are computed; a core multiplies by constants only; end the network before it and compute the rest elsewhere
func.func @main(%x: tensor<2xf32>, %w: tensor<2x1xf32>) -> tensor<1xf32> {
  %y = nn.dense %x, %w : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
  func.return %y : tensor<1xf32>
}

// -----

// CHECK: 28:3: error: nn.conv: tensor sha256:000000000000... is not in a weights file that was given; name the file with --weights
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x3xf32> {
  %w = trained.tensor "sha256:0000000000000000000000000000000000000000000000000000000000000000" : tensor<1x1x2xf32>
  %y = nn.conv %x, %w : (tensor<1x4xf32>, tensor<1x1x2xf32>) -> tensor<1x3xf32>
  func.return %y : tensor<1x3xf32>
}

// -----

// CHECK: 37:3: error: nn.add: tensor sha256:000000000000... is not in a weights file that was given; name the file with --weights
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %c = trained.tensor "sha256:0000000000000000000000000000000000000000000000000000000000000000" : tensor<2xf32>
  %y = nn.add %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
