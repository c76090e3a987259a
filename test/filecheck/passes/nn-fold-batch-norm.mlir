// RUN: nn-opt %s -p nn-fold-batch-norm | filecheck %s
// RUN: nn-opt %s -p nn-fold-batch-norm --print-debuginfo | filecheck %s --check-prefix=LOC

// Scale 4, bias 5, mean 1, variance 3 and epsilon 1 make the gain 2 and the offset 3.

// CHECK-LABEL: func.func @behind_conv(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}2.0]], {{\[\[}}4.0]]] : tensor<2x1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [3.0, 3.0] : tensor<2xf32>
// CHECK-NEXT:    [[Y:%.*]] = nn.conv %x, [[W]], [[B]] strides [2] pads [1, 0] groups 2 {golden = "norm"} : (tensor<2x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    func.return [[Y]]
// LOC:           nn.conv {{.*}} loc(fused["conv1", "norm1"])
func.func @behind_conv(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %w = trained.tensor [[[1.0]], [[2.0]]] : tensor<2x1x1xf32>
  %y = nn.conv %x, %w strides [2] pads [1, 0] groups 2 {golden = "conv"} : (tensor<2x4xf32>, tensor<2x1x1xf32>) -> tensor<2x3xf32> loc("conv1")
  %z = nn.batch_norm %y, %four, %five, %one, %three epsilon 1.0 {golden = "norm"} : (tensor<2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x3xf32> loc("norm1")
  func.return %z : tensor<2x3xf32>
}

// The weight's first axis is the inputs, so that each of two groups has its own two outputs.
// CHECK-LABEL: func.func @behind_conv_transpose(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}2.0], [2.0]], {{\[\[}}2.0], [4.0]]] : tensor<2x2x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [3.0, 3.0, 3.0, 3.0] : tensor<4xf32>
// CHECK-NEXT:    nn.conv_transpose %x, [[W]], [[B]] strides [2] groups 2 {golden = "norm"}
func.func @behind_conv_transpose(%x: tensor<2x3xf32>) -> tensor<4x5xf32> {
  %scale = trained.tensor [4.0, 4.0, 4.0, 8.0] : tensor<4xf32>
  %bias = trained.tensor [5.0, 5.0, 5.0, 7.0] : tensor<4xf32>
  %one = trained.tensor [1.0, 1.0, 1.0, 1.0] : tensor<4xf32>
  %three = trained.tensor [3.0, 3.0, 3.0, 3.0] : tensor<4xf32>
  %w = trained.tensor [[[1.0], [1.0]], [[1.0], [1.0]]] : tensor<2x2x1xf32>
  %y = nn.conv_transpose %x, %w strides [2] groups 2 : (tensor<2x3xf32>, tensor<2x2x1xf32>) -> tensor<4x5xf32>
  %z = nn.batch_norm %y, %scale, %bias, %one, %three epsilon 1.0 {golden = "norm"} : (tensor<4x5xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x5xf32>
  func.return %z : tensor<4x5xf32>
}

// CHECK-LABEL: func.func @behind_dense_with_bias(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}2.0, 4.0]] : tensor<1x2xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [5.0, 5.0] : tensor<2xf32>
// CHECK-NEXT:    nn.dense %x, [[W]], [[B]]
func.func @behind_dense_with_bias(%x: tensor<1xf32>) -> tensor<2xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %w = trained.tensor [[1.0, 2.0]] : tensor<1x2xf32>
  %y = nn.dense %x, %w, %one : (tensor<1xf32>, tensor<1x2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %z = nn.batch_norm %y, %four, %five, %one, %three epsilon 1.0 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %z : tensor<2xf32>
}

// With nothing linear before it, a batch norm goes into what comes after it.
// CHECK-LABEL: func.func @before_conv(
// CHECK-NEXT:    [[R:%.*]] = nn.relu %x
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}2.0], [4.0]]] : tensor<1x2x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [9.0] : tensor<1xf32>
// CHECK-NEXT:    nn.conv [[R]], [[W]], [[B]] : (tensor<2x4xf32>, tensor<1x2x1xf32>, tensor<1xf32>) -> tensor<1x4xf32>
func.func @before_conv(%x: tensor<2x4xf32>) -> tensor<1x4xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
  %r = nn.relu %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %n = nn.batch_norm %r, %four, %five, %one, %three epsilon 1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  %y = nn.conv %n, %w : (tensor<2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}

