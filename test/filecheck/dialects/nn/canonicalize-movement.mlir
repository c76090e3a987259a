// RUN: nn-opt %s -p canonicalize | filecheck %s

// CHECK-LABEL: func.func @slices
// CHECK-NEXT:    nn.slice %x starts [2, 5] sizes [2, 2] steps [1, -4] {golden = "b"} : (tensor<4x6xf32>) -> tensor<2x2xf32>
// CHECK-NEXT:    nn.slice %x starts [2, 1] sizes [1, 2] : (tensor<4x6xf32>) -> tensor<1x2xf32>
// CHECK-NEXT:    func.return
func.func @slices(%x: tensor<4x6xf32>) -> (tensor<2x2xf32>, tensor<1x2xf32>) {
  %a = nn.slice %x starts [1, 5] sizes [3, 3] steps [1, -2] {golden = "a"} : (tensor<4x6xf32>) -> tensor<3x3xf32>
  %b = nn.slice %a starts [1, 0] sizes [2, 2] steps [1, 2] {golden = "b"} : (tensor<3x3xf32>) -> tensor<2x2xf32>
  %c = nn.slice %x starts [1, 1] sizes [3, 3] : (tensor<4x6xf32>) -> tensor<3x3xf32>
  %d = nn.slice %c starts [1, 0] sizes [1, 2] : (tensor<3x3xf32>) -> tensor<1x2xf32>
  func.return %b, %d : tensor<2x2xf32>, tensor<1x2xf32>
}

// Pads of the same number, or of the outermost element, are one; a mirror image is of what was padded.
// CHECK-LABEL: func.func @pads
// CHECK-NEXT:    nn.pad %x constant low [1, 2] high [1, 0] value 1.000000e+00 {golden = "b"} : (tensor<3x3xf32>) -> tensor<5x5xf32>
// CHECK-NEXT:    nn.pad %x edge low [0, 2] high [0, 0]
// CHECK-NEXT:    nn.pad %x reflect
// CHECK-NEXT:    nn.pad {{.*}} reflect
// CHECK-NEXT:    nn.pad %x constant
// CHECK-NEXT:    nn.pad {{.*}} constant
// CHECK-NEXT:    func.return
func.func @pads(%x: tensor<3x3xf32>) -> (tensor<5x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>) {
  %a = nn.pad %x constant low [1, 1] high [0, 0] value 1.0 : (tensor<3x3xf32>) -> tensor<4x4xf32>
  %b = nn.pad %a constant low [0, 1] high [1, 0] value 1.0 {golden = "b"} : (tensor<4x4xf32>) -> tensor<5x5xf32>
  %c = nn.pad %x edge low [0, 1] high [0, 0] : (tensor<3x3xf32>) -> tensor<3x4xf32>
  %d = nn.pad %c edge low [0, 1] high [0, 0] : (tensor<3x4xf32>) -> tensor<3x5xf32>
  %e = nn.pad %x reflect low [0, 1] high [0, 0] : (tensor<3x3xf32>) -> tensor<3x4xf32>
  %f = nn.pad %e reflect low [0, 1] high [0, 0] : (tensor<3x4xf32>) -> tensor<3x5xf32>
  %g = nn.pad %x constant low [0, 1] high [0, 0] : (tensor<3x3xf32>) -> tensor<3x4xf32>
  %h = nn.pad %g constant low [0, 1] high [0, 0] value 2.0 : (tensor<3x4xf32>) -> tensor<3x5xf32>
  func.return %b, %d, %f, %h : tensor<5x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>
}

