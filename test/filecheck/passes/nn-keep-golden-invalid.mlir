// RUN: nn-opt %s -p nn-keep-golden --verify-diagnostics | filecheck %s

// CHECK: nn-keep-golden-invalid.mlir:4:1: error: func.func: @main_golden exists, but is not the golden function of @main; rename it
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  func.return %x : tensor<4xf32>
}

func.func @main_golden(%x: tensor<4xf32>) -> tensor<4xf32> {
  func.return %x : tensor<4xf32>
}
