// RUN: python %S/inputs/make_samples.py %t
// RUN: nn-run %s --data %t/x.npy --golden 2>&1 | filecheck %s --match-full-lines
// RUN: nn-run %s --data %t/x.npy --compare 2>&1 | filecheck %s --match-full-lines
// RUN: nn-run %s --data %t/x.npy --compare %s --compare-function main_golden | filecheck %s --match-full-lines
// RUN: nn-run %s --data %t/x.npy --labels %t/y.npy --golden | filecheck %s --check-prefix=LABELS
// RUN: nn-run %s --data %t/x.npy --labels %t/y.npy | filecheck %s --check-prefix=ACCURACY --match-full-lines
// RUN: nn-run %s --data %t/x.npy --golden --json | filecheck %s --check-prefix=JSON

// Each value is compared with the golden one of its name, whatever its layout.

// CHECK:       value {{ *}} shape {{ *}} SQNR dB {{ *}} max error {{ *}} relative{{ *}}
// CHECK-NEXT:  {{.*}}
// CHECK-NEXT:  input {{ *}} 2x2x1 {{ *}} exact {{ *}} 0 {{ *}} 0{{ *}}
// CHECK-NEXT:  scores {{ *}} 2 {{ *}} 18.6 {{ *}} 3 {{ *}} 0.17{{ *}}
// CHECK-NEXT:  result 0 {{ *}} 2 {{ *}} 18.6 {{ *}} 3 {{ *}} 0.17{{ *}}
// CHECK-NEXT:  {{ *}}
// CHECK-NEXT:  disagreement 25.00% of 4 samples
// CHECK-NOT:   {{.+}}

// LABELS:      accuracy 100.00% of 4 samples
// LABELS-NEXT: golden accuracy 75.00%
// LABELS-NEXT: disagreement 25.00% of 4 samples

// ACCURACY:     accuracy 100.00% of 4 samples
// ACCURACY-NOT: {{.+}}

// JSON:       "disagreement": 0.25,
// JSON-NEXT:  "values": [
// JSON:         "name": "input",
// JSON-NEXT:    "where": "{{.*}}compare.mlir:{{[0-9]+}}:3",
// JSON:         "sqnr_db": null,
// JSON-NEXT:    "maximum": 0.0,
// JSON-NEXT:    "relative": 0.0,
// JSON-NEXT:    "equal": true
// JSON:       "skipped": {}

func.func @main_golden(%x: tensor<1x2x2xf32>) -> tensor<2xf32> {
  %r = nn.relu %x {golden = "input"} : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %f = nn.reshape %r to [4] : (tensor<1x2x2xf32>) -> tensor<4xf32>
  %w = trained.tensor [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] : tensor<4x2xf32>
  %y = nn.dense %f, %w {golden = "scores"} : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
func.func @main(%x: tensor<1x2x2xf32>) -> tensor<2xf32> attributes {core_op.golden = @main_golden} {
  %p = core_op.permute %x [1, 2, 0] {golden = "input", golden_order = array<i64: 1, 2, 0>} : (tensor<1x2x2xf32>) -> tensor<2x2x1xf32>
  %r = core_op.reshape %p : (tensor<2x2x1xf32>) -> tensor<1x4xf32>
  %q = core_op.encode %r : (tensor<1x4xf32>) -> tensor<1x4x!core_op.code<4, 1.0, 0>>
  %w = trained.tensor [[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]] : tensor<1x4x2xf32>
  %y = core_op.vmm relu %q, %w : (tensor<1x4x!core_op.code<4, 1.0, 0>>, tensor<1x4x2xf32>) -> tensor<1x2x!core_op.code<4, 1.0, 0>>
  %d = core_op.decode %y : (tensor<1x2x!core_op.code<4, 1.0, 0>>) -> tensor<1x2xf32>
  %z = core_op.reshape %d {golden = "scores"} : (tensor<1x2xf32>) -> tensor<2xf32>
  func.return %z : tensor<2xf32>
}
