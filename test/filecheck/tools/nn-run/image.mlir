// RUN: python %S/inputs/make_samples.py %t
// RUN: nn-opt %s -p convert-core-op-to-prime,prime-map -o %t/prime.mlir
// RUN: nn-translate --prime-to-image %t/prime.mlir -o %t/chip.image
// RUN: nn-run %t/chip.image --data %t/x.npy | filecheck %s
// RUN: nn-run %t/chip.image --data %t/x.npy --compare %s | filecheck %s --check-prefix=COMPARE
// RUN: nn-run %t/prime.mlir --data %t/x.npy --compare %t/chip.image --json | filecheck %s --check-prefix=JSON
// RUN: nn-run %t/chip.image --data %t/x.npy --mode composed | filecheck %s --check-prefix=COMPOSED
// RUN: not nn-run %t/chip.image --data %t/x.npy --golden 2>&1 | filecheck %s --check-prefix=GOLDEN
// RUN: not nn-run %t/chip.image --data %t/x.npy --function f 2>&1 | filecheck %s --check-prefix=FUNCTION
// RUN: not nn-run %t/chip.image --data %t/x.npy --mode fast 2>&1 | filecheck %s --check-prefix=MODE
// RUN: not nn-run %s --data %t/x.npy --mode exact 2>&1 | filecheck %s --check-prefix=NO-IMAGE

// A chip image runs as IR does, and is compared by its results.

// CHECK:        0   0       16 16
// CHECK-NEXT:   1   0       10 0
// COMPARE:      result 0 {{ *}} 1x2 {{ *}} exact
// COMPARE:      disagreement 0.00% of 4 samples
// JSON:         "disagreement": 0.0,
// JSON:         "equal": true
// COMPOSED:     sample   class   output
// GOLDEN:       error: chip.image holds no golden function: name IR with --compare OTHER
// FUNCTION:     chip.image: error: a chip image has no functions; leave out 'f'
// MODE:         error: no mode 'fast' of the simulator; it has exact, composed
// NO-IMAGE:     image.mlir: error: how a chip computes is for chip images; IR is run as it is

!in = !core_op.code<6, 1.0, 0>
!out = !core_op.code<6, 2.0, 0>

module attributes {core_op.target = #core_op.target<"prime", fan_in = 256, fan_out = 256, signal_bits = 6, weights = [-255, 255], bias_rows = 1, cores = 4096>} {
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %q = core_op.encode %x : (tensor<1x4xf32>) -> tensor<1x4x!in>
  %w = trained.tensor [[[2, 0], [0, 2], [2, 0], [0, 2]]] : tensor<1x4x2xi16>
  %g = trained.tensor [0.25] : tensor<1xf32>
  %y = core_op.vmm relu %q, %w gain %g : (tensor<1x4x!in>, tensor<1x4x2xi16>, tensor<1xf32>) -> tensor<1x2x!out>
  %d = core_op.decode %y : (tensor<1x2x!out>) -> tensor<1x2xf32>
  func.return %d : tensor<1x2xf32>
}
}
