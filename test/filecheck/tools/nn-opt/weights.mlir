// RUN: nn-opt %s --elide-weights --weights-out %t.safetensors -o %t.mlir
// RUN: filecheck %s --input-file %t.mlir --check-prefix=ELIDED
// RUN: nn-opt %t.mlir --weights %t.safetensors | filecheck %s
// RUN: nn-opt %t.mlir | filecheck %s --check-prefix=ELIDED
// RUN: not nn-opt %t.mlir --weights-out %t.other 2>&1 | filecheck %s --check-prefix=ABSENT
// RUN: not nn-opt %t.mlir --weights %s 2>&1 | filecheck %s --check-prefix=NOT-WEIGHTS
// RUN: not nn-opt %t.mlir --weights %t.missing 2>&1 | filecheck %s --check-prefix=MISSING

// Trained tensors live in a file beside the text, by the digest of their content.

// CHECK:       trained.tensor [1.0, -2.0] : tensor<2xf32>
// ELIDED:      trained.tensor "sha256:{{[0-9a-f]+}}" : tensor<2xf32>
// ABSENT:      error: tensor sha256:{{[0-9a-f]+}}... is not in a weights file that was given
// NOT-WEIGHTS: weights.mlir: error: not a safetensors file
// MISSING:     weights.mlir.tmp.missing: error: cannot read the weights file: No such file or directory
func.func @bias() -> tensor<2xf32> {
  %bias = trained.tensor [1.0, -2.0] : tensor<2xf32>
  func.return %bias : tensor<2xf32>
}
