// RUN: nn-opt %s -p nn-decompose-reduction | filecheck %s
// RUN: nn-opt %s -p nn-decompose-reduction --print-debuginfo | filecheck %s --check-prefix=LOC
// RUN: not nn-opt %s -p 'nn-decompose-reduction{max=native}' 2>&1 | filecheck %s --check-prefix=OPTION

// OPTION: error: nn-decompose-reduction: no option 'max' (options: none)

// A sum is a dense layer with ones, over the elements side by side.
// CHECK-LABEL: func.func @sum(
// CHECK-NEXT:    [[T:%.*]] = nn.transpose %x [1, 0, 2] : (tensor<2x3x2xf32>) -> tensor<3x2x2xf32>
// CHECK-NEXT:    [[R:%.*]] = nn.reshape [[T]] to [3, 4]
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}1.0], [1.0], [1.0], [1.0]]
// CHECK-NEXT:    [[D:%.*]] = nn.dense [[R]], [[W]] {golden = "y", core_op.auxiliary} : (tensor<3x4xf32>, tensor<4x1xf32>) -> tensor<3x1xf32>
// CHECK-NEXT:    nn.reshape [[D]] to [3]
// LOC-LABEL:   func.func @sum(
// LOC-COUNT-4:   loc("sum1")
func.func @sum(%x: tensor<2x3x2xf32>) -> tensor<3xf32> {
  %y = nn.reduce sum %x axes [0, 2] {golden = "y"} : (tensor<2x3x2xf32>) -> tensor<3xf32> loc("sum1")
  func.return %y : tensor<3xf32>
}

// The mean of an image is a pool; another one is a dense layer.
// CHECK-LABEL: func.func @mean(
// CHECK-NEXT:    [[P:%.*]] = nn.average_pool %x kernel [3, 2] {golden = "y"} : (tensor<2x3x2xf32>) -> tensor<2x1x1xf32>
// CHECK-NEXT:    nn.reshape [[P]] to [2]
// CHECK:         trained.tensor {{\[\[}}0.5], [0.5]]
// CHECK-NEXT:    nn.dense
func.func @mean(%x: tensor<2x3x2xf32>) -> (tensor<2xf32>, tensor<2x3xf32>) {
  %y = nn.reduce mean %x axes [1, 2] {golden = "y"} : (tensor<2x3x2xf32>) -> tensor<2xf32>
  %z = nn.reduce mean %x axes [2] : (tensor<2x3x2xf32>) -> tensor<2x3xf32>
  func.return %y, %z : tensor<2xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @extremes(
// CHECK-NEXT:    [[P:%.*]] = nn.max_pool %x kernel [3] {golden = "y"} : (tensor<2x3xf32>) -> tensor<2x1xf32>
// CHECK-NEXT:    nn.reshape [[P]] to [2]
// CHECK-NEXT:    [[V:%.*]] = nn.reshape %x to [6]
// CHECK-NEXT:    [[N:%.*]] = nn.unary neg [[V]]
// CHECK-NEXT:    [[R:%.*]] = nn.reshape [[N]] to [1, 6]
// CHECK-NEXT:    [[Q:%.*]] = nn.max_pool [[R]] kernel [6] : (tensor<1x6xf32>) -> tensor<1x1xf32>
// CHECK-NEXT:    [[S:%.*]] = nn.reshape [[Q]] to []
// CHECK-NEXT:    nn.unary neg [[S]] {golden = "z"}
func.func @extremes(%x: tensor<2x3xf32>) -> (tensor<2xf32>, tensor<f32>) {
  %y = nn.reduce max %x axes [1] {golden = "y"} : (tensor<2x3xf32>) -> tensor<2xf32>
  %z = nn.reduce min %x axes [0, 1] {golden = "z"} : (tensor<2x3xf32>) -> tensor<f32>
  func.return %y, %z : tensor<2xf32>, tensor<f32>
}

// A norm is a sum between functions of one variable; of one element it is the absolute value.
// CHECK-LABEL: func.func @norms(
// CHECK-NEXT:    [[Q:%.*]] = nn.binary mul %x, %x
// CHECK:         nn.dense
// CHECK:         nn.unary sqrt {{.*}} {golden = "y"}
// CHECK-NEXT:    [[A:%.*]] = nn.unary abs %x
// CHECK-NEXT:    nn.reshape [[A]] to [1, 4] {golden = "z"}
func.func @norms(%x: tensor<1x4x1xf32>) -> (tensor<1x1xf32>, tensor<1x4xf32>) {
  %y = nn.reduce l2 %x axes [1] {golden = "y"} : (tensor<1x4x1xf32>) -> tensor<1x1xf32>
  %z = nn.reduce l2 %x axes [2] {golden = "z"} : (tensor<1x4x1xf32>) -> tensor<1x4xf32>
  func.return %y, %z : tensor<1x1xf32>, tensor<1x4xf32>
}

// A pool by a norm has a convolution with ones between powers and root.
// CHECK-LABEL: func.func @pool_by_third_norm(
// CHECK-NEXT:    [[A:%.*]] = nn.unary abs %x
// CHECK-NEXT:    [[P:%.*]] = trained.tensor 3.0 : tensor<f32>
// CHECK-NEXT:    [[C:%.*]] = nn.binary pow [[A]], [[P]]
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 1.0]], {{\[\[}}1.0, 1.0]]]
// CHECK-NEXT:    [[S:%.*]] = nn.conv [[C]], [[W]] strides [2] pads [1, 1] groups 2 {core_op.auxiliary}
// CHECK-NEXT:    [[R:%.*]] = trained.tensor 0.3333333{{.*}} : tensor<f32>
// CHECK-NEXT:    nn.binary pow [[S]], [[R]] {golden = "y"}
func.func @pool_by_third_norm(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %y = nn.lp_pool %x p 3 kernel [2] strides [2] pads [1, 1] {golden = "y"} : (tensor<2x4xf32>) -> tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}

// A softmax on the way has no division: it is the exponential of its logarithm. The last one is the host's.
// CHECK-LABEL: func.func @softmax(
// CHECK-NEXT:    [[P:%.*]] = nn.max_pool %x kernel [3]
// CHECK-NEXT:    [[M:%.*]] = nn.reshape [[P]] to [2]
// CHECK-NEXT:    [[K:%.*]] = nn.reshape [[M]] to [2, 1]
// CHECK-NEXT:    [[B:%.*]] = nn.binary sub %x, [[K]]
// CHECK-NEXT:    [[E:%.*]] = nn.unary exp [[B]]
// CHECK:         [[L:%.*]] = nn.unary log
// CHECK-NEXT:    [[S:%.*]] = nn.binary sub [[B]], [[L]]
// CHECK-NEXT:    [[Y:%.*]] = nn.unary exp [[S]] {golden = "y"}
// CHECK-NEXT:    [[R:%.*]] = nn.relu [[Y]]
// CHECK-NEXT:    nn.softmax [[R]] axis 0
func.func @softmax(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = nn.softmax %x axis 1 {golden = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %r = nn.relu %y : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %z = nn.softmax %r axis 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %z : tensor<2x3xf32>
}
