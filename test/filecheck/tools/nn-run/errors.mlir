// RUN: python %S/inputs/make_samples.py %t
// RUN: not nn-run %s 2>&1 | filecheck %s --check-prefix=NO-DATA --match-full-lines
// RUN: not nn-run %s --data %t/x.npz 2>&1 | filecheck %s --check-prefix=SEVERAL
// RUN: not nn-run %s --data %t/y.npy 2>&1 | filecheck %s --check-prefix=SHAPE
// RUN: not nn-run %s --data %t/nan.npy 2>&1 | filecheck %s --check-prefix=NAN
// RUN: not nn-run %s --data %t/x.npy --function f 2>&1 | filecheck %s --check-prefix=FUNCTION
// RUN: not nn-run %s --data %t/x.npy --data %t/x.npy 2>&1 | filecheck %s --check-prefix=INPUTS
// RUN: not nn-run %s --data %t/x.npy --golden 2>&1 | filecheck %s --check-prefix=GOLDEN
// RUN: not nn-run %s --data %t/x.npy --limit 0 2>&1 | filecheck %s --check-prefix=LIMIT
// RUN: not nn-run %s --data %t/x.npy --output %t/absent/y.npz 2>&1 | filecheck %s --check-prefix=OUTPUT
// RUN: not nn-run %t/absent.mlir --data %t/x.npy 2>&1 | filecheck %s --check-prefix=NO-MODEL
// RUN: not nn-run %s --data %t/x.npy --function absent_weights 2>&1 | filecheck %s --check-prefix=WEIGHTS

// What the user can mend is one line, and nothing is written.

// NO-DATA:  error: no data: name a file with --data FILE[:array]; see nn-run --help
// SEVERAL:  x.npz: error: the .npz file holds several arrays (x, double): name one, as in x.npz:x
// SHAPE:    y.npy: error: the data has samples of shape [], the network takes [1, 2, 2]
// NAN:      nan.npy: error: sample 1 holds NaN or infinity
// FUNCTION: error: the module has no function @f; it has @main, @absent_weights
// INPUTS:   error: @main takes 1 inputs, --data is given 2 times
// GOLDEN:   errors.mlir:{{[0-9]+}}:1: error: func.func: @main names no golden function (core_op.golden); run nn-keep-golden before lowering, or give another file to compare with
// LIMIT:    error: argument --limit: invalid count value: '0'; see nn-run --help
// OUTPUT:   y.npz: error: cannot write: No such file or directory
// NO-MODEL: absent.mlir: error: No such file or directory
// WEIGHTS:  error: tensor sha256:0123456789ab... is not in a weights file that was given; name the file with --weights

func.func @main(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %y = nn.relu %x : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  func.return %y : tensor<1x2x2xf32>
}

func.func @absent_weights(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<4x4xf32>
  %y = nn.dense %x, %w : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
