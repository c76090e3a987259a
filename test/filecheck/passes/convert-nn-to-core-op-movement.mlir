// RUN: nn-opt %s -p convert-nn-to-core-op | filecheck %s
// RUN: nn-opt %s -p convert-nn-to-core-op,canonicalize | filecheck %s --check-prefix=CANONICAL
// RUN: nn-opt %s -p convert-nn-to-core-op --print-debuginfo | filecheck %s --check-prefix=LOCATION

// What moves elements is wiring, and its golden value keeps its name.

// CHECK-LABEL: func.func @slice
// CHECK-NEXT:    [[A:%.*]] = core_op.slice %x offsets [1, 0, 0] sizes [2, 6, 7] : (tensor<4x6x7xf32>) -> tensor<2x6x7xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.gather [[A]] axis 1 indices [0, 2, 4] : (tensor<2x6x7xf32>) -> tensor<2x3x7xf32>
// CHECK-NEXT:    [[C:%.*]] = core_op.gather [[B]] axis 2 indices [6, 3, 0] {golden = "y"} : (tensor<2x3x7xf32>) -> tensor<2x3x3xf32>
// CHECK-NEXT:    func.return [[C]]
// LOCATION:      core_op.gather {{.*}} axis 1 {{.*}} loc("slice")
func.func @slice(%x: tensor<4x6x7xf32>) -> tensor<2x3x3xf32> {
  %y = nn.slice %x starts [1, 0, 6] sizes [2, 3, 3] steps [1, 2, -3] {golden = "y"} : (tensor<4x6x7xf32>) -> tensor<2x3x3xf32> loc("slice")
  func.return %y : tensor<2x3x3xf32>
}

// CHECK-LABEL: func.func @pads
// CHECK-NEXT:    core_op.pad %x low [1, 0] high [0, 2] {golden = "zero"} : (tensor<2x3xf32>) -> tensor<3x5xf32>
// CHECK-NEXT:    core_op.gather %x axis 1 indices [0, 0, 1, 2, 2, 2] :
// CHECK-NEXT:    core_op.gather %x axis 1 indices [2, 1, 0, 1, 2, 1] :
// CHECK-NEXT:    core_op.gather %x axis 1 indices [2, 0, 1, 2, 0, 1] :
// CHECK-NEXT:    func.return
func.func @pads(%x: tensor<2x3xf32>) -> (tensor<3x5xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>) {
  %a = nn.pad %x constant low [1, 0] high [0, 2] {golden = "zero"} : (tensor<2x3xf32>) -> tensor<3x5xf32>
  %b = nn.pad %x edge low [0, 1] high [0, 2] : (tensor<2x3xf32>) -> tensor<2x6xf32>
  %c = nn.pad %x reflect low [0, 2] high [0, 1] : (tensor<2x3xf32>) -> tensor<2x6xf32>
  %d = nn.pad %x wrap low [0, 1] high [0, 2] : (tensor<2x3xf32>) -> tensor<2x6xf32>
  func.return %a, %b, %c, %d : tensor<3x5xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>
}

// Another number is computed once, by a core whose weights are zero, and gathered from a slice.
// CHECK-LABEL: func.func @pad_with_a_number
// CHECK-NEXT:    [[E:%.*]] = core_op.slice %x offsets [0, 0] sizes [1, 1] : (tensor<2x3xf32>) -> tensor<1x1xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}0.0]]] : tensor<1x1x1xf32>
// CHECK-NEXT:    [[N:%.*]] = trained.tensor {{\[\[}}-1.5]] : tensor<1x1xf32>
// CHECK-NEXT:    [[V:%.*]] = core_op.vmm linear [[E]], [[W]] bias [[N]] {core_op.auxiliary} : (tensor<1x1xf32>, tensor<1x1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.repeat [[V]] axis 1 times 3 : (tensor<1x1xf32>) -> tensor<1x3xf32>
// CHECK-NEXT:    [[C:%.*]] = core_op.concat %x, [[B]] axis 0
// CHECK-NEXT:    [[D:%.*]] = core_op.gather [[C]] axis 0 indices [2, 2, 0, 1] : (tensor<3x3xf32>) -> tensor<4x3xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.repeat [[V]] axis 0 times 4 : (tensor<1x1xf32>) -> tensor<4x1xf32>
// CHECK-NEXT:    [[C:%.*]] = core_op.concat [[D]], [[B]] axis 1
// CHECK-NEXT:    core_op.gather [[C]] axis 1 indices [0, 1, 2, 3] {golden = "y"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT:    func.return
func.func @pad_with_a_number(%x: tensor<2x3xf32>) -> tensor<4x4xf32> {
  %y = nn.pad %x constant low [2, 0] high [0, 1] value -1.5 {golden = "y"} : (tensor<2x3xf32>) -> tensor<4x4xf32>
  func.return %y : tensor<4x4xf32>
}

// CHECK-LABEL: func.func @concat
// CHECK-NEXT:    core_op.concat %x, %z, %x axis 1 {golden = "y"} : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>
// CHECK-NEXT:    func.return
func.func @concat(%x: tensor<2x3xf32>, %z: tensor<2x1xf32>) -> tensor<2x7xf32> {
  %y = nn.concat %x, %z, %x axis 1 {golden = "y"} : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>
  func.return %y : tensor<2x7xf32>
}

