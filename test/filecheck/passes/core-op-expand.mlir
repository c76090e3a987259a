// RUN: nn-opt %s -p 'core-op-expand,canonicalize' | filecheck %s
// RUN: nn-opt %s -p 'core-op-expand{pack=false},canonicalize' | filecheck %s --check-prefix=LOOSE
// RUN: nn-opt %s -p 'core-op-expand' --print-debuginfo | filecheck %s --check-prefix=LOCATION

// A core of 5 rows, one of them for the bias, and 2 columns.
#chip = #core_op.target<"chip", fan_in = 5, fan_out = 2, signal_bits = 6, weights = [-127, 127], bias_rows = 1>
module attributes {core_op.target = #chip} {
  // Partial sums over balanced row tiles, which share the bias, and a stage that adds them. Rows
  // are dealt out in turn; what the last tile lacks is padding and zeros.
  // CHECK-LABEL: func.func @rows
  // CHECK-NEXT:    [[P:%.*]] = core_op.pad %x low [0, 0] high [0, 1] : (tensor<1x7xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT:    [[D:%.*]] = core_op.reshape [[P]] : (tensor<1x8xf32>) -> tensor<1x4x2xf32>
  // CHECK-NEXT:    [[T:%.*]] = core_op.permute [[D]] [0, 2, 1]
  // CHECK-NEXT:    [[X:%.*]] = core_op.reshape [[T]] : (tensor<1x2x4xf32>) -> tensor<2x4xf32>
  // CHECK-DAG:     [[B:%.*]] = trained.tensor {{\[\[}}1.5], [1.5]] : tensor<2x1xf32>
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}1.0], [3.0], [5.0], [7.0]], {{\[\[}}2.0], [4.0], [6.0], [0.0]]] : tensor<2x4x1xf32>
  // CHECK:         [[S:%.*]] = core_op.vmm linear [[X]], [[W]] bias [[B]] {core_op.partial} :
  // CHECK-NEXT:    [[R:%.*]] = core_op.reshape [[S]] : (tensor<2x1xf32>) -> tensor<1x1x1x2xf32>
  // CHECK-NEXT:    [[O:%.*]] = trained.tensor {{\[\[\[}}1.0], [1.0]]] : tensor<1x2x1xf32>
  // CHECK-NEXT:    [[Y:%.*]] = core_op.vmm relu [[R]], [[O]] {core_op.auxiliary} :
  // CHECK-NEXT:    core_op.reshape [[Y]] {golden = "y"} : (tensor<1x1x1x1xf32>) -> tensor<1x1xf32>
  // LOCATION:      core_op.vmm linear {{.*}} loc("layer")
  // LOCATION:      core_op.vmm relu {{.*}} loc("layer")
  func.func @rows(%x: tensor<1x7xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0]]] : tensor<1x7x1xf32>
    %b = trained.tensor [[3.0]] : tensor<1x1xf32>
    %y = core_op.vmm relu %x, %w bias %b {golden = "y"} : (tensor<1x7xf32>, tensor<1x7x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32> loc("layer")
    func.return %y : tensor<1x1xf32>
  }

  // Column tiles are groups that see the same inputs.
  // CHECK-LABEL: func.func @columns
  // CHECK-NEXT:    [[X:%.*]] = core_op.repeat %x axis 1 times 2 : (tensor<4x1x2xf32>) -> tensor<4x2x2xf32>
  // CHECK-DAG:     [[B:%.*]] = trained.tensor {{\[\[}}1.0, 2.0], [3.0, 0.0]] : tensor<2x2xf32>
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 2.0], [4.0, 5.0]], {{\[\[}}3.0, 0.0], [6.0, 0.0]]] : tensor<2x2x2xf32>
  // CHECK:         [[S:%.*]] = core_op.vmm relu [[X]], [[W]] bias [[B]] :
  // CHECK-NEXT:    [[R:%.*]] = core_op.reshape [[S]] : (tensor<4x2x2xf32>) -> tensor<4x1x4xf32>
  // CHECK-NEXT:    core_op.slice [[R]] offsets [0, 0, 0] sizes [4, 1, 3] {golden = "y"}
  func.func @columns(%x: tensor<4x1x2xf32>) -> tensor<4x1x3xf32> {
    %w = trained.tensor [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]] : tensor<1x2x3xf32>
    %b = trained.tensor [[1.0, 2.0, 3.0]] : tensor<1x3xf32>
    %y = core_op.vmm relu %x, %w bias %b {golden = "y"} : (tensor<4x1x2xf32>, tensor<1x2x3xf32>, tensor<1x3xf32>) -> tensor<4x1x3xf32>
    func.return %y : tensor<4x1x3xf32>
  }

  // Both at once, in one operation.
  // CHECK-LABEL: func.func @both
  // CHECK:         core_op.vmm linear {{.*}} : (tensor<4x3xf32>, tensor<4x3x2xf32>) -> tensor<4x2xf32>
  // CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary} :
  // CHECK-NOT:     core_op.vmm
  func.func @both(%x: tensor<1x6xf32>) -> tensor<1x3xf32> {
    %w = trained.tensor [[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]] : tensor<1x6x3xf32>
    %y = core_op.vmm linear %x, %w : (tensor<1x6xf32>, tensor<1x6x3xf32>) -> tensor<1x3xf32>
    func.return %y : tensor<1x3xf32>
  }

  // A stage that adds too many partial sums is split itself.
  // CHECK-LABEL: func.func @tree
  // CHECK:         core_op.vmm linear {{.*}} : (tensor<5x4xf32>, tensor<5x4x1xf32>) -> tensor<5x1xf32>
  // CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, core_op.partial} : (tensor<1x1x2x3xf32>, tensor<2x3x1xf32>)
  // CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary} : (tensor<1x1x1x1x1x2xf32>, tensor<1x2x1xf32>)
  // CHECK-NOT:     core_op.vmm
  func.func @tree(%x: tensor<1x17xf32>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0], [9.0], [10.0], [11.0], [12.0], [13.0], [14.0], [15.0], [16.0], [17.0]]] : tensor<1x17x1xf32>
    %y = core_op.vmm linear %x, %w : (tensor<1x17xf32>, tensor<1x17x1xf32>) -> tensor<1x1xf32>
    func.return %y : tensor<1x1xf32>
  }

  // Under a window whole channels are dealt out, before the window: every tile is a convolution. Its
  // rows are the first and the third channel of either tap, or the second and one of zeros.
  // CHECK-LABEL: func.func @window
  // CHECK-NEXT:    [[P:%.*]] = core_op.pad %x low [0, 0, 0] high [0, 0, 1] : (tensor<4x1x3xf32>) -> tensor<4x1x4xf32>
  // CHECK-NEXT:    [[D:%.*]] = core_op.reshape [[P]] : (tensor<4x1x4xf32>) -> tensor<4x1x2x2xf32>
  // CHECK-NEXT:    [[T:%.*]] = core_op.permute [[D]] [0, 1, 3, 2]
  // CHECK-NEXT:    [[C:%.*]] = core_op.reshape [[T]] : (tensor<4x1x2x2xf32>) -> tensor<4x2x2xf32>
  // CHECK-NEXT:    [[X:%.*]] = core_op.window [[C]] kernel [2] : (tensor<4x2x2xf32>) -> tensor<3x2x4xf32>
  // CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 21.0], [3.0, 23.0], [4.0, 24.0], [6.0, 26.0]], {{\[\[}}2.0, 22.0], [0.0, 0.0], [5.0, 25.0], [0.0, 0.0]]]
  // CHECK-NEXT:    core_op.vmm linear [[X]], [[W]] {core_op.partial} : (tensor<3x2x4xf32>, tensor<2x4x2xf32>) -> tensor<3x2x2xf32>
  // CHECK:         core_op.vmm relu {{.*}} {core_op.auxiliary} :
  func.func @window(%x: tensor<4x1x3xf32>) -> tensor<3x1x2xf32> {
    %w = trained.tensor [[[1.0, 21.0], [2.0, 22.0], [3.0, 23.0], [4.0, 24.0], [5.0, 25.0], [6.0, 26.0]]] : tensor<1x6x2xf32>
    %i = core_op.window %x kernel [2] : (tensor<4x1x3xf32>) -> tensor<3x1x6xf32>
    %y = core_op.vmm relu %i, %w {golden = "y"} : (tensor<3x1x6xf32>, tensor<1x6x2xf32>) -> tensor<3x1x2xf32>
    func.return %y : tensor<3x1x2xf32>
  }

  // A window and a shortcut beside it: each is dealt out, so every tile has a channel of both.
  // CHECK-LABEL: func.func @joined
  // CHECK-DAG:     [[C:%.*]] = core_op.reshape %x : (tensor<3x1x3xf32>) -> tensor<3x3x1xf32>
  // CHECK-DAG:     [[I:%.*]] = core_op.window [[C]] kernel [2] pads [1, 0] : (tensor<3x3x1xf32>) -> tensor<3x3x2xf32>
  // CHECK-DAG:     [[S:%.*]] = core_op.reshape %x : (tensor<3x1x3xf32>) -> tensor<3x3x1xf32>
  // CHECK:         [[X:%.*]] = core_op.concat [[I]], [[S]] axis 2 : (tensor<3x3x2xf32>, tensor<3x3x1xf32>) -> tensor<3x3x3xf32>
  // CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0], [4.0], [7.0]], {{\[\[}}2.0], [5.0], [8.0]], {{\[\[}}3.0], [6.0], [9.0]]]
  // CHECK-NEXT:    core_op.vmm linear [[X]], [[W]] {core_op.partial} :
  func.func @joined(%x: tensor<3x1x3xf32>) -> tensor<3x1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0], [9.0]]] : tensor<1x9x1xf32>
    %i = core_op.window %x kernel [2] pads [1, 0] : (tensor<3x1x3xf32>) -> tensor<3x1x6xf32>
    %j = core_op.concat %i, %x axis 2 : (tensor<3x1x6xf32>, tensor<3x1x3xf32>) -> tensor<3x1x9xf32>
    %y = core_op.vmm relu %j, %w {golden = "y"} : (tensor<3x1x9xf32>, tensor<1x9x1xf32>) -> tensor<3x1x1xf32>
    func.return %y : tensor<3x1x1xf32>
  }

  // Where whole channels need more rows than a core has, what the windows hold is dealt out.
  // CHECK-LABEL: func.func @tall
  // CHECK-NEXT:    [[I:%.*]] = core_op.window %x kernel [5] :
  // CHECK-NEXT:    [[P:%.*]] = core_op.pad [[I]] low [0, 0, 0] high [0, 0, 1]
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x2x3xf32>, tensor<2x3x1xf32>)
  func.func @tall(%x: tensor<6x1x1xf32>) -> tensor<2x1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0], [3.0], [4.0], [5.0]]] : tensor<1x5x1xf32>
    %i = core_op.window %x kernel [5] : (tensor<6x1x1xf32>) -> tensor<2x1x5xf32>
    %y = core_op.vmm relu %i, %w : (tensor<2x1x5xf32>, tensor<1x5x1xf32>) -> tensor<2x1x1xf32>
    func.return %y : tensor<2x1x1xf32>
  }

  // Small groups share a core, unless that is not wanted.
  // CHECK-LABEL: func.func @groups
  // CHECK:         core_op.vmm relu {{.*}} : (tensor<2x4xf32>, tensor<2x4x2xf32>) -> tensor<2x2xf32>
  // LOOSE-LABEL: func.func @groups
  // LOOSE:         core_op.vmm relu %x, {{%.*}} : (tensor<3x2xf32>, tensor<3x2x1xf32>)
  func.func @groups(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
    %w = trained.tensor [[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]]] : tensor<3x2x1xf32>
    %y = core_op.vmm relu %x, %w : (tensor<3x2xf32>, tensor<3x2x1xf32>) -> tensor<3x1xf32>
    func.return %y : tensor<3x1xf32>
  }

  // Units of values take rows and columns: two inputs of two rows each fill a core, and one output of
  // two columns does. Partial sums of what is split again stay what they are.
  // CHECK-LABEL: func.func @units
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x2x!core_op.code<6, 0.5, 0, units 2>>, tensor<2x2x2xf32>) -> tensor<2x2xf32>
  // CHECK:         core_op.vmm relu {{.*}} {core_op.auxiliary} :
  // CHECK:         core_op.vmm linear {{.*}} {core_op.partial} : (tensor<2x3xf32>, tensor<2x3x1xf32>) -> tensor<2x1x!core_op.code<6, 0.5, 0, units 2>>
  func.func @units(%x: tensor<1x4x!core_op.code<6, 0.5, 0, units 2>>, %y: tensor<1x3xf32>) -> (tensor<1x2xf32>, tensor<1x2x!core_op.code<6, 0.5, 0, units 2>>) {
    %w = trained.tensor [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]] : tensor<1x4x2xf32>
    %a = core_op.vmm relu %x, %w : (tensor<1x4x!core_op.code<6, 0.5, 0, units 2>>, tensor<1x4x2xf32>) -> tensor<1x2xf32>
    %v = trained.tensor [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]] : tensor<1x3x2xf32>
    %b = core_op.vmm linear %y, %v {core_op.partial} : (tensor<1x3xf32>, tensor<1x3x2xf32>) -> tensor<1x2x!core_op.code<6, 0.5, 0, units 2>>
    func.return %a, %b : tensor<1x2xf32>, tensor<1x2x!core_op.code<6, 0.5, 0, units 2>>
  }

  // What fits is left alone, trained weights of many positions too.
  // CHECK-LABEL: func.func @fits
  // CHECK:         core_op.vmm linear %x, {{%.*}} : (tensor<6x1x4xf32>, tensor<1x4x1xf32>) -> tensor<6x1x1xf32>
  // CHECK-NEXT:    func.return
  func.func @fits(%x: tensor<6x1x4xf32>) -> tensor<6x1x1xf32> {
    %w = trained.tensor [[[1.0], [2.0], [3.0], [4.0]]] : tensor<1x4x1xf32>
    %y = core_op.vmm linear %x, %w : (tensor<6x1x4xf32>, tensor<1x4x1xf32>) -> tensor<6x1x1xf32>
    func.return %y : tensor<6x1x1xf32>
  }
}
