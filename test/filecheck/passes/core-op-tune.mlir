// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'core-op-tune{data=%t/x.npy steps=5}' 2>%t/remarks | filecheck %s
// RUN: filecheck %s --check-prefix=REMARK --input-file %t/remarks
// RUN: not nn-opt %s -p 'core-op-tune' 2>&1 | filecheck %s --check-prefix=NO-DATA
// RUN: not nn-opt %s -p 'core-op-tune{data=%t/x.npy method=magic}' 2>&1 | filecheck %s --check-prefix=METHOD
// RUN: not nn-opt %s -p 'core-op-tune{data=%t/x.npy validation=1}' 2>&1 | filecheck %s --check-prefix=VALIDATION
// RUN: not nn-opt %S/core-op-calibrate.mlir -p 'core-op-tune{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=NO-GOLDEN

// REMARK:      remark: layer by layer: on {{[0-9]+}} samples held back, distance
// REMARK:      remark: end to end: on {{[0-9]+}} samples held back, distance
// NO-DATA:     error: core-op-tune: no data; give the option data=FILE[:array]
// METHOD:      error: core-op-tune: option 'method' expects {{.*}}layerwise|blockwise|end-to-end|spikes, got 'magic'
// VALIDATION:  error: core-op-tune: validation must be between 0 and 1, not 1
// NO-GOLDEN:   error: func.func: @main names no golden function (core_op.golden); run nn-keep-golden

#chip = #core_op.target<"chip", fan_in = 5, fan_out = 2, signal_bits = 4, weights = [-7, 7], bias_rows = 1>
!in = !core_op.code<4, 0.25, 4>
!out = !core_op.code<4, 0.5, 8>
module attributes {core_op.target = #chip} {
  // The golden function stays as it is, the integers stay integers.
  // CHECK:      func.func @main(
  // CHECK-DAG:  trained.tensor {{.*}} : tensor<1x2x1xi8>
  // CHECK-DAG:  trained.tensor {{.*}} : tensor<1x1xi32>
  // CHECK-DAG:  trained.tensor {{.*}} : tensor<1xf32>
  // CHECK:      core_op.vmm linear {{.*}} core_op.real_weight =
  // CHECK:      func.func private @golden(
  // CHECK:      trained.tensor {{\[\[}}0.5], [0.25]] : tensor<2x1xf32>
  func.func @main(%x: tensor<2xf32>) -> tensor<1xf32> attributes {core_op.golden = @golden} {
    %e = core_op.encode %x : (tensor<2xf32>) -> tensor<2x!in>
    %r = core_op.reshape %e : (tensor<2x!in>) -> tensor<1x2x!in>
    %w = trained.tensor [[[7], [3]]] : tensor<1x2x1xi8>
    %b = trained.tensor [[10]] : tensor<1x1xi32>
    %g = trained.tensor [0.036] : tensor<1xf32>
    %y = core_op.vmm linear %r, %w bias %b gain %g {golden = "y", core_op.real_weight = #trained.data<[[[0.5112], [0.2448]]] : tensor<1x2x1xf32>>}
      : (tensor<1x2x!in>, tensor<1x2x1xi8>, tensor<1x1xi32>, tensor<1xf32>) -> tensor<1x1x!out>
    %q = core_op.reshape %y : (tensor<1x1x!out>) -> tensor<1x!out>
    %d = core_op.decode %q : (tensor<1x!out>) -> tensor<1xf32>
    func.return %d : tensor<1xf32>
  }
  func.func private @golden(%x: tensor<2xf32>) -> tensor<1xf32> {
    %w = trained.tensor [[0.5], [0.25]] : tensor<2x1xf32>
    %y = nn.dense %x, %w {golden = "y"} : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
    func.return %y : tensor<1xf32>
  }
}
