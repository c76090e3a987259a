// RUN: nn-opt %s -p 'core-op-unroll,canonicalize,verify-target' | filecheck %s
// RUN: nn-opt %s -p 'core-op-unroll' --print-debuginfo | filecheck %s --check-prefix=LOCATION
// RUN: nn-opt %s -p 'set-target{shares_positions=true},core-op-unroll' | filecheck %s --check-prefix=SHARED

// Cores of 4 inputs and 4 outputs, with biases in registers.
!code = !core_op.code<4, 0.5, 0>
!offset = !core_op.code<4, 0.5, 3>
#chip = #core_op.target<"chip", fan_in = 4, fan_out = 4, signal_bits = 4, weights = [-8, 7], bias_bits = 16, shares_positions = false>
module attributes {core_op.target = #chip} {
  // Two windows of 2 elements in each core read 3 numbers, the middle one once.
  // CHECK-LABEL: func.func @window
  // CHECK:         [[F:%.*]] = core_op.reshape %x : (tensor<5x1x1x!core_op.code<4, 0.5, 0>>) -> tensor<5x!core_op.code<4, 0.5, 0>>
  // CHECK:         [[I:%.*]] = core_op.gather [[F]] axis 0 indices [0, 1, 2, 2, 3, 4] : (tensor<5x!core_op.code<4, 0.5, 0>>) -> tensor<6x!core_op.code<4, 0.5, 0>>
  // CHECK:         [[X:%.*]] = core_op.reshape [[I]] : (tensor<6x!core_op.code<4, 0.5, 0>>) -> tensor<2x3x!core_op.code<4, 0.5, 0>>
  // CHECK:         [[W:%.*]] = trained.tensor
  // CHECK:         core_op.vmm relu [[X]], [[W]] gain {{%.*}} : (tensor<2x3x!core_op.code<4, 0.5, 0>>, tensor<2x3x2xi8>, tensor<2xf32>) -> tensor<2x2x!core_op.code<4, 0.5, 0>>
  // CHECK:         {golden = "y"} : ({{.*}}) -> tensor<4x1x1x!core_op.code<4, 0.5, 0>>
  // LOCATION-LABEL: func.func @window
  // LOCATION:      core_op.vmm relu {{.*}} loc("conv")
  // SHARED-LABEL: func.func @window
  // SHARED:        core_op.vmm relu {{.*}} : (tensor<4x1x2x
  func.func @window(%x: tensor<5x1x1x!code>) -> tensor<4x1x1x!code> {
    %n = core_op.window %x kernel [2] : (tensor<5x1x1x!code>) -> tensor<4x1x2x!code>
    %w = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %n, %w gain %g {golden = "y"} : (tensor<4x1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<4x1x1x!code> loc("conv")
    func.return %y : tensor<4x1x1x!code>
  }

  // Beyond the border is the code 3, which is a part of the bias of the first position then.
  // CHECK-LABEL: func.func @border
  // CHECK:         core_op.reshape %x
  // CHECK-NOT:     core_op.window
  // CHECK-DAG:     trained.tensor {{\[\[\[}}2, 1], [0, 2]]] : tensor<1x2x2xi8>
  // CHECK-DAG:     trained.tensor {{\[\[}}8, 5]] : tensor<1x2xi32>
  func.func @border(%x: tensor<2x1x1x!offset>) -> tensor<2x1x1x!offset> {
    %n = core_op.window %x kernel [2] pads [1, 0] : (tensor<2x1x1x!offset>) -> tensor<2x1x2x!offset>
    %w = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %b = trained.tensor [[5]] : tensor<1x1xi32>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm linear %n, %w bias %b gain %g : (tensor<2x1x2x!offset>, tensor<1x2x1xi8>, tensor<1x1xi32>, tensor<1xf32>) -> tensor<2x1x1x!offset>
    func.return %y : tensor<2x1x1x!offset>
  }

  // Groups of one gain lie side by side; a row of no use reads what stands for zero. What was said
  // of the product holds for its cores.
  // CHECK-LABEL: func.func @groups
  // CHECK:         core_op.gather {{.*}} indices [0, 2, 1, 3]
  // CHECK-DAG:     trained.tensor [0.25, 0.5] : tensor<2xf32>
  // CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, core_op.partial} : (tensor<2x2x!core_op.code<4, 0.5, 0>>, tensor<2x2x2xi8>, tensor<2xf32>)
  func.func @groups(%x: tensor<3x1x!code>) -> tensor<3x1x!code> {
    %w = trained.tensor [[[1]], [[2]], [[3]]] : tensor<3x1x1xi8>
    %g = trained.tensor [0.25, 0.5, 0.25] : tensor<3xf32>
    %y = core_op.vmm linear %x, %w gain %g {core_op.auxiliary, core_op.partial} : (tensor<3x1x!code>, tensor<3x1x1xi8>, tensor<3xf32>) -> tensor<3x1x!code>
    func.return %y : tensor<3x1x!code>
  }

  // One position, and nothing to put together: as it was.
  // CHECK-LABEL: func.func @stays
  // CHECK-NOT:     core_op.gather
  // CHECK:         core_op.vmm relu %x, {{.*}} : (tensor<1x2x!core_op.code<4, 0.5, 0>>, tensor<1x2x1xi8>
  func.func @stays(%x: tensor<1x2x!code>) -> tensor<1x1x!code> {
    %w = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<1x2x!code>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<1x1x!code>
    func.return %y : tensor<1x1x!code>
  }
}
