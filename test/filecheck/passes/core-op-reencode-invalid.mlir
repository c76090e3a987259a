// RUN: nn-opt %s -p core-op-reencode --split-input-file --verify-diagnostics | filecheck %s

// CHECK: error: core-op-reencode: the module has no target; run set-target before
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  func.return %x : tensor<1x2xf32>
}

// -----

#chip = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-7, 7]>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x2xf32> {core_op.range = array<f64: 0.0, 1.0>}) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
    // CHECK: core-op-reencode-invalid.mlir:15:5: error: core_op.vmm: no calibrated range; run core-op-calibrate before
    %y = core_op.vmm relu %x, %w : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }
}

// -----

#chip = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-7, 7]>
module attributes {core_op.target = #chip} {
  // CHECK: core-op-reencode-invalid.mlir:25:3: error: input 0 of the network has no calibrated range; run core-op-calibrate before
  func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
    %y = core_op.vmm relu %x, %w {core_op.range = array<f64: 0.0, 1.0>} : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }
}
