// RUN: not nn-opt %s -p "canonicalise" 2>&1 | filecheck %s --check-prefix=UNKNOWN
// RUN: not nn-opt %s -p "cse,convert{,dce" 2>&1 | filecheck %s --check-prefix=SYNTAX
// RUN: not nn-opt %s -p "builtin.module(func.func(cse))" 2>&1 | filecheck %s --check-prefix=NESTED
// RUN: not nn-opt %s -p "canonicalize{limit=3}" 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not nn-opt %s --passs=cse 2>&1 | filecheck %s --check-prefix=ARGUMENT
// RUN: not nn-opt %s --target=pdf 2>&1 | filecheck %s --check-prefix=TARGET

// What is wrong with the command line is one line, with the place in the pipeline.

// UNKNOWN-NOT:  Traceback
// UNKNOWN:      pass-pipeline:1:1: error: no pass or pipeline 'canonicalise'; did you mean 'canonicalize'?
// SYNTAX:       pass-pipeline:1:13: error: expected an option of convert, or '}'
// NESTED:       pass-pipeline:1:25: error: 'func.func(...)' cannot nest here: every pass works on the whole module
// OPTION:       pass-pipeline:1:1: error: canonicalize: no option 'limit' (options: none)
// ARGUMENT:     error: unrecognized arguments: --passs=cse; see nn-opt --help
// TARGET:       error: no target 'pdf'; there are {{.*}}mlir
func.func @empty() {
  func.return
}
