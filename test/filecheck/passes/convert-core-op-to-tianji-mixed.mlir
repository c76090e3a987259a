// RUN: nn-opt %s -p convert-core-op-to-tianji --split-input-file --verify-diagnostics | filecheck %s

// Padding of graded numbers stands for zero at every tick: what its zero point adds is in the leak.

#spikes = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 1, weights = [-128, 127], accumulator_bits = 24,
    bias_bits = 9, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 4>
#codes = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24,
    bias_bits = 9, gain_values = power_of_two, rounding = floor>
!c = !core_op.code<8, 0.1, 3>
!s = !core_op.code<1, 0.25, 0, ticks 4>
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {
  // CHECK-LABEL: func.func @main
  // CHECK-DAG:     [[L:%.*]] = trained.tensor {{\[\[}}16]] : tensor<1x1xi32>
  // CHECK-DAG:     [[V:%.*]] = trained.tensor {{\[\[}}50]] : tensor<1x1xi32>
  // CHECK:         tianji.cores %x {{.*}} bias [[L]] threshold %{{.*}} initial [[V]] :
  // CHECK-DAG:     [[C:%.*]] = trained.tensor [1] : tensor<1xi32>
  // CHECK:         tianji.cores {{.*}} cut [[C]] :
  func.func @main(%x: tensor<1x1x!c>) -> tensor<1x1x!c> {
    %w = trained.tensor [[[2], [-1]]] : tensor<1x2x1xi8>
    %b = trained.tensor [[10]] : tensor<1x1xi32>
    %v = trained.tensor [[50]] : tensor<1x1xi32>
    %g = trained.tensor [[0.01]] : tensor<1x1xf32>
    %p = core_op.pad %x low [0, 1] high [0, 0] : (tensor<1x1x!c>) -> tensor<1x2x!c>
    %y = core_op.vmm linear %p, %w bias %b potential %v gain %g {core_op.mode = "spiking"}
      : (tensor<1x2x!c>, tensor<1x2x1xi8>, tensor<1x1xi32>, tensor<1x1xi32>, tensor<1x1xf32>) -> tensor<1x1x!s>
    %u = trained.tensor [[[2]]] : tensor<1x1x1xi8>
    %h = trained.tensor [0.5] : tensor<1xf32>
    %z = core_op.vmm linear %y, %u gain %h : (tensor<1x1x!s>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!c>
    func.return %z : tensor<1x1x!c>
  }
}

// -----

#spikes = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 1, weights = [-128, 127], accumulator_bits = 24,
    bias_bits = 9, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 4>
#codes = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24,
    bias_bits = 9, gain_values = power_of_two, rounding = floor>
!c = !core_op.code<8, 0.1, 100>
!s = !core_op.code<1, 0.25, 0, ticks 4>
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {
  func.func @main(%x: tensor<1x1x!c>) -> tensor<1x1x!s> {
    %w = trained.tensor [[[3], [-1]]] : tensor<1x2x1xi8>
    %g = trained.tensor [[0.01]] : tensor<1x1xf32>
    %p = core_op.pad %x low [0, 1] high [0, 0] : (tensor<1x1x!c>) -> tensor<1x2x!c>
    // CHECK: error: core_op.vmm: leak 300, with its padding's zero points, is outside [-256, 255]; re-encode its input without a zero point, or without padding
    %y = core_op.vmm linear %p, %w gain %g : (tensor<1x2x!c>, tensor<1x2x1xi8>, tensor<1x1xf32>) -> tensor<1x1x!s>
    func.return %y : tensor<1x1x!s>
  }
}
