// RUN: not nn-opt %s -p nn-decompose-pooling 2>&1 | filecheck %s
// RUN: not nn-opt %s -p 'set-target{name=prime},nn-decompose-pooling' 2>&1 | filecheck %s

// CHECK: nn-decompose-pooling-invalid.mlir:6:3: error: nn.max_pool: padded, over values that may be negative: what lies outside would count as zero; put a rectifier before it, or pool without padding
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x3xf32> {
  %y = nn.max_pool %x kernel [2] strides [2] pads [1, 1] : (tensor<1x4xf32>) -> tensor<1x3xf32>
  func.return %y : tensor<1x3xf32>
}
