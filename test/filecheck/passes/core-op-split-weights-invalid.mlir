// RUN: nn-opt %s -p core-op-split-weights --split-input-file --verify-diagnostics | filecheck %s

// CHECK: error: core_op.vmm: core_op.row_units needs integer weights that are constants
func.func @real(%x: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %w = trained.tensor [[[3.0]]] : tensor<1x1x1xf32>
  %y = core_op.vmm linear %x, %w {core_op.row_units = #trained.data<[[2]] : tensor<1x1xi32>>} : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32>
  func.return %y : tensor<1x1xf32>
}

// -----

// CHECK: error: core_op.vmm: core_op.row_units needs integer weights that are constants
!code = !core_op.code<4, 0.5, 0>
func.func @computed(%x: tensor<1x1x!code>, %w: tensor<1x1x1xi8>) -> tensor<1x1x!code> {
  %g = trained.tensor [0.25] : tensor<1xf32>
  %y = core_op.vmm linear %x, %w gain %g {core_op.row_units = #trained.data<[[2]] : tensor<1x1xi32>>} : (tensor<1x1x!code>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!code>
  func.return %y : tensor<1x1x!code>
}

// -----

// CHECK: error: core_op.vmm: core_op.row_units is 1x1, the weights have 1x2 inputs of integer rows
!code = !core_op.code<4, 0.5, 0>
func.func @shape(%x: tensor<1x2x!code>) -> tensor<1x1x!code> {
  %w = trained.tensor [[[3], [3]]] : tensor<1x2x1xi8>
  %g = trained.tensor [0.25] : tensor<1xf32>
  %y = core_op.vmm linear %x, %w gain %g {core_op.row_units = #trained.data<[[2]] : tensor<1x1xi32>>} : (tensor<1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<1x1x!code>
  func.return %y : tensor<1x1x!code>
}

// -----

// CHECK: error: core_op.vmm: core_op.row_units has 1 to 32 rows for an input
!code = !core_op.code<4, 0.5, 0>
func.func @many(%x: tensor<1x1x!code>) -> tensor<1x1x!code> {
  %w = trained.tensor [[[3]]] : tensor<1x1x1xi8>
  %g = trained.tensor [0.25] : tensor<1xf32>
  %y = core_op.vmm linear %x, %w gain %g {core_op.row_units = #trained.data<[[1000000000]] : tensor<1x1xi32>>} : (tensor<1x1x!code>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!code>
  func.return %y : tensor<1x1x!code>
}
