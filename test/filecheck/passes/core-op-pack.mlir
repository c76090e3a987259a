// RUN: nn-opt %s -p 'core-op-pack,canonicalize' | filecheck %s
// RUN: nn-opt %s -p 'core-op-pack,canonicalize' --print-debuginfo | filecheck %s --check-prefix=LOCATION
// RUN: nn-opt %s -p 'set-target{gain=neuron},core-op-pack,canonicalize' | filecheck %s --check-prefix=NEURON

// Cores of 5 rows, one of them for the bias, and 2 columns: two products of 2 inputs fit into one.
!code = !core_op.code<4, 0.5, 0>
!offset = !core_op.code<4, 0.5, 3>
#chip = #core_op.target<"chip", fan_in = 5, fan_out = 2, signal_bits = 4, weights = [-7, 7], bias_rows = 1>
module attributes {core_op.target = #chip} {
  // Positions go side by side, as often as they fit; the last core's second place is padding.
  // CHECK-LABEL: func.func @pack
  // CHECK-NEXT:    [[R:%.*]] = core_op.reshape %x : (tensor<5x1x2x!core_op.code<4, 0.5, 3>>) -> tensor<5x2x!core_op.code<4, 0.5, 3>>
  // CHECK-NEXT:    [[P:%.*]] = core_op.pad [[R]] low [0, 0] high [1, 0]
  // CHECK-NEXT:    [[X:%.*]] = core_op.reshape [[P]] : (tensor<6x2x!core_op.code<4, 0.5, 3>>) -> tensor<3x1x4x!core_op.code<4, 0.5, 3>>
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}1, 0], [2, 0], [0, 1], [0, 2]]] : tensor<1x4x2xi8>
  // CHECK-DAG:     [[B:%.*]] = trained.tensor {{\[\[}}6, 6]] : tensor<1x2xi32>
  // CHECK-DAG:     [[G:%.*]] = trained.tensor [0.25] : tensor<1xf32>
  // CHECK:         [[Y:%.*]] = core_op.vmm linear [[X]], [[W]] bias [[B]] gain [[G]] same_code {core_op.auxiliary} :
  // CHECK-NEXT:    [[L:%.*]] = core_op.reshape [[Y]]
  // CHECK-NEXT:    [[C:%.*]] = core_op.slice [[L]] offsets [0, 0] sizes [5, 1]
  // CHECK-NEXT:    core_op.reshape [[C]] {golden = "y"}
  // LOCATION-LABEL: func.func @pack
  // LOCATION:      core_op.vmm linear {{.*}} loc("merge")
  func.func @pack(%x: tensor<5x1x2x!offset>) -> tensor<5x1x1x!offset> {
    %w = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %b = trained.tensor [[6]] : tensor<1x1xi32>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm linear %x, %w bias %b gain %g same_code {core_op.auxiliary, golden = "y"} : (tensor<5x1x2x!offset>, tensor<1x2x1xi8>, tensor<1x1xi32>, tensor<1xf32>) -> tensor<5x1x1x!offset> loc("merge")
    func.return %y : tensor<5x1x1x!offset>
  }

  // A gain of its own goes with every copy.
  // NEURON-LABEL: func.func @neuron
  // NEURON:        trained.tensor {{\[\[}}0.25, 0.25]] : tensor<1x2xf32>
  func.func @neuron(%x: tensor<4x1x1x!code>) -> tensor<4x1x1x!code> {
    %w = trained.tensor [[[1]]] : tensor<1x1x1xi8>
    %g = trained.tensor [[0.25]] : tensor<1x1xf32>
    %y = core_op.vmm relu %x, %w gain %g {core_op.auxiliary} : (tensor<4x1x1x!code>, tensor<1x1x1xi8>, tensor<1x1xf32>) -> tensor<4x1x1x!code>
    func.return %y : tensor<4x1x1x!code>
  }

  // Trained weights stay one to a core, as do groups, which differ, and a single position.
  // CHECK-LABEL: func.func @stays
  // CHECK:         core_op.vmm relu {{.*}} : (tensor<5x1x2x!core_op.code<4, 0.5, 0>>, tensor<1x2x1xi8>
  // CHECK:         core_op.vmm relu {{.*}} : (tensor<5x2x1x!core_op.code<4, 0.5, 0>>, tensor<2x1x1xi8>
  // CHECK:         core_op.vmm relu {{.*}} : (tensor<1x2x!core_op.code<4, 0.5, 0>>, tensor<1x2x1xi8>
  func.func @stays(%x: tensor<5x1x2x!code>, %y: tensor<1x2x!code>) -> (tensor<5x1x1x!code>, tensor<5x2x1x!code>, tensor<1x1x!code>) {
    %w = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %v = trained.tensor [[[1]], [[2]]] : tensor<2x1x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %h = trained.tensor [0.25, 0.25] : tensor<2xf32>
    %a = core_op.vmm relu %x, %w gain %g : (tensor<5x1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<5x1x1x!code>
    %r = core_op.reshape %x : (tensor<5x1x2x!code>) -> tensor<5x2x1x!code>
    %b = core_op.vmm relu %r, %v gain %h {core_op.auxiliary} : (tensor<5x2x1x!code>, tensor<2x1x1xi8>, tensor<2xf32>) -> tensor<5x2x1x!code>
    %c = core_op.vmm relu %y, %w gain %g {core_op.auxiliary} : (tensor<1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<1x1x!code>
    func.return %a, %b, %c : tensor<5x1x1x!code>, tensor<5x2x1x!code>, tensor<1x1x!code>
  }
}
