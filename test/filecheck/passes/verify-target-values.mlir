// RUN: not nn-opt %s -p verify-target 2>&1 | filecheck %s
// RUN: nn-opt %s -p 'set-target{weight_values=9 synapse_bits=32},verify-target'
// RUN: nn-opt %s -p 'set-target{weight_values=0 synapse_bits=0},verify-target'
// RUN: not nn-opt %s -p 'set-target{weight_values=1}' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: not nn-opt %s -p 'set-target{weight_values=0},verify-target' 2>&1 | filecheck %s --check-prefix=MEMORY

// A core's table has a limited set of weights, zero among them; its synapses are indices into it.

// ONE: error: target 'small': weight_values = 1 is out of range; it must be 0, or 2 and more

!q = !core_op.code<6, 0.1, 0>
#chip = #core_op.target<"small", fan_in = 5, fan_out = 2, signal_bits = 6, weights = [-128, 127],
                        weight_values = 4, bias_bits = 12, synapse_bits = 24>
module attributes {core_op.target = #chip} {
  func.func @main(%q: tensor<3x4x!q>) -> tensor<3x2x!q> {
    %g = trained.tensor [0.5, 0.5, 0.5] : tensor<3xf32>
    %w = trained.tensor [[[1, 2], [8, 3], [4, -9], [5, 6]], [[1, 2], [3, 3], [2, 1], [0, 0]],
                         [[1, 2], [8, 3], [2, 1], [0, 0]]] : tensor<3x4x2xi8>
    // CHECK:     verify-target-values.mlir:23:5: error: core_op.vmm: 9 different weights in the core of group 0 and too many in 1 other, zero among them; a core's table holds 4; re-run core-op-quantize-weights
    // CHECK-NOT: error
    // Eight synapses of 8 bits instead of 2.
    // MEMORY:    23:5: error: core_op.vmm: 64 synapse bits exceed the core's 24
    %y = core_op.vmm relu %q, %w gain %g : (tensor<3x4x!q>, tensor<3x4x2xi8>, tensor<3xf32>) -> tensor<3x2x!q>
    func.return %y : tensor<3x2x!q>
  }
}
