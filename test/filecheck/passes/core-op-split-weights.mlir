// RUN: nn-opt %s -p 'core-op-split-weights,canonicalize,verify-target' | filecheck %s
// RUN: nn-opt %s -p 'core-op-split-weights,canonicalize' --print-debuginfo | filecheck %s --check-prefix=LOCATION
// RUN: not nn-opt %s -p 'verify-target' 2>&1 | filecheck %s --check-prefix=BEFORE

// An input of several rows goes to all of them, and their weights add up to what it had.
// BEFORE: error: core_op.vmm: weight -5 is not representable in [-3, 3]; run core-op-split-weights

!code = !core_op.code<4, 0.5, 0>
#chip = #core_op.target<"chip", fan_in = 6, fan_out = 2, signal_bits = 4, weights = [-3, 3], bias_bits = 8>
module attributes {core_op.target = #chip} {
  // CHECK-LABEL: func.func @spread
  // CHECK-DAG:     [[R:%.*]] = core_op.reshape %x : (tensor<7x2x2x!core_op.code<4, 0.5, 0>>) -> tensor<7x4x!core_op.code<4, 0.5, 0>>
  // CHECK-DAG:     [[T:%.*]] = core_op.gather [[R]] axis 1 indices [0, 0, 0, 1, 2, 2, 3, 3]
  // CHECK-DAG:     [[X:%.*]] = core_op.reshape [[T]] : (tensor<7x8x!core_op.code<4, 0.5, 0>>) -> tensor<7x2x4x!core_op.code<4, 0.5, 0>>
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}2], [3], [3], [-1]], {{\[\[}}-3], [-2], [2], [2]]] : tensor<2x4x1xi8>
  // CHECK-NOT:     row_units
  // CHECK:         core_op.vmm linear [[X]], [[W]] bias %b gain %g same_code {core_op.auxiliary, golden = "y"} :
  // LOCATION-LABEL: func.func @spread
  // LOCATION:      core_op.gather {{.*}} loc("layer")
  // LOCATION:      core_op.vmm linear {{.*}} loc("layer")
  func.func @spread(%x: tensor<7x2x2x!code>) -> tensor<7x2x1x!code> {
    %w = trained.tensor [[[8], [-1]], [[-5], [4]]] : tensor<2x2x1xi8>
    %b = trained.tensor [[6], [0]] : tensor<2x1xi32>
    %g = trained.tensor [0.25, 0.5] : tensor<2xf32>
    %y = core_op.vmm linear %x, %w bias %b gain %g same_code {core_op.auxiliary, core_op.row_units = #trained.data<[[3, 1], [2, 2]] : tensor<2x2xi32>>, golden = "y"} : (tensor<7x2x2x!code>, tensor<2x2x1xi8>, tensor<2x1xi32>, tensor<2xf32>) -> tensor<7x2x1x!code> loc("layer")
    func.return %y : tensor<7x2x1x!code>
  }

  // A group that needs fewer rows than another sees some input there, with weights of zero.
  // CHECK-LABEL: func.func @fewer
  // CHECK:         core_op.gather {{.*}} axis 0 indices [0, 0, 0, 1, 0, 0]
  // CHECK:         trained.tensor {{\[\[\[}}3], [3], [3]], {{\[\[}}1], [0], [0]]] : tensor<2x3x1xi8>
  func.func @fewer(%x: tensor<2x1x!code>) -> tensor<2x1x!code> {
    %w = trained.tensor [[[9]], [[1]]] : tensor<2x1x1xi8>
    %g = trained.tensor [0.25, 0.5] : tensor<2xf32>
    %y = core_op.vmm linear %x, %w gain %g {core_op.row_units = #trained.data<[[3], [1]] : tensor<2x1xi32>>} : (tensor<2x1x!code>, tensor<2x1x1xi8>, tensor<2xf32>) -> tensor<2x1x!code>
    func.return %y : tensor<2x1x!code>
  }

  // One row each: nothing to do.
  // CHECK-LABEL: func.func @plain
  // CHECK:         core_op.vmm linear %x, %w gain %g :
  func.func @plain(%x: tensor<1x1x!code>) -> tensor<1x1x!code> {
    %w = trained.tensor [[[3]]] : tensor<1x1x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm linear %x, %w gain %g : (tensor<1x1x!code>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!code>
    func.return %y : tensor<1x1x!code>
  }
}
