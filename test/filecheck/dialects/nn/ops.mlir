// RUN: nn-opt %s | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>, %grouped: tensor<6x2x3x3xf32>, %b: tensor<6xf32>) {
  // CHECK: nn.conv %x, %w : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<6x6x6xf32>
  // GENERIC: "nn.conv"(%x, %w) <{groups = 1 : i64}> : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<6x6x6xf32>
  %plain = nn.conv %x, %w : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<6x6x6xf32>
  // CHECK: nn.conv %x, %w, %b : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>, tensor<6xf32>) -> tensor<6x6x6xf32>
  %bias = nn.conv %x, %w, %b : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>, tensor<6xf32>) -> tensor<6x6x6xf32>
  // CHECK: nn.conv %x, %grouped, %b strides [2, 1] pads [1, 0, 2, 0] dilations [2, 2] groups 2 {golden = "conv1"} :
  // CHECK-SAME: -> tensor<6x4x4xf32>
  // GENERIC: <{strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 2, 0>, dilations = array<i64: 2, 2>, groups = 2 : i64}> {golden = "conv1"}
  %all = nn.conv %x, %grouped, %b strides [2, 1] pads [1, 0, 2, 0] dilations [2, 2] groups 2 {golden = "conv1"} : (tensor<4x8x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<6x4x4xf32>
  func.return
}

// CHECK-LABEL: func.func @conv_of_other_ranks
func.func @conv_of_other_ranks(%sound: tensor<1x16xf32>, %w1: tensor<2x1x5xf32>, %scan: tensor<1x4x4x4xf32>, %w3: tensor<2x1x2x2x2xf32>) {
  // CHECK: nn.conv %sound, %w1 strides [2] : (tensor<1x16xf32>, tensor<2x1x5xf32>) -> tensor<2x6xf32>
  %one = nn.conv %sound, %w1 strides [2] : (tensor<1x16xf32>, tensor<2x1x5xf32>) -> tensor<2x6xf32>
  // CHECK: nn.conv %scan, %w3 : (tensor<1x4x4x4xf32>, tensor<2x1x2x2x2xf32>) -> tensor<2x3x3x3xf32>
  %three = nn.conv %scan, %w3 : (tensor<1x4x4x4xf32>, tensor<2x1x2x2x2xf32>) -> tensor<2x3x3x3xf32>
  func.return
}

// CHECK-LABEL: func.func @dense
func.func @dense(%x: tensor<7x4xf32>, %w: tensor<4x3xf32>, %b: tensor<3xf32>) {
  // CHECK: nn.dense %x, %w : (tensor<7x4xf32>, tensor<4x3xf32>) -> tensor<7x3xf32>
  %plain = nn.dense %x, %w : (tensor<7x4xf32>, tensor<4x3xf32>) -> tensor<7x3xf32>
  // CHECK: nn.dense %x, %w, %b : (tensor<7x4xf32>, tensor<4x3xf32>, tensor<3xf32>) -> tensor<7x3xf32>
  // GENERIC: "nn.dense"(%x, %w, %b) : (tensor<7x4xf32>, tensor<4x3xf32>, tensor<3xf32>) -> tensor<7x3xf32>
  %bias = nn.dense %x, %w, %b : (tensor<7x4xf32>, tensor<4x3xf32>, tensor<3xf32>) -> tensor<7x3xf32>
  func.return
}

