// RUN: nn-opt %s -p convert-core-op-to-prime --split-input-file --verify-diagnostics | filecheck %s
// RUN: nn-opt %s -p 'convert-core-op-to-prime' --split-input-file --verify-diagnostics --print-debuginfo | filecheck %s --check-prefix=LOCATION

!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 31>

#prime = #core_op.target<"prime", fan_in = 8, fan_out = 4, signal_bits = 6, weights = [-127, 127],
  bias_rows = 2, max_inputs = 4, cores = 9>

module attributes {core_op.target = #prime} {
  // Each sign has its array, a byte a pair of cells; the bias is 63 * w + 1 * w'.
  // CHECK-LABEL: func.func @main
  // CHECK-DAG:     [[D:%.*]] = trained.tensor {{\[\[}}63, 1]] : tensor<1x2xui8>
  // CHECK-DAG:     [[P:%.*]] = trained.tensor {{\[\[\[}}1, 0], [0, 127], [2, 0], [0, 0]]] : tensor<1x4x2xui8>
  // CHECK-DAG:     [[N:%.*]] = trained.tensor {{\[\[\[}}0, 2], [127, 0], [0, 16], [26, 1]]] : tensor<1x4x2xui8>
  // CHECK:         prime.mvm %x, [[P]], [[N]] drive [[D]] gain %g {core_op.auxiliary, golden = "fc"}
  // LOCATION:      prime.mvm {{.*}} loc("layer1")
  func.func @main(%x: tensor<3x1x2x!in>) -> tensor<3x1x!out> {
    %w = trained.tensor [[[1, -2], [-127, 127]]] : tensor<1x2x2xi8>
    %b = trained.tensor [[100, -1009]] : tensor<1x2xi32>
    %g = trained.tensor [0.5] : tensor<1xf32>
    %y = core_op.vmm linear %x, %w bias %b gain %g {core_op.auxiliary, golden = "fc"}
      : (tensor<3x1x2x!in>, tensor<1x2x2xi8>, tensor<1x2xi32>, tensor<1xf32>) -> tensor<3x1x2x!out> loc("layer1")
    // CHECK: prime.max
    %m = core_op.max %y : (tensor<3x1x2x!out>) -> tensor<3x1x!out>
    func.return %m : tensor<3x1x!out>
  }

  // A bias of zeros takes no row.
  // CHECK-LABEL: func.func @no_bias
  // CHECK:         prime.mvm %x, {{%.*}}, {{%.*}} gain
  func.func @no_bias(%x: tensor<1x2x!in>) -> tensor<1x2x!out> {
    %w = trained.tensor [[[1, -2], [-127, 127]]] : tensor<1x2x2xi8>
    %b = trained.tensor [[0, 0]] : tensor<1x2xi32>
    %g = trained.tensor [0.5] : tensor<1xf32>
    %y = core_op.vmm linear %x, %w bias %b gain %g
      : (tensor<1x2x!in>, tensor<1x2x2xi8>, tensor<1x2xi32>, tensor<1xf32>) -> tensor<1x2x!out>
    func.return %y : tensor<1x2x!out>
  }
}

// -----

// All that is not ready yet is listed.
module attributes {core_op.target = #core_op.target<"prime", fan_in = 8, fan_out = 4, signal_bits = 6, weights = [-127, 127]>} {
  func.func @main(%x: tensor<1x2xf32>, %w: tensor<1x2x2xf32>) -> tensor<1xf32> {
    // CHECK:      convert-core-op-to-prime.mlir:48:5: error: core_op.vmm: its weights are real numbers; run core-op-quantize-weights first
    %y = core_op.vmm relu %x, %w : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    // CHECK-NEXT: 50:5: error: nn.relu: it is not an operation of a core; run convert-nn-to-core-op first
    %r = nn.relu %y : (tensor<1x2xf32>) -> tensor<1x2xf32>
    // CHECK-NEXT: 52:5: error: core_op.max: its values are real numbers; run core-op-reencode first
    %m = core_op.max %r : (tensor<1x2xf32>) -> tensor<1xf32>
    func.return %m : tensor<1xf32>
  }
}

// -----

// What the target does not allow is refused as by verify-target.
!in = !core_op.code<7, 0.1, 0>
!out = !core_op.code<6, 0.25, 31>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 8, fan_out = 4, signal_bits = 6, weights = [-127, 127]>} {
  func.func @main(%image: tensor<1x2xf32>) -> tensor<1x2x!out> {
    // CHECK:      65:5: error: core_op.encode: signal carries 7 bits, the target's 6; run core-op-reencode
    %x = core_op.encode %image : (tensor<1x2xf32>) -> tensor<1x2x!in>
    %w = trained.tensor [[[1, -2], [-127, 127]]] : tensor<1x2x2xi8>
    %b = trained.tensor [[1, 2]] : tensor<1x2xi32>
    %g = trained.tensor [0.5] : tensor<1xf32>
    // CHECK-NEXT: 70:5: error: core_op.vmm: bias 2, but the target's cores have no bias; give it bias rows
    %y = core_op.vmm linear %x, %w bias %b gain %g
      : (tensor<1x2x!in>, tensor<1x2x2xi8>, tensor<1x2xi32>, tensor<1xf32>) -> tensor<1x2x!out>
    func.return %y : tensor<1x2x!out>
  }
}

// -----

// CHECK: error: target 'prime': weights [-300, 300] exceed what a pair of 4-bit cells holds, +-255
module attributes {core_op.target = #core_op.target<"prime", fan_in = 8, fan_out = 4, signal_bits = 6, weights = [-300, 300]>} {}

// -----

// CHECK: error: target 'prime': PRIME has no bias registers; use bias_rows
module attributes {core_op.target = #core_op.target<"prime", fan_in = 8, fan_out = 4, signal_bits = 6, weights = [-7, 7], bias_bits = 8>} {}

// -----

// CHECK: error: convert-core-op-to-prime: the module has no target; run set-target before
module {}
