// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'nn-approximate{data=%t/x.npy error=0.02}' 2>/dev/null | filecheck %s
// RUN: nn-opt %s -p 'nn-approximate{data=%t/x.npy error=0.02}' 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: nn-opt %s -p 'nn-approximate{data=%t/x.npy error=0.02}' --print-debuginfo 2>/dev/null | filecheck %s --check-prefix=LOC

#chip = #core_op.target<"chip", fan_in = 9, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_rows = 1>
module attributes {core_op.target = #chip} {

// The first hinge is at the low end of what occurs on the data, -1 to 3.
// CHECK-LABEL: func.func @alone(
// CHECK-NEXT:    [[X:%.*]] = nn.reshape %x to [2, 1] : (tensor<2xf32>) -> tensor<2x1xf32>
// CHECK-NEXT:    [[W1:%.*]] = trained.tensor {{\[\[1.0(, 1.0)*\]\]}} : tensor<1x[[H:[0-9]+]]xf32>
// CHECK-NEXT:    [[B1:%.*]] = trained.tensor [1.0{{[,\]]}}
// CHECK-NEXT:    [[D1:%.*]] = nn.dense [[X]], [[W1]], [[B1]] {core_op.auxiliary, nn.function_part} :
// CHECK-NEXT:    [[R:%.*]] = nn.relu [[D1]] : (tensor<2x[[H]]xf32>)
// CHECK-NEXT:    [[W2:%.*]] = trained.tensor {{.*}} : tensor<[[H]]x1xf32>
// CHECK-NEXT:    [[B2:%.*]] = trained.tensor [{{.*}}] : tensor<1xf32>
// CHECK-NEXT:    [[D2:%.*]] = nn.dense [[R]], [[W2]], [[B2]] {core_op.auxiliary, nn.function_part, core_op.function = #trained.data<"sha256:{{.*}}" : tensor<2x{{[0-9]+}}xf32>>, golden = "y"}
// CHECK-NEXT:    [[Y:%.*]] = nn.reshape [[D2]] to [2] : (tensor<2x1xf32>) -> tensor<2xf32>
// CHECK-NEXT:    func.return [[Y]]
// REMARK:        node 'tanh1': remark: tanh from -1 to 3: {{[2-8]}} hinges, error 0.0{{[0-9]*}}, 0.01{{[0-9]*}} of its span; 2 cores of 8 inputs and 8 outputs
func.func @alone(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = nn.unary tanh %x {golden = "y"} : (tensor<2xf32>) -> tensor<2xf32> loc("tanh1")
  func.return %y : tensor<2xf32>
}

// A product of a value with a function of it is a function of the value, as are neighbours.
// CHECK-LABEL: func.func @product(
// CHECK-NOT:     nn.unary
// CHECK-NOT:     nn.binary
// CHECK:         nn.reshape {{%.*}} to [1, 2] : (tensor<2x1xf32>) -> tensor<1x2xf32>
// CHECK-NEXT:    func.return
// REMARK:        node 'gate', node 'product', node 'shifted': remark: sigmoid, mul, sub as one function from -1 to 3:
// LOC-LABEL:   func.func @product(
// LOC:           nn.relu {{.*}} loc(fused["gate", "product", "shifted"])
func.func @product(%x: tensor<2xf32>) -> tensor<1x2xf32> {
  %c = trained.tensor [[0.5]] : tensor<1x1xf32>
  %s = nn.unary sigmoid %x : (tensor<2xf32>) -> tensor<2xf32> loc("gate")
  %p = nn.binary mul %x, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32> loc("product")
  %y = nn.binary sub %p, %c : (tensor<2xf32>, tensor<1x1xf32>) -> tensor<1x2xf32> loc("shifted")
  func.return %y : tensor<1x2xf32>
}

// The gate's value is used by others too: it stays a value, and the product is one of two values.
// CHECK-LABEL: func.func @used_twice(
// CHECK-NOT:     nn.unary
// CHECK:         nn.binary mul
func.func @used_twice(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %s = nn.unary sigmoid %x : (tensor<2xf32>) -> tensor<2xf32>
  %p = nn.binary mul %x, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %s, %p : tensor<2xf32>, tensor<2xf32>
}

// One function's result is the other's input.
// CHECK-LABEL: func.func @chained(
// CHECK:         [[T:%.*]] = nn.reshape {{%.*}} to [2] : (tensor<2x1xf32>)
// CHECK-NEXT:    nn.reshape [[T]] to [2, 1]
// CHECK-NOT:     nn.unary
// REMARK:        remark: tanh from -1 to 3:
// REMARK-NEXT:   remark: sigmoid, mul as one function from -0.7616 to 0.9951:
func.func @chained(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %t = nn.unary tanh %x : (tensor<2xf32>) -> tensor<2xf32>
  %s = nn.unary sigmoid %t : (tensor<2xf32>) -> tensor<2xf32>
  %p = nn.binary mul %t, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %t, %p : tensor<2xf32>, tensor<2xf32>
}

// What begins behind a value is a function although others come in before.
// CHECK-LABEL: func.func @behind_a_sum(
// CHECK:         nn.add
// CHECK-NOT:     nn.unary
// CHECK-NOT:     nn.binary
// REMARK:        remark: sigmoid, mul as one function from -2 to 6:
func.func @behind_a_sum(%x: tensor<2xf32>) -> tensor<2xf32> {
  %r = nn.reshape %x to [2] : (tensor<2xf32>) -> tensor<2xf32>
  %a = nn.add %x, %r : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %s = nn.unary sigmoid %a : (tensor<2xf32>) -> tensor<2xf32>
  %p = nn.binary mul %a, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %p : tensor<2xf32>
}

// Straight pieces have exact forms; a layer's rectifier costs nothing where it is.
// CHECK-LABEL: func.func @straight(
// CHECK:         nn.unary abs
// CHECK:         nn.binary max
// CHECK:         nn.dense
// CHECK-NEXT:    [[R:%.*]] = nn.relu
// CHECK-NEXT:    nn.reshape [[R]] to [1, 1]
// CHECK-NOT:     nn.unary
// REMARK:        remark: exp from 2 to 4:
func.func @straight(%x: tensor<2xf32>) -> tensor<1xf32> {
  %one = trained.tensor [1.0] : tensor<1xf32>
  %w = trained.tensor [[1.0], [1.0]] : tensor<2x1xf32>
  %a = nn.unary abs %x : (tensor<2xf32>) -> tensor<2xf32>
  %m = nn.binary max %a, %one : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %d = nn.dense %m, %w : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
  %r = nn.relu %d : (tensor<1xf32>) -> tensor<1xf32>
  %e = nn.unary exp %r : (tensor<1xf32>) -> tensor<1xf32>
  func.return %e : tensor<1xf32>
}
}
