// RUN: nn-opt %s -p convert-nn-to-core-op,canonicalize --split-input-file --verify-diagnostics | filecheck %s
// RUN: nn-opt %s -p convert-nn-to-core-op --split-input-file 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK

// The host's encoding and the results of dot products have the codes that the network was trained
// with: 4 bits, and the upper half of signed 3 bits behind a rectifier.
// CHECK-LABEL: func.func @main
// CHECK:         [[X:%.*]] = core_op.encode %x {golden = "a"} : (tensor<2xf32>) -> tensor<2x!core_op.code<4, 0.25, 3>>
// CHECK:         core_op.vmm linear {{.*}} {golden = "c"} : {{.*}} -> tensor<1x2x!core_op.code<3, 0.5, 4>>
// CHECK:         core_op.vmm relu {{.*}} {golden = "f"} : {{.*}} -> tensor<1x2x!core_op.code<2, 0.5, 0>>
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %s4 = trained.tensor 0.25 : tensor<f32>
  %z3 = trained.tensor 3.0 : tensor<f32>
  %s2 = trained.tensor 0.5 : tensor<f32>
  %z0 = trained.tensor 0.0 : tensor<f32>
  %w = trained.tensor [[1.0, 2.0], [-1.0, 3.0]] : tensor<2x2xf32>
  %a = nn.quantize %x, %s4, %z3 bits 4 {golden = "a"} : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  %b = nn.dense %a, %w : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %c = nn.quantize %b, %s2, %z0 bits 3 signed true {golden = "c"} : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  %d = nn.dense %c, %w : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %e = nn.relu %d : (tensor<2xf32>) -> tensor<2xf32>
  %f = nn.quantize %e, %s2, %z0 bits 3 signed true {golden = "f"} : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  func.return %f : tensor<2xf32>
}

// -----

// The three codes -1, 0 and 1 are two bits' worth of one bit each, added.
// CHECK-LABEL: func.func @narrow
// CHECK:         trained.tensor {{\[\[\[}}1.0, 2.0, 1.0, 2.0]]] : tensor<1x1x4xf32>
// CHECK:         trained.tensor {{\[\[}}1.0, 1.0, 0.0, 0.0]] : tensor<1x4xf32>
// CHECK:         core_op.vmm relu {{.*}} -> tensor<1x4x!core_op.code<1, 1.0, 0>>
// CHECK:         trained.tensor {{\[\[\[}}1.0], [1.0]]] : tensor<1x2x1xf32>
// CHECK:         trained.tensor {{\[\[}}-1.0]] : tensor<1x1xf32>
// CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, golden = "q"} : {{.*}} -> tensor<1x2x1x1x!core_op.code<2, 1.0, 1>>
func.func @narrow(%x: tensor<1xf32>) -> tensor<2xf32> {
  %s = trained.tensor 1.0 : tensor<f32>
  %z = trained.tensor 0.0 : tensor<f32>
  %w = trained.tensor [[1.0, 2.0]] : tensor<1x2xf32>
  %b = nn.dense %x, %w : (tensor<1xf32>, tensor<1x2xf32>) -> tensor<2xf32>
  %q = nn.quantize %b, %s, %z bits 2 signed true narrow true {golden = "q"} : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  func.return %q : tensor<2xf32>
}

// -----

// A quantizer finer than the target's signals leaves its range and its rectifier.
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7], bias_bits = 12>
module attributes {core_op.target = #chip} {
  // REMARK: remark: 256 levels need 8 bits, the target's signals have 4; its range 0 to 25.5 is kept for the chip's own code
  // CHECK-LABEL: func.func @fine
  // CHECK:         core_op.vmm relu {{.*}} {core_op.limits = array<f64: 0.000000e+00, 25.5{{[0-9]*}}>, golden = "q"}
  func.func @fine(%x: tensor<1xf32>) -> tensor<2xf32> {
    %s = trained.tensor 0.1 : tensor<f32>
    %z = trained.tensor 0.0 : tensor<f32>
    %w = trained.tensor [[1.0, 2.0]] : tensor<1x2xf32>
    %b = nn.dense %x, %w : (tensor<1xf32>, tensor<1x2xf32>) -> tensor<2xf32>
    %q = nn.quantize %b, %s, %z bits 8 {golden = "q"} : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
    func.return %q : tensor<2xf32>
  }
}

// -----

// Where codes of two kinds come together, identities bring them to real numbers.
// CHECK-LABEL: func.func @mixed
// CHECK:         core_op.vmm {{.*}} -> tensor<1x2x!core_op.code<3, 0.5, 4>>
// CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary} : {{.*}} -> tensor<{{.*}}xf32>
// CHECK:         core_op.concat
func.func @mixed(%x: tensor<2xf32>) -> tensor<2xf32> {
  %s = trained.tensor 0.5 : tensor<f32>
  %z = trained.tensor 0.0 : tensor<f32>
  %w = trained.tensor [[1.0, 2.0], [-1.0, 3.0]] : tensor<2x2xf32>
  %b = nn.dense %x, %w : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %q = nn.quantize %b, %s, %z bits 3 signed true : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
  %r = nn.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  %y = nn.add %q, %r : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
