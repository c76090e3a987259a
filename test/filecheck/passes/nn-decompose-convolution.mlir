// RUN: nn-opt %s -p nn-decompose-convolution 2>%t | filecheck %s
// RUN: filecheck %s --check-prefix=REMARK < %t
// RUN: nn-opt %s -p 'set-target{name=prime fan-in=8 fan-out=1},nn-decompose-convolution' 2>&1 | filecheck %s --check-prefix=NARROW
// RUN: not nn-opt %s -p 'nn-decompose-convolution{form=zeros}' 2>&1 | filecheck %s --check-prefix=OPTION

// OPTION: error: nn-decompose-convolution: no option 'form' (options: none)

// A stride of two gives two results a place: they are channels, and are dealt out.
// CHECK-LABEL: func.func @transposed(
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [0.5, 0.5] : tensor<2xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}3.0, 1.0]], {{\[\[}}4.0, 2.0]]] : tensor<2x1x2xf32>
// CHECK-NEXT:    [[C:%.*]] = nn.conv %x, [[W]], [[B]] pads [1, 1]
// CHECK-NEXT:    [[F:%.*]] = nn.relu [[C]]
// CHECK-NEXT:    [[S:%.*]] = nn.reshape [[F]] to [1, 2, 4]
// CHECK-NEXT:    [[T:%.*]] = nn.transpose [[S]] [0, 2, 1]
// CHECK-NEXT:    [[R:%.*]] = nn.reshape [[T]] to [1, 8]
// CHECK-NEXT:    [[Y:%.*]] = nn.slice [[R]] starts [0, 1] sizes [1, 6] {golden = "y"}
// CHECK-NEXT:    func.return [[Y]]
// REMARK:      nn-decompose-convolution.mlir:27:3: remark: 2 results a place as channels: 1 cores of 256 inputs and 256 outputs, 16 multiplications; input with zeros between: 1 cores, 24 multiplications
// NARROW:      remark: input with zeros between: 1 cores of
// NARROW-LABEL: func.func @transposed(
// NARROW:        nn.pad {{.*}} high [0, 0, 1] : (tensor<1x3x1xf32>) -> tensor<1x3x2xf32>
// NARROW:        trained.tensor {{\[\[\[}}4.0, 3.0, 2.0, 1.0]]]
func.func @transposed(%x: tensor<1x3xf32>) -> tensor<1x6xf32> {
  %w = trained.tensor [[[1.0, 2.0, 3.0, 4.0]]] : tensor<1x1x4xf32>
  %b = trained.tensor [0.5] : tensor<1xf32>
  %c = nn.conv_transpose %x, %w, %b strides [2] pads [1, 1] {golden = "c"} : (tensor<1x3xf32>, tensor<1x1x4xf32>, tensor<1xf32>) -> tensor<1x6xf32>
  %y = nn.relu %c {golden = "y"} : (tensor<1x6xf32>) -> tensor<1x6xf32>
  func.return %y : tensor<1x6xf32>
}

// With stride one it is a convolution with the mirrored kernel.
// CHECK-LABEL: func.func @mirrored(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}2.0, 1.0]]]
// CHECK-NEXT:    nn.conv %x, [[W]] pads [2, 2] dilations [2] {golden = "y"}
func.func @mirrored(%x: tensor<1x3xf32>) -> tensor<1x5xf32> {
  %w = trained.tensor [[[1.0, 2.0]]] : tensor<1x1x2xf32>
  %y = nn.conv_transpose %x, %w dilations [2] {golden = "y"} : (tensor<1x3xf32>, tensor<1x1x2xf32>) -> tensor<1x5xf32>
  func.return %y : tensor<1x5xf32>
}

// A matrix to the right is a dense layer, one to the left a convolution with one tap.
// CHECK-LABEL: func.func @products(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
// CHECK-NEXT:    nn.dense %x, [[W]] {golden = "right"} : (tensor<3x2xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
// CHECK-NEXT:    [[V:%.*]] = trained.tensor {{\[\[\[}}1.0], [2.0], [3.0]], {{\[\[}}4.0], [5.0], [6.0]]]
// CHECK-NEXT:    nn.conv %x, [[V]] {golden = "left"} : (tensor<3x2xf32>, tensor<2x3x1xf32>) -> tensor<2x2xf32>
func.func @products(%x: tensor<3x2xf32>) -> (tensor<3x3xf32>, tensor<2x2xf32>) {
  %w = trained.tensor [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] : tensor<2x3xf32>
  %y = nn.matmul %x, %w {golden = "right"} : (tensor<3x2xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
  %z = nn.matmul %w, %x {golden = "left"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  func.return %y, %z : tensor<3x3xf32>, tensor<2x2xf32>
}

// Leading axes of both are groups.
// CHECK-LABEL: func.func @batched(
// CHECK-NEXT:    [[T:%.*]] = nn.transpose %x [0, 2, 1]
// CHECK-NEXT:    [[R:%.*]] = nn.reshape [[T]] to [4, 3]
// CHECK-NEXT:    trained.tensor {{\[\[\[}}1.0], [2.0]], {{\[\[}}3.0], [4.0]]]
// CHECK-NEXT:    nn.conv [[R]], {{.*}} groups 2
func.func @batched(%x: tensor<2x3x2xf32>) -> tensor<2x3x1xf32> {
  %w = trained.tensor [[[1.0], [2.0]], [[3.0], [4.0]]] : tensor<2x2x1xf32>
  %y = nn.matmul %x, %w : (tensor<2x3x2xf32>, tensor<2x2x1xf32>) -> tensor<2x3x1xf32>
  func.return %y : tensor<2x3x1xf32>
}

// What multiplies computed values stays.
// CHECK-LABEL: func.func @computed(
// CHECK-NEXT:    nn.matmul %x, %x
// CHECK-NEXT:    nn.conv_transpose %x, %w
func.func @computed(%x: tensor<2x2xf32>, %w: tensor<2x1x1xf32>) -> (tensor<2x2xf32>, tensor<1x2xf32>) {
  %y = nn.matmul %x, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = nn.conv_transpose %x, %w : (tensor<2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2xf32>
  func.return %y, %z : tensor<2x2xf32>, tensor<1x2xf32>
}