// CHECK-LABEL: func.func @constants
// CHECK-NEXT:    trained.tensor {{\[\[}}0.0, 1.0, 2.0]] : tensor<1x3xf32>
// CHECK-NEXT:    trained.tensor {{\[\[}}1.0, 1.0, 2.0]] : tensor<1x3xf32>
// CHECK-NEXT:    trained.tensor {{\[\[}}1.0, 2.0], [1.0, 2.0]] : tensor<2x2xf32>
// CHECK-NEXT:    func.return
func.func @constants() -> (tensor<1x3xf32>, tensor<1x3xf32>, tensor<2x2xf32>) {
  %c = trained.tensor [[1.0, 2.0]] : tensor<1x2xf32>
  %a = nn.pad %c constant low [0, 1] high [0, 0] : (tensor<1x2xf32>) -> tensor<1x3xf32>
  %b = nn.pad %c edge low [0, 1] high [0, 0] : (tensor<1x2xf32>) -> tensor<1x3xf32>
  %d = nn.tile %c [2, 1] : (tensor<1x2xf32>) -> tensor<2x2xf32>
  func.return %a, %b, %d : tensor<1x3xf32>, tensor<1x3xf32>, tensor<2x2xf32>
}

// A convolution pads with zeros itself, but not with other numbers, nor with more channels.
// CHECK-LABEL: func.func @pads_of_convolutions
// CHECK-NEXT:    nn.conv %x, %w strides [2] pads [3, 1] {golden = "b"} : (tensor<1x4xf32>, tensor<1x1x2xf32>) -> tensor<1x4xf32>
// CHECK-NEXT:    nn.pad %x constant low [0, 2] high [0, 1] value
// CHECK-NEXT:    nn.conv
// CHECK-NEXT:    nn.pad %x constant low [1, 0] high [0, 0]
// CHECK-NEXT:    nn.conv
// CHECK-NEXT:    func.return
func.func @pads_of_convolutions(%x: tensor<1x4xf32>, %w: tensor<1x1x2xf32>, %v: tensor<1x2x2xf32>) -> (tensor<1x4xf32>, tensor<1x6xf32>, tensor<1x3xf32>) {
  %a = nn.pad %x constant low [0, 2] high [0, 1] {golden = "a"} : (tensor<1x4xf32>) -> tensor<1x7xf32>
  %b = nn.conv %a, %w strides [2] pads [1, 0] {golden = "b"} : (tensor<1x7xf32>, tensor<1x1x2xf32>) -> tensor<1x4xf32>
  %c = nn.pad %x constant low [0, 2] high [0, 1] value 1.0 : (tensor<1x4xf32>) -> tensor<1x7xf32>
  %d = nn.conv %c, %w : (tensor<1x7xf32>, tensor<1x1x2xf32>) -> tensor<1x6xf32>
  %e = nn.pad %x constant low [1, 0] high [0, 0] : (tensor<1x4xf32>) -> tensor<2x4xf32>
  %f = nn.conv %e, %v : (tensor<2x4xf32>, tensor<1x2x2xf32>) -> tensor<1x3xf32>
  func.return %b, %d, %f : tensor<1x4xf32>, tensor<1x6xf32>, tensor<1x3xf32>
}

