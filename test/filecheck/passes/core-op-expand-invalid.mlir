// RUN: nn-opt %s -p core-op-expand --split-input-file --verify-diagnostics | filecheck %s

// CHECK: error: core-op-expand: the module has no target; run set-target before
func.func @main(%x: tensor<1x3xf32>) -> tensor<1x3xf32> {
  func.return %x : tensor<1x3xf32>
}

// -----

!q = !core_op.code<6, 0.1, 0>
module attributes {core_op.target = #core_op.target<"chip", fan_in = 2, fan_out = 2, signal_bits = 6, weights = [-127, 127]>} {
  func.func @main(%x: tensor<1x3x!q>) -> tensor<1x1x!q> {
    %w = trained.tensor [[[1], [2], [3]]] : tensor<1x3x1xi8>
    %g = trained.tensor [0.5] : tensor<1xf32>
    // CHECK: core-op-expand-invalid.mlir:16:5: error: core_op.vmm: the weights are quantised already; run core-op-expand before
    %y = core_op.vmm relu %x, %w gain %g : (tensor<1x3x!q>, tensor<1x3x1xi8>, tensor<1xf32>) -> tensor<1x1x!q>
    func.return %y : tensor<1x1x!q>
  }
}

// -----

module attributes {core_op.target = #core_op.target<"chip", fan_in = 2, fan_out = 2, signal_bits = 6, weights = [-127, 127]>} {
  func.func @main(%x: tensor<1x3xf32>, %w: tensor<1x3x1xf32>) -> tensor<1x1xf32> {
    // CHECK: 26:5: error: core_op.vmm: the weights are computed; a core's weights are constants
    %y = core_op.vmm relu %x, %w : (tensor<1x3xf32>, tensor<1x3x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }
}
