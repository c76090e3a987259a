// RUN: nn-opt %s -p core-op-quantize-weights --split-input-file --verify-diagnostics | filecheck %s

// CHECK: error: core-op-quantize-weights: the module has no target; run set-target before
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  func.return %x : tensor<1x2xf32>
}

// -----

module attributes {core_op.target = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-7, 7]>} {
  func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
    // CHECK: core-op-quantize-weights-invalid.mlir:14:5: error: core_op.vmm: its signals are real numbers; run core-op-reencode before
    %y = core_op.vmm relu %x, %w : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }
}

// -----

!q = !core_op.code<4, 0.5, 0>
module attributes {core_op.target = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-7, 7]>} {
  func.func @main(%x: tensor<1x2x!q>, %w: tensor<1x2x1xf32>) -> tensor<1x1x!q> {
    // CHECK: 25:5: error: core_op.vmm: the weights are computed; a core's weights are constants
    %y = core_op.vmm relu %x, %w : (tensor<1x2x!q>, tensor<1x2x1xf32>) -> tensor<1x1x!q>
    func.return %y : tensor<1x1x!q>
  }
}

// -----

// A core without bias has no way out.
!q = !core_op.code<4, 0.5, 0>
module attributes {core_op.target = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-7, 7]>} {
  func.func @main(%x: tensor<1x2x!q>) -> tensor<1x1x!q> {
    %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
    %b = trained.tensor [[10.0]] : tensor<1x1xf32>
    // CHECK: 39:5: error: core_op.vmm: its bias is too large beside its weights: it needs {{[0-9]+}} steps of the sum, the target's bias holds 0; give the target more bias rows
    %y = core_op.vmm relu %x, %w bias %b : (tensor<1x2x!q>, tensor<1x2x1xf32>, tensor<1x1xf32>) -> tensor<1x1x!q>
    func.return %y : tensor<1x1x!q>
  }
}

// -----

// Nor has one whose weights would all become zero beside the bias, and not for want of meaning.
!q = !core_op.code<4, 0.5, 0>
module attributes {core_op.target = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-7, 7], bias_rows = 1>} {
  func.func @main(%x: tensor<1x2x!q>) -> tensor<1x1x!q> {
    %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
    %b = trained.tensor [[1000.0]] : tensor<1x1xf32>
    // CHECK: 53:5: error: core_op.vmm: its bias is too large beside its weights: it needs {{[0-9]+}} steps of the sum, the target's bias holds 105; give the target more bias rows
    %y = core_op.vmm relu %x, %w bias %b : (tensor<1x2x!q>, tensor<1x2x1xf32>, tensor<1x1xf32>) -> tensor<1x1x!q>
    func.return %y : tensor<1x1x!q>
  }
}

// -----

// A threshold of two bits leaves no weights.

!in = !core_op.code<1, 1.0, 0, ticks 16>
!out = !core_op.code<1, 10.0, 0, ticks 16>
module attributes {core_op.target = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 1, weights = [-7, 7], accumulator_bits = 24, bias_bits = 3, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 16, firing = window, threshold_bits = 16>} {
  func.func @main(%x: tensor<1x1x!in>) -> tensor<1x2x!out> {
    %w = trained.tensor [[[1.0, 0.5]]] : tensor<1x1x2xf32>
    // CHECK: error: core_op.vmm: weights that matter become 0 with thresholds up to 3; give the target more bias_bits
    %y = core_op.vmm relu %x, %w : (tensor<1x1x!in>, tensor<1x1x2xf32>) -> tensor<1x2x!out>
    func.return %y : tensor<1x2x!out>
  }
}
