// RUN: nn-opt %s -p canonicalize | filecheck %s

// Wiring after wiring is one wiring; what stands for a golden value stays.

!code = !core_op.code<6, 0.5, 0>
!other = !core_op.code<6, 0.25, 0>

// CHECK-LABEL: func.func @codes_that_come_back
// CHECK-NEXT:    func.return %q
func.func @codes_that_come_back(%q: tensor<4x!code>) -> tensor<4x!code> {
  %x = core_op.decode %q : (tensor<4x!code>) -> tensor<4xf32>
  %r = core_op.encode %x : (tensor<4xf32>) -> tensor<4x!code>
  func.return %r : tensor<4x!code>
}

// CHECK-LABEL: func.func @codes_of_another_scale
// CHECK-NEXT:    core_op.decode
// CHECK-NEXT:    core_op.encode
func.func @codes_of_another_scale(%q: tensor<4x!code>) -> tensor<4x!other> {
  %x = core_op.decode %q : (tensor<4x!code>) -> tensor<4xf32>
  %r = core_op.encode %x : (tensor<4xf32>) -> tensor<4x!other>
  func.return %r : tensor<4x!other>
}

// CHECK-LABEL: func.func @identities
// CHECK-NEXT:    func.return %x
func.func @identities(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %a = core_op.permute %x [0, 1, 2] : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %b = core_op.reshape %a : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %c = core_op.repeat %b axis 1 times 1 : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return %c : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @permutes
// CHECK-NEXT:    core_op.permute %x [2, 1, 0] {golden = "b"} : (tensor<2x3x4xf32>) -> tensor<4x3x2xf32>
// CHECK-NEXT:    func.return
func.func @permutes(%x: tensor<2x3x4xf32>) -> tensor<4x3x2xf32> {
  %a = core_op.permute %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = core_op.permute %a [1, 0, 2] {golden = "b"} : (tensor<3x4x2xf32>) -> tensor<4x3x2xf32>
  func.return %b : tensor<4x3x2xf32>
}

// CHECK-LABEL: func.func @permutes_that_cancel
// CHECK-NEXT:    func.return %x
func.func @permutes_that_cancel(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %a = core_op.permute %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = core_op.permute %a [2, 0, 1] : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  func.return %b : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @axes_of_extent_one
// CHECK-NEXT:    core_op.reshape %x {golden = "a"} : (tensor<5x1x1x6xf32>) -> tensor<1x5x6x1xf32>
// CHECK-NEXT:    func.return
func.func @axes_of_extent_one(%x: tensor<5x1x1x6xf32>) -> tensor<1x5x6x1xf32> {
  %a = core_op.permute %x [1, 0, 3, 2] {golden = "a"} : (tensor<5x1x1x6xf32>) -> tensor<1x5x6x1xf32>
  func.return %a : tensor<1x5x6x1xf32>
}

// CHECK-LABEL: func.func @reshapes
// CHECK-NEXT:    core_op.reshape %x {golden = "b"} : (tensor<2x3x4xf32>) -> tensor<24xf32>
// CHECK-NEXT:    func.return
func.func @reshapes(%x: tensor<2x3x4xf32>) -> tensor<24xf32> {
  %a = core_op.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %b = core_op.reshape %a {golden = "b"} : (tensor<6x4xf32>) -> tensor<24xf32>
  func.return %b : tensor<24xf32>
}

// What is to be compared with its golden value stays, though it computes nothing.

// CHECK-LABEL: func.func @golden_values
// CHECK-NEXT:    %[[A:.*]] = core_op.reshape %x {golden = "a"}
// CHECK-NEXT:    %[[B:.*]] = core_op.reshape %[[A]] {golden = "b"}
// CHECK-NEXT:    %[[C:.*]] = core_op.permute %[[B]] [1, 0] {golden = "c", golden_order = array<i64: 1, 0>}
// CHECK-NEXT:    %[[D:.*]] = core_op.permute %[[C]] [1, 0]
// CHECK-NEXT:    %[[E:.*]] = core_op.repeat %[[D]] axis 0 times 1 {golden = "e"}
// CHECK-NEXT:    func.return %[[E]]
func.func @golden_values(%x: tensor<2x3x4xf32>) -> tensor<6x4xf32> {
  %a = core_op.reshape %x {golden = "a"} : (tensor<2x3x4xf32>) -> tensor<24xf32>
  %b = core_op.reshape %a {golden = "b"} : (tensor<24xf32>) -> tensor<6x4xf32>
  %c = core_op.permute %b [1, 0] {golden = "c", golden_order = array<i64: 1, 0>} : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %d = core_op.permute %c [1, 0] : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %e = core_op.repeat %d axis 0 times 1 {golden = "e"} : (tensor<6x4xf32>) -> tensor<6x4xf32>
  func.return %e : tensor<6x4xf32>
}

// CHECK-LABEL: func.func @unused
// CHECK-NEXT:    func.return
func.func @unused(%x: tensor<2x4xf32>, %w: tensor<2x4x3xf32>) {
  %a = core_op.vmm relu %x, %w : (tensor<2x4xf32>, tensor<2x4x3xf32>) -> tensor<2x3xf32>
  func.return
}
