// RUN: nn-opt %s -p nn-fold-batch-norm --split-input-file --verify-diagnostics | filecheck %s

// CHECK: node 'norm1': error: nn.batch_norm: mean and variance must be constant to fold the batch norm; export the model for inference, not for training
func.func @computed(%x: tensor<2x4xf32>, %s: tensor<2xf32>) -> tensor<2x4xf32> {
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %one, %one, %s, %s : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32> loc("norm1")
  func.return %n : tensor<2x4xf32>
}

// -----

// CHECK: node 'norm1': error: nn.batch_norm: {{.*}}variance + epsilon of channel 1 is -2, but must be positive
func.func @negative(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %v = trained.tensor [1.0, -2.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %one, %one, %one, %v epsilon 0.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32> loc("norm1")
  func.return %n : tensor<2x4xf32>
}

// -----

// CHECK: node 'norm1': error: nn.batch_norm: {{.*}}the result is not a finite float32
func.func @overflow(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %large = trained.tensor [3.0e+38, 1.0] : tensor<2xf32>
  %v = trained.tensor [0.01, 1.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %large, %one, %one, %v : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32> loc("norm1")
  func.return %n : tensor<2x4xf32>
}

// -----

// CHECK: node 'norm1': error: nn.batch_norm: {{.*}}tensor sha256:0123456789ab... is not in a weights file that was given; name the file with --weights
func.func @absent(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %one = trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<2xf32>
  %n = nn.batch_norm %x, %one, %one, %one, %one : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32> loc("norm1")
  func.return %n : tensor<2x4xf32>
}
