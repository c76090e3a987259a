// RUN: nn-opt %s -p core-op-quantize-weights 2>&1 | filecheck %s
// RUN: nn-opt %s -p 'set-target{weight_values=6},core-op-quantize-weights' 2>&1 | filecheck %s --check-prefix=ENOUGH
// RUN: not nn-opt %s -p 'set-target{bias_rows=1 bias_bits=0}' 2>&1 | filecheck %s --check-prefix=ROWS

// The weights 100, 98, -50, -52, 10 in steps of 2: three values, of which zero is one.

// CHECK:  core-op-quantize-weights-values.mlir:{{.*}}: remark: its weights share 3 values a core, which are off by 6.58% of the weights, RMS
// CHECK:  trained.tensor {{\[\[\[}}50, 50], [-26, -26], [0, 0]]] : tensor<1x3x2xi8>
// ENOUGH: trained.tensor {{\[\[\[}}50, 49], [-25, -26], [5, 0]]] : tensor<1x3x2xi8>
// ROWS:   error: target 'chip': weight_values = 3 is out of range; it must be 0 where rows carry the bias, which may need any weight; use bias_bits

!code = !core_op.code<4, 0.5, 0>
!wide = !core_op.code<4, 50.0, 0>
#chip = #core_op.target<"chip", fan_in = 4, fan_out = 2, signal_bits = 4, weights = [-100, 100], weight_values = 3, bias_bits = 12>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x3x!code>) -> tensor<1x2x!wide> {
    %w = trained.tensor [[[100.0, 98.0], [-50.0, -52.0], [10.0, 0.0]]] : tensor<1x3x2xf32>
    %y = core_op.vmm relu %x, %w : (tensor<1x3x!code>, tensor<1x3x2xf32>) -> tensor<1x2x!wide>
    func.return %y : tensor<1x2x!wide>
  }
}
