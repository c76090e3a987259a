// RUN: nn-opt %s -p convert-nn-to-core-op,canonicalize | filecheck %s
// RUN: nn-opt %s -p convert-nn-to-core-op --print-debuginfo | filecheck %s --check-prefix=LOCATION
// RUN: nn-opt %s -p convert-nn-to-core-op 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK

// A convolution is a dot product over windows, channels last; its rectifier is the activation. The
// golden value has its channels first.
// CHECK-LABEL: func.func @conv
// CHECK-NEXT:    [[T:%.*]] = core_op.permute %x [1, 0]
// CHECK-NEXT:    [[I:%.*]] = core_op.reshape [[T]] : (tensor<3x2xf32>) -> tensor<3x1x2xf32>
// CHECK-NEXT:    [[X:%.*]] = core_op.window [[I]] kernel [2] : (tensor<3x1x2xf32>) -> tensor<2x1x4xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 5.0], [3.0, 7.0], [2.0, 6.0], [4.0, 8.0]]] : tensor<1x4x2xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor {{\[\[}}1.0, 2.0]] : tensor<1x2xf32>
// CHECK-NEXT:    [[Y:%.*]] = core_op.vmm relu [[X]], [[W]] bias [[B]] {golden = "y", golden_order = array<i64: 1, 0>}
// CHECK-NEXT:    [[R:%.*]] = core_op.reshape [[Y]] : (tensor<2x1x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT:    {{%.*}} = core_op.permute [[R]] [1, 0]
// LOCATION:      core_op.vmm {{.*}} loc(fused["conv1", "relu1"])
func.func @conv(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %w = trained.tensor [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]] : tensor<2x2x2xf32>
  %b = trained.tensor [1.0, 2.0] : tensor<2xf32>
  %c = nn.conv %x, %w, %b : (tensor<2x3xf32>, tensor<2x2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32> loc("conv1")
  %y = nn.relu %c {golden = "y"} : (tensor<2x2xf32>) -> tensor<2x2xf32> loc("relu1")
  func.return %y : tensor<2x2xf32>
}

// Groups stay groups; those that are all alike are positions of one.
// CHECK-LABEL: func.func @groups
// CHECK:         core_op.window {{.*}} kernel [2] strides [2] pads [1, 0]
// CHECK:         core_op.vmm linear {{.*}} : (tensor<2x2x2xf32>, tensor<2x2x1xf32>) -> tensor<2x2x1xf32>
// CHECK:         core_op.vmm linear {{.*}} : (tensor<2x2x1x2xf32>, tensor<1x2x1xf32>) -> tensor<2x2x1x1xf32>
func.func @groups(%x: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = trained.tensor [[[1.0, 2.0]], [[3.0, 4.0]]] : tensor<2x1x2xf32>
  %v = trained.tensor [[[1.0, 2.0]], [[1.0, 2.0]]] : tensor<2x1x2xf32>
  %y = nn.conv %x, %w strides [2] pads [1, 0] groups 2 : (tensor<2x3xf32>, tensor<2x1x2xf32>) -> tensor<2x2xf32>
  %z = nn.conv %x, %v groups 2 : (tensor<2x3xf32>, tensor<2x1x2xf32>) -> tensor<2x2xf32>
  func.return %y, %z : tensor<2x2xf32>, tensor<2x2xf32>
}

// A dense layer over a matrix has a position a row.
// CHECK-LABEL: func.func @dense
// CHECK:         core_op.vmm linear {{.*}} {golden = "y"} : (tensor<2x1x3xf32>, tensor<1x3x1xf32>) -> tensor<2x1x1xf32>
func.func @dense(%x: tensor<2x3xf32>) -> tensor<2x1xf32> {
  %w = trained.tensor [[1.0], [2.0], [3.0]] : tensor<3x1xf32>
  %y = nn.dense %x, %w {golden = "y"} : (tensor<2x3xf32>, tensor<3x1xf32>) -> tensor<2x1xf32>
  func.return %y : tensor<2x1xf32>
}

