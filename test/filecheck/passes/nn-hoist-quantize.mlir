// RUN: nn-opt %s -p nn-hoist-quantize | filecheck %s

// 2 x - 1 in steps of 1 is x in steps of 1/2, its zero point moved by the -1.
// CHECK-LABEL: func.func @scaled
// CHECK-NEXT:    [[R:%.*]] = nn.reshape %x
// CHECK-NEXT:    [[STEP:%.*]] = trained.tensor 0.5 : tensor<f32>
// CHECK-NEXT:    [[ZERO:%.*]] = trained.tensor -1.0 : tensor<f32>
// CHECK:         [[Q:%.*]] = nn.quantize [[R]], [[STEP]], [[ZERO]] bits 2 signed true narrow true :
// CHECK:         [[Y:%.*]] = nn.batch_norm [[Q]], {{.*}} epsilon 0.000000e+00 {golden = "q"}
// CHECK:         func.return [[Y]]
func.func @scaled(%x: tensor<2x1xf32>) -> tensor<2xf32> {
  %two = trained.tensor [2.0] : tensor<1xf32>
  %one = trained.tensor [-1.0] : tensor<1xf32>
  %s = trained.tensor 1.0 : tensor<f32>
  %z = trained.tensor 0.0 : tensor<f32>
  %r = nn.reshape %x to [2] : (tensor<2x1xf32>) -> tensor<2xf32>
  %a = nn.binary mul %r, %two : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %b = nn.add %a, %one : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %y = nn.quantize %b, %s, %z bits 2 signed true narrow true {golden = "q"} : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// A shift by a part of a step, a negative factor, a value that is no input: nothing moves.
// CHECK-LABEL: func.func @kept
// CHECK:         nn.add
// CHECK:         nn.quantize
// CHECK:         nn.binary mul
// CHECK:         nn.quantize
// CHECK:         nn.relu
// CHECK:         nn.binary mul
// CHECK:         nn.quantize
func.func @kept(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %c = trained.tensor [0.25] : tensor<1xf32>
  %m = trained.tensor [-1.0] : tensor<1xf32>
  %s = trained.tensor 1.0 : tensor<f32>
  %z = trained.tensor 0.0 : tensor<f32>
  %a = nn.add %x, %c : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %u = nn.quantize %a, %s, %z bits 2 : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  %b = nn.binary mul %x, %m : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %v = nn.quantize %b, %s, %z bits 2 : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  %r = nn.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  %d = nn.binary mul %r, %c : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %w = nn.quantize %d, %s, %z bits 2 : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  func.return %u, %v, %w : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
