// RUN: nn-opt %s --split-input-file --verify-diagnostics -p core-op-exact-functions | filecheck %s

#chip = #core_op.target<"chip", fan_in = 6, fan_out = 5, signal_bits = 3, weights = [-2, 2], bias_rows = 2>
// CHECK: node 'real': error: core_op.vmm: its signals are real numbers; run core-op-reencode before
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
    %h = core_op.vmm relu %x, %w {core_op.auxiliary} : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32>
    %y = core_op.vmm linear %h, %w {core_op.auxiliary, core_op.function = #trained.data<[[0.0, 1.0], [0.0, 1.0]] : tensor<2x2xf32>>} : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32> loc("real")
    func.return %y : tensor<1x1xf32>
  }
}

// -----

#chip = #core_op.target<"chip", fan_in = 6, fan_out = 5, signal_bits = 3, weights = [-2, 2], bias_rows = 2>
// CHECK: node 'integer': error: core_op.vmm: the weights are quantised already; run core-op-exact-functions before
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1x!core_op.code<3, 1.0, 0>>) -> tensor<1x1x!core_op.code<3, 1.0, 0>> {
    %w = trained.tensor [[[1]]] : tensor<1x1x1xi8>
    %g = trained.tensor [1.0] : tensor<1xf32>
    %h = core_op.vmm relu %x, %w gain %g {core_op.auxiliary} : (tensor<1x1x!core_op.code<3, 1.0, 0>>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!core_op.code<3, 1.0, 0>>
    %y = core_op.vmm linear %h, %w gain %g {core_op.auxiliary, core_op.function = #trained.data<[[0.0, 1.0], [0.0, 1.0]] : tensor<2x2xf32>>} : (tensor<1x1x!core_op.code<3, 1.0, 0>>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!core_op.code<3, 1.0, 0>> loc("integer")
    func.return %y : tensor<1x1x!core_op.code<3, 1.0, 0>>
  }
}

// -----

#chip = #core_op.target<"chip", fan_in = 6, fan_out = 5, signal_bits = 3, weights = [-2, 2], bias_rows = 2>
// CHECK: node 'falling': error: core_op.vmm: core_op.function is not two rows of finite numbers, the first one rising
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
    %y = core_op.vmm linear %x, %w {core_op.function = #trained.data<[[1.0, 0.0], [0.0, 1.0]] : tensor<2x2xf32>>} : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32> loc("falling")
    func.return %y : tensor<1x1xf32>
  }
}

// -----

// CHECK: error: core-op-exact-functions: the module has no target; run set-target before
func.func @main(%x: tensor<1x1xf32>) -> tensor<1x1xf32> {
  func.return %x : tensor<1x1xf32>
}
