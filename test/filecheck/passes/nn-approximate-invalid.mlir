// RUN: python %S/inputs/make_calibration.py %t
// RUN: not nn-opt %s -p 'nn-approximate' 2>&1 >/dev/null | filecheck %s --check-prefix=NO-DATA
// RUN: not nn-opt %s -p 'nn-approximate{data=%t/x.npy error=0.001 max-hinges=2}' 2>&1 >/dev/null | filecheck %s --check-prefix=BOUND
// RUN: not nn-opt %s -p 'nn-approximate{data=%t/x.npy error=0}' 2>&1 >/dev/null | filecheck %s --check-prefix=ERROR
// RUN: not nn-opt %s -p 'nn-approximate{data=%t/x.npy max-hinges=0}' 2>&1 >/dev/null | filecheck %s --check-prefix=HINGES
// RUN: nn-opt %S/nn-decompose-pooling.mlir -p 'nn-approximate' | filecheck %s --check-prefix=NOTHING

// Data is needed only where there is something to approximate.
// NO-DATA: error: nn-approximate: no data; give the option data=FILE[:array]
// ERROR:   error: nn-approximate: error must lie between 0 and 1, not 0
// HINGES:  error: nn-approximate: max-hinges must be 1 or more, not 0
// NOTHING: func.func

// A jump is told, and left. All functions that cannot be approximated are told.
// BOUND:      node 'step': remark: sign jumps, so nothing continuous is near; left as it is
// BOUND-NEXT: node 'curve': error: nn.unary: tanh from -1 to 3 has no approximation: 2 hinges reach an error of 0.{{[0-9]+}}, 0.{{[0-9]+}} of its span, and the bound is 0.001; give nn-approximate a larger error or more max-hinges
// BOUND-NEXT: node 'pole': error: nn.unary: log from -1 to 3 has no approximation: it is not finite at -1; keep its input away from there, as by a clip
func.func @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %a = nn.unary sign %x : (tensor<2xf32>) -> tensor<2xf32> loc("step")
  %b = nn.unary tanh %x : (tensor<2xf32>) -> tensor<2xf32> loc("curve")
  %c = nn.unary log %x : (tensor<2xf32>) -> tensor<2xf32> loc("pole")
  func.return %a, %b, %c : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
