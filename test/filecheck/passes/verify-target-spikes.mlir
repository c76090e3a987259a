// RUN: not nn-opt %s -p verify-target 2>&1 | filecheck %s

// What a neuron that spikes cannot hold, with the limit and the remedy.

!s = !core_op.code<1, 0.5, 0, ticks 4>
!t = !core_op.code<1, 0.5, 0, ticks 8>

module attributes {core_op.target = #core_op.target<"spikes", fan_in = 8, fan_out = 4, signal_bits = 1,
    weights = [-8, 7], accumulator_bits = 12, bias_bits = 6, gain = neuron, gain_values = reciprocal, rounding = floor,
    neuron = lif, window = 4, threshold_bits = 8>} {
  func.func @main(%x: tensor<1x2x!s>) -> tensor<1x2x!s> {
    %w = trained.tensor [[[1, 2], [3, 4]]] : tensor<1x2x2xi8>
    %b = trained.tensor [[31, -33]] : tensor<1x2xi32>
    %v = trained.tensor [[2048, 0]] : tensor<1x2xi32>
    %g = trained.tensor [[0.5, 0.0078125]] : tensor<1x2xf32>
    // CHECK:      20:5: error: core_op.vmm: leak -33 is outside [-32, 31]; re-run core-op-quantize-weights
    // CHECK-NEXT: 20:5: error: core_op.vmm: threshold 128 is outside [1, 127]; re-run core-op-quantize-weights
    // CHECK-NEXT: 20:5: error: core_op.vmm: potential 2048 is outside [-2048, 2047]; re-run core-op-quantize-weights
    // CHECK-NEXT: 20:5: error: core_op.vmm: worst-case sum needs 13 bits, the accumulator has 12; run core-op-expand for a smaller fan-in
    %y = core_op.vmm relu %x, %w bias %b potential %v gain %g : (tensor<1x2x!s>, tensor<1x2x2xi8>, tensor<1x2xi32>, tensor<1x2xi32>, tensor<1x2xf32>) -> tensor<1x2x!s>
    %h = trained.tensor [0.3] : tensor<1xf32>
    // CHECK-NEXT: 23:5: error: core_op.vmm: gain 0.3 is not one over a threshold, an integer; re-run core-op-quantize-weights
    %z = core_op.vmm relu %y, %w gain %h : (tensor<1x2x!s>, tensor<1x2x2xi8>, tensor<1xf32>) -> tensor<1x2x!s>
    // CHECK-NEXT: 26:5: error: core_op.vmm: threshold 128 is outside [1, 127]
    // CHECK-NEXT: 26:5: error: core_op.vmm: signal is counted in 8 ticks, the target's window has 4; run core-op-reencode
    %u = core_op.vmm relu %z, %w gain %g : (tensor<1x2x!s>, tensor<1x2x2xi8>, tensor<1x2xf32>) -> tensor<1x2x!t>
    func.return %z : tensor<1x2x!s>
  }
}
