module attributes {core_op.target = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 2, weights = [-7, 7], bias_bits = 8>} {
  func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %q = core_op.encode %x : (tensor<2xf32>) -> tensor<2x!core_op.code<2, 0.5, 2, units 2>>
    %y = core_op.decode %q : (tensor<2x!core_op.code<2, 0.5, 2, units 2>>) -> tensor<2xf32>
    func.return %y : tensor<2xf32>
  }
}
