// RUN: not nn-opt %s -p 'core-op-insert-copies' 2>&1 | filecheck %s --check-prefix=POSITIONS
// RUN: not nn-opt %s -p 'core-op-unroll,set-target{fan-out=1 fan-in=2},core-op-insert-copies' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: not nn-opt %s -p 'core-op-unroll,set-target{functions=relu},core-op-insert-copies' 2>&1 | filecheck %s --check-prefix=LINEAR
// RUN: not nn-opt %s -p 'core-op-unroll,set-target{weights=-7,0},core-op-insert-copies' 2>&1 | filecheck %s --check-prefix=WEIGHT
// RUN: nn-opt %s -p 'core-op-unroll,set-target{fan-out=1 fan-in=2 neuron-fan-out=2},core-op-insert-copies,canonicalize' 2>&1 | filecheck %s --check-prefix=CHAIN

// Copying cannot help, or not yet.

// POSITIONS: core-op-insert-copies-invalid.mlir:24:5: error: core_op.vmm: neuron 0 of group 0 feeds 3 cores, the target's limit is 1; 2 positions take turns on its cores, and what is copied has one: run core-op-unroll before, or raise neuron_fan_out
// ONE:       24:5: error: core_op.vmm: neuron 0 of group 0 feeds 3 cores, the target's limit is 1, and 1 other too many, and cores of one output cannot copy it; raise neuron_fan_out, or fan_out
// LINEAR:    24:5: error: core_op.vmm: neuron 0 of group 0 feeds 3 cores, the target's limit is 1, and 1 other too many, and its cores cannot copy a code: they need the function linear, or relu and a zero point of 0, and a weight of 1; raise neuron_fan_out
// WEIGHT:    24:5: error: core_op.vmm: neuron 0 of group 0 feeds 3 cores, the target's limit is 1, and 1 other too many, and its cores cannot copy a code
// One copy each: a neuron feeds a core and its copy, which feeds the other two.
// CHAIN:     remark: 2 copies of neurons that feed more than 2 cores, in 2 cores

!in = !core_op.code<4, 0.5, 0>
!q = !core_op.code<4, 0.5, 3>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7],
                        bias_bits = 12, shares_positions = false, neuron_fan_out = 1>
module attributes {core_op.target = #chip} {
  func.func @main(%e: tensor<2x1x1x!in>) -> tensor<3x1x!q> {
    %w = trained.tensor [[[1]]] : tensor<1x1x1xi8>
    %g = trained.tensor [0.5] : tensor<1xf32>
    %h = core_op.vmm linear %e, %w gain %g : (tensor<2x1x1x!in>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<2x1x1x!q>
    %r = core_op.reshape %h : (tensor<2x1x1x!q>) -> tensor<1x2x!q>
    %n = core_op.repeat %r axis 0 times 3 : (tensor<1x2x!q>) -> tensor<3x2x!q>
    %v = trained.tensor [[[1], [2]], [[3], [4]], [[5], [6]]] : tensor<3x2x1xi8>
    %f = trained.tensor [0.5, 0.25, 0.125] : tensor<3xf32>
    %y = core_op.vmm linear %n, %v gain %f : (tensor<3x2x!q>, tensor<3x2x1xi8>, tensor<3xf32>) -> tensor<3x1x!q>
    func.return %y : tensor<3x1x!q>
  }
}
