// RUN: nn-opt %s -p 'core-op-expand{pack=false},canonicalize' | filecheck %s
// RUN: nn-opt %s -p 'core-op-expand{pack=false weight-units=1},canonicalize' | filecheck %s --check-prefix=ONE

// Weights of -1, 0, 1: large ones beside small ones are spread over several rows.
#chip = #core_op.target<"chip", fan_in = 16, fan_out = 16, signal_bits = 2, weights = [-1, 1], bias_rows = 2, spare_bias_rows = true>
module attributes {core_op.target = #chip} {
  // What is only added to a product, with large weights beside its small ones, is a partial sum of
  // its own: it would take rows that the small ones need too.
  // CHECK-LABEL: func.func @shortcut
  // CHECK-DAG:     trained.tensor {{\[\[\[}}2.0]]] : tensor<1x1x1xf32>
  // CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, core_op.partial} : (tensor<1x2x1x1x!core_op.code<2, 1.0, 0, units 4>>, tensor<1x1x1xf32>) -> tensor<1x2x1x1xf32>
  // CHECK:         core_op.concat
  // CHECK:         core_op.vmm relu {{.*}} {core_op.auxiliary} : (tensor<1x2x1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x2x1x1x!core_op.code<2, 1.0, 0, units 4>>
  // ONE-LABEL:   func.func @shortcut
  // ONE-NOT:       tensor<1x1x1xf32>
  func.func @shortcut(%x: tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>, %s: tensor<1x2x!core_op.code<2, 1.0, 0, units 4>>) -> tensor<1x2x!core_op.code<2, 1.0, 0, units 4>> {
    %w = trained.tensor [[[0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [2.0, 0.0], [0.0, 2.0]]] : tensor<1x5x2xf32>
    %c = core_op.concat %x, %s axis 1 : (tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>, tensor<1x2x!core_op.code<2, 1.0, 0, units 4>>) -> tensor<1x5x!core_op.code<2, 1.0, 0, units 4>>
    %y = core_op.vmm relu %c, %w : (tensor<1x5x!core_op.code<2, 1.0, 0, units 4>>, tensor<1x5x2xf32>) -> tensor<1x2x!core_op.code<2, 1.0, 0, units 4>>
    func.return %y : tensor<1x2x!core_op.code<2, 1.0, 0, units 4>>
  }

  // Some inputs may be left out, some outputs get nothing, and factors may differ.
  // CHECK-LABEL: func.func @shortcut_of_some
  // CHECK-DAG:     core_op.slice %s offsets [0, 1] sizes [1, 2]
  // CHECK-DAG:     trained.tensor {{\[\[\[}}2.0]], {{\[\[}}3.0]]] : tensor<2x1x1xf32>
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<1x2x1x!core_op.code<2, 1.0, 0, units 4>>, tensor<2x1x1xf32>) -> tensor<1x2x1xf32>
  // CHECK:         core_op.pad {{.*}} low [0, 1] high [0, 0] : (tensor<1x2xf32>) -> tensor<1x3xf32>
  func.func @shortcut_of_some(%x: tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>, %s: tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>) -> tensor<1x3x!core_op.code<2, 1.0, 0, units 4>> {
    %w = trained.tensor [[[0.5, 0.5, 0.5], [0.5, -0.5, -0.5], [-0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]] : tensor<1x6x3xf32>
    %c = core_op.concat %x, %s axis 1 : (tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>, tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>) -> tensor<1x6x!core_op.code<2, 1.0, 0, units 4>>
    %y = core_op.vmm relu %c, %w : (tensor<1x6x!core_op.code<2, 1.0, 0, units 4>>, tensor<1x6x3xf32>) -> tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>
    func.return %y : tensor<1x3x!core_op.code<2, 1.0, 0, units 4>>
  }
}
