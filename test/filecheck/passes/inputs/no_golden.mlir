// A function with channels that may be scaled, and no golden function.
func.func @main(%x: tensor<2xf32>) -> tensor<1x1xf32> {
  %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
  %w = trained.tensor [[[8.0, 0.0], [0.0, 0.5]]] : tensor<1x2x2xf32>
  %h = core_op.vmm relu %r, %w : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
  %v = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
  %y = core_op.vmm linear %h, %v : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
  func.return %y : tensor<1x1xf32>
}
