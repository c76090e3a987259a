// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'core-op-calibrate{data=%t/x.npy method=extremes}' | filecheck %s
// RUN: nn-opt %s -p 'core-op-calibrate{data=%t/x.npy scale=2 method=extremes samples=2}' | filecheck %s --check-prefix=HALF
// RUN: nn-opt %s -p 'set-target{bias_bits=8 fan_in=8},core-op-calibrate{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=FREE
// RUN: nn-opt %s -p 'set-target{bias_bits=8},core-op-calibrate{data=%t/x.npy border-units=4}' 2>&1 | filecheck %s --check-prefix=INPUT
// RUN: nn-opt %s -p 'set-target{bias_bits=8 fan_in=8 shares_positions=false},core-op-calibrate{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=TAKEN
// RUN: nn-opt %s -p 'core-op-calibrate{data=%t/outlier.npz:many}' | filecheck %s --check-prefix=ERROR
// RUN: nn-opt %s -p 'set-target{bias_bits=8 signal_bits=2},core-op-calibrate{data=%t/x.npy units=3}' 2>&1 | filecheck %s --check-prefix=THREE
// RUN: nn-opt %s -p 'set-target{bias_bits=8 signal_bits=2 fan_out=16 fan_in=16},core-op-calibrate{data=%t/x.npy units=auto error=0.1}' 2>&1 | filecheck %s --check-prefix=AUTO
// RUN: nn-opt %s -p 'set-target{bias_bits=8 signal_bits=2},core-op-calibrate{data=%t/x.npy units=3},core-op-reencode' | filecheck %s --check-prefix=CODES
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/x.npy units=3}' 2>&1 | filecheck %s --check-prefix=NO-BIAS
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/x.npy units=0}' 2>&1 | filecheck %s --check-prefix=UNITS
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/x.npy units=few}' 2>&1 | filecheck %s --check-prefix=KIND
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/x.npy error=1}' 2>&1 | filecheck %s --check-prefix=BOUND
// RUN: not nn-opt %s -p 'core-op-calibrate' 2>&1 | filecheck %s --check-prefix=NO-DATA
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/none.npy}' 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/wide.npy}' 2>&1 | filecheck %s --check-prefix=SHAPE
// RUN: not nn-opt %s -p 'core-op-calibrate{data=%t/x.npy samples=0}' 2>&1 | filecheck %s --check-prefix=SAMPLES
// RUN: not nn-opt %S/set-target.mlir -p 'core-op-calibrate{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=NO-TARGET

// NO-DATA:   error: core-op-calibrate: no data; give the option data=FILE[:array]
// MISSING:   none.npy: error: {{.*}}
// SHAPE:     wide.npy: error: {{.*}}5{{.*}}2
// NO-BIAS:   error: core-op-calibrate: target 'chip' does not hold every integer as a bias, which sets units apart; give it bias_rows = {{[0-9]+}} or more, or bias_bits
// UNITS:     error: core-op-calibrate: units must be 1 to 256, not 0
// KIND:      error: core-op-calibrate: option 'units' expects integer or auto, got 'few'
// BOUND:     error: core-op-calibrate: error must lie between 0 and 1, not 1
// SAMPLES:   error: core-op-calibrate: samples must be 1 or more, not 0
// NO-TARGET: error: core-op-calibrate: the module has no target; run set-target before

#chip = #core_op.target<"chip", fan_in = 5, fan_out = 2, signal_bits = 4, weights = [-7, 7], bias_rows = 1>
module attributes {core_op.target = #chip} {
  // The input's signal and the dot product's; the reshape shares the first, the coded one has none.
  // CHECK:      func.func @main(%x: tensor<2xf32> {core_op.range = array<f64: -1.000000e+00, 3.000000e+00>})
  // CHECK:      core_op.reshape %x :
  // CHECK:      core_op.vmm relu {{.*}} {core_op.range = array<f64: 0.000000e+00, 3.500000e+00>}
  // CHECK-NOT:  core_op.range
  // HALF:       func.func @main(%x: tensor<2xf32> {core_op.range = array<f64: -5.000000e-01, 1.500000e+00>})
  // HALF:       core_op.vmm relu {{.*}} {core_op.range = array<f64: 0.000000e+00, 1.750000e+00>}
  // The range of the least error leaves the far number out.
  // ERROR:      func.func @main(%x: tensor<2xf32> {core_op.range = array<f64: {{-?0.0+e.00}}, {{[12].[0-9]+}}>})
  // What the host encodes gets rows that are free: 4 of 7 for 2 inputs, none where positions share none.
  // FREE:       remark: 2 units a number: error {{.*}}, with one unit {{.*}}; 0.00625 is out of reach
  // FREE:       core_op.units = 2 : i64
  // FREE-NOT:   core_op.units
  // INPUT:      remark: 4 units a number: error {{.*}}, with one unit {{.*}}; as asked for
  // INPUT:      core_op.units = 4 : i64
  // TAKEN-NOT:  core_op.units
  // Units stand beside the range, and remarks say what they are for.
  // THREE:      remark: 3 units a number: error {{.*}}, with one unit {{.*}}; as asked for
  // THREE:      func.func @main(%x: tensor<2xf32> {core_op.range = array<f64: {{.*}}>, core_op.units = 3 : i64})
  // THREE:      core_op.vmm relu {{.*}} {core_op.range = array<f64: {{.*}}>, core_op.units = 3 : i64}
  // AUTO:       remark: [[K:[0-9]+]] units a number: error {{.*}}, with one unit {{.*}}; 0.0125 wanted
  // AUTO:       core_op.units = [[K]] : i64
  // CODES:      core_op.encode %x : (tensor<2xf32>) -> tensor<2x!core_op.code<2, {{.*}}, units 3>>
  // CODES:      core_op.vmm relu {{.*}} -> tensor<1x1x!core_op.code<2, {{.*}}, 0, units 3>>
  // CODES-NOT:  core_op.units
  func.func @main(%x: tensor<2xf32>) -> tensor<1xf32> {
    %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %w = trained.tensor [[[1.0], [1.0]]] : tensor<1x2x1xf32>
    %y = core_op.vmm relu %r, %w : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
    %v = trained.tensor [[[2.0]]] : tensor<1x1x1xf32>
    %q = core_op.vmm relu %y, %v : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1x!core_op.code<4, 0.5, 0>>
    %d = core_op.decode %q : (tensor<1x1x!core_op.code<4, 0.5, 0>>) -> tensor<1x1xf32>
    %z = nn.reshape %d to [1] : (tensor<1x1xf32>) -> tensor<1xf32>
    func.return %z : tensor<1xf32>
  }
}
