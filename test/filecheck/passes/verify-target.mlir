// RUN: not nn-opt %s -p verify-target 2>&1 | filecheck %s
// RUN: not nn-opt %s -p 'set-target{bias_bits=8 signal_bits=5 functions=relu gain_values=power_of_two max_inputs=0 accumulator_bits=11 synapse_bits=50 cores=2},verify-target' 2>&1 | filecheck %s --check-prefix=OTHER
// RUN: not nn-opt %S/set-target.mlir -p verify-target 2>&1 | filecheck %s --check-prefix=NONE

// Every violation is listed, with its place, the limit and the remedy.

// OTHER: verify-target.mlir:22:3: error: func.func: argument %q: signal carries 6 bits, the target's 5; run core-op-reencode
// NONE:  error: verify-target: the module has no target; run set-target first

!six = !core_op.code<6, 0.1, 0>
!five = !core_op.code<5, 0.1, 0>
!offset = !core_op.code<5, 0.1, 7>

module attributes {core_op.target = #core_op.target<"small", fan_in = 5, fan_out = 2,
    signal_bits = 6, weights = [-7, 7], bias_rows = 1, max_inputs = 2, gain = neuron, cores = 20>} {
  // The golden function may do what it likes.
  func.func @golden(%x: tensor<9xf32>) -> tensor<9xf32> {
    %y = nn.relu %x : (tensor<9xf32>) -> tensor<9xf32>
    func.return %y : tensor<9xf32>
  }

  func.func @main(%x: tensor<1x5xf32>, %q: tensor<1x4x!six>, %z: tensor<1x5x!offset>,
      %n: tensor<3xf32>) -> tensor<3xf32> attributes {core_op.golden = @golden} {
    // Real: structure only; a bias takes a row.
    %w0 = trained.tensor "sha256:0000000000000000000000000000000000000000000000000000000000000000" : tensor<1x5x3xf32>
    %b0 = trained.tensor [[1.0, 2.0, 3.0]] : tensor<1x3xf32>
    // CHECK:      verify-target.mlir:32:5: error: core_op.vmm: fan-in 6 (1 bias row included) exceeds the core's 5 inputs; run core-op-expand
    // CHECK-NEXT: verify-target.mlir:32:5: error: core_op.vmm: 3 outputs exceed the core's 2; run core-op-expand
    // OTHER:      32:5: error: core_op.vmm: 3 outputs exceed the core's 2; run core-op-expand
    // OTHER-NEXT: 32:5: error: core_op.vmm: 60 synapse bits exceed the core's 50; run core-op-expand
    // OTHER-NEXT: 32:5: error: core_op.vmm: linear is not a function of this core, which has relu; run nn-approximate
    %y0 = core_op.vmm linear %x, %w0 bias %b0 : (tensor<1x5xf32>, tensor<1x5x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>

    // A zero point becomes a bias, and so a row.
    %w1 = trained.tensor [[[1.0], [2.0], [3.0], [4.0], [5.0]]] : tensor<1x5x1xf32>
    // CHECK-NEXT: 37:5: error: core_op.vmm: fan-in 6 (1 bias row included) exceeds
    %y1 = core_op.vmm relu %z, %w1 : (tensor<1x5x!offset>, tensor<1x5x1xf32>) -> tensor<1x1xf32>

    // Coded: the numbers as well.
    %w2 = trained.tensor [[[1, 2], [8, 3], [4, -9], [5, 6]]] : tensor<1x4x2xi8>
    %b2 = trained.tensor [[7, 442]] : tensor<1x2xi32>
    %g2 = trained.tensor [[0.25, 0.3]] : tensor<1x2xf32>
    // CHECK-NEXT: 50:5: error: core_op.vmm: weight -9 is not representable in [-7, 7]; re-run core-op-quantize-weights
    // CHECK-NEXT: 50:5: error: core_op.vmm: weight 8 is not representable in [-7, 7]; re-run core-op-quantize-weights
    // CHECK-NEXT: 50:5: error: core_op.vmm: bias 442 is outside [-441, 441], what 1 bias row(s) of the core hold; re-run core-op-quantize-weights
    // OTHER:      50:5: error: core_op.vmm: bias 442 is outside [-128, 127]; re-run core-op-quantize-weights
    // OTHER-NEXT: 50:5: error: core_op.vmm: gain 0.3 is not a power of two; re-run core-op-quantize-weights
    // OTHER-NEXT: 50:5: error: core_op.vmm: worst-case sum needs 12 bits, the accumulator has 11; run core-op-expand for a smaller fan-in
    // OTHER-NEXT: 50:5: error: core_op.vmm: signal carries 6 bits, the target's 5; run core-op-reencode
    %y2 = core_op.vmm relu %q, %w2 bias %b2 gain %g2 : (tensor<1x4x!six>, tensor<1x4x2xi8>, tensor<1x2xi32>, tensor<1x2xf32>) -> tensor<1x2x!six>

    %w3 = trained.tensor [[[1, 2], [7, 3], [4, -7], [5, 6]]] : tensor<1x4x2xi8>
    %b3 = trained.tensor [[7, 440]] : tensor<1x2xi32>
    // CHECK-NEXT: 55:5: error: core_op.vmm: bias 440 is not a multiple of what drives the core's bias row; re-run core-op-quantize-weights
    %y3 = core_op.vmm relu %q, %w3 bias %b3 gain %g2 : (tensor<1x4x!six>, tensor<1x4x2xi8>, tensor<1x2xi32>, tensor<1x2xf32>) -> tensor<1x2x!five>

    // CHECK-NEXT: 59:5: error: core_op.max: a maximum of 4 values, the core's takes 2; run nn-decompose-pooling
    // OTHER:      59:5: error: core_op.max: maximum is not a function of this core; run nn-decompose-pooling
    %y4 = core_op.max %q : (tensor<1x4x!six>) -> tensor<1x!six>

    // CHECK-NEXT: 62:5: error: nn.relu: relu is not a function of this core; run convert-nn-to-core-op
    %y5 = nn.relu %n : (tensor<3xf32>) -> tensor<3xf32>
    %y6 = nn.softmax %y5 axis 0 : (tensor<3xf32>) -> tensor<3xf32>

    // OTHER: verify-target.mlir:22:3: error: func.func: the network needs 7 cores, the target has 2; use set-target{cores=...} for more of them, or split the network
    // CHECK-NOT: error
    func.return %y6 : tensor<3xf32>
  }
}

// Units are split before.
// RUN: not nn-opt %S/inputs/units.mlir -p verify-target 2>&1 | filecheck %s --check-prefix=SPLIT
// RUN: nn-opt %S/inputs/units.mlir -p core-op-split-units,verify-target
// SPLIT: error: core_op.encode: a value is carried by 2 units; run core-op-split-units
