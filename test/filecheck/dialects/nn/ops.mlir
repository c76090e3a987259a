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
