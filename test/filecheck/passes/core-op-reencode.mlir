// RUN: nn-opt %s -p core-op-reencode | filecheck %s

// Codes of 4 bits, one a signal; what wiring connects is one signal. Ranges are gone afterwards.
#chip = #core_op.target<"chip", fan_in = 5, fan_out = 4, signal_bits = 4, weights = [-7, 7], bias_rows = 1>
module attributes {core_op.target = #chip} {
  // A range below zero has a zero point, so that zero is a code; a rectified one begins at zero.
  // CHECK-LABEL: func.func @main(%x: tensor<2xf32>) -> tensor<2xf32>
  // CHECK-NEXT:    [[X:%.*]] = core_op.encode %x : (tensor<2xf32>) -> tensor<2x!core_op.code<4, 0.2, 5>>
  // CHECK-NEXT:    core_op.reshape [[X]] : {{.*}} -> tensor<1x2x!core_op.code<4, 0.2, 5>>
  // CHECK:         core_op.vmm relu {{%.*}}, {{%.*}} {golden = "y"} : (tensor<1x2x!core_op.code<4, 0.2, 5>>, tensor<1x2x2xf32>) -> tensor<1x2x!core_op.code<4, 0.5, 0>>
  // CHECK-NEXT:    core_op.vmm relu {{%.*}}, {{%.*}} same_code : {{.*}} -> tensor<1x2x!core_op.code<4, 0.5, 0>>
  // CHECK-NEXT:    core_op.vmm linear {{.*}} -> tensor<1x2x!core_op.code<4, 0.6, 8>>
  // CHECK-NEXT:    [[S:%.*]] = core_op.reshape {{.*}} -> tensor<2x!core_op.code<4, 0.6, 8>>
  // CHECK-NEXT:    [[D:%.*]] = core_op.decode [[S]] : {{.*}} -> tensor<2xf32>
  // CHECK-NEXT:    nn.softmax [[D]]
  func.func @main(%x: tensor<2xf32> {core_op.range = array<f64: -1.0, 2.0>}) -> tensor<2xf32> {
    %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %w = trained.tensor [[[1.0, 2.0], [3.0, 4.0]]] : tensor<1x2x2xf32>
    %y = core_op.vmm relu %r, %w {golden = "y", core_op.range = array<f64: 0.25, 7.5>} : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    %p = core_op.vmm relu %y, %w same_code : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    %z = core_op.vmm linear %p, %w {core_op.range = array<f64: -4.8, 4.2>} : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    %s = core_op.reshape %z : (tensor<1x2xf32>) -> tensor<2xf32>
    %o = nn.softmax %s axis 0 : (tensor<2xf32>) -> tensor<2xf32>
    func.return %o : tensor<2xf32>
  }

  // What a rectifier computes begins at zero: among negative numbers it passes through an identity.
  // CHECK-LABEL: func.func @mixed
  // CHECK:         [[Y:%.*]] = core_op.vmm relu {{.*}} -> tensor<1x2x!core_op.code<4, 0.5, 0>>
  // CHECK-NEXT:    [[R:%.*]] = core_op.reshape [[Y]]
  // CHECK-NEXT:    [[ONE:%.*]] = trained.tensor {{\[\[\[}}1.0]]]
  // CHECK-NEXT:    [[I:%.*]] = core_op.vmm linear [[R]], [[ONE]] {core_op.auxiliary} : {{.*}} -> tensor<1x2x1x1x!core_op.code<4, 0.56666666, 2>>
  // CHECK-NEXT:    [[S:%.*]] = core_op.reshape [[I]]
  // CHECK-NEXT:    core_op.concat {{%.*}}, [[S]] axis 1
  func.func @mixed(%x: tensor<1x2xf32> {core_op.range = array<f64: -1.0, 2.0>}) -> tensor<1x4xf32> {
    %w = trained.tensor [[[1.0, 2.0], [3.0, 4.0]]] : tensor<1x2x2xf32>
    %y = core_op.vmm relu %x, %w {core_op.range = array<f64: 0.0, 7.5>} : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    %z = core_op.concat %x, %y axis 1 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
    func.return %z : tensor<1x4xf32>
  }

  // A signal with a code keeps it, and needs no range.
  // CHECK-LABEL: func.func @coded
  // CHECK:         core_op.encode %x : (tensor<1x2xf32>) -> tensor<1x2x!core_op.code<3, 0.25, 1>>
  // CHECK-NOT:     core_op.encode
  func.func @coded(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %q = core_op.encode %x : (tensor<1x2xf32>) -> tensor<1x2x!core_op.code<3, 0.25, 1>>
    %y = core_op.decode %q : (tensor<1x2x!core_op.code<3, 0.25, 1>>) -> tensor<1x2xf32>
    func.return %y : tensor<1x2xf32>
  }
}
