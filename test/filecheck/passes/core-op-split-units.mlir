// RUN: nn-opt %s -p core-op-split-units | filecheck %s
// RUN: nn-opt %s -p core-op-split-units,canonicalize | filecheck %s --check-prefix=CANONICAL
// RUN: nn-opt %s -p core-op-split-units --print-debuginfo | filecheck %s --check-prefix=LOCATION

// Numbers of 0 to 6 in two units of two bits.
!one = !core_op.code<2, 0.5, 0>
!two = !core_op.code<2, 0.5, 2, units 2>
#chip = #core_op.target<"chip", fan_in = 64, fan_out = 64, signal_bits = 2, weights = [-7, 7], bias_bits = 12, max_inputs = 4>
module attributes {core_op.target = #chip} {
  // A column for every unit, whose biases are a quarter of a unit's step, 1 / (4 * 0.125), to either
  // side; a row for every unit. The host deals numbers out and adds them.
  // CHECK-LABEL: func.func @main
  // CHECK-NEXT:    [[X:%.*]] = core_op.encode %x units 2 {golden = "x", golden_units = 2 : i64} : (tensor<1x2xf32>) -> tensor<1x2x2x!core_op.code<2, 0.5, 1>>
  // CHECK:         [[R:%.*]] = core_op.reshape [[X]] : (tensor<1x2x2x!core_op.code<2, 0.5, 1>>) -> tensor<1x4x!core_op.code<2, 0.5, 1>>
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}3, 3, -1, -1], [3, 3, -1, -1], [2, 2, 5, 5], [2, 2, 5, 5]]] : tensor<1x4x4xi8>
  // CHECK-DAG:     [[B:%.*]] = trained.tensor {{\[\[}}8, 12, -2, 2]] : tensor<1x4xi32>
  // CHECK-DAG:     [[G:%.*]] = trained.tensor [0.125] : tensor<1xf32>
  // CHECK:         [[S:%.*]] = core_op.vmm linear [[R]], [[W]] bias [[B]] gain [[G]] {golden = "y", golden_units = 2 : i64} : {{.*}} -> tensor<1x4x!core_op.code<2, 0.5, 1>>
  // CHECK:         [[U:%.*]] = core_op.reshape [[S]] : {{.*}} -> tensor<1x2x2x!core_op.code<2, 0.5, 1>>
  // CHECK:         core_op.decode [[U]] units 2 {golden = "z"} : (tensor<1x2x2x!core_op.code<2, 0.5, 1>>) -> tensor<1x2xf32>
  // LOCATION:      core_op.vmm linear {{.*}} loc("layer")
  // LOCATION-NEXT: core_op.reshape {{.*}} loc("layer")
  func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %q = core_op.encode %x {golden = "x"} : (tensor<1x2xf32>) -> tensor<1x2x!two>
    %w = trained.tensor [[[3, -1], [2, 5]]] : tensor<1x2x2xi8>
    %b = trained.tensor [[10, 0]] : tensor<1x2xi32>
    %g = trained.tensor [0.125] : tensor<1xf32>
    %y = core_op.vmm linear %q, %w bias %b gain %g {golden = "y"} : (tensor<1x2x!two>, tensor<1x2x2xi8>, tensor<1x2xi32>, tensor<1xf32>) -> tensor<1x2x!two> loc("layer")
    %z = core_op.decode %y {golden = "z"} : (tensor<1x2x!two>) -> tensor<1x2xf32>
    func.return %z : tensor<1x2xf32>
  }

  // Units are channels of a window, so that it stays before the dot product.
  // CANONICAL-LABEL: func.func @convolution
  // CANONICAL:         core_op.reshape {{.*}} -> tensor<3x3x1x4x!core_op.code<2, 0.5, 1>>
  // CANONICAL-NEXT:    [[W:%.*]] = core_op.window {{.*}} kernel [2, 2] : {{.*}} -> tensor<2x2x1x16x!core_op.code<2, 0.5, 1>>
  // CANONICAL-NOT:     core_op.reshape
  // CANONICAL:         core_op.vmm linear [[W]],
  // CANONICAL-NEXT:    core_op.decode {{%.*}} : (tensor<2x2x1x1x!core_op.code<2, 0.5, 0>>)
  func.func @convolution(%x: tensor<3x3x1x2xf32>) -> tensor<2x2x1x1xf32> {
    %q = core_op.encode %x : (tensor<3x3x1x2xf32>) -> tensor<3x3x1x2x!two>
    %c = core_op.window %q kernel [2, 2] : (tensor<3x3x1x2x!two>) -> tensor<2x2x1x8x!two>
    %w = trained.tensor [[[1], [2], [3], [4], [5], [6], [7], [1]]] : tensor<1x8x1xi8>
    %g = trained.tensor [0.125] : tensor<1xf32>
    %y = core_op.vmm linear %c, %w gain %g : (tensor<2x2x1x8x!two>, tensor<1x8x1xi8>, tensor<1xf32>) -> tensor<2x2x1x1x!one>
    %z = core_op.decode %y : (tensor<2x2x1x1x!one>) -> tensor<2x2x1x1xf32>
    func.return %z : tensor<2x2x1x1xf32>
  }

  // Wiring carries the units on a trailing axis.
  // CHECK-LABEL: func.func @wiring
  // CHECK:         core_op.pad {{.*}} low [0, 1, 0] high [1, 0, 0] : {{.*}} -> tensor<3x4x2x!core_op.code<2, 0.5, 1>>
  // CHECK-NEXT:    core_op.slice {{.*}} offsets [0, 2, 0] sizes [3, 2, 2]
  // CHECK-NEXT:    core_op.gather {{.*}} axis 1 indices [1, 0]
  // CHECK-NEXT:    core_op.repeat {{.*}} axis 0 times 2
  // CHECK-NEXT:    core_op.concat {{.*}} axis 1 : {{.*}} -> tensor<6x4x2x!core_op.code<2, 0.5, 1>>
  // CHECK-NEXT:    core_op.permute {{.*}} [1, 0, 2]
  // CHECK-NEXT:    core_op.reshape {{.*}} -> tensor<12x2x2x!core_op.code<2, 0.5, 1>>
  // CHECK-NEXT:    [[P:%.*]] = core_op.permute {{.*}} [0, 2, 1] : {{.*}} -> tensor<12x2x2x!core_op.code<2, 0.5, 1>>
  // CHECK-NEXT:    core_op.max [[P]] : {{.*}} -> tensor<12x2x!core_op.code<2, 0.5, 1>>
  // CHECK-NEXT:    core_op.decode {{.*}} units 2 : {{.*}} -> tensor<12xf32>
  func.func @wiring(%x: tensor<2x3xf32>) -> tensor<12xf32> {
    %q = core_op.encode %x : (tensor<2x3xf32>) -> tensor<2x3x!two>
    %a = core_op.pad %q low [0, 1] high [1, 0] : (tensor<2x3x!two>) -> tensor<3x4x!two>
    %b = core_op.slice %a offsets [0, 2] sizes [3, 2] : (tensor<3x4x!two>) -> tensor<3x2x!two>
    %c = core_op.gather %b axis 1 indices [1, 0] : (tensor<3x2x!two>) -> tensor<3x2x!two>
    %d = core_op.repeat %c axis 0 times 2 : (tensor<3x2x!two>) -> tensor<6x2x!two>
    %e = core_op.concat %d, %d axis 1 : (tensor<6x2x!two>, tensor<6x2x!two>) -> tensor<6x4x!two>
    %f = core_op.permute %e [1, 0] : (tensor<6x4x!two>) -> tensor<4x6x!two>
    %g = core_op.reshape %f : (tensor<4x6x!two>) -> tensor<12x2x!two>
    %h = core_op.max %g : (tensor<12x2x!two>) -> tensor<12x!two>
    %z = core_op.decode %h : (tensor<12x!two>) -> tensor<12xf32>
    func.return %z : tensor<12xf32>
  }
}