// A constant among what is put together: equal slices are computed once.
// CHECK-LABEL: func.func @concat_with_constant
// CHECK:         [[N:%.*]] = trained.tensor {{\[\[}}1.0, 2.0]] : tensor<1x2xf32>
// CHECK-NEXT:    [[V:%.*]] = core_op.vmm relu {{%.*}}, {{%.*}} bias [[N]] {core_op.auxiliary} : (tensor<1x1xf32>, tensor<1x1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
// CHECK-NEXT:    [[R:%.*]] = core_op.reshape [[V]] : (tensor<1x2xf32>) -> tensor<2x1xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.repeat [[R]] axis 1 times 3 : (tensor<2x1xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    core_op.concat [[B]], %x axis 0
func.func @concat_with_constant(%x: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %c = trained.tensor [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]] : tensor<2x3xf32>
  %y = nn.concat %c, %x axis 0 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  func.return %y : tensor<4x3xf32>
}

// CHECK-LABEL: func.func @tile
// CHECK-NEXT:    [[A:%.*]] = core_op.repeat %x axis 0 times 2 : (tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    core_op.gather [[A]] axis 1 indices [0, 1, 2, 0, 1, 2] {golden = "y"} : (tensor<2x3xf32>) -> tensor<2x6xf32>
// CHECK-NEXT:    func.return
func.func @tile(%x: tensor<1x3xf32>) -> tensor<2x6xf32> {
  %y = nn.tile %x [2, 2] {golden = "y"} : (tensor<1x3xf32>) -> tensor<2x6xf32>
  func.return %y : tensor<2x6xf32>
}

// CHECK-LABEL: func.func @gather
// CHECK-NEXT:    core_op.gather %x axis 0 indices [3, 0, 0] {golden = "y"} : (tensor<4x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT:    func.return
func.func @gather(%x: tensor<4x2xf32>) -> tensor<3x2xf32> {
  %y = nn.gather %x axis 0 [3, 0, 0] {golden = "y"} : (tensor<4x2xf32>) -> tensor<3x2xf32>
  func.return %y : tensor<3x2xf32>
}

// A value that an addition broadcasts is repeated, also where a constant widens it.
// CHECK-LABEL: func.func @sums
// CHECK-NEXT:    [[R:%.*]] = core_op.reshape %z : (tensor<3xf32>) -> tensor<1x3xf32>
// CHECK-NEXT:    [[Z:%.*]] = core_op.repeat [[R]] axis 0 times 2 : (tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK:         core_op.concat {{.*}} axis 3 : (tensor<2x3x1x1xf32>, tensor<2x3x1x1xf32>) -> tensor<2x3x1x2xf32>
// CHECK:         [[Z:%.*]] = core_op.repeat {{.*}} axis 0 times 2 : (tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK:         core_op.vmm linear {{.*}} bias
func.func @sums(%x: tensor<2x3xf32>, %z: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %c = trained.tensor [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] : tensor<2x3xf32>
  %a = nn.add %x, %z : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %b = nn.add %z, %c : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
}

// A shortcut of a residual network between two layers needs no permute.
// CANONICAL-LABEL: func.func @shortcut
// CANONICAL-NEXT:    [[P:%.*]] = core_op.permute %x [1, 2, 0]
// CANONICAL-NOT:     core_op.permute
// CANONICAL:         [[A:%.*]] = core_op.vmm relu
// CANONICAL-NOT:     core_op.permute
// CANONICAL:         core_op.gather {{.*}} axis 0 indices [0, 2] : (tensor<4x4x2xf32>) -> tensor<2x4x2xf32>
// CANONICAL-NEXT:    core_op.gather {{.*}} axis 1 indices [0, 2] {golden = "s", golden_order = array<i64: 1, 2, 0>}
// CANONICAL-NEXT:    core_op.pad {{.*}} low [0, 0, 1] high [0, 0, 1]
// CANONICAL-NOT:     core_op.permute
// CANONICAL:         core_op.vmm relu
// CANONICAL-NEXT:    core_op.reshape
// CANONICAL-NEXT:    core_op.permute {{.*}} [2, 0, 1]
// CANONICAL-NEXT:    func.return
func.func @shortcut(%x: tensor<2x4x4xf32>) -> tensor<4x2x2xf32> {
  %w = trained.tensor [[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]] : tensor<2x2x1x1xf32>
  %v = trained.tensor [[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]], [[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]] : tensor<4x2x1x1xf32>
  %c = nn.conv %x, %w : (tensor<2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x4x4xf32>
  %r = nn.relu %c : (tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %d = nn.conv %r, %v strides [2, 2] : (tensor<2x4x4xf32>, tensor<4x2x1x1xf32>) -> tensor<4x2x2xf32>
  %s = nn.slice %r starts [0, 0, 0] sizes [2, 2, 2] steps [1, 2, 2] {golden = "s"} : (tensor<2x4x4xf32>) -> tensor<2x2x2xf32>
  %p = nn.pad %s constant low [1, 0, 0] high [1, 0, 0] : (tensor<2x2x2xf32>) -> tensor<4x2x2xf32>
  %a = nn.add %d, %p : (tensor<4x2x2xf32>, tensor<4x2x2xf32>) -> tensor<4x2x2xf32>
  %y = nn.relu %a : (tensor<4x2x2xf32>) -> tensor<4x2x2xf32>
  func.return %y : tensor<4x2x2xf32>
}
