// RUN: nn-opt %s -p canonicalize | filecheck %s

!code = !core_op.code<8, 0.1, 0>

// An axon without synapses is sent nothing.
// CHECK-LABEL: func.func @useless_axons
// CHECK:         [[A:%.*]] = trained.tensor {{\[\[}}2, -1], [-1, 0]] : tensor<2x2xi32>
// CHECK-NEXT:    tianji.cores %x axons [[A]] synapses %w cut %c placement <phase 0, cores [0, 1]> {golden = "fc"} :
func.func @useless_axons(%x: tensor<3x!code>, %c: tensor<2xi32>) -> tensor<2x1x!code> {
  %a = trained.tensor [[2, 1], [1, 0]] : tensor<2x2xi32>
  %w = trained.tensor [[[1], [0]], [[0], [-2]]] : tensor<2x2x1xi8>
  %y = tianji.cores %x axons %a synapses %w cut %c placement <phase 0, cores [0, 1]> {golden = "fc"}
    : (tensor<3x!code>, tensor<2x2xi32>, tensor<2x2x1xi8>, tensor<2xi32>) -> tensor<2x1x!code>
  func.return %y : tensor<2x1x!code>
}

// CHECK-LABEL: func.func @empty_registers
// CHECK:         tianji.cores %x axons %a synapses %w threshold %t :
func.func @empty_registers(%x: tensor<3x!code>, %a: tensor<1x2xi32>, %w: tensor<1x2x1xi8>, %t: tensor<1xi32>)
    -> tensor<1x1x!code> {
  %z = trained.tensor [[0]] : tensor<1x1xi32>
  %y = tianji.cores %x axons %a synapses %w bias %z threshold %t initial %z
    : (tensor<3x!code>, tensor<1x2xi32>, tensor<1x2x1xi8>, tensor<1x1xi32>, tensor<1xi32>,
       tensor<1x1xi32>) -> tensor<1x1x!code>
  func.return %y : tensor<1x1x!code>
}

// The first source is not listened to, and the third is the second.
// CHECK-LABEL: func.func @unused_sources
// CHECK:         [[A:%.*]] = trained.tensor {{\[\[}}1, 0, -1]] : tensor<1x3xi32>
// CHECK-NEXT:    tianji.cores %y axons [[A]] synapses %w cut %c :
// CHECK:         [[I:%.*]] = trained.tensor [2] : tensor<1xi32>
// CHECK-NEXT:    tianji.read %x index [[I]] :
func.func @unused_sources(%x: tensor<3x!code>, %y: tensor<2x!code>, %w: tensor<1x3x1xi8>, %c: tensor<1xi32>)
    -> (tensor<1x1x!code>, tensor<1x!code>) {
  %a = trained.tensor [[4, 5, -1]] : tensor<1x3xi32>
  %r = tianji.cores %x, %y, %y axons %a synapses %w cut %c
    : (tensor<3x!code>, tensor<2x!code>, tensor<2x!code>, tensor<1x3xi32>, tensor<1x3x1xi8>,
       tensor<1xi32>) -> tensor<1x1x!code>
  %i = trained.tensor [2] : tensor<1xi32>
  %s = tianji.read %x, %y index %i : (tensor<3x!code>, tensor<2x!code>, tensor<1xi32>) -> tensor<1x!code>
  func.return %r, %s : tensor<1x1x!code>, tensor<1x!code>
}

// CHECK-LABEL: func.func @read_of_all
// CHECK-NEXT:    func.return %x
func.func @read_of_all(%x: tensor<2x2x!code>) -> tensor<2x2x!code> {
  %i = trained.tensor [[0, 1], [2, 3]] : tensor<2x2xi32>
  %y = tianji.read %x index %i : (tensor<2x2x!code>, tensor<2x2xi32>) -> tensor<2x2x!code>
  func.return %y : tensor<2x2x!code>
}
