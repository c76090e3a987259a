// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'core-op-report{data=%t/x.npy samples=32 file=%t/loss.json}' 2>%t/remarks | filecheck %s
// RUN: filecheck %s --check-prefix=REMARK --input-file %t/remarks
// RUN: filecheck %s --check-prefix=JSON --input-file %t/loss.json
// RUN: not nn-opt %s -p core-op-report 2>&1 | filecheck %s --check-prefix=NO-DATA
// RUN: not nn-opt %s -p 'core-op-report{data=%t/x.npy file=%t/missing/loss.json}' 2>&1 | filecheck %s --check-prefix=NO-FOLDER
// RUN: not nn-opt %S/core-op-calibrate.mlir -p 'core-op-report{data=%t/x.npy}' 2>&1 | filecheck %s --check-prefix=NO-GOLDEN

// The weight of 7 is 0.5 of the golden network, that of 3 should be 3.5: rounding it costs most.
// REMARK:      remark: on 4 samples, distance
// REMARK:      core-op-report.mlir:{{[0-9]+}}:5: remark: y: weights alone, SQNR {{.*}} dB; without it distance -
// REMARK:      core-op-report.mlir:{{[0-9]+}}:5: remark: y: its weights with 5 bits for 4: distance -
// JSON:        "samples": 4,
// JSON-NEXT:   "measure": "squared_error",
// JSON:        "knows_weights": true,
// JSON:        "name": "input",
// JSON:        "name": "y",
// JSON:        "bits": [
// NO-DATA:     error: core-op-report: no data; give the option data=FILE[:array]
// NO-FOLDER:   loss.json: error: cannot write: No such file or directory
// NO-GOLDEN:   error: func.func: @main names no golden function (core_op.golden); run nn-keep-golden

#chip = #core_op.target<"chip", fan_in = 5, fan_out = 2, signal_bits = 8, weights = [-7, 7], bias_bits = 24>
!in = !core_op.code<8, 0.015625, 64>
!out = !core_op.code<8, 0.03125, 128>
module attributes {core_op.target = #chip} {
  // Nothing changes.
  // CHECK:      func.func @main(
  // CHECK:      trained.tensor {{\[\[\[}}7], [3]]] : tensor<1x2x1xi8>
  // CHECK:      core_op.vmm linear {{.*}} {golden = "y", core_op.real_weight =
  // CHECK:      func.func private @golden(
  func.func @main(%x: tensor<2xf32>) -> tensor<1xf32> attributes {core_op.golden = @golden} {
    %e = core_op.encode %x : (tensor<2xf32>) -> tensor<2x!in>
    %r = core_op.reshape %e : (tensor<2x!in>) -> tensor<1x2x!in>
    %w = trained.tensor [[[7], [3]]] : tensor<1x2x1xi8>
    %b = trained.tensor [[2944]] : tensor<1x1xi32>
    %g = trained.tensor [0.035714287] : tensor<1xf32>
    %y = core_op.vmm linear %r, %w bias %b gain %g {golden = "y", core_op.real_weight = #trained.data<[[[0.5], [0.25]]] : tensor<1x2x1xf32>>}
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
