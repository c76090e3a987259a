// RUN: nn-opt %s -p core-op-unroll --split-input-file --verify-diagnostics | filecheck %s

// What the pass refuses, and how it says so; every chunk is one error.

// CHECK: error: core-op-unroll: the module has no target; run set-target before
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  func.return %x : tensor<2xf32>
}

// -----

// CHECK: error: core_op.vmm: its weights are real; run core-op-quantize-weights before
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_bits = 8, shares_positions = false>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<5x1x2xf32>) -> tensor<5x1x1xf32> {
    %w = trained.tensor [[[1.0], [1.0]]] : tensor<1x2x1xf32>
    %y = core_op.vmm relu %x, %w : (tensor<5x1x2xf32>, tensor<1x2x1xf32>) -> tensor<5x1x1xf32>
    func.return %y : tensor<5x1x1xf32>
  }
}

// -----

// CHECK: error: core_op.vmm: numbers of several units; run core-op-split-units before
!code = !core_op.code<4, 0.5, 0>
!units = !core_op.code<4, 0.5, 0, units 2>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_bits = 8, shares_positions = false>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<5x1x2x!code>) -> tensor<5x1x1x!units> {
    %w = trained.tensor [[[1], [1]]] : tensor<1x2x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<5x1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<5x1x1x!units>
    func.return %y : tensor<5x1x1x!units>
  }
}

// -----

// CHECK: error: core_op.vmm: its parameters are computed; a core's are constants
!code = !core_op.code<4, 0.5, 0>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_bits = 8, shares_positions = false>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<5x1x2x!code>, %w: tensor<1x2x1xi8>) -> tensor<5x1x1x!code> {
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<5x1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<5x1x1x!code>
    func.return %y : tensor<5x1x1x!code>
  }
}

// -----

// CHECK: error: core_op.vmm: fan-in 9 exceeds the core's 8 inputs beside its bias; run core-op-expand before
!code = !core_op.code<4, 0.5, 0>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_bits = 8, shares_positions = false>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<2x1x9x!code>) -> tensor<2x1x1x!code> {
    %w = trained.tensor [[[1], [1], [1], [1], [1], [1], [1], [1], [1]]] : tensor<1x9x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<2x1x9x!code>, tensor<1x9x1xi8>, tensor<1xf32>) -> tensor<2x1x1x!code>
    func.return %y : tensor<2x1x1x!code>
  }
}

// -----

// CHECK: error: core_op.vmm: unrolled, the network needs at least 2 cores, the target has 1; use set-target{cores=...} for more of them, or a smaller network
!code = !core_op.code<4, 0.5, 0>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 2, signal_bits = 4, weights = [-7, 7], bias_bits = 8, shares_positions = false, cores = 1>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<4x1x2x!code>) -> tensor<4x1x1x!code> {
    %w = trained.tensor [[[1], [1]]] : tensor<1x2x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<4x1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<4x1x1x!code>
    func.return %y : tensor<4x1x1x!code>
  }
}
