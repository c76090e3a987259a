// RUN: python %S/inputs/make_samples.py %t
// RUN: nn-run %s --data %t/x.npy 2>&1 | filecheck %s --strict-whitespace --match-full-lines
// RUN: nn-run - --data %t/x.npy --limit 1 < %s | filecheck %s --check-prefix=LIMIT
// RUN: nn-run %s --data %t/x.npz:double --scale 2 --mean 1 --std 0.5 | filecheck %s --check-prefix=SCALED
// RUN: nn-run %s --data %t/x.npy --function index | filecheck %s --check-prefix=INDEX
// RUN: nn-run %s --data %t/x.npy --data %t/x.npy --function two | filecheck %s --check-prefix=TWO
// RUN: nn-run %s --data %t/x.npy --json | filecheck %s --check-prefix=JSON
// RUN: nn-run %s --data %t/x.npy --output %t/y.npz
// RUN: nn-run %s --data %t/y.npz:result0 --function last | filecheck %s --check-prefix=SAVED

// Without labels the outputs of the first samples are shown; a pipe gets no progress bar.

//      CHECK:{{ *}}
// CHECK-NEXT: sample   class   output{{ *}}
// CHECK-NEXT:{{.*}}
// CHECK-NEXT:      0   1       16 17{{ *}}
// CHECK-NEXT:      1   0       10 1{{ *}}
// CHECK-NEXT:      2   1       0 18{{ *}}
// CHECK-NEXT:      3   1       4 5{{ *}}
// CHECK-NEXT:{{ *}}
//  CHECK-NOT:{{.+}}

// LIMIT:      0   1       16 17
// LIMIT-NOT:  10 1

// SCALED:     0   1       28 30
// SCALED-NEXT: 1   0       16 -2

// INDEX:      sample   output
// INDEX:      0   1
// INDEX-NEXT: 1   0

// TWO:        sample   class   result 0   result 1
// TWO:        1   0       10 1       20 2

// JSON:       "model": "@main",
// JSON-NEXT:  "samples": 4,
// JSON:       "shape": [
// JSON-NEXT:    2
// JSON:       "first": [
// JSON-NEXT:    [
// JSON-NEXT:      16.0,
// JSON-NEXT:      17.0
// JSON:       "classes": [
// JSON-NEXT:    1,

// SAVED:      1   0       10 1

func.func @main(%x: tensor<1x2x2xf32>) -> tensor<2xf32> {
  %f = nn.reshape %x to [4] : (tensor<1x2x2xf32>) -> tensor<4xf32>
  %w = trained.tensor [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] : tensor<4x2xf32>
  %y = nn.dense %f, %w : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

func.func @index(%x: tensor<4xf32>) -> tensor<i64> {
  %w = trained.tensor [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] : tensor<4x2xf32>
  %y = nn.dense %x, %w : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  %i = nn.argmax %y axis 0 : (tensor<2xf32>) -> tensor<i64>
  func.return %i : tensor<i64>
}

func.func @two(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %w = trained.tensor [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] : tensor<4x2xf32>
  %y = nn.dense %a, %w : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  %c = nn.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %z = nn.dense %c, %w : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  func.return %y, %z : tensor<2xf32>, tensor<2xf32>
}

func.func @last(%x: tensor<2xf32>) -> tensor<2xf32> {
  func.return %x : tensor<2xf32>
}
