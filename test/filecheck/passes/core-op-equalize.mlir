// RUN: python %S/inputs/make_calibration.py %t
// RUN: nn-opt %s -p 'core-op-equalize{data=%t/x.npy}' 2>%t/remarks | filecheck %s
// RUN: filecheck %s --check-prefix=REMARK --input-file %t/remarks
// RUN: nn-opt %s -p 'core-op-equalize{data=%t/x.npy strength=1}' 2>/dev/null | filecheck %s --check-prefix=CHANNELS
// RUN: not nn-opt %s -p 'core-op-equalize' 2>&1 | filecheck %s --check-prefix=NO-DATA
// RUN: not nn-opt %s -p 'core-op-equalize{data=%t/x.npy strength=2}' 2>&1 | filecheck %s --check-prefix=STRENGTH

// REMARK:    remark: 2 layers equalized, whose ranges were up to {{[0-9.]+}} apart
// NO-DATA:   error: core-op-equalize: no data; give the option data=FILE[:array]
// STRENGTH:  error: core-op-equalize: strength must be between 0 and 1, not 2

#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 6, weights = [-127, 127], bias_rows = 2>
module attributes {core_op.target = #chip} {
  // The range of the hidden layer is 1 then; what it is multiplied with goes into the weights and
  // the bias before it, the inverse into those behind. What leaves the chip stays as it is.
  // CHECK-LABEL: func.func @main
  // CHECK:         %h = core_op.vmm relu {{.*}} {golden = "h", golden_scale = #trained.data<[{{[0-9.e-]+}}] : tensor<1xf32>>}
  // CHECK:         core_op.vmm linear %h, {{%.*}} {golden = "y"} :
  // The golden function keeps its values.
  // CHECK-LABEL: func.func private @golden
  // CHECK:         trained.tensor {{\[\[}}8.0, 0.0], [0.0, 0.5]] : tensor<2x2xf32>
  // With the strength each channel has a factor of its own.
  // CHANNELS:      golden_scale = #trained.data<[{{[0-9.e-]+}}, {{[0-9.e-]+}}] : tensor<2xf32>>
  func.func @main(%x: tensor<2xf32>) -> tensor<1xf32> attributes {core_op.golden = @golden} {
    %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %w = trained.tensor [[[8.0, 0.0], [0.0, 0.5]]] : tensor<1x2x2xf32>
    %b = trained.tensor [[0.0, 1.0]] : tensor<1x2xf32>
    %h = core_op.vmm relu %r, %w bias %b {golden = "h"} : (tensor<1x2xf32>, tensor<1x2x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
    %v = trained.tensor [[[1.0], [2.0]]] : tensor<1x2x1xf32>
    %y = core_op.vmm linear %h, %v {golden = "y"} : (tensor<1x2xf32>, tensor<1x2x1xf32>) -> tensor<1x1xf32>
    %q = core_op.reshape %y : (tensor<1x1xf32>) -> tensor<1xf32>
    func.return %q : tensor<1xf32>
  }
  func.func private @golden(%x: tensor<2xf32>) -> tensor<1xf32> {
    %w = trained.tensor [[8.0, 0.0], [0.0, 0.5]] : tensor<2x2xf32>
    %b = trained.tensor [0.0, 1.0] : tensor<2xf32>
    %v = trained.tensor [[1.0], [2.0]] : tensor<2x1xf32>
    %d = nn.dense %x, %w, %b : (tensor<2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %h = nn.relu %d {golden = "h"} : (tensor<2xf32>) -> tensor<2xf32>
    %y = nn.dense %h, %v {golden = "y"} : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<1xf32>
    func.return %y : tensor<1xf32>
  }
}
