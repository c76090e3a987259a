// RUN: nn-opt %s -p canonicalize | filecheck %s

// Canonicalization leaves a golden function as it is.

// CHECK-LABEL: func.func @main_golden
// CHECK:         arith.addi
// CHECK-LABEL: func.func @main(
// CHECK-NOT:     arith.addi
func.func @main_golden() -> i32 {
  %one = arith.constant 1 : i32
  %sum = arith.addi %one, %one : i32
  func.return %sum : i32
}

func.func @main() -> i32 attributes {core_op.golden = @main_golden} {
  %one = arith.constant 1 : i32
  %sum = arith.addi %one, %one : i32
  func.return %sum : i32
}
