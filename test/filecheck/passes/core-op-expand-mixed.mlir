// RUN: nn-opt %s -p 'core-op-expand{pack=false}' | filecheck %s

// Partial sums of a layer that reads graded numbers, or gives some, are graded; those of one that only has spikes are spikes.

#spikes = #core_op.target<"chip", fan_in = 2, fan_out = 4, signal_bits = 1, weights = [-8, 7], bias_bits = 9,
    gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 4>
#codes = #core_op.target<"chip", fan_in = 2, fan_out = 4, signal_bits = 8, weights = [-8, 7], bias_bits = 9,
    gain_values = power_of_two, rounding = floor>
!c = !core_op.code<8, 0.1, 0>
!s = !core_op.code<1, 0.25, 0, ticks 4>
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {
  func.func @main(%x: tensor<1x4x!c>) -> tensor<1x4x!c> {
    %w = trained.tensor [[[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], [2.0, 0.0, 0.0, 1.0], [0.0, 1.0, 3.0, 0.0]]] : tensor<1x4x4xf32>
    // CHECK: core_op.vmm linear {{.*}} {core_op.mode = "graded", core_op.partial}
    // CHECK: core_op.vmm relu {{.*}} {core_op.auxiliary} : {{.*}} -> tensor<1x4x1x1x!core_op.code<1, 0.25, 0, ticks 4>>
    %a = core_op.vmm relu %x, %w {core_op.mode = "spiking"} : (tensor<1x4x!c>, tensor<1x4x4xf32>) -> tensor<1x4x!s>
    // CHECK: core_op.vmm linear {{.*}} {core_op.mode = "spiking", core_op.partial}
    %b = core_op.vmm relu %a, %w {core_op.mode = "spiking"} : (tensor<1x4x!s>, tensor<1x4x4xf32>) -> tensor<1x4x!s>
    // CHECK: core_op.vmm linear {{.*}} {core_op.mode = "graded", core_op.partial}
    %y = core_op.vmm relu %b, %w {core_op.mode = "graded"} : (tensor<1x4x!s>, tensor<1x4x4xf32>) -> tensor<1x4x!c>
    func.return %y : tensor<1x4x!c>
  }
}
