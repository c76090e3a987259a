// What the host decodes gets units as long as columns are free, whether numbers or decisions count.
// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'set-target{fan_out=8},core-op-calibrate{data=%t/x.npy output=values}' 2>&1 | filecheck %s
// RUN: nn-opt %s -p 'set-target{fan_out=8},core-op-calibrate{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=DECIDES
// RUN: nn-opt %s -p 'set-target{fan_out=3},core-op-calibrate{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: nn-opt %s -p 'set-target{fan_out=8 bias_bits=0 bias_rows=1},core-op-calibrate{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: nn-opt %s -p 'set-target{fan_out=8},core-op-calibrate{data=%t/x.npy border-units=1}' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: nn-opt %s -p 'set-target{fan_out=8 signal_bits=8},core-op-calibrate{data=%t/x.npy output=values}' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: nn-opt %s -p 'set-target{fan_out=8},core-op-calibrate{data=%t/x.npy},core-op-reencode' | filecheck %s --check-prefix=CODES

// CHECK:   mlir:26:5: remark: 3 units a number: error {{.*}}, with one unit {{.*}}; 0.00625 is out of reach
// CHECK:   core_op.vmm linear {{.*}} core_op.units = 3 : i64
// DECIDES: mlir:26:5: remark: 4 units a number: decisions lost {{.*}}, with one unit {{.*}}; 0.000625 is out of reach
// DECIDES: remark: the outputs count as decisions: codes span
// DECIDES: core_op.vmm linear {{.*}} core_op.units = 4 : i64
// ONE-NOT: mlir:26:5: remark: {{[0-9]+}} units a number
// ONE:     core_op.vmm linear {{.*}} {core_op.range = array<f64: {{[^>]*}}>} :
// CODES:   core_op.vmm linear {{.*}} -> tensor<1x2x!core_op.code<2, {{.*}}, units 4>>
// CODES:   core_op.decode {{.*}} : (tensor<1x2x!core_op.code<2, {{.*}}, units 4>>) -> tensor<1x2xf32>

#chip = #core_op.target<"chip", fan_in = 8, fan_out = 2, signal_bits = 2, weights = [-7, 7], bias_bits = 8>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<2xf32>) -> tensor<1x2xf32> {
    %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %w = trained.tensor [[[1.0, 0.5], [-0.5, 1.0]]] : tensor<1x2x2xf32>
    %y = core_op.vmm linear %r, %w : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    func.return %y : tensor<1x2xf32>
  }
}
