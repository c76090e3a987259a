// RUN: nn-opt %s --split-input-file --verify-diagnostics | filecheck %s

// What the dialect refuses, and how it says so; every chunk is one error.

// --- border to the host
// CHECK: error: core_op.encode: the input must be f32, not i8
func.func @f(%x: tensor<4xi8>) {
  %r = "core_op.encode"(%x) : (tensor<4xi8>) -> tensor<4x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.encode: the result must be codes, not f32
func.func @f(%x: tensor<4xf32>) {
  %r = "core_op.encode"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: core_op.encode: the result has shape [2, 2], the operands give [4]
func.func @f(%x: tensor<4xf32>) {
  %r = "core_op.encode"(%x) : (tensor<4xf32>) -> tensor<2x2x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.decode: the input must be codes, not f32
func.func @f(%x: tensor<4xf32>) {
  %r = "core_op.decode"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: core_op.decode: the result must be f32, not f64
func.func @f(%x: tensor<4x!core_op.code<6, 0.5, 0>>) {
  %r = "core_op.decode"(%x) : (tensor<4x!core_op.code<6, 0.5, 0>>) -> tensor<4xf64>
  func.return
}

// -----

// CHECK: error: core_op.decode: tensor<?x!core_op.code<6, 0.5, 0>> has an unknown dimension; shapes are static here
func.func @f(%x: tensor<?x!core_op.code<6, 0.5, 0>>) {
  %r = "core_op.decode"(%x) : (tensor<?x!core_op.code<6, 0.5, 0>>) -> tensor<?xf32>
  func.return
}

// -----

// --- computing
// CHECK: error: core_op.vmm: input [2, 3] and weight [3, 4] do not fit: the input is positions x groups x fan-in, the weight groups x fan-in x outputs
func.func @f(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: input [3] and weight [1, 3, 4] do not fit: the input is positions x groups x fan-in, the weight groups x fan-in x outputs
func.func @f(%x: tensor<3xf32>, %w: tensor<1x3x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<3xf32>, tensor<1x3x4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: input [2, 3] and weight [2, 5, 4] do not fit: the input is positions x groups x fan-in, the weight groups x fan-in x outputs
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x5x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3xf32>, tensor<2x5x4xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: input [7, 1, 3] and weight [7, 3, 4] do not fit: the input is positions x groups x fan-in, the weight groups x fan-in x outputs
func.func @f(%x: tensor<7x1x3xf32>, %w: tensor<7x3x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<7x1x3xf32>, tensor<7x3x4xf32>) -> tensor<7x1x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the result has shape [2, 3], the operands give [2, 4]
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3xf32>, tensor<2x3x4xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the bias has shape [4], not [2, 4]
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf32>, %b: tensor<4xf32>) {
  %r = core_op.vmm linear %x, %w bias %b : (tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the gain has shape [4], neither [2] (a core) nor [2, 4] (a neuron)
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xi8>, %g: tensor<4xf32>) {
  %r = core_op.vmm linear %x, %w gain %g : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xi8>, tensor<4xf32>) -> tensor<2x4x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the input must be f32, not f64
func.func @f(%x: tensor<2x3xf64>, %w: tensor<2x3x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3xf64>, tensor<2x3x4xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the result must be f32, not i32
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf32>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3xf32>, tensor<2x3x4xf32>) -> tensor<2x4xi32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the weight must be f32, not f64
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf64>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3xf32>, tensor<2x3x4xf64>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the bias must be f32, not i32
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf32>, %b: tensor<2x4xi32>) {
  %r = core_op.vmm linear %x, %w bias %b : (tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: a gain belongs to integer weights
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf32>, %g: tensor<2xf32>) {
  %r = core_op.vmm linear %x, %w gain %g : (tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: integer weights need coded inputs and results
func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3x4xi8>, %g: tensor<2xf32>) {
  %r = core_op.vmm linear %x, %w gain %g : (tensor<2x3xf32>, tensor<2x3x4xi8>, tensor<2xf32>) -> tensor<2x4x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: integer weights need coded inputs and results
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xi8>, %g: tensor<2xf32>) {
  %r = core_op.vmm linear %x, %w gain %g : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xi8>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: integer weights need a gain
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xi8>) {
  %r = core_op.vmm linear %x, %w : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xi8>) -> tensor<2x4x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: the gain must be f32, not i32
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xi8>, %g: tensor<2xi32>) {
  %r = core_op.vmm linear %x, %w gain %g : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xi8>, tensor<2xi32>) -> tensor<2x4x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: integer weights need an integer bias
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xi8>, %b: tensor<2x4xf32>, %g: tensor<2xf32>) {
  %r = core_op.vmm linear %x, %w bias %b gain %g : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xi8>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<2x4x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: same_code, but !core_op.code<6, 0.5, 0> in and !core_op.code<6, 0.5, 8> out
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xf32>) {
  %r = core_op.vmm linear %x, %w same_code : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xf32>) -> tensor<2x4x!core_op.code<6, 0.5, 8>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: same_code, but !core_op.code<6, 0.5, 0> in and f32 out
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xf32>) {
  %r = core_op.vmm linear %x, %w same_code : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: core_op.vmm: relu saturates at code 0, which stands for -4 here; the result's zero point must be 0
func.func @f(%x: tensor<2x3x!core_op.code<6, 0.5, 0>>, %w: tensor<2x3x4xf32>) {
  %r = core_op.vmm relu %x, %w : (tensor<2x3x!core_op.code<6, 0.5, 0>>, tensor<2x3x4xf32>) -> tensor<2x4x!core_op.code<6, 0.5, 8>>
  func.return
}

// -----

// --- wiring
// CHECK: error: core_op.max: no values to take a maximum of in []
func.func @f(%x: tensor<f32>) {
  %r = core_op.max %x : (tensor<f32>) -> tensor<f32>
  func.return
}

// -----

// CHECK: error: core_op.max: no values to take a maximum of in [3, 0]
func.func @f(%x: tensor<3x0xf32>) {
  %r = core_op.max %x : (tensor<3x0xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: core_op.max: !core_op.code<6, 0.5, 0> in, !core_op.code<6, 0.5, 8> out: the elements must be the same
func.func @f(%x: tensor<3x2x!core_op.code<6, 0.5, 0>>) {
  %r = core_op.max %x : (tensor<3x2x!core_op.code<6, 0.5, 0>>) -> tensor<3x!core_op.code<6, 0.5, 8>>
  func.return
}

// -----

// CHECK: error: core_op.window: a kernel of 2 axes over input [8, 1, 1]; its axes are space, groups, channels
func.func @f(%x: tensor<8x1x1xf32>) {
  %r = "core_op.window"(%x) <{kernel = array<i64: 3, 3>}> : (tensor<8x1x1xf32>) -> tensor<8x1x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.window: the window spans 9 elements on axis 0, the padded input 8
func.func @f(%x: tensor<8x1x1xf32>) {
  %r = "core_op.window"(%x) <{kernel = array<i64: 5>, dilations = array<i64: 2>}> : (tensor<8x1x1xf32>) -> tensor<8x1x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.window: strides needs 1 numbers, got 2
func.func @f(%x: tensor<8x1x1xf32>) {
  %r = "core_op.window"(%x) <{kernel = array<i64: 2>, strides = array<i64: 2, 2>}> : (tensor<8x1x1xf32>) -> tensor<8x1x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.window: pads [-1, 0] has a number below 0
func.func @f(%x: tensor<8x1x1xf32>) {
  %r = "core_op.window"(%x) <{kernel = array<i64: 2>, pads = array<i64: -1, 0>}> : (tensor<8x1x1xf32>) -> tensor<8x1x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.window: the result has shape [4, 1, 1], the operands give [7, 1, 2]
func.func @f(%x: tensor<8x1x1xf32>) {
  %r = "core_op.window"(%x) <{kernel = array<i64: 2>}> : (tensor<8x1x1xf32>) -> tensor<4x1x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.window: !core_op.code<6, 0.5, 0> in, f32 out: the elements must be the same
func.func @f(%x: tensor<8x1x1x!core_op.code<6, 0.5, 0>>) {
  %r = "core_op.window"(%x) <{kernel = array<i64: 2>}> : (tensor<8x1x1x!core_op.code<6, 0.5, 0>>) -> tensor<7x1x2xf32>
  func.return
}

// -----

// CHECK: error: core_op.pad: low [1] and high [0, 0] need a count each of the 2 axes, none negative
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.pad"(%x) <{low = array<i64: 1>, high = array<i64: 0, 0>}> : (tensor<2x3xf32>) -> tensor<3x3xf32>
  func.return
}

// -----

// CHECK: error: core_op.pad: low [0, -1] and high [0, 0] need a count each of the 2 axes, none negative
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.pad"(%x) <{low = array<i64: 0, -1>, high = array<i64: 0, 0>}> : (tensor<2x3xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

// CHECK: error: core_op.slice: offsets [0, 2] and sizes [2, 2] are not a part of [2, 3]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.slice"(%x) <{offsets = array<i64: 0, 2>, sizes = array<i64: 2, 2>}> : (tensor<2x3xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

// CHECK: error: core_op.slice: offsets [-1] and sizes [2] are not a part of [3]
func.func @f(%x: tensor<3xf32>) {
  %r = "core_op.slice"(%x) <{offsets = array<i64: -1>, sizes = array<i64: 2>}> : (tensor<3xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: error: core_op.slice: offsets [0] and sizes [2] are not a part of [2, 3]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.slice"(%x) <{offsets = array<i64: 0>, sizes = array<i64: 2>}> : (tensor<2x3xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: error: core_op.permute: [0, 0] is not an order of the 2 axes of [2, 3]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.permute"(%x) <{permutation = array<i64: 0, 0>}> : (tensor<2x3xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

// CHECK: error: core_op.permute: [1] is not an order of the 2 axes of [2, 3]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.permute"(%x) <{permutation = array<i64: 1>}> : (tensor<2x3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: core_op.reshape: [2, 3] has 6 elements, [5] 5
func.func @f(%x: tensor<2x3xf32>) {
  %r = core_op.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
  func.return
}

// -----

// CHECK: error: core_op.repeat: axis 2, 1 times, of [2, 3]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.repeat"(%x) <{axis = 2 : i64, times = 1 : i64}> : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: core_op.repeat: axis 0, 0 times, of [2, 3]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.repeat"(%x) <{axis = 0 : i64, times = 0 : i64}> : (tensor<2x3xf32>) -> tensor<0x3xf32>
  func.return
}

// -----

// CHECK: error: core_op.gather: axis 2 of a tensor with 2 axes
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.gather"(%x) <{axis = 2 : i64, indices = array<i64: 0>}> : (tensor<2x3xf32>) -> tensor<2x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.gather: index 3 of axis 1, which has 3
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.gather"(%x) <{axis = 1 : i64, indices = array<i64: 0, 3>}> : (tensor<2x3xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

// CHECK: error: core_op.gather: index -1 of axis 1, which has 3
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.gather"(%x) <{axis = 1 : i64, indices = array<i64: -1>}> : (tensor<2x3xf32>) -> tensor<2x1xf32>
  func.return
}

// -----

// CHECK: error: core_op.gather: the result has shape [2, 3], the operands give [2, 2]
func.func @f(%x: tensor<2x3xf32>) {
  %r = "core_op.gather"(%x) <{axis = 1 : i64, indices = array<i64: 0, 0>}> : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: core_op.gather: !core_op.code<6, 0.5, 0> in, f32 out: the elements must be the same
func.func @f(%x: tensor<2x!core_op.code<6, 0.5, 0>>) {
  %r = "core_op.gather"(%x) <{axis = 0 : i64, indices = array<i64: 1>}> : (tensor<2x!core_op.code<6, 0.5, 0>>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: core_op.concat: nothing to put together
func.func @f(%x: tensor<3xf32>) {
  %r = "core_op.concat"() <{axis = 0 : i64}> : () -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: core_op.concat: axis 1 of tensors with 1 axes
func.func @f(%x: tensor<3xf32>) {
  %r = core_op.concat %x, %x axis 1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
  func.return
}

// -----

// CHECK: error: core_op.concat: [[3, 2], [3, 4]] differ on another axis than 0
func.func @f(%x: tensor<3x2xf32>, %y: tensor<3x4xf32>) {
  %r = core_op.concat %x, %y axis 0 : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<6x2xf32>
  func.return
}

// -----

// CHECK: error: core_op.concat: !core_op.code<6, 0.5, 8> in, !core_op.code<6, 0.5, 0> out: the elements must be the same
func.func @f(%x: tensor<3x!core_op.code<6, 0.5, 0>>, %y: tensor<4x!core_op.code<6, 0.5, 8>>) {
  %r = core_op.concat %x, %y axis 0 : (tensor<3x!core_op.code<6, 0.5, 0>>, tensor<4x!core_op.code<6, 0.5, 8>>) -> tensor<7x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// --- code types
// CHECK: error: a code has 1 to 16 bits, not 0
func.func @f(%x: tensor<1x!core_op.code<0, 0.5, 0>>) {
  func.return
}

// -----

// CHECK: error: a code has 1 to 16 bits, not 17
func.func @f(%x: tensor<1x!core_op.code<17, 0.5, 0>>) {
  func.return
}

// -----

// CHECK: error: the scale of a code is a positive normal float32, not 0.0
func.func @f(%x: tensor<1x!core_op.code<6, 0.0, 0>>) {
  func.return
}

// -----

// CHECK: error: the scale of a code is a positive normal float32, not -0.5
func.func @f(%x: tensor<1x!core_op.code<6, -0.5, 0>>) {
  func.return
}

// -----

// CHECK: error: the scale of a code is a positive normal float32, not inf
func.func @f(%x: tensor<1x!core_op.code<6, 1.0e39, 0>>) {
  func.return
}

// -----

// CHECK: error: the scale of a code is a positive normal float32, not 1.0
func.func @f(%x: tensor<1x!core_op.code<6, 1.0e-39, 0>>) {
  func.return
}

// -----

// CHECK: error: zero point 64 is not in 0..63
func.func @f(%x: tensor<1x!core_op.code<6, 0.5, 64>>) {
  func.return
}

// -----

// CHECK: error: zero point -1 is not in 0..63
func.func @f(%x: tensor<1x!core_op.code<6, 0.5, -1>>) {
  func.return
}

// -----

// CHECK: error: 1 to 256 units carry a number, not 0
func.func @f(%x: tensor<4x!core_op.code<2, 0.5, 0, units 0>>) {
  func.return
}

// -----

// CHECK: error: 1 to 256 units carry a number, not 257
func.func @f(%x: tensor<4x!core_op.code<2, 0.5, 0, units 257>>) {
  func.return
}

// -----

// CHECK: error: 5 units of 14 bits reach 81915; a number is at most 65535
func.func @f(%x: tensor<4x!core_op.code<14, 0.5, 0, units 5>>) {
  func.return
}

// -----

// CHECK: error: zero point 7 is not a multiple of the 5 units, each of which needs one
func.func @f(%x: tensor<4x!core_op.code<2, 0.5, 7, units 5>>) {
  func.return
}

// -----

// CHECK: error: core_op.encode: the result has shape [4, 3], the operands give [4, 5]
func.func @f(%x: tensor<4xf32>) {
  %r = core_op.encode %x units 5 : (tensor<4xf32>) -> tensor<4x3x!core_op.code<2, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.encode: 5 units on an axis, and 3 in the code
func.func @f(%x: tensor<4xf32>) {
  %r = core_op.encode %x units 5 : (tensor<4xf32>) -> tensor<4x5x!core_op.code<2, 0.5, 0, units 3>>
  func.return
}

// -----

// CHECK: error: core_op.decode: the trailing axis of [4, 3] is not 5 units
func.func @f(%x: tensor<4x3x!core_op.code<2, 0.5, 0>>) {
  %r = core_op.decode %x units 5 : (tensor<4x3x!core_op.code<2, 0.5, 0>>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: Expected integer literal
func.func @f(%x: tensor<1x!core_op.code<6.5, 0.5, 0>>) {
  func.return
}

// -----

// --- targets
// CHECK: error: a target has no field 'fanin'; it has fan_in, fan_out,
module attributes {core_op.target = #core_op.target<"t", fanin = 8>} {}

// -----

// CHECK: error: a target has no field 'name'; it has fan_in, fan_out,
module attributes {core_op.target = #core_op.target<"t", name = 8>} {}

// -----

// CHECK: error: field 'fan_in' is given twice
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_in = 8>} {}

// -----

// CHECK: error: a target needs fan_out, signal_bits, weights
module attributes {core_op.target = #core_op.target<"t", fan_in = 8>} {}

// -----

// CHECK: error: target 't': fan_in = 0 is out of range; it must be at least 1
module attributes {core_op.target = #core_op.target<"t", fan_in = 0, fan_out = 8, signal_bits = 6, weights = [-7, 7]>} {}

// -----

// CHECK: error: target 't': signal_bits = 17 is out of range; it must be at most 16
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 17, weights = [-7, 7]>} {}

// -----

// CHECK: error: target 't': weights = [7] is out of range; it must be [least, most]
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [7]>} {}

// -----

// CHECK: error: target 't': weights = [7, -7] is out of range; it must be [least, most]
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [7, -7]>} {}

// -----

// CHECK: error: target 't': bias_rows = 8 is out of range; it must be fewer than fan_in
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], bias_rows = 8>} {}

// -----

// CHECK: error: target 't': gain = layer is out of range; it must be core or neuron
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], gain = layer>} {}

// -----

// CHECK: error: identifier expected
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], gain_values = 2>} {}

// -----

// CHECK: error: target 't': rounding = up is out of range; it must be nearest or floor
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], rounding = up>} {}

// -----

// CHECK: error: target 't': functions = [tanh] is out of range; it must be linear, relu
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], functions = [tanh]>} {}

// -----

// CHECK: error: target 't': cores = -1 is out of range; it must be 0 or more
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], cores = -1>} {}

// -----

// CHECK: error: string literal expected as the target's name
module attributes {core_op.target = #core_op.target<8>} {}

// -----

// CHECK: error: Expected boolean literal
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], shares_positions = 2>} {}

// -----

// CHECK: error: Expected integer literal
module attributes {core_op.target = #core_op.target<"t", fan_in = 1.5>} {}

// -----

// CHECK: error: target 't': weights = [-40000, 7] is out of range; it must be within 16 bits
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-40000, 7]>} {}

// -----

// CHECK: error: target 't': neuron = spiking is out of range; it must be rate or lif
module attributes {core_op.target = #core_op.target<"t", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-7, 7], neuron = spiking>} {}

// -----

// --- the assembly of core_op.vmm

// CHECK: error: Expected `linear`, or `relu`.
func.func @f(%x: tensor<1x2xf32>, %w: tensor<1x2x3xf32>) {
  %y = core_op.vmm tanh %x, %w : (tensor<1x2xf32>, tensor<1x2x3xf32>) -> tensor<1x3xf32>
  func.return
}

// -----

// CHECK: error: expected 2 operand types but had 3
func.func @f(%x: tensor<1x2xf32>, %w: tensor<1x2x3xf32>, %b: tensor<1x3xf32>) {
  %y = core_op.vmm relu %x, %w bias %b : (tensor<1x2xf32>, tensor<1x2x3xf32>) -> tensor<1x3xf32>
  func.return
}

// -----

// --- numbers that are counted in ticks
// CHECK: error: what comes in ticks is spikes of 1 bit, not 2
func.func @f(%x: tensor<4x!core_op.code<2, 0.5, 0, ticks 4>>) {
  func.return
}

// -----

// CHECK: error: a window has 1 tick or more, not 0
func.func @f(%x: tensor<4x!core_op.code<1, 0.5, 0, ticks 0>>) {
  func.return
}

// -----

// CHECK: error: 200 units of 1 bits reach 80000 in 400 ticks; a number is at most 65535
func.func @f(%x: tensor<4x!core_op.code<1, 0.5, 0, units 200, ticks 400>>) {
  func.return
}

// -----

// CHECK: error: zero point 5 is not in 0..4
func.func @f(%x: tensor<4x!core_op.code<1, 0.5, 5, ticks 4>>) {
  func.return
}

// -----

// CHECK: error: core_op.vmm: the potential has shape [3, 1], not [1, 3]
func.func @f(%x: tensor<1x2x!core_op.code<1, 0.5, 0, ticks 4>>, %w: tensor<1x2x3xi8>, %v: tensor<3x1xi32>, %g: tensor<1xf32>) {
  %y = core_op.vmm relu %x, %w potential %v gain %g : (tensor<1x2x!core_op.code<1, 0.5, 0, ticks 4>>, tensor<1x2x3xi8>, tensor<3x1xi32>, tensor<1xf32>) -> tensor<1x3x!core_op.code<1, 0.5, 0, ticks 4>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: a potential belongs to a result that is counted in ticks
func.func @f(%x: tensor<1x2x!core_op.code<6, 0.5, 0>>, %w: tensor<1x2x3xi8>, %v: tensor<1x3xi32>, %g: tensor<1xf32>) {
  %y = core_op.vmm relu %x, %w potential %v gain %g : (tensor<1x2x!core_op.code<6, 0.5, 0>>, tensor<1x2x3xi8>, tensor<1x3xi32>, tensor<1xf32>) -> tensor<1x3x!core_op.code<6, 0.5, 0>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: a potential belongs to integer weights
func.func @f(%x: tensor<1x2x!core_op.code<1, 0.5, 0, ticks 4>>, %w: tensor<1x2x3xf32>, %v: tensor<1x3xi32>) {
  %y = core_op.vmm relu %x, %w potential %v : (tensor<1x2x!core_op.code<1, 0.5, 0, ticks 4>>, tensor<1x2x3xf32>, tensor<1x3xi32>) -> tensor<1x3x!core_op.code<1, 0.5, 0, ticks 4>>
  func.return
}

// -----

// CHECK: error: core_op.vmm: integer weights need an integer potential
func.func @f(%x: tensor<1x2x!core_op.code<1, 0.5, 0, ticks 4>>, %w: tensor<1x2x3xi8>, %v: tensor<1x3xf32>, %g: tensor<1xf32>) {
  %y = core_op.vmm relu %x, %w potential %v gain %g : (tensor<1x2x!core_op.code<1, 0.5, 0, ticks 4>>, tensor<1x2x3xi8>, tensor<1x3xf32>, tensor<1xf32>) -> tensor<1x3x!core_op.code<1, 0.5, 0, ticks 4>>
  func.return
}
