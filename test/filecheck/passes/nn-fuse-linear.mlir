// RUN: nn-opt %s -p nn-fuse-linear 2>/dev/null | filecheck %s
// RUN: nn-opt %s -p nn-fuse-linear 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: nn-opt %s -p nn-fuse-linear --print-debuginfo 2>/dev/null | filecheck %s --check-prefix=LOC

// What is added after a convolution is its bias.
// CHECK-LABEL: func.func @conv_plus_constant(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0]], {{\[\[}}2.0]]] : tensor<2x1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [4.0, 6.0] : tensor<2xf32>
// CHECK-NEXT:    [[Y:%.*]] = nn.conv %x, [[W]], [[B]] pads [1, 0] {golden = "sum"} : (tensor<1x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) -> tensor<2x5xf32>
// CHECK-NEXT:    func.return [[Y]]
// LOC:           nn.conv {{.*}} loc(fused["conv1", "plus1"])
func.func @conv_plus_constant(%x: tensor<1x4xf32>) -> tensor<2x5xf32> {
  %w = trained.tensor [[[1.0]], [[2.0]]] : tensor<2x1x1xf32>
  %b = trained.tensor [1.0, 2.0] : tensor<2xf32>
  %c = trained.tensor [[3.0], [4.0]] : tensor<2x1xf32>
  %y = nn.conv %x, %w, %b pads [1, 0] {golden = "conv"} : (tensor<1x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) -> tensor<2x5xf32> loc("conv1")
  %z = nn.add %c, %y {golden = "sum"} : (tensor<2x1xf32>, tensor<2x5xf32>) -> tensor<2x5xf32> loc("plus1")
  func.return %z : tensor<2x5xf32>
}

// A constant that differs from place to place is none.
// CHECK-LABEL: func.func @conv_plus_image(
// CHECK:         nn.conv
// CHECK-NEXT:    nn.add
func.func @conv_plus_image(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = trained.tensor [[[2.0]]] : tensor<1x1x1xf32>
  %c = trained.tensor [[3.0, 4.0]] : tensor<1x2xf32>
  %y = nn.conv %x, %w : (tensor<1x2xf32>, tensor<1x1x1xf32>) -> tensor<1x2xf32>
  %z = nn.add %y, %c : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  func.return %z : tensor<1x2xf32>
}

