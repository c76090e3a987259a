// RUN: nn-opt %s -p nn-decompose-elementwise,canonicalize | filecheck %s
// RUN: nn-opt %s -p nn-decompose-elementwise --print-debuginfo | filecheck %s --check-prefix=LOC

// A leaky rectifier has two, of the value and of its opposite; the sum stands for its value.
// CHECK-LABEL: func.func @leaky_relu
// CHECK-NEXT:    [[M:%.*]] = trained.tensor -1.0 : tensor<f32>
// CHECK-NEXT:    [[N:%.*]] = nn.binary mul %x, [[M]] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT:    [[P:%.*]] = nn.relu %x
// CHECK-NEXT:    [[Q:%.*]] = nn.relu [[N]]
// CHECK-NEXT:    [[A:%.*]] = trained.tensor -0.125 : tensor<f32>
// CHECK-NEXT:    [[R:%.*]] = nn.binary mul [[Q]], [[A]]
// CHECK-NEXT:    %y = nn.add [[P]], [[R]] {golden = "y"}
// LOC:           nn.binary mul {{.*}} loc("act")
// LOC:           nn.add {{.*}} loc("act")
func.func @leaky_relu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = nn.unary leaky_relu [1.25e-01] %x {golden = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32> loc("act")
  func.return %y : tensor<2x3xf32>
}

// A clip counts from its upper bound down, so that nothing exceeds it. From 0 on it ends in a
// rectifier.
// CHECK-LABEL: func.func @clip
// CHECK:         [[U:%.*]] = trained.tensor 6.0
// CHECK:         [[B:%.*]] = nn.add {{%.*}}, [[U]]
// CHECK:         [[D:%.*]] = nn.relu [[B]]
// CHECK:         [[N:%.*]] = nn.binary mul [[D]]
// CHECK:         [[S:%.*]] = nn.add [[N]]
// CHECK:         %y = nn.relu [[S]] {golden = "y"}
// CHECK-NEXT:    func.return %y
func.func @clip(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = nn.unary clip [0.0, 6.0] %x {golden = "y"} : (tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// A maximum uses one operand twice: the one that is never negative.
// CHECK-LABEL: func.func @max
// CHECK:         [[R:%.*]] = nn.relu %b
// CHECK:         [[N:%.*]] = nn.binary mul [[R]]
// CHECK:         [[D:%.*]] = nn.add %a, [[N]]
// CHECK:         [[E:%.*]] = nn.relu [[D]]
// CHECK:         %y = nn.add [[E]], [[R]]
func.func @max(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32> {
  %r = nn.relu %b : (tensor<2xf32>) -> tensor<2xf32>
  %y = nn.binary max %r, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// Factors go into the weights of the layer before, through a rectifier too, and of the layer
// behind; so does what is added before a layer.
// CHECK-LABEL: func.func @layers
// CHECK-NEXT:    [[V:%.*]] = trained.tensor {{\[\[}}2.0, 4.0], [6.0, 8.0]] : tensor<2x2xf32>
// CHECK-NEXT:    [[A:%.*]] = trained.tensor [2.0, -2.0] : tensor<2xf32>
// CHECK-NEXT:    [[D:%.*]] = nn.dense %x, [[V]], [[A]]
// CHECK-NEXT:    [[R:%.*]] = nn.relu [[D]] {golden = "m"}
// CHECK-NEXT:    [[B:%.*]] = trained.tensor [2.5] : tensor<1xf32>
// CHECK-NEXT:    [[W:%.*]] = trained.tensor {{\[\[}}-1.0], [-3.0]] : tensor<2x1xf32>
// CHECK-NEXT:    %y = nn.dense [[R]], [[W]], [[B]]
// CHECK-NEXT:    func.return %y
func.func @layers(%x: tensor<2xf32>) -> tensor<1xf32> {
  %v = trained.tensor [[1.0, 2.0], [3.0, 4.0]] : tensor<2x2xf32>
  %a = trained.tensor [1.0, -1.0] : tensor<2xf32>
  %w = trained.tensor [[1.0], [3.0]] : tensor<2x1xf32>
  %two = trained.tensor 2.0 : tensor<f32>
  %c = trained.tensor [1.0, 0.5] : tensor<2xf32>
  %d = nn.dense %x, %v, %a : (tensor<2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %r = nn.relu %d : (tensor<2xf32>) -> tensor<2xf32>
  %m = nn.binary mul %two, %r {golden = "m"} : (tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  %s = nn.binary sub %c, %m : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = nn.dense %s, %w : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
  func.return %y : tensor<1xf32>
}

// What is not piecewise linear stays: products and quotients of computed values among it.
// CHECK-LABEL: func.func @rest
// CHECK-NEXT:    %zero = trained.tensor [1.0, 0.0]
// CHECK-NEXT:    nn.unary sigmoid
// CHECK-NEXT:    nn.binary mul
// CHECK-NEXT:    nn.binary div
// CHECK-NEXT:    nn.binary div
// CHECK-NEXT:    func.return
func.func @rest(%x: tensor<2xf32>) -> tensor<2xf32> {
  %zero = trained.tensor [1.0, 0.0] : tensor<2xf32>
  %s = nn.unary sigmoid %x : (tensor<2xf32>) -> tensor<2xf32>
  %p = nn.binary mul %s, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %q = nn.binary div %p, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = nn.binary div %q, %zero : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
