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
  %d = core_op.gather %c axis 1 indices [0, 1, 2] : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %e = core_op.slice %d offsets [0, 0, 0] sizes [2, 3, 4] : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %f = core_op.pad %e low [0, 0, 0] high [0, 0, 0] : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %g = core_op.concat %f axis 0 : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return %g : tensor<2x3x4xf32>
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

// CHECK-LABEL: func.func @pads
// CHECK-NEXT:    core_op.pad %x low [1, 2] high [0, 5] {golden = "b"} : (tensor<2x3xf32>) -> tensor<3x10xf32>
// CHECK-NEXT:    func.return
func.func @pads(%x: tensor<2x3xf32>) -> tensor<3x10xf32> {
  %a = core_op.pad %x low [1, 0] high [0, 4] : (tensor<2x3xf32>) -> tensor<3x7xf32>
  %b = core_op.pad %a low [0, 2] high [0, 1] {golden = "b"} : (tensor<3x7xf32>) -> tensor<3x10xf32>
  func.return %b : tensor<3x10xf32>
}

// CHECK-LABEL: func.func @slices
// CHECK-NEXT:    core_op.slice %x offsets [0, 3] sizes [2, 1] : (tensor<2x5xf32>) -> tensor<2x1xf32>
// CHECK-NEXT:    func.return
func.func @slices(%x: tensor<2x5xf32>) -> tensor<2x1xf32> {
  %a = core_op.slice %x offsets [0, 1] sizes [2, 4] : (tensor<2x5xf32>) -> tensor<2x4xf32>
  %b = core_op.slice %a offsets [0, 2] sizes [2, 1] : (tensor<2x4xf32>) -> tensor<2x1xf32>
  func.return %b : tensor<2x1xf32>
}

// CHECK-LABEL: func.func @repeats
// CHECK-NEXT:    [[A:%.*]] = core_op.repeat %x axis 0 times 6 : (tensor<2x1xf32>) -> tensor<12x1xf32>
// CHECK-NEXT:    core_op.repeat [[A]] axis 1 times 2
// CHECK-NEXT:    func.return
func.func @repeats(%x: tensor<2x1xf32>) -> tensor<12x2xf32> {
  %a = core_op.repeat %x axis 0 times 2 : (tensor<2x1xf32>) -> tensor<4x1xf32>
  %b = core_op.repeat %a axis 0 times 3 : (tensor<4x1xf32>) -> tensor<12x1xf32>
  %c = core_op.repeat %b axis 1 times 2 : (tensor<12x1xf32>) -> tensor<12x2xf32>
  func.return %c : tensor<12x2xf32>
}

// What is put together only for a longer tensor; what others use too, or what runs along another
// axis, stays.
// CHECK-LABEL: func.func @concats
// CHECK-NEXT:    core_op.concat %x, %y, %x axis 0 : (tensor<1x2xf32>, tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<5x2xf32>
// CHECK-NEXT:    [[B:%.*]] = core_op.concat %x, %y axis 0
// CHECK-NEXT:    [[C:%.*]] = core_op.concat [[B]], %x axis 0
// CHECK-NEXT:    core_op.concat [[C]], [[C]] axis 1
// CHECK-NEXT:    func.return
func.func @concats(%x: tensor<1x2xf32>, %y: tensor<3x2xf32>) -> (tensor<5x2xf32>, tensor<4x2xf32>, tensor<5x4xf32>) {
  %a = core_op.concat %x, %y axis 0 : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %r = core_op.concat %a, %x axis 0 : (tensor<4x2xf32>, tensor<1x2xf32>) -> tensor<5x2xf32>
  %b = core_op.concat %x, %y axis 0 : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %c = core_op.concat %b, %x axis 0 : (tensor<4x2xf32>, tensor<1x2xf32>) -> tensor<5x2xf32>
  %d = core_op.concat %c, %c axis 1 : (tensor<5x2xf32>, tensor<5x2xf32>) -> tensor<5x4xf32>
  func.return %r, %b, %d : tensor<5x2xf32>, tensor<4x2xf32>, tensor<5x4xf32>
}

