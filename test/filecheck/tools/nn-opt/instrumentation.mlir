// RUN: nn-opt %s -p canonicalize,cse --print-between-passes 2>&1 >/dev/null | filecheck %s --check-prefix=BETWEEN
// RUN: nn-opt %s -p canonicalize,cse --time-passes 2>&1 >/dev/null | filecheck %s --check-prefix=TIME
// RUN: nn-opt %s -p canonicalize,cse --time-passes --print-between-passes 2>/dev/null | filecheck %s

// Timings and intermediate IR go to standard error: the output stays IR.

// BETWEEN:      // -----// IR after canonicalize //----- //
// BETWEEN-NEXT: builtin.module {
// BETWEEN-NEXT:   func.func @empty
// BETWEEN-NOT:  IR after cse

// TIME:      pass {{ *}}seconds  share
// TIME-NEXT: canonicalize {{.*}}%
// TIME-NEXT: cse {{.*}}%
// TIME-NEXT: total {{.*}}100%

// CHECK-NOT:  IR after
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @empty
func.func @empty() {
  func.return
}