// A sum takes in the layer that only feeds it; the other value comes in through an identity.
// CHECK-LABEL: func.func @sum_of_layer
// CHECK:         [[X:%.*]] = core_op.concat {{.*}} axis 1 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0, 2.0], [3.0, 4.0], [1.0, 0.0], [0.0, 1.0]]] : tensor<1x4x2xf32>
// CHECK:         core_op.vmm relu [[X]], [[W]] bias {{%.*}} {golden = "y"} :
func.func @sum_of_layer(%x: tensor<2xf32>) -> tensor<2xf32> {
  %w = trained.tensor [[1.0, 2.0], [3.0, 4.0]] : tensor<2x2xf32>
  %b = trained.tensor [1.0, 2.0] : tensor<2xf32>
  %d = nn.dense %x, %w, %b : (tensor<2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %s = nn.add %d, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = nn.relu %s {golden = "y"} : (tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// Otherwise it is a dot product with ones at every element, which is not a layer with weights.
// CHECK-LABEL: func.func @sum_of_values
// CHECK:         [[X:%.*]] = core_op.concat {{.*}} axis 3 : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x2xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0], [1.0]]] : tensor<1x2x1xf32>
// CHECK-NEXT:    core_op.vmm linear [[X]], [[W]] {core_op.auxiliary, golden = "y"} :
func.func @sum_of_values(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %y = nn.add %a, %b {golden = "y"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  func.return %y : tensor<2x2xf32>
}

// A constant that is added is the bias of a one: a group a channel, or an element where it differs
// within the channel.
// CHECK-LABEL: func.func @sum_with_constant
// CHECK:         trained.tensor {{\[\[\[}}1.0]], {{\[\[}}1.0]]] : tensor<2x1x1xf32>
// CHECK-NEXT:    trained.tensor {{\[\[}}1.0], [2.0]] : tensor<2x1xf32>
// CHECK-NEXT:    core_op.vmm linear {{.*}} : (tensor<2x2x1xf32>, tensor<2x1x1xf32>, tensor<2x1xf32>) -> tensor<2x2x1xf32>
// CHECK:         trained.tensor {{\[\[}}1.0], [2.0], [3.0], [4.0]] : tensor<4x1xf32>
// CHECK-NEXT:    core_op.vmm linear {{.*}} : (tensor<4x1xf32>, tensor<4x1x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
func.func @sum_with_constant(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %b = trained.tensor [[1.0, 1.0], [2.0, 2.0]] : tensor<2x2xf32>
  %c = trained.tensor [[1.0, 2.0], [3.0, 4.0]] : tensor<2x2xf32>
  %y = nn.add %x, %b : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = nn.add %c, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  func.return %y, %z : tensor<2x2xf32>, tensor<2x2xf32>
}

// A rectifier alone multiplies by one. The host keeps what the network ends in.
// CHECK-LABEL: func.func @rest
// CHECK:         trained.tensor {{\[\[\[}}1.0]]]
// CHECK-NEXT:    core_op.vmm relu {{.*}} {core_op.auxiliary} : (tensor<2x3x1x1xf32>, tensor<1x1x1xf32>)
// CHECK:         core_op.permute {{.*}} [1, 0]
// CHECK:         core_op.reshape {{.*}} -> tensor<6xf32>
// CHECK-NEXT:    nn.softmax
// CHECK-NEXT:    nn.argmax
func.func @rest(%x: tensor<2x3xf32>) -> tensor<i64> {
  %r = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %t = nn.transpose %r [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %y = nn.reshape %t to [6] : (tensor<3x2xf32>) -> tensor<6xf32>
  %s = nn.softmax %y axis 0 : (tensor<6xf32>) -> tensor<6xf32>
  %a = nn.argmax %s axis 0 : (tensor<6xf32>) -> tensor<i64>
  func.return %a : tensor<i64>
}

// Element-wise operations become few dot products: one for all rectified values of the same units,
// and one for what others use. Beside what is rectified, a value that may be negative comes in two
// parts.
// CHECK-LABEL: func.func @max
// CHECK:         [[X:%.*]] = core_op.concat {{.*}} axis 2 : (tensor<2x1x1xf32>, tensor<2x1x1xf32>) -> tensor<2x1x2xf32>
// CHECK-NEXT:    [[V:%.*]] = trained.tensor {{\[\[\[}}1.0, 0.0, 0.0], [-1.0, 1.0, -1.0]]] : tensor<1x2x3xf32>
// CHECK-NEXT:    [[R:%.*]] = core_op.vmm relu [[X]], [[V]] {core_op.auxiliary}
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0], [1.0], [-1.0]]] : tensor<1x3x1xf32>
// CHECK-NEXT:    core_op.vmm linear [[R]], [[W]] {core_op.auxiliary, golden = "y"} : (tensor<2x1x3xf32>, tensor<1x3x1xf32>) -> tensor<2x1x1xf32>
// LOCATION-LABEL: func.func @max
// LOCATION:      core_op.vmm relu {{.*}} loc("max1")
func.func @max(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32> {
  %minus = trained.tensor -1.0 : tensor<f32>
  %n = nn.binary mul %b, %minus : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %d = nn.add %a, %n : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %r = nn.relu %d : (tensor<2xf32>) -> tensor<2xf32> loc("max1")
  %y = nn.add %r, %b {golden = "y"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// What two rectifiers make of a layer's result is computed with the layer, if that takes no more
// cores. Factors that differ from channel to channel are groups.
// CHECK-LABEL: func.func @prelu
// CHECK:         [[V:%.*]] = trained.tensor {{\[\[\[}}1.0, -1.0, 2.0, -2.0]]] : tensor<1x1x4xf32>
// CHECK-NEXT:    [[R:%.*]] = core_op.vmm relu {{.*}}, [[V]] : (tensor<3x1x1xf32>, tensor<1x1x4xf32>) -> tensor<3x1x4xf32>
// CHECK-NEXT:    [[Q:%.*]] = core_op.reshape [[R]] : (tensor<3x1x4xf32>) -> tensor<3x2x2xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[\[}}1.0], [-0.5]], {{\[\[}}1.0], [-0.25]]] : tensor<2x2x1xf32>
// CHECK-NEXT:    core_op.vmm linear [[Q]], [[W]] {golden = "y", golden_order = array<i64: 1, 0>}
// REMARK:        remark: 2 rectified forms of the nn.conv computed with it: 1 instead of 2 cores
func.func @prelu(%x: tensor<1x3xf32>) -> tensor<2x3xf32> {
  %w = trained.tensor [[[1.0]], [[2.0]]] : tensor<2x1x1xf32>
  %minus = trained.tensor -1.0 : tensor<f32>
  %s = trained.tensor [[-0.5], [-0.25]] : tensor<2x1xf32>
  %c = nn.conv %x, %w : (tensor<1x3xf32>, tensor<2x1x1xf32>) -> tensor<2x3xf32>
  %n = nn.binary mul %c, %minus : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %p = nn.relu %c : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = nn.relu %n : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %r = nn.binary mul %q, %s : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %y = nn.add %p, %r {golden = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}
