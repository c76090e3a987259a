// RUN: nn-opt %s -p canonicalize | filecheck %s

// A permute moves towards the operands where it meets another one. All between works on the
// permuted axes, and its golden value keeps its name.

// CHECK-LABEL: func.func @shortcut
// CHECK-NEXT:    [[A:%.*]] = core_op.slice %x offsets [1, 0, 0] sizes [3, 4, 2] : (tensor<4x4x2xf32>) -> tensor<3x4x2xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.gather [[A]] axis 1 indices [0, 3] {golden = "b", golden_order = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<3x2x2xf32>
// CHECK-NEXT:    [[C:%.*]] = core_op.pad [[B]] low [0, 0, 1] high [0, 0, 2] : (tensor<3x2x2xf32>) -> tensor<3x2x5xf32>
// CHECK-NEXT:    [[D:%.*]] = core_op.repeat [[C]] axis 2 times 2 : (tensor<3x2x5xf32>) -> tensor<3x2x10xf32>
// CHECK-NEXT:    func.return [[D]]
func.func @shortcut(%x: tensor<4x4x2xf32>) -> tensor<3x2x10xf32> {
  %p = core_op.permute %x [2, 0, 1] : (tensor<4x4x2xf32>) -> tensor<2x4x4xf32>
  %a = core_op.slice %p offsets [0, 1, 0] sizes [2, 3, 4] : (tensor<2x4x4xf32>) -> tensor<2x3x4xf32>
  %b = core_op.gather %a axis 2 indices [0, 3] {golden = "b"} : (tensor<2x3x4xf32>) -> tensor<2x3x2xf32>
  %c = core_op.pad %b low [1, 0, 0] high [2, 0, 0] : (tensor<2x3x2xf32>) -> tensor<5x3x2xf32>
  %d = core_op.repeat %c axis 0 times 2 : (tensor<5x3x2xf32>) -> tensor<10x3x2xf32>
  %y = core_op.permute %d [1, 2, 0] : (tensor<10x3x2xf32>) -> tensor<3x2x10xf32>
  func.return %y : tensor<3x2x10xf32>
}

// All that is put together is permuted, where fewer permutes are left.
// CHECK-LABEL: func.func @concat
// CHECK:         [[Z:%.*]] = core_op.permute {{.*}} [1, 0, 2] : (tensor<4x4x1xf32>) -> tensor<4x4x1xf32>
// CHECK-NEXT:    core_op.concat %x, %y, [[Z]] axis 2 {golden = "c", golden_order = array<i64: 1, 2, 0>}
// CHECK-NEXT:    func.return
func.func @concat(%x: tensor<4x4x2xf32>, %y: tensor<4x4x3xf32>, %z: tensor<1x4x4xf32>) -> tensor<4x4x6xf32> {
  %p = core_op.permute %x [2, 0, 1] : (tensor<4x4x2xf32>) -> tensor<2x4x4xf32>
  %q = core_op.permute %y [2, 0, 1] : (tensor<4x4x3xf32>) -> tensor<3x4x4xf32>
  %r = core_op.permute %z [0, 2, 1] : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %c = core_op.concat %p, %q, %r axis 0 {golden = "c"} : (tensor<2x4x4xf32>, tensor<3x4x4xf32>, tensor<1x4x4xf32>) -> tensor<6x4x4xf32>
  %d = core_op.permute %c [2, 1, 0] : (tensor<6x4x4xf32>) -> tensor<4x4x6xf32>
  %e = core_op.permute %d [1, 0, 2] : (tensor<4x4x6xf32>) -> tensor<4x4x6xf32>
  func.return %e : tensor<4x4x6xf32>
}

// An element-wise dot product between two layers: its positions are permuted.
// CHECK-LABEL: func.func @positions
// CHECK-NEXT:    [[A:%.*]] = core_op.reshape %x : (tensor<4x5x1x2xf32>) -> tensor<4x5x2x1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.vmm relu [[A]], %w bias %b {core_op.auxiliary, golden = "y", golden_order = array<i64: 1, 2, 0, 3, 4>} : (tensor<4x5x2x1x1xf32>, tensor<1x1x3xf32>, tensor<1x3xf32>) -> tensor<4x5x2x1x3xf32>
// CHECK-NEXT:    [[C:%.*]] = core_op.reshape [[B]] : (tensor<4x5x2x1x3xf32>) -> tensor<4x5x2x3xf32>
// CHECK-NEXT:    [[D:%.*]] = core_op.max [[C]] : (tensor<4x5x2x3xf32>) -> tensor<4x5x2xf32>
// CHECK-NEXT:    func.return [[D]]
func.func @positions(%x: tensor<4x5x1x2xf32>, %w: tensor<1x1x3xf32>, %b: tensor<1x3xf32>) -> tensor<4x5x2xf32> {
  %r = core_op.reshape %x : (tensor<4x5x1x2xf32>) -> tensor<4x5x2xf32>
  %p = core_op.permute %r [2, 0, 1] : (tensor<4x5x2xf32>) -> tensor<2x4x5xf32>
  %a = core_op.reshape %p : (tensor<2x4x5xf32>) -> tensor<2x4x5x1x1xf32>
  %v = core_op.vmm relu %a, %w bias %b {core_op.auxiliary, golden = "y"} : (tensor<2x4x5x1x1xf32>, tensor<1x1x3xf32>, tensor<1x3xf32>) -> tensor<2x4x5x1x3xf32>
  %c = core_op.reshape %v : (tensor<2x4x5x1x3xf32>) -> tensor<2x4x5x3xf32>
  %d = core_op.max %c : (tensor<2x4x5x3xf32>) -> tensor<2x4x5xf32>
  %y = core_op.permute %d [1, 2, 0] : (tensor<2x4x5xf32>) -> tensor<4x5x2xf32>
  func.return %y : tensor<4x5x2xf32>
}

