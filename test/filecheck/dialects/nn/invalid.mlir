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