// A part of what was put together, where it lies within one.
// CHECK-LABEL: func.func @slices_of_concats
// CHECK-NEXT:    core_op.slice %y offsets [1, 1] sizes [2, 1] : (tensor<3x2xf32>) -> tensor<2x1xf32>
// CHECK-NEXT:    [[C:%.*]] = core_op.concat %x, %y axis 0
// CHECK-NEXT:    core_op.slice [[C]] offsets [0, 0] sizes [2, 2]
// CHECK-NEXT:    func.return
func.func @slices_of_concats(%x: tensor<1x2xf32>, %y: tensor<3x2xf32>) -> (tensor<2x1xf32>, tensor<2x2xf32>) {
  %a = core_op.concat %x, %y axis 0 : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %b = core_op.slice %a offsets [2, 1] sizes [2, 1] : (tensor<4x2xf32>) -> tensor<2x1xf32>
  %c = core_op.concat %x, %y axis 0 : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %d = core_op.slice %c offsets [0, 0] sizes [2, 2] : (tensor<4x2xf32>) -> tensor<2x2xf32>
  func.return %b, %d : tensor<2x1xf32>, tensor<2x2xf32>
}

// CHECK-LABEL: func.func @gathers
// CHECK-NEXT:    core_op.gather %x axis 0 indices [4, 1, 4] {golden = "b"} : (tensor<5x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT:    func.return
func.func @gathers(%x: tensor<5x2xf32>) -> tensor<3x2xf32> {
  %a = core_op.gather %x axis 0 indices [1, 1, 4, 0] : (tensor<5x2xf32>) -> tensor<4x2xf32>
  %b = core_op.gather %a axis 0 indices [2, 0, 2] {golden = "b"} : (tensor<4x2xf32>) -> tensor<3x2xf32>
  func.return %b : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @gathers_of_slices_and_repeats
// CHECK-NEXT:    core_op.gather %x axis 0 indices [4, 2] :
// CHECK-NEXT:    core_op.gather %x axis 0 indices [0, 4] :
// CHECK-NEXT:    core_op.gather %x axis 0 indices [3, 1] :
// CHECK-NEXT:    func.return
func.func @gathers_of_slices_and_repeats(%x: tensor<5x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %a = core_op.slice %x offsets [2, 0] sizes [3, 2] : (tensor<5x2xf32>) -> tensor<3x2xf32>
  %b = core_op.gather %a axis 0 indices [2, 0] : (tensor<3x2xf32>) -> tensor<2x2xf32>
  %c = core_op.repeat %x axis 0 times 2 : (tensor<5x2xf32>) -> tensor<10x2xf32>
  %d = core_op.gather %c axis 0 indices [1, 9] : (tensor<10x2xf32>) -> tensor<2x2xf32>
  %e = core_op.gather %x axis 0 indices [0, 3, 1] : (tensor<5x2xf32>) -> tensor<3x2xf32>
  %f = core_op.slice %e offsets [1, 0] sizes [2, 2] : (tensor<3x2xf32>) -> tensor<2x2xf32>
  func.return %b, %d, %f : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// Along another axis, they stay two.
// CHECK-LABEL: func.func @gathers_along_two_axes
// CHECK-NEXT:    core_op.gather
// CHECK-NEXT:    core_op.gather
// CHECK-NEXT:    func.return
func.func @gathers_along_two_axes(%x: tensor<5x2xf32>) -> tensor<2x2xf32> {
  %a = core_op.gather %x axis 0 indices [2, 0] : (tensor<5x2xf32>) -> tensor<2x2xf32>
  %b = core_op.gather %a axis 1 indices [1, 0] : (tensor<2x2xf32>) -> tensor<2x2xf32>
  func.return %b : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @gathers_that_are_simpler
// CHECK-NEXT:    core_op.slice %x offsets [2, 0] sizes [3, 2] {golden = "a"} : (tensor<5x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT:    core_op.repeat %x axis 1 times 3 : (tensor<5x2xf32>) -> tensor<5x6xf32>
// CHECK-NEXT:    core_op.gather %x axis 1 indices [0, 1, 1] :
// CHECK-NEXT:    func.return
func.func @gathers_that_are_simpler(%x: tensor<5x2xf32>) -> (tensor<3x2xf32>, tensor<5x6xf32>, tensor<5x3xf32>) {
  %a = core_op.gather %x axis 0 indices [2, 3, 4] {golden = "a"} : (tensor<5x2xf32>) -> tensor<3x2xf32>
  %b = core_op.gather %x axis 1 indices [0, 0, 0, 1, 1, 1] : (tensor<5x2xf32>) -> tensor<5x6xf32>
  %c = core_op.gather %x axis 1 indices [0, 1, 1] : (tensor<5x2xf32>) -> tensor<5x3xf32>
  func.return %a, %b, %c : tensor<3x2xf32>, tensor<5x6xf32>, tensor<5x3xf32>
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