// The golden value's own shape tells which of its axes have extent one.
// CHECK-LABEL: func.func @golden_shape
// CHECK:         core_op.vmm linear {{.*}} {golden = "y", golden_order = array<i64: 2, 1, 0>} : (tensor<4x1x2x1x1xf32>, tensor<1x1x1xf32>) -> tensor<4x1x2x1x1xf32>
func.func @golden_shape(%x: tensor<4x1x2xf32>, %w: tensor<1x1x1xf32>) -> tensor<4x1x2xf32> attributes {core_op.golden = @golden} {
  %p = core_op.permute %x [2, 1, 0] : (tensor<4x1x2xf32>) -> tensor<2x1x4xf32>
  %a = core_op.reshape %p : (tensor<2x1x4xf32>) -> tensor<2x1x4x1x1xf32>
  %v = core_op.vmm linear %a, %w {golden = "y"} : (tensor<2x1x4x1x1xf32>, tensor<1x1x1xf32>) -> tensor<2x1x4x1x1xf32>
  %c = core_op.reshape %v : (tensor<2x1x4x1x1xf32>) -> tensor<2x1x4xf32>
  %y = core_op.permute %c [2, 1, 0] : (tensor<2x1x4xf32>) -> tensor<4x1x2xf32>
  func.return %y : tensor<4x1x2xf32>
}
func.func @golden(%x: tensor<4x1x2xf32>) -> tensor<2x1x4xf32> {
  %y = nn.transpose %x [2, 1, 0] {golden = "y"} : (tensor<4x1x2xf32>) -> tensor<2x1x4xf32>
  func.return %y : tensor<2x1x4xf32>
}

// What others use too stays where it is, and so does a permute that nothing is gained by.
// CHECK-LABEL: func.func @used
// CHECK-NEXT:    [[P:%.*]] = core_op.permute %x [1, 0]
// CHECK-NEXT:    [[S:%.*]] = core_op.pad [[P]] low [0, 1] high [0, 0]
// CHECK-NEXT:    [[Y:%.*]] = core_op.permute [[S]] [1, 0]
// CHECK-NEXT:    [[T:%.*]] = core_op.pad %x low [0, 1] high [0, 0]
// CHECK-NEXT:    [[Z:%.*]] = core_op.permute [[T]] [1, 0]
// CHECK-NEXT:    func.return [[S]], [[Y]], [[Z]]
func.func @used(%x: tensor<2x3xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>, tensor<4x2xf32>) {
  %p = core_op.permute %x [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %s = core_op.pad %p low [0, 1] high [0, 0] : (tensor<3x2xf32>) -> tensor<3x3xf32>
  %y = core_op.permute %s [1, 0] : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %t = core_op.pad %x low [0, 1] high [0, 0] : (tensor<2x3xf32>) -> tensor<2x4xf32>
  %z = core_op.permute %t [1, 0] : (tensor<2x4xf32>) -> tensor<4x2xf32>
  func.return %s, %y, %z : tensor<3x3xf32>, tensor<3x3xf32>, tensor<4x2xf32>
}

// A reshape that splits an axis whose parts the permute moves apart is in its way; one that joins
// axes is not where they stay together.
// CHECK-LABEL: func.func @split_and_joined
// CHECK-NEXT:    [[P:%.*]] = core_op.permute %x [1, 0] : (tensor<5x6xf32>) -> tensor<6x5xf32>
// CHECK-NEXT:    [[R:%.*]] = core_op.reshape [[P]] : (tensor<6x5xf32>) -> tensor<2x3x5xf32>
// CHECK-NEXT:    core_op.permute [[R]] [1, 0, 2] : (tensor<2x3x5xf32>) -> tensor<3x2x5xf32>
// CHECK-NEXT:    core_op.reshape %z : (tensor<5x2x4xf32>) -> tensor<5x8xf32>
// CHECK-NEXT:    func.return
func.func @split_and_joined(%x: tensor<5x6xf32>, %z: tensor<5x2x4xf32>) -> (tensor<3x2x5xf32>, tensor<5x8xf32>) {
  %p = core_op.permute %x [1, 0] : (tensor<5x6xf32>) -> tensor<6x5xf32>
  %r = core_op.reshape %p : (tensor<6x5xf32>) -> tensor<2x3x5xf32>
  %y = core_op.permute %r [1, 0, 2] : (tensor<2x3x5xf32>) -> tensor<3x2x5xf32>
  %q = core_op.permute %z [1, 2, 0] : (tensor<5x2x4xf32>) -> tensor<2x4x5xf32>
  %s = core_op.reshape %q : (tensor<2x4x5xf32>) -> tensor<8x5xf32>
  %t = core_op.permute %s [1, 0] : (tensor<8x5xf32>) -> tensor<5x8xf32>
  func.return %y, %t : tensor<3x2x5xf32>, tensor<5x8xf32>
}
