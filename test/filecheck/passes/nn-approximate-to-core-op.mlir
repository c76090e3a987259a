// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'nn-approximate{data=%t/x.npy error=0.02},nn-fuse-linear,convert-nn-to-core-op,canonicalize' 2>/dev/null | filecheck %s

// No weights are merged into the hinges', nor these into others'.
// CHECK-LABEL: func.func @between_layers(
// CHECK:         core_op.vmm linear
// CHECK:         core_op.vmm relu {{.*}} {core_op.auxiliary}
// CHECK:         core_op.vmm linear {{.*}} {golden = "s", core_op.auxiliary, core_op.function =
// CHECK:         core_op.vmm linear
func.func @between_layers(%x: tensor<2xf32>) -> tensor<1xf32> {
  %w = trained.tensor [[1.0], [0.5]] : tensor<2x1xf32>
  %v = trained.tensor [[2.0]] : tensor<1x1xf32>
  %a = nn.dense %x, %w : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
  %s = nn.unary sigmoid %a {golden = "s"} : (tensor<1xf32>) -> tensor<1xf32>
  %y = nn.dense %s, %v : (tensor<1xf32>, tensor<1x1xf32>) -> tensor<1xf32>
  func.return %y : tensor<1xf32>
}
