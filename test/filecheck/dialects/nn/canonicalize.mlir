// RUN: nn-opt %s -p canonicalize | filecheck %s

// CHECK-LABEL: func.func @repeated_relu
// CHECK-NEXT:    %a = nn.relu %x {golden = "b"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:    func.return %a
func.func @repeated_relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = nn.relu %a {golden = "b"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// A golden name that stands already is kept: the values are equal.
// CHECK-LABEL: func.func @repeated_relu_with_names
// CHECK-NEXT:    %a = nn.relu %x {golden = "a"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:    func.return %a
func.func @repeated_relu_with_names(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = nn.relu %x {golden = "a"} : (tensor<4xf32>) -> tensor<4xf32>
  %b = nn.relu %a {golden = "b"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// CHECK-LABEL: func.func @relu_after_max_pool
// CHECK-NEXT:    [[RELU:%.*]] = nn.relu %x : (tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
// CHECK-NEXT:    [[POOL:%.*]] = nn.max_pool [[RELU]] kernel [2, 2] strides [2, 2] {golden = "relu"} : (tensor<2x4x4xf32>) -> tensor<2x2x2xf32>
// CHECK-NEXT:    func.return [[POOL]]
func.func @relu_after_max_pool(%x: tensor<2x4x4xf32>) -> tensor<2x2x2xf32> {
  %p = nn.max_pool %x kernel [2, 2] strides [2, 2] {golden = "pool"} : (tensor<2x4x4xf32>) -> tensor<2x2x2xf32>
  %r = nn.relu %p {golden = "relu"} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  func.return %r : tensor<2x2x2xf32>
}

// With another user of the maximum, the rectifier stays.
// CHECK-LABEL: func.func @relu_after_used_max_pool
// CHECK-NEXT:    nn.max_pool
// CHECK-NEXT:    nn.relu
// CHECK-NEXT:    func.return
func.func @relu_after_used_max_pool(%x: tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %p = nn.max_pool %x kernel [2] : (tensor<2x4xf32>) -> tensor<2x3xf32>
  %r = nn.relu %p : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %p, %r : tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @reshapes
// CHECK-NEXT:    [[FLAT:%.*]] = nn.reshape %x to [6] {golden = "flat"} : (tensor<2x3xf32>) -> tensor<6xf32>
// CHECK-NEXT:    func.return [[FLAT]]
func.func @reshapes(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  %a = nn.reshape %x to [3, 2] {golden = "a"} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %b = nn.reshape %a to [6] {golden = "flat"} : (tensor<3x2xf32>) -> tensor<6xf32>
  func.return %b : tensor<6xf32>
}

// CHECK-LABEL: func.func @reshape_to_the_same_shape
// CHECK-NEXT:    func.return %x
func.func @reshape_to_the_same_shape(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %a = nn.reshape %x to [6] : (tensor<2x3xf32>) -> tensor<6xf32>
  %b = nn.reshape %a to [2, 3] : (tensor<6xf32>) -> tensor<2x3xf32>
  func.return %b : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @transposes
// CHECK-NEXT:    [[T:%.*]] = nn.transpose %x [2, 0, 1] {golden = "t"} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT:    func.return [[T]]
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %a = nn.transpose %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = nn.transpose %a [1, 2, 0] {golden = "t"} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  func.return %b : tensor<4x2x3xf32>
}

// CHECK-LABEL: func.func @transposes_that_cancel
// CHECK-NEXT:    func.return %x
func.func @transposes_that_cancel(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %a = nn.transpose %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = nn.transpose %a [2, 0, 1] : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  func.return %b : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @transpose_of_vector
// CHECK-NEXT:    nn.reshape %x to [1, 4, 1] : (tensor<4x1x1xf32>) -> tensor<1x4x1xf32>
func.func @transpose_of_vector(%x: tensor<4x1x1xf32>) -> tensor<1x4x1xf32> {
  %a = nn.transpose %x [2, 0, 1] : (tensor<4x1x1xf32>) -> tensor<1x4x1xf32>
  func.return %a : tensor<1x4x1xf32>
}

// Constants are computed.
// CHECK-LABEL: func.func @constants
// CHECK-NEXT:    [[SUM:%.*]] = trained.tensor {{\[\[}}11.0, 13.0], [12.0, 14.0]] : tensor<2x2xf32>
// CHECK-NEXT:    func.return [[SUM]]
func.func @constants() -> tensor<2x2xf32> {
  %a = trained.tensor [1.0, 2.0, 3.0, 4.0] : tensor<4xf32>
  %ten = trained.tensor 10.0 : tensor<f32>
  %square = nn.reshape %a to [2, 2] : (tensor<4xf32>) -> tensor<2x2xf32>
  %turned = nn.transpose %square [1, 0] : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %sum = nn.add %turned, %ten : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xf32>
  func.return %sum : tensor<2x2xf32>
}

// What is known by its digest only cannot be computed.
// CHECK-LABEL: func.func @absent_constant
// CHECK-NEXT:    trained.tensor "sha256:
// CHECK-NEXT:    nn.reshape
func.func @absent_constant() -> tensor<2x2xf32> {
  %a = trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<4xf32>
  %square = nn.reshape %a to [2, 2] : (tensor<4xf32>) -> tensor<2x2xf32>
  func.return %square : tensor<2x2xf32>
}

// What nobody uses goes.
// CHECK-LABEL: func.func @unused
// CHECK-NEXT:    func.return
func.func @unused(%x: tensor<4xf32>, %w: tensor<4x4xf32>) {
  %a = nn.dense %x, %w : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
  %b = nn.softmax %a axis 0 : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}

// What moves nothing goes.
// CHECK-LABEL: func.func @nothing_moves
// CHECK-NEXT:    func.return %x
func.func @nothing_moves(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %a = nn.slice %x starts [0, 0] sizes [2, 3] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = nn.pad %a constant low [0, 0] high [0, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %c = nn.tile %b [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %d = nn.concat %c axis 1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %e = nn.gather %d axis 1 [0, 1, 2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %e : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @a_mirror_moves
// CHECK-NEXT:    nn.slice
func.func @a_mirror_moves(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %a = nn.slice %x starts [1, 0] sizes [2, 3] steps [-1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %a : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @constants_that_move
// CHECK-NEXT:    [[Y:%.*]] = trained.tensor [6.0, 4.0, 8.0] : tensor<3xf32>
// CHECK-NEXT:    func.return [[Y]]
func.func @constants_that_move() -> tensor<3xf32> {
  %a = trained.tensor [1.0, 2.0, 3.0, 4.0] : tensor<4xf32>
  %two = trained.tensor 2.0 : tensor<f32>
  %back = nn.slice %a starts [3] sizes [2] steps [-1] : (tensor<4xf32>) -> tensor<2xf32>
  %all = nn.concat %back, %a axis 0 : (tensor<2xf32>, tensor<4xf32>) -> tensor<6xf32>
  %some = nn.gather %all axis 0 [1, 3, 0] : (tensor<6xf32>) -> tensor<3xf32>
  %y = nn.binary mul %some, %two : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}
