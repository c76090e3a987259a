// RUN: nn-opt %s -p 'core-op-expand,canonicalize' | filecheck %s --check-prefixes=CHECK,AUTO
// RUN: nn-opt %s -p 'core-op-expand{weight-units=1},canonicalize' | filecheck %s --check-prefixes=CHECK,ONE
// RUN: nn-opt %s -p 'core-op-expand{weight-units=3},canonicalize' | filecheck %s --check-prefixes=CHECK,THREE
// RUN: not nn-opt %s -p 'core-op-expand{weight-units=33}' 2>&1 | filecheck %s --check-prefix=MOST

// MOST: error: core-op-expand: weight-units must be 1 to 32, not 33

// Weights of -1, 0 and 1: what lies between needs several rows, whose weights add up.
#chip = #core_op.target<"chip", fan_in = 6, fan_out = 4, signal_bits = 4, weights = [-1, 1], bias_bits = 16>
module attributes {core_op.target = #chip} {
  // CHECK-LABEL: func.func @between
  // AUTO:          core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x3xf32>, tensor<2x3x1xf32>) -> tensor<2x1xf32>
  // ONE:           core_op.vmm relu %x, {{.*}} : (tensor<1x6xf32>, tensor<1x6x1xf32>) -> tensor<1x1xf32>
  // THREE:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<3x2xf32>, tensor<3x2x1xf32>) -> tensor<3x1xf32>
  func.func @between(%x: tensor<1x6xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [1.0], [-2.0], [-2.0], [1.0], [1.0]]] : tensor<1x6x1xf32>
    %y = core_op.vmm relu %x, %w : (tensor<1x6xf32>, tensor<1x6x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }

  // Weights that are all of the core's levels need one row each.
  // CHECK-LABEL: func.func @levels
  // AUTO:          core_op.vmm relu %x, {{.*}} : (tensor<1x6xf32>, tensor<1x6x1xf32>) -> tensor<1x1xf32>
  func.func @levels(%x: tensor<1x6xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [-1.0], [0.0], [1.0], [-1.0], [1.0]]] : tensor<1x6x1xf32>
    %y = core_op.vmm relu %x, %w : (tensor<1x6xf32>, tensor<1x6x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }

  // Groups that share a core keep their weights' rows.
  // CHECK-LABEL: func.func @groups
  // AUTO:          core_op.vmm relu %x, {{.*}} : (tensor<2x3xf32>, tensor<2x3x1xf32>) -> tensor<2x1xf32>
  // ONE:           core_op.vmm relu {{.*}} : (tensor<1x6xf32>, tensor<1x6x2xf32>) -> tensor<1x2xf32>
  func.func @groups(%x: tensor<2x3xf32>) -> tensor<2x1xf32> {
    %w = trained.tensor [[[1.0], [-2.0], [1.0]], [[1.0], [-1.0], [-2.0]]] : tensor<2x3x1xf32>
    %y = core_op.vmm relu %x, %w : (tensor<2x3xf32>, tensor<2x3x1xf32>) -> tensor<2x1xf32>
    func.return %y : tensor<2x1xf32>
  }

  // A window over a single channel has no channels to deal out: what it holds is dealt out then.
  // CHECK-LABEL: func.func @one_channel
  // THREE:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x3x2xf32>, tensor<3x2x1xf32>) -> tensor<2x3x1xf32>
  func.func @one_channel(%x: tensor<7x1x1xf32>) -> tensor<2x1x1xf32> {
    %w = trained.tensor [[[1.0], [1.0], [-2.0], [-2.0], [1.0], [1.0]]] : tensor<1x6x1xf32>
    %i = core_op.window %x kernel [6] : (tensor<7x1x1xf32>) -> tensor<2x1x6xf32>
    %y = core_op.vmm relu %i, %w : (tensor<2x1x6xf32>, tensor<1x6x1xf32>) -> tensor<2x1x1xf32>
    func.return %y : tensor<2x1x1xf32>
  }
}
