// RUN: nn-opt %s -p 'convert-core-op-to-tianji,tianji-map' | nn-translate --tianji-to-image -o %t.image
// RUN: head -c 8 %t.image | filecheck %s
// RUN: python -c "import numpy; numpy.save('%t.npy', numpy.ones((3, 1, 2), 'f4'))"
// RUN: nn-run %t.image --data %t.npy --compare %s | filecheck %s --check-prefix=COMPARE
// RUN: not nn-run %t.image --data %t.npy --mode composed 2>&1 | filecheck %s --check-prefix=MODE
// RUN: not nn-translate --tianji-to-image %s -o %t.none 2>&1 | filecheck %s --check-prefix=LEVEL
// RUN: nn-opt %s -p convert-core-op-to-tianji | not nn-translate --tianji-to-image -o %t.none 2>&1 | filecheck %s --check-prefix=UNMAPPED
// RUN: not nn-translate --tianji-to-image %s 2>&1 | filecheck %s --check-prefix=NAME
// RUN: not ls %t.none

// CHECK:    TIANJIMG
// COMPARE:  result 0
// MODE:     TianJi is digital: its images are simulated exactly
// LEVEL:    error: core_op.vmm: it has no place in a chip image; run convert-core-op-to-tianji first
// UNMAPPED: error: tianji.cores: it has no place on the cores; run tianji-map first
// NAME:     error: --tianji-to-image writes a binary file: name it with -o

!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 8, fan_out = 4,
    signal_bits = 6, weights = [-128, 127], cores = 9, accumulator_bits = 24, bias_bits = 16, rounding = floor>} {
  func.func @main(%image: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %w = trained.tensor [[[1, -2], [-127, 127]]] : tensor<1x2x2xi8>
    %g = trained.tensor [0.5] : tensor<1xf32>
    // The chip takes codes; the host makes them.
    %x = core_op.encode %image : (tensor<1x2xf32>) -> tensor<1x2x!in>
    %y = core_op.vmm relu %x, %w gain %g
      : (tensor<1x2x!in>, tensor<1x2x2xi8>, tensor<1xf32>) -> tensor<1x2x!out>
    %r = core_op.decode %y : (tensor<1x2x!out>) -> tensor<1x2xf32>
    func.return %r : tensor<1x2xf32>
  }
}
