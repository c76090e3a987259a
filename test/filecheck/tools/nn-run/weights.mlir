// RUN: python %S/inputs/make_samples.py %t
// RUN: nn-opt %s --elide-weights --weights-out %t/w.safetensors -o %t/model.mlir
// RUN: nn-run %t/model.mlir --weights %t/w.safetensors --data %t/x.npy | filecheck %s
// RUN: not nn-run %t/model.mlir --weights %t/x.npy --data %t/x.npy 2>&1 | filecheck %s --check-prefix=WRONG

// Trained tensors come from a weights file.

// CHECK: 1   0       10 1
// WRONG: x.npy: error: not a safetensors file, or truncated: {{.+}}

func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %w = trained.tensor [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] : tensor<4x2xf32>
  %y = nn.dense %x, %w : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
