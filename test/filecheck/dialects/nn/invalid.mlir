// RUN: nn-opt %s --split-input-file --verify-diagnostics | filecheck %s

// Every message of the verifiers.

// CHECK: error: nn.relu: the result has shape [4], the operands give [3]
func.func @invalid(%x: tensor<3xf32>) {
  %y = "nn.relu"(%x) : (tensor<3xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: nn.relu: tensor<?xf32> has an unknown dimension; shapes are static here
func.func @invalid(%x: tensor<?xf32>) {
  %y = nn.relu %x : (tensor<?xf32>) -> tensor<?xf32>
  func.return
}

// -----

// CHECK: error: nn.relu: expected elements f32, got tensor<3xi32>
func.func @invalid(%x: tensor<3xi32>) {
  %y = nn.relu %x : (tensor<3xi32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.argmax: expected elements i64, got tensor<f32>
func.func @invalid(%x: tensor<3xf32>) {
  %y = nn.argmax %x axis 0 : (tensor<3xf32>) -> tensor<f32>
  func.return
}

// -----

// CHECK: error: nn.conv: input [4, 8] and weight [6, 4, 3, 3] do not fit: the input's axes are channels, then space, the weight's are outputs, channels a group, then the kernel
func.func @invalid(%x: tensor<4x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w : (tensor<4x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: input [4] and weight [6, 4] do not fit
func.func @invalid(%x: tensor<4xf32>, %w: tensor<6x4xf32>) {
  %y = nn.conv %x, %w : (tensor<4xf32>, tensor<6x4xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: 4 channels in 1 groups do not fit weight [6, 2, 3, 3]
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x2x3x3xf32>) {
  %y = nn.conv %x, %w : (tensor<4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: 4 channels in 2 groups do not fit weight [3, 2, 3, 3]
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<3x2x3x3xf32>) {
  %y = nn.conv %x, %w groups 2 : (tensor<4x8x8xf32>, tensor<3x2x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: 4 channels in 0 groups do not fit weight [6, 4, 3, 3]
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w groups 0 : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: the bias has shape [4], the weight 6 outputs
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>, %b: tensor<4xf32>) {
  %y = nn.conv %x, %w, %b : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>, tensor<4xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: strides needs 2 numbers, got 1
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w strides [2] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: strides [2, 0] has a number below 1
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w strides [2, 0] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: pads needs 4 numbers, got 2
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w pads [1, 1] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: pads [0, 0, -1, 0] has a number below 0
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w pads [0, 0, -1, 0] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: dilations needs 2 numbers, got 3
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w dilations [1, 1, 1] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: dilations [1, 0] has a number below 1
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w dilations [1, 0] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: kernel [0, 3] has a number below 1
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x0x3xf32>) {
  %y = nn.conv %x, %w : (tensor<4x8x8xf32>, tensor<6x4x0x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv: the window spans 9 elements on axis 1, the padded input 8
func.func @invalid(%x: tensor<4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  %y = nn.conv %x, %w dilations [1, 4] : (tensor<4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.dense: input [3] and weight [4, 2] do not fit: the input's last axis is the weight's first
func.func @invalid(%x: tensor<3xf32>, %w: tensor<4x2xf32>) {
  %y = nn.dense %x, %w : (tensor<3xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: error: nn.dense: input [] and weight [4, 2] do not fit
func.func @invalid(%x: tensor<f32>, %w: tensor<4x2xf32>) {
  %y = nn.dense %x, %w : (tensor<f32>, tensor<4x2xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: error: nn.dense: input [4] and weight [4] do not fit
func.func @invalid(%x: tensor<4xf32>, %w: tensor<4xf32>) {
  %y = nn.dense %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: error: nn.dense: the bias has shape [3], the weight 2 outputs
func.func @invalid(%x: tensor<4xf32>, %w: tensor<4x2xf32>, %b: tensor<3xf32>) {
  %y = nn.dense %x, %w, %b : (tensor<4xf32>, tensor<4x2xf32>, tensor<3xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: error: nn.batch_norm: the input needs a channel axis
func.func @invalid(%x: tensor<f32>, %w: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>) {
  %y = nn.batch_norm %x, %w, %b, %m, %v : (tensor<f32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<f32>
  func.return
}

// -----

// CHECK: error: nn.batch_norm: scale has shape [3], the input 2 channels
func.func @invalid(%x: tensor<2x4xf32>, %w: tensor<3xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>) {
  %y = nn.batch_norm %x, %w, %b, %m, %v : (tensor<2x4xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: nn.batch_norm: bias has shape [3], the input 2 channels
func.func @invalid(%x: tensor<2x4xf32>, %w: tensor<2xf32>, %b: tensor<3xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>) {
  %y = nn.batch_norm %x, %w, %b, %m, %v : (tensor<2x4xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: nn.batch_norm: mean has shape [3], the input 2 channels
func.func @invalid(%x: tensor<2x4xf32>, %w: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<3xf32>, %v: tensor<2xf32>) {
  %y = nn.batch_norm %x, %w, %b, %m, %v : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: nn.batch_norm: variance has shape [3], the input 2 channels
func.func @invalid(%x: tensor<2x4xf32>, %w: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<3xf32>) {
  %y = nn.batch_norm %x, %w, %b, %m, %v : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: nn.batch_norm: epsilon -1.0 is negative
func.func @invalid(%x: tensor<2x4xf32>, %w: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>) {
  %y = nn.batch_norm %x, %w, %b, %m, %v epsilon -1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// CHECK: error: nn.add: [2, 3] and [2] do not broadcast
func.func @invalid(%x: tensor<2x3xf32>, %w: tensor<2xf32>) {
  %y = nn.add %x, %w : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: nn.max_pool: a kernel of 2 axes over input [4, 8]; the input's axes are channels, then space
func.func @invalid(%x: tensor<4x8xf32>) {
  %y = nn.max_pool %x kernel [2, 2] : (tensor<4x8xf32>) -> tensor<4x7xf32>
  func.return
}

// -----

// CHECK: error: nn.max_pool: pads [2, 0]: a window sees nothing but padding
func.func @invalid(%x: tensor<4x8xf32>) {
  %y = nn.max_pool %x kernel [2] pads [2, 0] : (tensor<4x8xf32>) -> tensor<4x9xf32>
  func.return
}

// -----

// CHECK: error: nn.average_pool: pads [1, 2]: a window sees nothing but padding
func.func @invalid(%x: tensor<4x1xf32>) {
  %y = nn.average_pool %x kernel [2] pads [1, 2] dilations [2] : (tensor<4x1xf32>) -> tensor<4x2xf32>
  func.return
}

// -----

// CHECK: error: nn.average_pool: kernel [0] has a number below 1
func.func @invalid(%x: tensor<4x8xf32>) {
  %y = nn.average_pool %x kernel [0] : (tensor<4x8xf32>) -> tensor<4x7xf32>
  func.return
}

// -----

// CHECK: error: nn.average_pool: the window spans 9 elements on axis 0, the padded input 8
func.func @invalid(%x: tensor<4x8xf32>) {
  %y = nn.average_pool %x kernel [9] : (tensor<4x8xf32>) -> tensor<4x7xf32>
  func.return
}

// -----

// CHECK: error: nn.reshape: shape [2, -1] has a negative extent
func.func @invalid(%x: tensor<6xf32>) {
  %y = nn.reshape %x to [2, -1] : (tensor<6xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: nn.reshape: [6] has 6 elements, [2, 2] 4
func.func @invalid(%x: tensor<6xf32>) {
  %y = nn.reshape %x to [2, 2] : (tensor<6xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

// CHECK: error: nn.transpose: [0, 0] is not an order of the 2 axes of [2, 3]
func.func @invalid(%x: tensor<2x3xf32>) {
  %y = nn.transpose %x [0, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: nn.transpose: [0] is not an order of the 2 axes of [2, 3]
func.func @invalid(%x: tensor<2x3xf32>) {
  %y = nn.transpose %x [0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: nn.softmax: axis 2 of an input with 2 axes
func.func @invalid(%x: tensor<2x3xf32>) {
  %y = nn.softmax %x axis 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: error: nn.argmax: axis -1 of an input with 2 axes
func.func @invalid(%x: tensor<2x3xf32>) {
  %y = nn.argmax %x axis -1 : (tensor<2x3xf32>) -> tensor<2xi64>
  func.return
}

// -----

// CHECK: error: nn.conv_transpose: input [4, 5] and weight [4, 2, 3, 3] do not fit
func.func @invalid(%x: tensor<4x5xf32>, %w: tensor<4x2x3x3xf32>) {
  %result = nn.conv_transpose %x, %w : (tensor<4x5xf32>, tensor<4x2x3x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv_transpose: 4 channels in 3 groups do not fit weight [4, 2, 3]
func.func @invalid(%x: tensor<4x5xf32>, %w: tensor<4x2x3xf32>) {
  %result = nn.conv_transpose %x, %w groups 3 : (tensor<4x5xf32>, tensor<4x2x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv_transpose: pads [4, 4] leave nothing of the result
func.func @invalid(%x: tensor<4x5xf32>, %w: tensor<4x2x3xf32>) {
  %result = nn.conv_transpose %x, %w pads [4, 4] : (tensor<4x5xf32>, tensor<4x2x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.conv_transpose: output_pads [-1] has a number below 0
func.func @invalid(%x: tensor<4x5xf32>, %w: tensor<4x2x3xf32>) {
  %result = nn.conv_transpose %x, %w output_pads [-1] : (tensor<4x5xf32>, tensor<4x2x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.matmul: [2, 3] and [2, 3] do not fit: the first one's last axis is the second one's last but one
func.func @invalid(%x: tensor<2x3xf32>) {
  %result = nn.matmul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.unary: leaky_relu has 1 parameters (alpha), 0 are given
func.func @invalid(%x: tensor<3xf32>) {
  %result = nn.unary leaky_relu %x : (tensor<3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.unary: tanh has 0 parameters, 1 are given
func.func @invalid(%x: tensor<3xf32>) {
  %result = nn.unary tanh [1.0] %x : (tensor<3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.unary: celu divides by its alpha, which is 0
func.func @invalid(%x: tensor<3xf32>) {
  %result = nn.unary celu [0.0] %x : (tensor<3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.binary: [3] and [2] do not broadcast
func.func @invalid(%x: tensor<3xf32>, %y: tensor<2xf32>) {
  %result = nn.binary mul %x, %y : (tensor<3xf32>, tensor<2xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.quantize: 25 bits; a code has 1 to 24
func.func @invalid(%x: tensor<3xf32>, %s: tensor<f32>) {
  %result = nn.quantize %x, %s, %s bits 25 : (tensor<3xf32>, tensor<f32>, tensor<f32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.quantize: 1 bits that are signed and narrow have one code only
func.func @invalid(%x: tensor<3xf32>, %s: tensor<f32>) {
  %result = nn.quantize %x, %s, %s bits 1 signed true narrow true : (tensor<3xf32>, tensor<f32>, tensor<f32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.quantize: scale [3, 1] does not broadcast to the input [3]
func.func @invalid(%x: tensor<3xf32>, %s: tensor<3x1xf32>, %z: tensor<f32>) {
  %result = nn.quantize %x, %s, %z bits 2 : (tensor<3xf32>, tensor<3x1xf32>, tensor<f32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.to_real: expected elements i64, got tensor<3xf32>
func.func @invalid(%x: tensor<3xf32>) {
  %result = nn.to_real %x : (tensor<3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.normalize: axes [1, 0] do not rise
func.func @invalid(%x: tensor<3x4xf32>) {
  %result = nn.normalize %x axes [1, 0] : (tensor<3x4xf32>) -> tensor<3x4xf32>
  func.return
}

// -----

// CHECK: error: nn.lrn: size 0 is below 1
func.func @invalid(%x: tensor<3x4xf32>) {
  %result = nn.lrn %x size 0 alpha 1.0 beta 1.0 bias 1.0 : (tensor<3x4xf32>) -> tensor<3x4xf32>
  func.return
}

// -----

// CHECK: error: nn.lp_pool: p 0 is below 1
func.func @invalid(%x: tensor<3x4xf32>) {
  %result = nn.lp_pool %x p 0 kernel [2] : (tensor<3x4xf32>) -> tensor<3x3xf32>
  func.return
}

// -----

// CHECK: error: nn.slice: elements 2 to 5 of axis 0, which has 4
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.slice %x starts [2] sizes [4] : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: nn.slice: starts [0, 0] of an input with 1 axes
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.slice %x starts [0, 0] sizes [1] : (tensor<4xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.slice: steps [0] of an input with 1 axes
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.slice %x starts [0] sizes [1] steps [0] : (tensor<4xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.pad: low [-1] has a number below 0
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.pad %x edge low [-1] high [0] : (tensor<4xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: error: nn.pad: axis 0 of 4 elements has no reflection of 4
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.pad %x reflect low [4] high [0] : (tensor<4xf32>) -> tensor<8xf32>
  func.return
}

// -----

// CHECK: error: nn.concat: [4, 2], [4, 3] differ along other axes than 0
func.func @invalid(%x: tensor<4x2xf32>, %y: tensor<4x3xf32>) {
  %result = nn.concat %x, %y axis 0 : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<8x2xf32>
  func.return
}

// -----

// CHECK: error: nn.tile: repeats [0] has a number below 1
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.tile %x [0] : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: error: nn.gather: index 4 of axis 0, which has 4
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.gather %x axis 0 [4] : (tensor<4xf32>) -> tensor<1xf32>
  func.return
}

// -----

// CHECK: error: nn.gather: it has no indices
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.gather %x axis 0 [] : (tensor<4xf32>) -> tensor<0xf32>
  func.return
}

// -----

// CHECK: error: nn.reduce: axis 2 of an input with 1 axes
func.func @invalid(%x: tensor<4xf32>) {
  %result = nn.reduce sum %x axes [2] : (tensor<4xf32>) -> tensor<f32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: input [9, 3] and weight [8, 4] do not fit: the input is steps x features, the weight gates x features
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<8x4xf32>, %r: tensor<8x2xf32>) {
  %result = nn.recurrent lstm %x, %w, %r : (tensor<9x3xf32>, tensor<8x4xf32>, tensor<8x2xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: recurrence [8, 3] and weight [8, 3] do not fit lstm, whose weight has 4 rows a unit
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<8x3xf32>) {
  %result = nn.recurrent lstm %x, %w, %w : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x3xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: 7 rows of weights are not 3 gates
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<7x3xf32>, %r: tensor<7x2xf32>) {
  %result = nn.recurrent gru %x, %w, %r : (tensor<9x3xf32>, tensor<7x3xf32>, tensor<7x2xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: bias has shape [2], not [8]
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<8x3xf32>, %r: tensor<8x2xf32>, %b: tensor<2xf32>) {
  %result = nn.recurrent lstm %x, %w, %r bias %b : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>, tensor<2xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: initial_cell is an LSTM's, this is rnn
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<2x3xf32>, %r: tensor<2x2xf32>, %b: tensor<2xf32>) {
  %result = nn.recurrent rnn %x, %w, %r initial_cell %b : (tensor<9x3xf32>, tensor<2x3xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: reset_after is of gru, this is lstm
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<8x3xf32>, %r: tensor<8x2xf32>) {
  %result = nn.recurrent lstm %x, %w, %r reset_after : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: lstm has 3 activations, 1 are given
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<8x3xf32>, %r: tensor<8x2xf32>) {
  %result = nn.recurrent lstm %x, %w, %r activations [tanh] : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>) -> tensor<9x2xf32>
  func.return
}

// -----

// CHECK: error: nn.recurrent: clip 0.0 is not above 0
func.func @invalid(%x: tensor<9x3xf32>, %w: tensor<8x3xf32>, %r: tensor<8x2xf32>) {
  %result = nn.recurrent lstm %x, %w, %r clip 0.0 : (tensor<9x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>) -> tensor<9x2xf32>
  func.return
}
