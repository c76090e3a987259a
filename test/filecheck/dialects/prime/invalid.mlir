// RUN: nn-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: input [1, 3] does not fit 1 groups of 3 rows, 1 of them for the bias: it is positions x 1 x 2
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x3x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x3x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: positive [1, 3, 2] and negative [1, 2, 2] arrays differ in shape
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x2x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x2x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: cell levels are groups x rows x outputs, not [3, 2]
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<3x2xui8>, %n: tensor<3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<3x2xui8>, tensor<3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the drive has shape [1], not 1 x bias rows
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the gain has shape [3], neither [1] (a core) nor [1, 2] (a neuron)
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<3xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<3xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the result has shape [1, 1], the operands give [1, 2]
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x1x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x1x!out>
  func.return %y : tensor<1x1x!out>
}
}

// -----

// CHECK: the input must be codes, not f32
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2xf32>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2xf32>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the result must be codes, not f32
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2xf32> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}
}

// -----

// CHECK: positive levels must be ui8, not i8
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xi8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xi8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the drive must be ui8, not i8
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xi8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xi8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the gain must be f32, not f64
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf64>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf64>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: 5 rows exceed the core's 4
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x4x!in>, %p: tensor<1x5x2xui8>, %n: tensor<1x5x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x4x!in>, tensor<1x5x2xui8>, tensor<1x5x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: 3 columns exceed the core's 2
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x3xui8>, %n: tensor<1x3x3xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x3x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x3xui8>, tensor<1x3x3xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x3x!out>
  func.return %y : tensor<1x3x!out>
}
}

// -----

// CHECK: the input has 7 bits, the core's signals 6
!in = !core_op.code<7, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: the result has 8 bits, the core's signals 6
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: a gain for each neuron, the core has one for all
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1x2xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1x2xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: drive 64 exceeds the largest code 63
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>) -> tensor<1x2x!out> {
  %d = trained.tensor [[64]] : tensor<1x1xui8>
  %y = prime.mvm %x, %p, %n drive %d gain %g
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: 2 groups of 3 x 2 do not fit along the diagonal of a core of 4 x 2
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g placement <core 0, packed 2, replicas 1>
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: it is placed up to core 8, the target has 8 cores
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g placement <core 7, packed 1, replicas 2>
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: replicas is 1 or more, not 0
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<1x2x!in>, %p: tensor<1x3x2xui8>, %n: tensor<1x3x2xui8>, %g: tensor<1xf32>, %d: tensor<1x1xui8>) -> tensor<1x2x!out> {
  %y = prime.mvm %x, %p, %n drive %d gain %g placement <core 7, packed 1, replicas 0>
    : (tensor<1x2x!in>, tensor<1x3x2xui8>, tensor<1x3x2xui8>, tensor<1x1xui8>, tensor<1xf32>)
      -> tensor<1x2x!out>
  func.return %y : tensor<1x2x!out>
}
}

// -----

// CHECK: no values to take a maximum of in [3, 0]
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
func.func @f(%x: tensor<3x0x!in>) -> tensor<3x!in> {
  %y = prime.max %x : (tensor<3x0x!in>) -> tensor<3x!in>
  func.return %y : tensor<3x!in>
}

// -----

// CHECK: the input must be codes, not f32
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
func.func @f(%x: tensor<3x2xf32>) -> tensor<3xf32> {
  %y = prime.max %x : (tensor<3x2xf32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}

// -----

// CHECK: the input must be codes of one unit each, not !core_op.code<2, 0.1, 0, units 3>
!units = !core_op.code<2, 0.1, 0, units 3>
func.func @f(%x: tensor<3x2x!units>) -> tensor<3x!units> {
  %y = prime.max %x : (tensor<3x2x!units>) -> tensor<3x!units>
  func.return %y : tensor<3x!units>
}

// -----

// CHECK: !core_op.code<6, 0.1, 0> in, !core_op.code<6, 0.25, 0> out: the code must be the same
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
func.func @f(%x: tensor<3x2x!in>) -> tensor<3x!out> {
  %y = prime.max %x : (tensor<3x2x!in>) -> tensor<3x!out>
  func.return %y : tensor<3x!out>
}

// -----

// CHECK: a maximum of 5 codes, the unit takes 4
!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 2, signal_bits = 6,
    weights = [-127, 127], bias_rows = 1, max_inputs = 4, cores = 8>} {
func.func @f(%x: tensor<3x5x!in>) -> tensor<3x!in> {
  %y = prime.max %x : (tensor<3x5x!in>) -> tensor<3x!in>
  func.return %y : tensor<3x!in>
}
}
