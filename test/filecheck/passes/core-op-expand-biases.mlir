// RUN: nn-opt %s -p 'core-op-expand{pack=false},canonicalize' | filecheck %s
// RUN: nn-opt %s -p 'set-target{spare_bias_rows=false},core-op-expand{pack=false},canonicalize' | filecheck %s --check-prefix=FIXED
// RUN: nn-opt %s -p 'set-target{weight_bits=8},core-op-expand{pack=false},canonicalize' | filecheck %s --check-prefix=MANY

// Ten rows, two of them for biases; those that are free can be driven for biases too.
#chip = #core_op.target<"chip", fan_in = 10, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_rows = 2, spare_bias_rows = true>
module attributes {core_op.target = #chip} {
  // Split inputs leave rows for what sets the units of partial sums apart.
  // CHECK-LABEL: func.func @split
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<3x4xf32>, tensor<3x4x1xf32>) -> tensor<3x1xf32>
  // FIXED-LABEL: func.func @split
  // FIXED:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x6xf32>, tensor<2x6x1xf32>) -> tensor<2x1xf32>
  func.func @split(%x: tensor<1x12xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]] : tensor<1x12x1xf32>
    %y = core_op.vmm linear %x, %w : (tensor<1x12xf32>, tensor<1x12x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }

  // What fits a core is left whole.
  // CHECK-LABEL: func.func @whole
  // CHECK:         core_op.vmm linear %x, {{.*}} : (tensor<1x8xf32>, tensor<1x8x1xf32>) -> tensor<1x1xf32>
  func.func @whole(%x: tensor<1x8xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]] : tensor<1x8x1xf32>
    %y = core_op.vmm linear %x, %w : (tensor<1x8xf32>, tensor<1x8x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }

  // Under a window whole channels are dealt out, and no tile is left without one.
  // CHECK-LABEL: func.func @window
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x2x6xf32>, tensor<2x6x1xf32>) -> tensor<2x2x1xf32>
  func.func @window(%x: tensor<7x1x2xf32>) -> tensor<2x1x1xf32> {
    %w = trained.tensor [[[1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]] : tensor<1x12x1xf32>
    %i = core_op.window %x kernel [6] : (tensor<7x1x2xf32>) -> tensor<2x1x12xf32>
    %y = core_op.vmm linear %i, %w : (tensor<2x1x12xf32>, tensor<1x12x1xf32>) -> tensor<2x1x1xf32>
    func.return %y : tensor<2x1x1xf32>
  }

  // A result with a sign needs the rows too, where weights have few levels.
  // CHECK-LABEL: func.func @signed
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x4x!core_op.code<4, 1.0, 0>>, tensor<2x4x1xf32>) -> tensor<2x1xf32>
  // FIXED-LABEL: func.func @signed
  // FIXED:         core_op.vmm linear {{.*}} : (tensor<1x8x!core_op.code<4, 1.0, 0>>, tensor<1x8x1xf32>) -> tensor<1x1x!core_op.code<4, 1.0, 8>>
  // MANY-LABEL: func.func @signed
  // MANY:         core_op.vmm linear {{.*}} : (tensor<1x8x!core_op.code<4, 1.0, 0>>, tensor<1x8x1xf32>) -> tensor<1x1x!core_op.code<4, 1.0, 8>>
  func.func @signed(%x: tensor<1x8x!core_op.code<4, 1.0, 0>>) -> tensor<1x1x!core_op.code<4, 1.0, 8>> {
    %w = trained.tensor [[[1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]] : tensor<1x8x1xf32>
    %y = core_op.vmm linear %x, %w : (tensor<1x8x!core_op.code<4, 1.0, 0>>, tensor<1x8x1xf32>) -> tensor<1x1x!core_op.code<4, 1.0, 8>>
    func.return %y : tensor<1x1x!core_op.code<4, 1.0, 8>>
  }
}
