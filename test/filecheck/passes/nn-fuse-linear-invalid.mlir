// RUN: nn-opt %s -p nn-fuse-linear --verify-diagnostics | filecheck %s

// Weights that are known by their digest only can be counted, not multiplied.

// CHECK: node 'second': error: nn.dense: tensor sha256:0123456789ab... is not in a weights file that was given; name the file with --weights
func.func @absent(%x: tensor<8xf32>) -> tensor<8xf32> {
  %w = trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<8x8xf32>
  %y = nn.dense %x, %w : (tensor<8xf32>, tensor<8x8xf32>) -> tensor<8xf32> loc("first")
  %z = nn.dense %y, %w : (tensor<8xf32>, tensor<8x8xf32>) -> tensor<8xf32> loc("second")
  func.return %z : tensor<8xf32>
}
