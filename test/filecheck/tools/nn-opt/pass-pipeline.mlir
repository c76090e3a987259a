// RUN: nn-opt %s -p "canonicalize,cse" | filecheck %s
// RUN: nn-opt %s --passes canonicalize,cse | filecheck %s
// RUN: nn-opt %s --pass-pipeline="builtin.module( canonicalize, cse )" | filecheck %s
// RUN: nn-opt --pass-pipeline="canonicalize{},cse" < %s | filecheck %s

// A pipeline is given in xDSL's form or in MLIR's.

// CHECK-LABEL: func.func @sum
// CHECK-NEXT:    %{{.*}} = arith.constant 3 : i32
// CHECK-NEXT:    func.return
func.func @sum() -> i32 {
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %sum = arith.addi %one, %two : i32
  func.return %sum : i32
}
