// RUN: nn-opt %s -p core-op-normalize-thresholds --split-input-file --verify-diagnostics | filecheck %s

!ternary = !core_op.code<2, 0.5, 1>
!bit = !core_op.code<1, 2.0, 0>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_bits = 12>
module attributes {core_op.target = #chip} {
  // Columns of +-0.3 and of +-5 become columns of one number; 0.3 n 0.5 > 1 from n = 7 on.
  // CHECK-LABEL: func.func @main
  // CHECK-DAG:     trained.tensor {{\[\[\[}}4.0, -4.0], [-4.0, 0.0]]] : tensor<1x2x2xf32>
  // CHECK-DAG:     trained.tensor {{\[\[}}-12.0, 2.0]] : tensor<1x2xf32>
  // CHECK:         core_op.vmm relu {{.*}} {golden = "y"} :
  func.func @main(%x: tensor<1x2x!ternary>) -> tensor<1x2x!bit> {
    %w = trained.tensor [[[0.3, -5.0], [-0.3, 0.0]]] : tensor<1x2x2xf32>
    %b = trained.tensor [[0.0, 1.5]] : tensor<1x2xf32>
    %y = core_op.vmm relu %x, %w bias %b {golden = "y"} : (tensor<1x2x!ternary>, tensor<1x2x2xf32>, tensor<1x2xf32>) -> tensor<1x2x!bit>
    func.return %y : tensor<1x2x!bit>
  }

  // More than one bit, real inputs, weights that are no integers: all stay.
  // CHECK-LABEL: func.func @kept
  // CHECK:         trained.tensor {{\[\[\[}}0.3], [-0.3]]]
  // CHECK:         trained.tensor {{\[\[\[}}0.3], [0.123456]]]
  // CHECK-NOT:     trained.tensor
  func.func @kept(%x: tensor<1x2x!ternary>, %r: tensor<1x2xf32>) -> (tensor<1x1x!ternary>, tensor<1x1x!bit>, tensor<1x1x!bit>) {
    %w = trained.tensor [[[0.3], [-0.3]]] : tensor<1x2x1xf32>
    %v = trained.tensor [[[0.3], [0.123456]]] : tensor<1x2x1xf32>
    %a = core_op.vmm linear %x, %w : (tensor<1x2x!ternary>, tensor<1x2x1xf32>) -> tensor<1x1x!ternary>
    %b = core_op.vmm relu %r, %w : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1x!bit>
    %c = core_op.vmm relu %x, %v : (tensor<1x2x!ternary>, tensor<1x2x1xf32>) -> tensor<1x1x!bit>
    func.return %a, %b, %c : tensor<1x1x!ternary>, tensor<1x1x!bit>, tensor<1x1x!bit>
  }
}

// -----

// CHECK: error: core-op-normalize-thresholds: the module has no target; run set-target before
func.func @main() {
  func.return
}
