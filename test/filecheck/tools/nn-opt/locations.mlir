// RUN: nn-opt %s --print-debuginfo | filecheck %s
// RUN: nn-opt %s --print-debuginfo -p canonicalize | filecheck %s --check-prefix=FOLDED

// An operation knows where it was written, unless the text says where it comes from; what replaces
// it inherits that.

// CHECK:      arith.constant 1 : i32 loc("{{.*}}locations.mlir":15:3)
// CHECK-NEXT: arith.constant 2 : i32 loc("conv1")
// CHECK-NEXT: arith.addi {{.*}} : i32 loc("{{.*}}locations.mlir":17:3)

// FOLDED:      func.func @sum
// FOLDED-NEXT: arith.constant 3 : i32 loc("{{.*}}locations.mlir":17:3)
// FOLDED-NEXT: func.return
func.func @sum() -> i32 {
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32 loc("conv1")
  %sum = arith.addi %one, %two : i32
  func.return %sum : i32
}
