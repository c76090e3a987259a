// RUN: nn-opt %s -p nn-decompose-elementwise --split-input-file --verify-diagnostics | filecheck %s

// CHECK: node 'act': error: nn.binary: rule 'prelu': native rewrite 'trained.negate': tensor sha256:0123456789ab... is not in a weights file that was given; name the file with --weights
func.func @absent(%x: tensor<8xf32>) -> tensor<8xf32> {
  %s = trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<8xf32>
  %y = nn.binary prelu %x, %s : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> loc("act")
  func.return %y : tensor<8xf32>
}

// -----

// CHECK: node 'scale': error: nn.binary: rule 'mul_by_two_constants': native rewrite 'trained.multiply_rounded': the result is not a finite float32; look for odd values in the model
func.func @overflow(%x: tensor<2xf32>) -> tensor<2xf32> {
  %c = trained.tensor 1.0e30 : tensor<f32>
  %s = nn.binary mul %x, %c : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %y = nn.binary mul %s, %c : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32> loc("scale")
  func.return %y : tensor<2xf32>
}
