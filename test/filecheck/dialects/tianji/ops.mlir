// RUN: nn-opt %s | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | nn-opt | filecheck %s

!in = !core_op.code<8, 0.1, 3>
!out = !core_op.code<8, 0.25, 0>

// CHECK: tianji.mesh = #tianji.mesh<2 x 3, cores 6>
module attributes {tianji.mesh = #tianji.mesh<2 x 3, cores 6>} {
  // CHECK-LABEL: func.func @graded
  func.func @graded(%x: tensor<3x2x!in>, %y: tensor<4x!in>, %a: tensor<2x3xi32>,
      %w: tensor<2x3x5xi8>, %b: tensor<2x5xi32>, %c: tensor<2xi32>) -> tensor<3x!out> {
    // CHECK: %r = tianji.cores %x, %y axons %a synapses %w bias %b cut %c placement <phase 1, cores [4, 35]> {golden = "fc"} : (tensor<3x2x!core_op.code<8, 0.1, 3>>, tensor<4x!core_op.code<8, 0.1, 3>>, tensor<2x3xi32>, tensor<2x3x5xi8>, tensor<2x5xi32>, tensor<2xi32>) -> tensor<2x5x!core_op.code<8, 0.25, 0>>
    %r = tianji.cores %x, %y axons %a synapses %w bias %b cut %c
      placement <phase 1, cores [4, 35]> {golden = "fc"}
      : (tensor<3x2x!in>, tensor<4x!in>, tensor<2x3xi32>, tensor<2x3x5xi8>, tensor<2x5xi32>,
         tensor<2xi32>) -> tensor<2x5x!out>
    // CHECK: trained.tensor [9, -1, 0] : tensor<3xi32>
    %i = trained.tensor [9, -1, 0] : tensor<3xi32>
    // CHECK: tianji.read %r index %i : (tensor<2x5x!core_op.code<8, 0.25, 0>>, tensor<3xi32>) -> tensor<3x!core_op.code<8, 0.25, 0>>
    %s = tianji.read %r index %i : (tensor<2x5x!out>, tensor<3xi32>) -> tensor<3x!out>
    func.return %s : tensor<3x!out>
  }

  // CHECK-LABEL: func.func @spiking
  func.func @spiking(%x: tensor<3x2x!in>, %a: tensor<2x3xi32>, %w: tensor<2x3x5xi8>,
      %t: tensor<2xi32>, %tn: tensor<2x5xi32>, %v: tensor<2x5xi32>) {
    // CHECK: tianji.cores %x axons %a synapses %w threshold %t : (
    %r = tianji.cores %x axons %a synapses %w threshold %t
      : (tensor<3x2x!in>, tensor<2x3xi32>, tensor<2x3x5xi8>, tensor<2xi32>) -> tensor<2x5x!out>
    // CHECK: tianji.cores %x axons %a synapses %w bias %v threshold %tn initial %v : (
    %s = tianji.cores %x axons %a synapses %w bias %v threshold %tn initial %v
      : (tensor<3x2x!in>, tensor<2x3xi32>, tensor<2x3x5xi8>, tensor<2x5xi32>, tensor<2x5xi32>,
         tensor<2x5xi32>) -> tensor<2x5x!out>
    func.return
  }
}