// CHECK-LABEL: func.func @reshaped_dense_plus_constants(
// CHECK:         [[B:%.*]] = trained.tensor [11.0, 12.0, 23.0, 24.0] : tensor<4xf32>
// CHECK:         [[Y:%.*]] = nn.dense %x, {{%.*}}, [[B]]
// CHECK:         nn.reshape [[Y]] to [2, 2] {golden = "sum"}
// CHECK-NEXT:    func.return
func.func @reshaped_dense_plus_constants(%x: tensor<1xf32>) -> tensor<2x2xf32> {
  %w = trained.tensor [[1.0, 2.0, 3.0, 4.0]] : tensor<1x4xf32>
  %c = trained.tensor [[1.0, 2.0], [3.0, 4.0]] : tensor<2x2xf32>
  %d = trained.tensor [[10.0], [20.0]] : tensor<2x1xf32>
  %y = nn.dense %x, %w : (tensor<1xf32>, tensor<1x4xf32>) -> tensor<4xf32>
  %r = nn.reshape %y to [2, 2] : (tensor<4xf32>) -> tensor<2x2xf32>
  %s = nn.add %r, %c : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = nn.add %s, %d {golden = "sum"} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  func.return %z : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @relu_over_wiring(
// CHECK-NEXT:    [[R:%.*]] = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    [[T:%.*]] = nn.transpose [[R]] [1, 0]
// CHECK-NEXT:    [[F:%.*]] = nn.reshape [[T]] to [6] {golden = "relu"}
// CHECK-NEXT:    func.return [[F]]
func.func @relu_over_wiring(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  %t = nn.transpose %x [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %f = nn.reshape %t to [6] : (tensor<3x2xf32>) -> tensor<6xf32>
  %r = nn.relu %f {golden = "relu"} : (tensor<6xf32>) -> tensor<6xf32>
  func.return %r : tensor<6xf32>
}

// Two dense layers: W = [[1, 2]] . [[1], [10]], b = [1, 1] . [[1], [10]] + 5.
// CHECK-LABEL: func.func @dense_dense(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}21.0]] : tensor<1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [16.0] : tensor<1xf32>
// CHECK-NEXT:    [[Y:%.*]] = nn.dense %x, [[W]], [[B]] {golden = "second"}
// CHECK-NEXT:    func.return [[Y]]
// LOC:           nn.dense {{.*}} loc(fused["dense1", "dense2"])
// REMARK:        node 'dense2': remark: nn.dense composed with the nn.dense before it: 1 instead of 2 cores of 256 inputs and 256 outputs, 1 instead of 4 multiplications
func.func @dense_dense(%x: tensor<1xf32>) -> tensor<1xf32> {
  %v = trained.tensor [[1.0, 2.0]] : tensor<1x2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %w = trained.tensor [[1.0], [10.0]] : tensor<2x1xf32>
  %five = trained.tensor [5.0] : tensor<1xf32>
  %y = nn.dense %x, %v, %one {golden = "first"} : (tensor<1xf32>, tensor<1x2xf32>, tensor<2xf32>) -> tensor<2xf32> loc("dense1")
  %z = nn.dense %y, %w, %five {golden = "second"} : (tensor<2xf32>, tensor<2x1xf32>, tensor<1xf32>) -> tensor<1xf32> loc("dense2")
  func.return %z : tensor<1xf32>
}

// CHECK-LABEL: func.func @pool_dense(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}1.0], [1.0], [2.0], [2.0]] : tensor<4x1xf32>
// CHECK-NEXT:    [[X:%.*]] = nn.reshape %x to [4]
// CHECK-NEXT:    nn.dense [[X]], [[W]] : (tensor<4xf32>, tensor<4x1xf32>) -> tensor<1xf32>
// REMARK:        node 'pool_dense': remark: nn.dense composed with the nn.average_pool before it: 1 instead of 2 cores of 256 inputs and 256 outputs, 4 instead of 6 multiplications
func.func @pool_dense(%x: tensor<2x2xf32>) -> tensor<1xf32> {
  %w = trained.tensor [[2.0], [4.0]] : tensor<2x1xf32>
  %p = nn.average_pool %x kernel [2] : (tensor<2x2xf32>) -> tensor<2x1xf32>
  %f = nn.reshape %p to [2] : (tensor<2x1xf32>) -> tensor<2xf32>
  %y = nn.dense %f, %w : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32> loc("pool_dense")
  func.return %y : tensor<1xf32>
}

// The stride is the product of both, the kernel spans both.
// CHECK-LABEL: func.func @pool_conv(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]]] : tensor<1x2x4xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [7.0] : tensor<1xf32>
// CHECK-NEXT:    nn.conv %x, [[W]], [[B]] strides [2] : (tensor<2x8xf32>, tensor<1x2x4xf32>, tensor<1xf32>) -> tensor<1x3xf32>
func.func @pool_conv(%x: tensor<2x8xf32>) -> tensor<1x3xf32> {
  %w = trained.tensor [[[2.0, 4.0], [6.0, 8.0]]] : tensor<1x2x2xf32>
  %b = trained.tensor [7.0] : tensor<1xf32>
  %p = nn.average_pool %x kernel [2] strides [2] : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %y = nn.conv %p, %w, %b : (tensor<2x4xf32>, tensor<1x2x2xf32>, tensor<1xf32>) -> tensor<1x3xf32>
  func.return %y : tensor<1x3xf32>
}

// CHECK-LABEL: func.func @conv_conv(
// CHECK:         nn.conv %x, {{%.*}} pads [1, 1] : (tensor<1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x8xf32>
// CHECK-NEXT:    func.return
func.func @conv_conv(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %w = trained.tensor [[[1.0, 1.0]], [[1.0, 2.0]]] : tensor<2x1x2xf32>
  %v = trained.tensor [[[1.0, 1.0], [2.0, 2.0]]] : tensor<1x2x2xf32>
  %y = nn.conv %x, %w pads [1, 1] : (tensor<1x8xf32>, tensor<2x1x2xf32>) -> tensor<2x9xf32>
  %z = nn.conv %y, %v : (tensor<2x9xf32>, tensor<1x2x2xf32>) -> tensor<1x8xf32>
  func.return %z : tensor<1x8xf32>
}

// The second's padding is not the first's image of zero.
// CHECK-LABEL: func.func @conv_padded_conv(
// CHECK-COUNT-2: nn.conv
func.func @conv_padded_conv(%x: tensor<1x8xf32>) -> tensor<1x9xf32> {
  %w = trained.tensor [[[1.0, 2.0]]] : tensor<1x1x2xf32>
  %y = nn.conv %x, %w : (tensor<1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x7xf32>
  %z = nn.conv %y, %w pads [1, 2] : (tensor<1x7xf32>, tensor<1x1x2xf32>) -> tensor<1x9xf32>
  func.return %z : tensor<1x9xf32>
}

// Where only what lies inside counts, border windows weigh otherwise: a dense layer can, a
// convolution cannot say so.
// CHECK-LABEL: func.func @border(
// CHECK:         [[W:%.*]] = trained.tensor {{\[\[}}2.0], [2.0], [2.0]] : tensor<3x1xf32>
// CHECK:         nn.dense {{%.*}}, [[W]]
// CHECK:         nn.average_pool
// CHECK-NEXT:    nn.conv
func.func @border(%x: tensor<1x3xf32>) -> (tensor<1xf32>, tensor<1x2xf32>) {
  %w = trained.tensor [[2.0], [4.0]] : tensor<2x1xf32>
  %v = trained.tensor [[[2.0]]] : tensor<1x1x1xf32>
  %p = nn.average_pool %x kernel [2] strides [2] pads [1, 0] : (tensor<1x3xf32>) -> tensor<1x2xf32>
  %f = nn.reshape %p to [2] : (tensor<1x2xf32>) -> tensor<2xf32>
  %y = nn.dense %f, %w : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
  %q = nn.average_pool %x kernel [2] strides [2] pads [1, 0] : (tensor<1x3xf32>) -> tensor<1x2xf32>
  %z = nn.conv %q, %v : (tensor<1x2xf32>, tensor<1x1x1xf32>) -> tensor<1x2xf32>
  func.return %y, %z : tensor<1xf32>, tensor<1x2xf32>
}
