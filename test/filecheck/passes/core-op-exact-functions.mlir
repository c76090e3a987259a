// RUN: nn-opt %s -p core-op-exact-functions 2>/dev/null | filecheck %s
// RUN: nn-opt %s -p core-op-exact-functions 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK

#chip = #core_op.target<"chip", fan_in = 6, fan_out = 5, signal_bits = 3, weights = [-3, 3], bias_rows = 2>
!x = !core_op.code<3, 0.5, 2>
!h = !core_op.code<3, 1.0, 0>
!y = !core_op.code<3, 0.25, 0>
module attributes {core_op.target = #chip} {

// Codes 0 to 7 stand for -1 to 2.5. The square's codes, of 0.25 each, are 4 1 0 1 4 7 7 7: slopes
// of -3 -1 1 3 3 0 0, so steps of -3 2 2 2 0 -3 0. Five hinges, and a core has four rows for them.
// CHECK-LABEL: func.func @square(
// CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, core_op.function =
// REMARK:        node 'square': remark: the approximation stays: 5 hinges on 8 codes would be exact, but a core has room for 4
func.func @square(%x: tensor<1x1x!x>) -> tensor<1x1x!y> {
  %w = trained.tensor [[[1.0, 1.0]]] : tensor<1x1x2xf32>
  %b = trained.tensor [[1.0, 0.0]] : tensor<1x2xf32>
  %v = trained.tensor [[[-1.0], [3.0]]] : tensor<1x2x1xf32>
  %c = trained.tensor [[1.0]] : tensor<1x1xf32>
  %h = core_op.vmm relu %x, %w bias %b {core_op.auxiliary} : (tensor<1x1x!x>, tensor<1x1x2xf32>, tensor<1x2xf32>) -> tensor<1x2x!h>
  %y = core_op.vmm linear %h, %v bias %c {core_op.auxiliary, core_op.function = #trained.data<[[-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0], [1.0, 0.25, 0.0, 0.25, 1.0, 2.25, 4.0]] : tensor<2x7xf32>>} : (tensor<1x2x!h>, tensor<1x2x1xf32>, tensor<1x1xf32>) -> tensor<1x1x!y> loc("square")
  func.return %y : tensor<1x1x!y>
}

// The absolute value's codes are 2 1 0 1 2 3 4 5, once a code of 0.5: steps of -1 and 2, at the
// codes 0 and 2, which stand for -1 and 0.
// CHECK-LABEL: func.func @absolute(
// CHECK:         [[X:%.*]] = core_op.reshape %x : (tensor<2x{{.*}}>) -> tensor<2x1x1x
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 1.0]]] : tensor<1x1x2xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor {{\[\[}}1.0, 0.0]] : tensor<1x2xf32>
// CHECK-NEXT:    [[H:%.*]] = core_op.vmm relu [[X]], [[W]] bias [[B]] {core_op.auxiliary} : {{.*}} -> tensor<2x1x2x!core_op.code<3, 0.5, 0>>
// CHECK-NEXT:    [[V:%.*]] = trained.tensor {{\[\[\[}}-1.0], [2.0]]] : tensor<1x2x1xf32>
// CHECK-NEXT:    [[C:%.*]] = trained.tensor {{\[\[}}1.0]] : tensor<1x1xf32>
// CHECK-NEXT:    [[Y:%.*]] = core_op.vmm linear [[H]], [[V]] bias [[C]] {core_op.auxiliary, core_op.function = {{.*}}, golden = "abs"} : {{.*}} -> tensor<2x1x1x!core_op.code<3, 0.5, 0>>
// CHECK-NEXT:    core_op.reshape [[Y]]
// CHECK-NEXT:    func.return
// REMARK:        node 'abs': remark: exact on codes: 2 hinges on 8 codes
func.func @absolute(%x: tensor<2x!x>) -> tensor<2x!core_op.code<3, 0.5, 0>> {
  %w = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
  %c = trained.tensor [[1.0]] : tensor<1x1xf32>
  %0 = core_op.reshape %x : (tensor<2x!x>) -> tensor<2x1x1x!x>
  %1 = core_op.vmm relu %0, %w bias %c {core_op.auxiliary} : (tensor<2x1x1x!x>, tensor<1x1x1xf32>, tensor<1x1xf32>) -> tensor<2x1x1x!h>
  %2 = core_op.reshape %1 : (tensor<2x1x1x!h>) -> tensor<2x1x!h>
  %3 = core_op.reshape %2 : (tensor<2x1x!h>) -> tensor<2x1x1x!h>
  %4 = core_op.vmm linear %3, %w {core_op.auxiliary, core_op.function = #trained.data<[[-1.0, 0.0, 4.0], [1.0, 0.0, 4.0]] : tensor<2x3xf32>>, golden = "abs"} : (tensor<2x1x1x!h>, tensor<1x1x1xf32>) -> tensor<2x1x1x!core_op.code<3, 0.5, 0>> loc("abs")
  %5 = core_op.reshape %4 : (tensor<2x1x1x!core_op.code<3, 0.5, 0>>) -> tensor<2x!core_op.code<3, 0.5, 0>>
  func.return %5 : tensor<2x!core_op.code<3, 0.5, 0>>
}

// The rectifier's codes are 0 0 0 4 7 7 7 7: a step of 4 needs two weights of at most 3.
// CHECK-LABEL: func.func @steep(
// CHECK:         trained.tensor {{\[\[}}0.0, 0.0, -0.5, -1.0]] : tensor<1x4xf32>
// CHECK:         trained.tensor {{\[\[\[}}0.5], [0.5], [-0.25], [-0.75]]] : tensor<1x4x1xf32>
// CHECK:         trained.tensor {{\[\[}}0.0]] : tensor<1x1xf32>
func.func @steep(%x: tensor<1x1x!x>) -> tensor<1x1x!core_op.code<3, 0.125, 0>> {
  %w = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
  %h = core_op.vmm relu %x, %w {core_op.auxiliary} : (tensor<1x1x!x>, tensor<1x1x1xf32>) -> tensor<1x1x!h>
  %y = core_op.vmm linear %h, %w {core_op.auxiliary, core_op.function = #trained.data<[[-1.0, 0.0, 4.0], [0.0, 0.0, 4.0]] : tensor<2x3xf32>>} : (tensor<1x1x!h>, tensor<1x1x1xf32>) -> tensor<1x1x!core_op.code<3, 0.125, 0>>
  func.return %y : tensor<1x1x!core_op.code<3, 0.125, 0>>
}

// A constant has no steps: a hinge that never opens tells what a step is.
// CHECK-LABEL: func.func @constant(
// CHECK:         trained.tensor {{\[\[}}-2.5]] : tensor<1x1xf32>
// CHECK:         trained.tensor {{\[\[\[}}0.5]]] : tensor<1x1x1xf32>
// CHECK:         trained.tensor {{\[\[}}0.75]] : tensor<1x1xf32>
func.func @constant(%x: tensor<1x1x!x>) -> tensor<1x1x!y> {
  %w = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
  %h = core_op.vmm relu %x, %w {core_op.auxiliary} : (tensor<1x1x!x>, tensor<1x1x1xf32>) -> tensor<1x1x!h>
  %y = core_op.vmm linear %h, %w {core_op.auxiliary, core_op.function = #trained.data<[[-1.0, 1.0], [0.7, 0.7]] : tensor<2x2xf32>>} : (tensor<1x1x!h>, tensor<1x1x1xf32>) -> tensor<1x1x!y>
  func.return %y : tensor<1x1x!y>
}
}
