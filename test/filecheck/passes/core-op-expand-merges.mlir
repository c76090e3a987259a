// RUN: nn-opt %s -p 'core-op-expand{pack=false},canonicalize' | filecheck %s

// Sixteen rows, two of them for biases; those that are free can be driven for biases too.
#chip = #core_op.target<"chip", fan_in = 16, fan_out = 16, signal_bits = 2, weights = [-7, 7], bias_rows = 2, spare_bias_rows = true>
module attributes {core_op.target = #chip} {
  // Partial sums of several units that one core cannot add are merged in stages. The sums on the
  // way are to get codes of their own; the tiles keep theirs.
  // CHECK-LABEL: func.func @stages
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<6x2x!core_op.code<2, 1.0, 0>>, tensor<6x2x1xf32>) -> tensor<6x1x!core_op.code<2, 0.5, 4, units 4>>
  // CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, core_op.partial} : (tensor<1x2x3x!core_op.code<2, 0.5, 4, units 4>>, tensor<2x3x1xf32>) -> tensor<1x2x1xf32>
  // CHECK:         core_op.vmm relu {{.*}} {core_op.auxiliary} : (tensor<1x1x1x1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1x1x1x1x!core_op.code<2, 2.0, 0>>
  // CHECK-NOT:     core_op.vmm
  func.func @stages(%x: tensor<6x2x!core_op.code<2, 1.0, 0>>) -> tensor<1x1x1x!core_op.code<2, 2.0, 0>> {
    %w = trained.tensor [[[1.0], [1.0]], [[1.0], [1.0]], [[1.0], [1.0]], [[1.0], [1.0]], [[1.0], [1.0]], [[1.0], [1.0]]] : tensor<6x2x1xf32>
    %p = core_op.vmm linear %x, %w {core_op.partial} : (tensor<6x2x!core_op.code<2, 1.0, 0>>, tensor<6x2x1xf32>) -> tensor<6x1x!core_op.code<2, 0.5, 4, units 4>>
    %r = core_op.reshape %p : (tensor<6x1x!core_op.code<2, 0.5, 4, units 4>>) -> tensor<1x1x6x!core_op.code<2, 0.5, 4, units 4>>
    %o = trained.tensor [[[1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]] : tensor<1x6x1xf32>
    %y = core_op.vmm relu %r, %o {core_op.auxiliary} : (tensor<1x1x6x!core_op.code<2, 0.5, 4, units 4>>, tensor<1x6x1xf32>) -> tensor<1x1x1x!core_op.code<2, 2.0, 0>>
    func.return %y : tensor<1x1x1x!core_op.code<2, 2.0, 0>>
  }

  // What a core can add is left alone.
  // CHECK-LABEL: func.func @at_once
  // CHECK:         core_op.vmm relu {{.*}} {core_op.auxiliary} : (tensor<1x1x3x!core_op.code<2, 0.5, 4, units 4>>, tensor<1x3x1xf32>) -> tensor<1x1x1x!core_op.code<2, 2.0, 0>>
  // CHECK-NEXT:    func.return
  func.func @at_once(%x: tensor<3x2x!core_op.code<2, 1.0, 0>>) -> tensor<1x1x1x!core_op.code<2, 2.0, 0>> {
    %w = trained.tensor [[[1.0], [1.0]], [[1.0], [1.0]], [[1.0], [1.0]]] : tensor<3x2x1xf32>
    %p = core_op.vmm linear %x, %w {core_op.partial} : (tensor<3x2x!core_op.code<2, 1.0, 0>>, tensor<3x2x1xf32>) -> tensor<3x1x!core_op.code<2, 0.5, 4, units 4>>
    %r = core_op.reshape %p : (tensor<3x1x!core_op.code<2, 0.5, 4, units 4>>) -> tensor<1x1x3x!core_op.code<2, 0.5, 4, units 4>>
    %o = trained.tensor [[[1.0], [1.0], [1.0]]] : tensor<1x3x1xf32>
    %y = core_op.vmm relu %r, %o {core_op.auxiliary} : (tensor<1x1x3x!core_op.code<2, 0.5, 4, units 4>>, tensor<1x3x1xf32>) -> tensor<1x1x1x!core_op.code<2, 2.0, 0>>
    func.return %y : tensor<1x1x1x!core_op.code<2, 2.0, 0>>
  }
}
