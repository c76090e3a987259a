// RUN: nn-opt %s -p canonicalize | filecheck %s

!code = !core_op.code<6, 0.1, 0>

// Rows that add nothing are not driven.
// CHECK-LABEL: func.func @empty_bias_rows
// CHECK-DAG:     [[P:%.*]] = trained.tensor {{\[\[\[}}1], [2]]] : tensor<1x2x1xui8>
// CHECK-DAG:     [[N:%.*]] = trained.tensor {{\[\[\[}}0], [3]]] : tensor<1x2x1xui8>
// CHECK:         prime.mvm %x, [[P]], [[N]] gain %gain placement <core 1, packed 1, replicas 2> {golden = "fc"} :
func.func @empty_bias_rows(%x: tensor<1x2x!code>) -> tensor<1x1x!code> {
  %positive = trained.tensor [[[1], [2], [0]]] : tensor<1x3x1xui8>
  %negative = trained.tensor [[[0], [3], [0]]] : tensor<1x3x1xui8>
  %drive = trained.tensor [[1]] : tensor<1x1xui8>
  %gain = trained.tensor [0.5] : tensor<1xf32>
  %y = prime.mvm %x, %positive, %negative drive %drive gain %gain
    placement <core 1, packed 1, replicas 2> {golden = "fc"}
    : (tensor<1x2x!code>, tensor<1x3x1xui8>, tensor<1x3x1xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x1x!code>
  func.return %y : tensor<1x1x!code>
}

// CHECK-LABEL: func.func @bias_rows
// CHECK:         prime.mvm {{.*}} drive
func.func @bias_rows(%x: tensor<1x2x!code>) -> tensor<1x1x!code> {
  %positive = trained.tensor [[[1], [2], [0]]] : tensor<1x3x1xui8>
  %negative = trained.tensor [[[0], [3], [7]]] : tensor<1x3x1xui8>
  %drive = trained.tensor [[1]] : tensor<1x1xui8>
  %gain = trained.tensor [0.5] : tensor<1xf32>
  %y = prime.mvm %x, %positive, %negative drive %drive gain %gain
    : (tensor<1x2x!code>, tensor<1x3x1xui8>, tensor<1x3x1xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x1x!code>
  func.return %y : tensor<1x1x!code>
}

// The largest of one code is that code.
// CHECK-LABEL: func.func @max_of_one
// CHECK-NEXT:    core_op.reshape %x {golden = "pool"} : (tensor<3x1x!core_op.code<6, 0.1, 0>>) -> tensor<3x!core_op.code<6, 0.1, 0>>
// CHECK-NEXT:    func.return
func.func @max_of_one(%x: tensor<3x1x!code>) -> tensor<3x!code> {
  %y = prime.max %x {golden = "pool"} : (tensor<3x1x!code>) -> tensor<3x!code>
  func.return %y : tensor<3x!code>
}