// CHECK-LABEL: func.func @batch_norm
func.func @batch_norm(%x: tensor<2x3x3xf32>, %p: tensor<2xf32>) {
  // CHECK: nn.batch_norm %x, %p, %p, %p, %p : (
  // GENERIC: "nn.batch_norm"(%x, %p, %p, %p, %p) <{epsilon = 1.000000e-05 : f32}>
  %default = nn.batch_norm %x, %p, %p, %p, %p : (tensor<2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.batch_norm %x, %p, %p, %p, %p epsilon 1.000000e-03 : (
  %epsilon = nn.batch_norm %x, %p, %p, %p, %p epsilon 1.0e-03 : (tensor<2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x3x3xf32>
  func.return
}

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<2x3x3xf32>, %y: tensor<2x1x1xf32>) {
  // CHECK: nn.relu %x : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  %relu = nn.relu %x : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.add %x, %y : (tensor<2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<2x3x3xf32>
  %add = nn.add %x, %y : (tensor<2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<2x3x3xf32>
  func.return
}

// CHECK-LABEL: func.func @pools
func.func @pools(%x: tensor<2x8x8xf32>) {
  // CHECK: nn.max_pool %x kernel [2, 2] : (tensor<2x8x8xf32>) -> tensor<2x7x7xf32>
  %max = nn.max_pool %x kernel [2, 2] : (tensor<2x8x8xf32>) -> tensor<2x7x7xf32>
  // CHECK: nn.max_pool %x kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] dilations [2, 2] : (tensor<2x8x8xf32>) -> tensor<2x3x3xf32>
  %max_all = nn.max_pool %x kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] dilations [2, 2] : (tensor<2x8x8xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.average_pool %x kernel [8, 8] : (tensor<2x8x8xf32>) -> tensor<2x1x1xf32>
  // GENERIC: "nn.average_pool"(%x) <{kernel = array<i64: 8, 8>, count_pad = false}>
  %mean = nn.average_pool %x kernel [8, 8] : (tensor<2x8x8xf32>) -> tensor<2x1x1xf32>
  // CHECK: nn.average_pool %x kernel [3, 3] strides [2, 2] pads [1, 1, 0, 0] dilations [1, 2] count_pad true : (tensor<2x8x8xf32>) -> tensor<2x4x3xf32>
  %mean_all = nn.average_pool %x kernel [3, 3] strides [2, 2] pads [1, 1, 0, 0] dilations [1, 2] count_pad true : (tensor<2x8x8xf32>) -> tensor<2x4x3xf32>
  func.return
}

// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: tensor<2x3x4xf32>) {
  // CHECK: nn.reshape %x to [24] : (tensor<2x3x4xf32>) -> tensor<24xf32>
  // GENERIC: "nn.reshape"(%x) <{shape = array<i64: 24>}>
  %flat = nn.reshape %x to [24] : (tensor<2x3x4xf32>) -> tensor<24xf32>
  // CHECK: nn.transpose %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  // GENERIC: "nn.transpose"(%x) <{permutation = array<i64: 1, 2, 0>}>
  %last = nn.transpose %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  func.return
}

// CHECK-LABEL: func.func @host
func.func @host(%x: tensor<2x10xf32>) {
  // CHECK: nn.softmax %x axis 1 : (tensor<2x10xf32>) -> tensor<2x10xf32>
  // GENERIC: "nn.softmax"(%x) <{axis = 1 : i64}>
  %softmax = nn.softmax %x axis 1 : (tensor<2x10xf32>) -> tensor<2x10xf32>
  // CHECK: nn.argmax %x axis 0 : (tensor<2x10xf32>) -> tensor<10xi64>
  %argmax = nn.argmax %x axis 0 : (tensor<2x10xf32>) -> tensor<10xi64>
  func.return
}

// CHECK-LABEL: func.func @conv_transpose
func.func @conv_transpose(%x: tensor<4x5x5xf32>, %w: tensor<4x2x3x3xf32>, %b: tensor<4xf32>) {
  // CHECK: nn.conv_transpose %x, %w : (tensor<4x5x5xf32>, tensor<4x2x3x3xf32>) -> tensor<2x7x7xf32>
  %plain = nn.conv_transpose %x, %w : (tensor<4x5x5xf32>, tensor<4x2x3x3xf32>) -> tensor<2x7x7xf32>
  // CHECK: nn.conv_transpose %x, %w, %b strides [2, 2] pads [1, 1, 0, 0] output_pads [1, 0] dilations [2, 1] groups 2 :
  // CHECK-SAME: -> tensor<4x13x10xf32>
  // GENERIC: <{strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>, output_pads = array<i64: 1, 0>, dilations = array<i64: 2, 1>, groups = 2 : i64}>
  %all = nn.conv_transpose %x, %w, %b strides [2, 2] pads [1, 1, 0, 0] output_pads [1, 0] dilations [2, 1] groups 2 : (tensor<4x5x5xf32>, tensor<4x2x3x3xf32>, tensor<4xf32>) -> tensor<4x13x10xf32>
  func.return
}

// CHECK-LABEL: func.func @matmul
func.func @matmul(%a: tensor<3x2x4xf32>, %b: tensor<4x5xf32>) {
  // CHECK: nn.matmul %a, %b : (tensor<3x2x4xf32>, tensor<4x5xf32>) -> tensor<3x2x5xf32>
  %y = nn.matmul %a, %b : (tensor<3x2x4xf32>, tensor<4x5xf32>) -> tensor<3x2x5xf32>
  func.return
}

// CHECK-LABEL: func.func @functions
func.func @functions(%x: tensor<2x3x3xf32>, %s: tensor<f32>, %c: tensor<2x1x1xf32>) {
  // CHECK: nn.unary tanh %x : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // GENERIC: "nn.unary"(%x) <{function = #nn<unary_function tanh>}>
  %tanh = nn.unary tanh %x : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.unary clip [0.000000e+00, 6.000000e+00] %x :
  // GENERIC: <{function = #nn<unary_function clip>, parameters = array<f32: 0.000000e+00, 6.000000e+00>}>
  %clip = nn.unary clip [0.0, 6.0] %x : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.binary pow %x, %s : (tensor<2x3x3xf32>, tensor<f32>) -> tensor<2x3x3xf32>
  // GENERIC: "nn.binary"(%x, %s) <{function = #nn<binary_function pow>}>
  %pow = nn.binary pow %x, %s : (tensor<2x3x3xf32>, tensor<f32>) -> tensor<2x3x3xf32>
  // CHECK: nn.quantize %x, %s, %s bits 8 : (
  // GENERIC: "nn.quantize"(%x, %s, %s) <{bits = 8 : i64, signed = false, narrow = false, rounding = #nn<rounding nearest_even>}>
  %bytes = nn.quantize %x, %s, %s bits 8 : (tensor<2x3x3xf32>, tensor<f32>, tensor<f32>) -> tensor<2x3x3xf32>
  // CHECK: nn.quantize %x, %c, %s bits 2 signed true narrow true rounding down :
  %codes = nn.quantize %x, %c, %s bits 2 signed true narrow true rounding down : (tensor<2x3x3xf32>, tensor<2x1x1xf32>, tensor<f32>) -> tensor<2x3x3xf32>
  func.return
}

// CHECK-LABEL: func.func @normalizations
func.func @normalizations(%x: tensor<2x3x3xf32>) {
  // CHECK: nn.normalize %x axes [1, 2] : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // GENERIC: "nn.normalize"(%x) <{axes = array<i64: 1, 2>, epsilon = 1.000000e-05 : f32}>
  %default = nn.normalize %x axes [1, 2] : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.normalize %x axes [2] epsilon 1.000000e-03 :
  %epsilon = nn.normalize %x axes [2] epsilon 1.0e-03 : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.lrn %x size 5 alpha 1.000000e-04 beta 7.500000e-01 bias 1.000000e+00 :
  %lrn = nn.lrn %x size 5 alpha 1.0e-04 beta 0.75 bias 1.0 : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  func.return
}

// CHECK-LABEL: func.func @lp_pool
func.func @lp_pool(%x: tensor<2x8x8xf32>) {
  // CHECK: nn.lp_pool %x p 2 kernel [2, 2] strides [2, 2] pads [0, 0, 1, 1] : (tensor<2x8x8xf32>) -> tensor<2x4x4xf32>
  %y = nn.lp_pool %x p 2 kernel [2, 2] strides [2, 2] pads [0, 0, 1, 1] : (tensor<2x8x8xf32>) -> tensor<2x4x4xf32>
  func.return
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<4x6xf32>, %y: tensor<2x6xf32>) {
  // CHECK: nn.slice %x starts [1, 0] sizes [2, 6] : (tensor<4x6xf32>) -> tensor<2x6xf32>
  %part = nn.slice %x starts [1, 0] sizes [2, 6] : (tensor<4x6xf32>) -> tensor<2x6xf32>
  // CHECK: nn.slice %x starts [0, 5] sizes [4, 3] steps [1, -2] : (tensor<4x6xf32>) -> tensor<4x3xf32>
  %back = nn.slice %x starts [0, 5] sizes [4, 3] steps [1, -2] : (tensor<4x6xf32>) -> tensor<4x3xf32>
  // CHECK: nn.pad %x constant low [1, 0] high [0, 2] : (tensor<4x6xf32>) -> tensor<5x8xf32>
  // GENERIC: "nn.pad"(%x) <{mode = #nn<pad_mode constant>, low = array<i64: 1, 0>, high = array<i64: 0, 2>, value = 0.000000e+00 : f32}>
  %pad = nn.pad %x constant low [1, 0] high [0, 2] : (tensor<4x6xf32>) -> tensor<5x8xf32>
  // CHECK: nn.pad %x constant low [1, 0] high [0, 0] value 1.000000e+00 :
  %ones = nn.pad %x constant low [1, 0] high [0, 0] value 1.0 : (tensor<4x6xf32>) -> tensor<5x6xf32>
  // CHECK: nn.pad %x reflect low [3, 0] high [0, 5] :
  %mirror = nn.pad %x reflect low [3, 0] high [0, 5] : (tensor<4x6xf32>) -> tensor<7x11xf32>
  // CHECK: nn.concat %x, %y, %x axis 0 : (tensor<4x6xf32>, tensor<2x6xf32>, tensor<4x6xf32>) -> tensor<10x6xf32>
  %all = nn.concat %x, %y, %x axis 0 : (tensor<4x6xf32>, tensor<2x6xf32>, tensor<4x6xf32>) -> tensor<10x6xf32>
  // CHECK: nn.tile %y [3, 1] : (tensor<2x6xf32>) -> tensor<6x6xf32>
  %tile = nn.tile %y [3, 1] : (tensor<2x6xf32>) -> tensor<6x6xf32>
  // CHECK: nn.gather %x axis 1 [5, 0, 0] : (tensor<4x6xf32>) -> tensor<4x3xf32>
  // GENERIC: "nn.gather"(%x) <{axis = 1 : i64, indices = array<i64: 5, 0, 0>}>
  %gather = nn.gather %x axis 1 [5, 0, 0] : (tensor<4x6xf32>) -> tensor<4x3xf32>
  func.return
}

// CHECK-LABEL: func.func @along_axes
func.func @along_axes(%x: tensor<2x3x10xf32>) {
  // CHECK: nn.reduce l2 %x axes [0, 2] : (tensor<2x3x10xf32>) -> tensor<3xf32>
  // GENERIC: "nn.reduce"(%x) <{function = #nn<reduction l2>, axes = array<i64: 0, 2>}>
  %norm = nn.reduce l2 %x axes [0, 2] : (tensor<2x3x10xf32>) -> tensor<3xf32>
  // CHECK: nn.log_softmax %x axis 2 :
  %log = nn.log_softmax %x axis 2 : (tensor<2x3x10xf32>) -> tensor<2x3x10xf32>
  // CHECK: nn.argmax %x axis 2 keep true last true : (tensor<2x3x10xf32>) -> tensor<2x3x1xi64>
  %index = nn.argmax %x axis 2 keep true last true : (tensor<2x3x10xf32>) -> tensor<2x3x1xi64>
  // CHECK: nn.to_real {{.*}} : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  %real = nn.to_real %index : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  func.return
}

// CHECK-LABEL: func.func @recurrent
func.func @recurrent(%x: tensor<9x3xf32>, %many: tensor<9x5x3xf32>, %w: tensor<8x3xf32>, %r: tensor<8x2xf32>, %b: tensor<8xf32>, %h: tensor<2xf32>, %p: tensor<6xf32>, %gw: tensor<6x3xf32>, %gr: tensor<6x2xf32>, %rw: tensor<2x3xf32>, %rr: tensor<2x2xf32>) {
  // CHECK: nn.recurrent lstm %x, %w, %r : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>) -> tensor<9x2xf32>
  // GENERIC: "nn.recurrent"(%x, %w, %r) <{cell = #nn<cell lstm>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>}>
  %plain = nn.recurrent lstm %x, %w, %r : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>) -> tensor<9x2xf32>
  // CHECK: nn.recurrent lstm %x, %w, %r bias %b recurrent_bias %b initial %h initial_cell %h peephole %p activations [sigmoid, tanh, relu] clip 2.000000e+00 reverse cell_state coupled {golden = "h"} :
  %all = nn.recurrent lstm %x, %w, %r bias %b recurrent_bias %b initial %h initial_cell %h peephole %p activations [sigmoid, tanh, relu] clip 2.0 reverse cell_state coupled {golden = "h"} : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>, tensor<8xf32>, tensor<8xf32>, tensor<2xf32>, tensor<2xf32>, tensor<6xf32>) -> tensor<9x2xf32>
  // CHECK: nn.recurrent gru %many, %gw, %gr reset_after : (tensor<9x5x3xf32>, tensor<6x3xf32>, tensor<6x2xf32>) -> tensor<9x5x2xf32>
  %gru = nn.recurrent gru %many, %gw, %gr reset_after : (tensor<9x5x3xf32>, tensor<6x3xf32>, tensor<6x2xf32>) -> tensor<9x5x2xf32>
  // CHECK: nn.recurrent rnn %x, %rw, %rr : (tensor<9x3xf32>, tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<9x2xf32>
  %rnn = nn.recurrent rnn %x, %rw, %rr : (tensor<9x3xf32>, tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<9x2xf32>
  func.return
}