// Where padding is not the batch norm's image of zero, it becomes a convolution of its own.
// CHECK-LABEL: func.func @before_padded_conv(
// CHECK-NEXT:    [[W2:%.*]] = trained.tensor
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}2.0]], {{\[\[}}2.0]]] : tensor<2x1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [3.0, 3.0] : tensor<2xf32>
// CHECK-NEXT:    [[N:%.*]] = nn.conv %x, [[W]], [[B]] groups 2 : (tensor<2x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:    nn.conv [[N]], [[W2]] pads [1, 1]
func.func @before_padded_conv(%x: tensor<2x4xf32>) -> tensor<1x6xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %w = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
  %n = nn.batch_norm %x, %four, %five, %one, %three epsilon 1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  %y = nn.conv %n, %w pads [1, 1] : (tensor<2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x6xf32>
  func.return %y : tensor<1x6xf32>
}

// CHECK-LABEL: func.func @before_flattened_dense(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}2.0], [2.0], [4.0], [4.0]] : tensor<4x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [18.0] : tensor<1xf32>
// CHECK-NEXT:    [[F:%.*]] = nn.reshape %x to [4]
// CHECK-NEXT:    nn.dense [[F]], [[W]], [[B]]
func.func @before_flattened_dense(%x: tensor<2x2xf32>) -> tensor<1xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %w = trained.tensor [[1.0], [1.0], [2.0], [2.0]] : tensor<4x1xf32>
  %n = nn.batch_norm %x, %four, %five, %one, %three epsilon 1.0 : (tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %f = nn.reshape %n to [4] : (tensor<2x2xf32>) -> tensor<4xf32>
  %y = nn.dense %f, %w : (tensor<4xf32>, tensor<4x1xf32>) -> tensor<1xf32>
  func.return %y : tensor<1xf32>
}

// CHECK-LABEL: func.func @of_vector(
// CHECK:         [[I:%.*]] = nn.reshape %x to [2, 1]
// CHECK:         [[C:%.*]] = nn.conv [[I]], {{.*}} groups 2
// CHECK-NEXT:    nn.reshape [[C]] to [2] {golden = "norm"}
func.func @of_vector(%x: tensor<2xf32>) -> tensor<2xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %four, %five, %one, %three epsilon 1.0 {golden = "norm"} : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %n : tensor<2xf32>
}

// Two in a row are one.
// CHECK-LABEL: func.func @twice(
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}4.0]], {{\[\[}}4.0]]] : tensor<2x1x1xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [9.0, 9.0] : tensor<2xf32>
// CHECK-NEXT:    nn.conv %x, [[W]], [[B]] groups 2
// CHECK-NEXT:    func.return
func.func @twice(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %four, %five, %one, %three epsilon 1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  %m = nn.batch_norm %n, %four, %five, %one, %three epsilon 1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return %m : tensor<2x4xf32>
}

// What the convolution gives is used elsewhere, so its weights stay.
// CHECK-LABEL: func.func @behind_shared_conv(
// CHECK:         [[Y:%.*]] = nn.conv %x, {{%.*}} groups 2 : (tensor<2x4xf32>, tensor<2x1x1xf32>) ->
// CHECK:         nn.conv [[Y]], {{%.*}}, {{%.*}} groups 2 : (tensor<2x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) ->
func.func @behind_shared_conv(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %w = trained.tensor [[[1.0]], [[2.0]]] : tensor<2x1x1xf32>
  %y = nn.conv %x, %w groups 2 : (tensor<2x4xf32>, tensor<2x1x1xf32>) -> tensor<2x4xf32>
  %n = nn.batch_norm %y, %four, %five, %one, %three epsilon 1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return %y, %n : tensor<2x4xf32>, tensor<2x4xf32>
}

// A golden function is left as it is.
// CHECK-LABEL: func.func @reference(
// CHECK:         nn.batch_norm
func.func @reference(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %four = trained.tensor [4.0, 4.0] : tensor<2xf32>
  %five = trained.tensor [5.0, 5.0] : tensor<2xf32>
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %three = trained.tensor [3.0, 3.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %four, %five, %one, %three epsilon 1.0 : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return %n : tensor<2x4xf32>
}

func.func @lowered() attributes {core_op.golden = @reference} {
  func.return
}
