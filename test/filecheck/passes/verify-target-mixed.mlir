// RUN: nn-opt %s -p verify-target --split-input-file --verify-diagnostics 2>&1 | filecheck %s

// In a mixed network a signal, and a core, is held to the constraints of its own kind.

#spikes = #core_op.target<"chip", fan_in = 8, fan_out = 4, signal_bits = 1, weights = [-8, 7], accumulator_bits = 12,
    bias_bits = 6, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 4, threshold_bits = 8>
#codes = #core_op.target<"chip", fan_in = 8, fan_out = 4, signal_bits = 4, weights = [-8, 7], accumulator_bits = 12,
    bias_bits = 6, gain_values = power_of_two, rounding = floor>
!s = !core_op.code<1, 0.5, 0, ticks 4>
!c = !core_op.code<4, 0.5, 0>
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {
  // CHECK-LABEL: func.func @fits
  func.func @fits(%x: tensor<1x2x!c>) -> tensor<1x2x!c> {
    %w = trained.tensor [[[1, 2], [3, 4]]] : tensor<1x2x2xi8>
    %g = trained.tensor [[0.5, 0.25]] : tensor<1x2xf32>
    // CHECK: core_op.vmm relu
    %y = core_op.vmm relu %x, %w gain %g : (tensor<1x2x!c>, tensor<1x2x2xi8>, tensor<1x2xf32>) -> tensor<1x2x!s>
    %h = trained.tensor [0.25] : tensor<1xf32>
    %z = core_op.vmm relu %y, %w gain %h : (tensor<1x2x!s>, tensor<1x2x2xi8>, tensor<1xf32>) -> tensor<1x2x!c>
    func.return %z : tensor<1x2x!c>
  }
}

// -----

#spikes = #core_op.target<"chip", fan_in = 8, fan_out = 4, signal_bits = 1, weights = [-8, 7], accumulator_bits = 9,
    bias_bits = 6, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 4, threshold_bits = 8>
#codes = #core_op.target<"chip", fan_in = 8, fan_out = 4, signal_bits = 4, weights = [-8, 7], accumulator_bits = 12,
    bias_bits = 6, gain_values = power_of_two, rounding = floor>
!s = !core_op.code<1, 0.5, 0, ticks 4>
!t = !core_op.code<1, 0.5, 0, ticks 5>
!c = !core_op.code<4, 0.5, 0>
!d = !core_op.code<5, 0.5, 0>
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {
  func.func @exceeds(%x: tensor<1x2x!c>) -> tensor<1x2x!d> {
    %w = trained.tensor [[[1, 2], [3, 4]]] : tensor<1x2x2xi8>
    %g = trained.tensor [[0.5, 0.25]] : tensor<1x2xf32>
    // A code of 15 is taken 4 times, with weights of 6 in all.
    // CHECK:      error: core_op.vmm: worst-case sum needs 10 bits, the accumulator has 9; run core-op-expand for a smaller fan-in
    %y = core_op.vmm relu %x, %w gain %g : (tensor<1x2x!c>, tensor<1x2x2xi8>, tensor<1x2xf32>) -> tensor<1x2x!s>
    %h = trained.tensor [0.3] : tensor<1xf32>
    // CHECK-NEXT: error: core_op.vmm: gain 0.3 is not a power of two; re-run core-op-quantize-weights
    // CHECK-NEXT: error: core_op.vmm: signal carries 5 bits, the target's 4; run core-op-reencode
    %z = core_op.vmm relu %y, %w gain %h : (tensor<1x2x!s>, tensor<1x2x2xi8>, tensor<1xf32>) -> tensor<1x2x!d>
    // CHECK-NEXT: error: core_op.vmm: signal is counted in 5 ticks, the target's window has 4; run core-op-reencode
    %u = core_op.vmm relu %y, %w gain %g : (tensor<1x2x!s>, tensor<1x2x2xi8>, tensor<1x2xf32>) -> tensor<1x2x!t>
    func.return %z : tensor<1x2x!d>
  }
}

// -----

// CHECK: error: target 'chip': fan_in = 8, of its alternate 4; one core serves both, and has one
#spikes = #core_op.target<"chip", fan_in = 8, fan_out = 4, signal_bits = 1, weights = [-8, 7], gain = neuron,
    gain_values = reciprocal, rounding = floor, neuron = lif, window = 4>
#codes = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-8, 7]>
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {}
