// RUN: nn-opt %s -p 'convert-core-op-to-prime,prime-map' | nn-translate --prime-to-image -o %t.image
// RUN: head -c 8 %t.image | filecheck %s
// RUN: not nn-translate --prime-to-image %s -o %t.none 2>&1 | filecheck %s --check-prefix=LEVEL
// RUN: nn-opt %s -p convert-core-op-to-prime | not nn-translate --prime-to-image -o %t.none 2>&1 | filecheck %s --check-prefix=UNMAPPED
// RUN: not nn-translate --prime-to-image %s 2>&1 | filecheck %s --check-prefix=NAME
// RUN: not ls %t.none

// CHECK:    PRIMEIMG
// LEVEL:    prime-to-image.mlir:22:5: error: core_op.vmm: it has no place in a chip image; run convert-core-op-to-prime first
// UNMAPPED: error: prime.mvm: it has no place on the cores; run prime-map first
// NAME:     error: --prime-to-image writes a binary file: name it with -o

!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 8, fan_out = 4,
    signal_bits = 6, weights = [-127, 127], cores = 9>} {
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
