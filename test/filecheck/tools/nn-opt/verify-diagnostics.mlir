// RUN: nn-opt %s --split-input-file --verify-diagnostics | filecheck %s
// RUN: not nn-opt %s --split-input-file 2>&1 >/dev/null | filecheck %s --check-prefix=ERRORS
// RUN: not nn-opt %s --split-input-file 2>/dev/null | filecheck %s --check-prefix=OUTPUT

// Every chunk is processed; an error is one line with its place in the whole file.

// ERRORS:      verify-diagnostics.mlir:14:17: error: Operation test.unknown is not registered
// ERRORS-NEXT: verify-diagnostics.mlir:23:3: error: func.return: Expected arguments
// ERRORS-NEXT: verify-diagnostics.mlir:38:1: error: arith.constant: attribute i64 expected
// OUTPUT:      func.func @sound

// CHECK: verify-diagnostics.mlir:14:17: error: Operation test.unknown is not registered
func.func @unregistered() {
  "test.unknown"() : () -> ()
  func.return
}

// -----

// CHECK-NEXT: // -----
// CHECK-NEXT: verify-diagnostics.mlir:23:3: error: func.return: Expected arguments to have the same types
func.func @wrong_return() -> i32 {
  func.return
}

// -----

// CHECK-NEXT: // -----
// CHECK-NEXT: builtin.module {
// CHECK-NEXT:   func.func @sound
func.func @sound() {
  func.return
}

// -----

// CHECK: verify-diagnostics.mlir:38:1: error: arith.constant: attribute i64 expected
"arith.constant"() <{value = 1 : i32}> : () -> i64
