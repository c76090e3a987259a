// RUN: nn-opt %s -p nn-keep-golden | filecheck %s
// RUN: nn-opt %s -p nn-keep-golden,nn-keep-golden | filecheck %s
// RUN: nn-opt %s -p nn-keep-golden,nn-fold-batch-norm,canonicalize | filecheck %s --check-prefix=LOWERED
// RUN: nn-opt %s -p nn-keep-golden --print-debuginfo | filecheck %s --check-prefix=LOC

// Each function is copied once; the copy keeps its form when the function is lowered.

// CHECK:       func.func @main(%x: tensor<2x4xf32>) -> tensor<2x4xf32> attributes {core_op.golden = @main_golden} {
// CHECK:         func.call @norm(%x)
// CHECK:       func.func private @main_golden(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
// CHECK-NEXT:    func.call @norm_golden(%x)
// CHECK-NEXT:    nn.relu {{.*}} {golden = "relu"}
// CHECK:       func.func @norm({{.*}} attributes {core_op.golden = @norm_golden} {
// CHECK:       func.func private @norm_golden(
// CHECK-NEXT:    trained.tensor [1.0, 1.0]
// CHECK:         nn.batch_norm
// CHECK:       func.func private @outside() -> tensor<4xf32>
// CHECK-NOT:   func.func

// LOWERED:       func.func @norm(
// LOWERED:         nn.conv
// LOWERED:       func.func private @norm_golden(
// LOWERED:         nn.batch_norm

// LOC:         func.func private @main_golden
// LOC:           nn.relu {{.*}} loc("relu1")
func.func @main(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %n = func.call @norm(%x) : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %r = nn.relu %n {golden = "relu"} : (tensor<2x4xf32>) -> tensor<2x4xf32> loc("relu1")
  func.return %r : tensor<2x4xf32>
}

func.func @norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %one = trained.tensor [1.0, 1.0] : tensor<2xf32>
  %n = nn.batch_norm %x, %one, %one, %one, %one : (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  func.return %n : tensor<2x4xf32>
}

// A declaration has nothing to copy.
func.func private @outside() -> tensor<4xf32>