// What an author with channels last exports: transposes meet, and the layers are beside one another.
// CHECK-LABEL: func.func @channels_last
// CHECK-NEXT:    [[C:%.*]] = nn.conv %x, %w : (tensor<2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x4x4xf32>
// CHECK-NEXT:    [[B:%.*]] = trained.tensor {{\[\[\[}}1.0]], {{\[\[}}2.0]]] : tensor<2x1x1xf32>
// CHECK-NEXT:    [[S:%.*]] = nn.add [[C]], [[B]] : (tensor<2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<2x4x4xf32>
// CHECK-NEXT:    [[R:%.*]] = nn.relu [[S]] : (tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
// CHECK-NEXT:    [[D:%.*]] = nn.conv [[R]], %w
// CHECK-NEXT:    [[E:%.*]] = nn.conv %x, %w
// CHECK-NEXT:    [[T:%.*]] = nn.add [[D]], [[E]] :
// CHECK-NEXT:    [[H:%.*]] = nn.unary tanh [[T]] :
// CHECK-NEXT:    [[Y:%.*]] = nn.transpose [[H]] [1, 2, 0] {golden = "h"} : (tensor<2x4x4xf32>) -> tensor<4x4x2xf32>
// CHECK-NEXT:    func.return [[Y]]
func.func @channels_last(%x: tensor<2x4x4xf32>, %w: tensor<2x2x1x1xf32>) -> tensor<4x4x2xf32> {
  %b = trained.tensor [1.0, 2.0] : tensor<2xf32>
  %c = nn.conv %x, %w : (tensor<2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x4x4xf32>
  %t = nn.transpose %c [1, 2, 0] : (tensor<2x4x4xf32>) -> tensor<4x4x2xf32>
  %s = nn.add %t, %b : (tensor<4x4x2xf32>, tensor<2xf32>) -> tensor<4x4x2xf32>
  %r = nn.relu %s : (tensor<4x4x2xf32>) -> tensor<4x4x2xf32>
  %u = nn.transpose %r [2, 0, 1] : (tensor<4x4x2xf32>) -> tensor<2x4x4xf32>
  %d = nn.conv %u, %w : (tensor<2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x4x4xf32>
  %v = nn.transpose %d [1, 2, 0] : (tensor<2x4x4xf32>) -> tensor<4x4x2xf32>
  %e = nn.conv %x, %w : (tensor<2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x4x4xf32>
  %f = nn.transpose %e [1, 2, 0] : (tensor<2x4x4xf32>) -> tensor<4x4x2xf32>
  %g = nn.add %v, %f : (tensor<4x4x2xf32>, tensor<4x4x2xf32>) -> tensor<4x4x2xf32>
  %h = nn.unary tanh %g {golden = "h"} : (tensor<4x4x2xf32>) -> tensor<4x4x2xf32>
  func.return %h : tensor<4x4x2xf32>
}

// CHECK-LABEL: func.func @relu_of_reshape
// CHECK-NEXT:    [[R:%.*]] = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    nn.reshape [[R]] to [6] {golden = "r"} : (tensor<2x3xf32>) -> tensor<6xf32>
// CHECK-NEXT:    func.return
func.func @relu_of_reshape(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  %a = nn.reshape %x to [6] : (tensor<2x3xf32>) -> tensor<6xf32>
  %r = nn.relu %a {golden = "r"} : (tensor<6xf32>) -> tensor<6xf32>
  func.return %r : tensor<6xf32>
}

// What others use too is not moved, nor are transposes that differ.
// CHECK-LABEL: func.func @used
// CHECK-NEXT:    [[T:%.*]] = nn.transpose %x [1, 0]
// CHECK-NEXT:    nn.relu [[T]]
// CHECK-NEXT:    nn.add [[T]], %y
// CHECK-NEXT:    func.return
func.func @used(%x: tensor<2x3xf32>, %y: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %t = nn.transpose %x [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %r = nn.relu %t : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %s = nn.add %t, %y : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  func.return %r, %s : tensor<3x2xf32>, tensor<3x2xf32>
}

// A rectifier behind layers side by side goes to each; values that are no layers keep it behind.
// CHECK-LABEL: func.func @relu_of_concat
// CHECK-NEXT:    [[A:%.*]] = nn.dense %x, %w
// CHECK-NEXT:    [[B:%.*]] = nn.dense %x, %w
// CHECK-NEXT:    [[R:%.*]] = nn.relu [[A]]
// CHECK-NEXT:    [[S:%.*]] = nn.relu [[B]]
// CHECK-NEXT:    nn.concat [[R]], [[S]] axis 0 {golden = "r"}
// CHECK-NEXT:    [[C:%.*]] = nn.concat %x, %x axis 0
// CHECK-NEXT:    nn.relu [[C]]
// CHECK-NEXT:    func.return
func.func @relu_of_concat(%x: tensor<2xf32>, %w: tensor<2x3xf32>) -> (tensor<6xf32>, tensor<4xf32>) {
  %a = nn.dense %x, %w : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<3xf32>
  %b = nn.dense %x, %w : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<3xf32>
  %c = nn.concat %a, %b axis 0 : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
  %r = nn.relu %c {golden = "r"} : (tensor<6xf32>) -> tensor<6xf32>
  %d = nn.concat %x, %x axis 0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  %s = nn.relu %d : (tensor<4xf32>) -> tensor<4xf32>
  func.return %r, %s : tensor<6xf32>, tensor<4xf32>
}
