// RUN: nn-opt %s -p convert-core-op-to-tianji --split-input-file --verify-diagnostics | filecheck %s
// RUN: nn-opt %s -p convert-core-op-to-tianji --split-input-file --verify-diagnostics --print-debuginfo | filecheck %s --check-prefix=LOCATION

!in = !core_op.code<8, 0.1, 3>
!out = !core_op.code<8, 0.25, 0>

#tianji = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127],
  accumulator_bits = 24, bias_bits = 16, gain_values = power_of_two, rounding = floor,
  shares_positions = false>

module attributes {core_op.target = #tianji} {
  // The pad's zero point 3 times its weights is in the bias: 100 + 3 * 1, -1009 + 3 * -2.
  // CHECK-LABEL: func.func @main
  // CHECK:         %x = core_op.encode %image
  // CHECK-DAG:     [[A:%.*]] = trained.tensor {{\[\[}}-1, 0], [1, 2]] : tensor<2x2xi32>
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}1, -2], [-127, 127]], {{\[\[}}1, 1], [0, -128]]] : tensor<2x2x2xi8>
  // CHECK-DAG:     [[B:%.*]] = trained.tensor {{\[\[}}103, -1015], [1, 2]] : tensor<2x2xi32>
  // CHECK-DAG:     [[C:%.*]] = trained.tensor [1, 2] : tensor<2xi32>
  // CHECK:         [[Y:%.*]] = tianji.cores %x axons [[A]] synapses [[W]] bias [[B]] cut [[C]] {core_op.auxiliary, golden = "fc"}
  // LOCATION:      tianji.cores {{.*}} loc("layer1")
  // CHECK-NEXT:    [[I:%.*]] = trained.tensor [1, 3] : tensor<2xi32>
  // CHECK-NEXT:    tianji.read [[Y]] index [[I]]
  // CHECK-NOT:     core_op.slice
  func.func @main(%image: tensor<3xf32>) -> tensor<2xf32> {
    %x = core_op.encode %image : (tensor<3xf32>) -> tensor<3x!in>
    %p = core_op.pad %x low [1] high [0] : (tensor<3x!in>) -> tensor<4x!in>
    %r = core_op.reshape %p : (tensor<4x!in>) -> tensor<1x2x2x!in>
    %w = trained.tensor [[[1, -2], [-127, 127]], [[1, 1], [0, -128]]] : tensor<2x2x2xi8>
    %b = trained.tensor [[100, -1009], [1,2]] : tensor<2x2xi32>
    %g = trained.tensor [0.5, 0.25] : tensor<2xf32>
    %y = core_op.vmm relu %r, %w bias %b gain %g {core_op.auxiliary, golden = "fc"}
      : (tensor<1x2x2x!in>, tensor<2x2x2xi8>, tensor<2x2xi32>, tensor<2xf32>) -> tensor<1x2x2x!out> loc("layer1")
    %s = core_op.slice %y offsets [0, 0, 1] sizes [1, 2, 1] : (tensor<1x2x2x!out>) -> tensor<1x2x1x!out>
    %s2 = core_op.reshape %s : (tensor<1x2x1x!out>) -> tensor<2x!out>
    %d = core_op.decode %s2 : (tensor<2x!out>) -> tensor<2xf32>
    func.return %d : tensor<2xf32>
  }
}

// -----

// All that is not ready yet is listed.
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16, rounding = floor>} {
  func.func @main(%x: tensor<1x2xf32>, %w: tensor<1x2x2xf32>, %q: tensor<3x1x2x!core_op.code<8, 0.1, 0>>) -> tensor<1xf32> {
    // CHECK:      convert-core-op-to-tianji.mlir:46:5: error: core_op.vmm: its weights are real numbers; run core-op-quantize-weights first
    %y = core_op.vmm relu %x, %w : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    // CHECK-NEXT: 48:5: error: nn.relu: it is not an operation of a core; run convert-nn-to-core-op first
    %r = nn.relu %y : (tensor<1x2xf32>) -> tensor<1x2xf32>
    // CHECK-NEXT: 50:5: error: core_op.max: a maximum is not a function of this core; run nn-decompose-pooling
    %m = core_op.max %r : (tensor<1x2xf32>) -> tensor<1xf32>
    %wq = trained.tensor [[[1, -2], [-127, 127]]] : tensor<1x2x2xi8>
    %g = trained.tensor [0.5] : tensor<1xf32>
    // CHECK-NEXT: 54:5: error: core_op.vmm: 3 positions share its weights, each needs synapses of its own; run core-op-unroll first
    %p = core_op.vmm relu %q, %wq gain %g
      : (tensor<3x1x2x!core_op.code<8, 0.1, 0>>, tensor<1x2x2xi8>, tensor<1xf32>) -> tensor<3x1x2x!core_op.code<8, 0.1, 0>>
    func.return %m : tensor<1xf32>
  }
}

// -----

// What the target does not allow is refused as by verify-target.
!in = !core_op.code<8, 0.1, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16, gain_values = power_of_two, rounding = floor>} {
  func.func @main(%x: tensor<1x2x!in>) -> tensor<1x2x!in> {
    %w = trained.tensor [[[1, -2], [-127, 127]]] : tensor<1x2x2xi8>
    %b = trained.tensor [[1, 40000]] : tensor<1x2xi32>
    %g = trained.tensor [0.3] : tensor<1xf32>
    // CHECK:      71:5: error: core_op.vmm: bias 40000 is outside [-32768, 32767]; re-run core-op-quantize-weights
    // CHECK-NEXT: 71:5: error: core_op.vmm: gain 0.3 is not a power of two; re-run core-op-quantize-weights
    %y = core_op.vmm linear %x, %w bias %b gain %g
      : (tensor<1x2x!in>, tensor<1x2x2xi8>, tensor<1x2xi32>, tensor<1xf32>) -> tensor<1x2x!in>
    func.return %y : tensor<1x2x!in>
  }
}

// -----

// Padding's zero point may not fit the bias.
!in = !core_op.code<8, 0.1, 200>
!out = !core_op.code<8, 0.1, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16, gain_values = power_of_two, rounding = floor>} {
  func.func @main(%x: tensor<1x1x!in>) -> tensor<1x1x!out> {
    %w = trained.tensor [[[127], [-1]]] : tensor<1x2x1xi8>
    %b = trained.tensor [[32000]] : tensor<1x1xi32>
    %g = trained.tensor [0.5] : tensor<1xf32>
    %p = core_op.pad %x low [0, 1] high [0, 0] : (tensor<1x1x!in>) -> tensor<1x2x!in>
    // CHECK:      89:5: error: core_op.vmm: bias 57400, with its padding's zero points, is outside [-32768, 32767]; re-encode its input without a zero point, or without padding
    %y = core_op.vmm linear %p, %w bias %b gain %g
      : (tensor<1x2x!in>, tensor<1x2x1xi8>, tensor<1x1xi32>, tensor<1xf32>) -> tensor<1x1x!out>
    func.return %y : tensor<1x1x!out>
  }
}

// -----

// CHECK: error: target 'tianji': TianJi drops the bits below a cut; its rounding is floor
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 8, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16>} {}
