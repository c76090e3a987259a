// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'core-op-choose-codings{data=%t/outlier.npz:many coding=trained},core-op-reencode' 2>&1 | filecheck %s --check-prefix=TRAINED
// RUN: nn-opt %s -p 'core-op-choose-codings{data=%t/outlier.npz:many coding=coarse-fine},core-op-reencode' 2>&1 | filecheck %s --check-prefix=DIGITS
// RUN: nn-opt %s -p 'core-op-choose-codings{data=%t/outlier.npz:many}' 2>&1 | filecheck %s --check-prefix=AUTO
// RUN: nn-opt %s -p 'core-op-choose-codings{coding=thermometer}' | filecheck %s --check-prefix=ALIKE
// RUN: nn-opt %S/core-op-choose-codings-kept.mlir -p 'core-op-calibrate{data=%t/x.npy units=3},core-op-choose-codings{data=%t/x.npy coding=trained}' 2>&1 | filecheck %S/core-op-choose-codings-kept.mlir
// RUN: nn-opt %S/core-op-choose-codings-kept.mlir -p 'core-op-calibrate{data=%t/x.npy units=3},core-op-choose-codings{data=%t/x.npy coding=coarse-fine}' 2>&1 | filecheck %S/core-op-choose-codings-kept.mlir --check-prefix=DIGITS
// RUN: not nn-opt %s -p 'core-op-choose-codings' 2>&1 | filecheck %s --check-prefix=NO-DATA
// RUN: not nn-opt %s -p 'core-op-choose-codings{error=0}' 2>&1 | filecheck %s --check-prefix=BOUND
// RUN: not nn-opt %s -p 'core-op-choose-codings{coding=binary}' 2>&1 | filecheck %s --check-prefix=KIND
// RUN: not nn-opt %S/set-target.mlir -p 'core-op-choose-codings' 2>&1 | filecheck %s --check-prefix=NO-TARGET

// NO-DATA:   error: core-op-choose-codings: no data; give the option data=FILE[:array]
// BOUND:     error: core-op-choose-codings: error must lie between 0 and 1, not 0
// KIND:      error: core-op-choose-codings: option 'coding' expects auto|thermometer|coarse-fine|trained, got 'binary'
// NO-TARGET: error: core-op-choose-codings: the module has no target; run set-target before

#chip = #core_op.target<"chip", fan_in = 64, fan_out = 64, signal_bits = 2, weights = [-127, 127], bias_bits = 20>
module attributes {core_op.target = #chip} {
  // Units have thresholds of their own, and the reader has their decoder in its weights.
  // TRAINED:     remark: [[K:[234]]] trained units instead of 4: 2 cores instead of 2 compute and read it, error 0.0{{.*}}, a thermometer's 0.{{.*}}
  // TRAINED:     remark: a thermometer of 4 units: the host decodes it, and knows sums of units only
  // TRAINED:     %[[H:.*]] = core_op.vmm relu {{.*}} {golden = "y", golden_units = [[K]] : i64, golden_decoder = array<f64: {{.*}}>} : {{.*}} -> tensor<1x[[K]]x!core_op.code<2, 1.0, 0>>
  // TRAINED:     core_op.vmm relu {{.*}} : (tensor<1x[[K]]x!core_op.code<2, 1.0, 0>>, tensor<1x[[K]]x1xf32>
  // The host deals its numbers out, since the fine stage reads them beside the coarse digit.
  // DIGITS:      remark: [[P:[123]]] coarse and [[Q:[123]]] fine units instead of 4: 3 cores instead of 2
  // DIGITS:      %[[X:.*]] = core_op.encode %x units 4 : (tensor<2xf32>) -> tensor<2x4x!core_op.code<2, [[S:.*]], 0>>
  // DIGITS:      %[[C:.*]] = core_op.vmm relu {{.*}} -> tensor<1x[[P]]x!core_op.code<2, [[S]], 0>>
  // DIGITS:      %[[B:.*]] = core_op.concat {{.*}}, %[[C]] axis 1
  // DIGITS:      %[[F:.*]] = core_op.vmm relu %[[B]], {{.*}} -> tensor<1x[[Q]]x!core_op.code<2, [[S]], 0>>
  // DIGITS:      core_op.concat {{.*}} {golden = "y", golden_units = {{.*}} : i64, golden_decoder = {{.*}}}
  // AUTO:        remark: a thermometer of 4 units: 1 coarse and 1 fine units would take 3 cores instead of 2
  // AUTO:        core_op.vmm relu {{.*}} {golden = "y", core_op.range = {{.*}}, core_op.units = 4 : i64}
  // ALIKE:       core_op.vmm relu {{.*}} {golden = "y", core_op.range = {{.*}}, core_op.units = 4 : i64}
  func.func @main(%x: tensor<2xf32> {core_op.range = array<f64: 0.0, 1.0>, core_op.units = 4 : i64}) -> tensor<1x1xf32> {
    %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %w = trained.tensor [[[1.0], [1.0]]] : tensor<1x2x1xf32>
    %y = core_op.vmm relu %r, %w {golden = "y", core_op.range = array<f64: 0.0, 2.0>, core_op.units = 4 : i64} : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
    %v = trained.tensor [[[0.75]]] : tensor<1x1x1xf32>
    %z = core_op.vmm relu %y, %v {core_op.range = array<f64: 0.0, 1.5>, core_op.units = 4 : i64} : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32>
    func.return %z : tensor<1x1xf32>
  }
}
