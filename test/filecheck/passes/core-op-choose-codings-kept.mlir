// RUN: nn-opt %s | filecheck %s --check-prefix=READS
// READS: core_op.max

#chip = #core_op.target<"chip", fan_in = 64, fan_out = 64, signal_bits = 2, weights = [-127, 127], bias_bits = 20, max_inputs = 4>
module attributes {core_op.target = #chip} {
  // What may be negative is shifted; no number has a golden name then.
  // CHECK:      remark: {{[123]}} trained units instead of 3
  // DIGITS:     remark: a thermometer of 3 units: what computes it reads numbers that may be negative
  // A maximum of units is the maximum of numbers, but not of digits.
  // CHECK:      remark: {{[123]}} trained units instead of 3
  // DIGITS:     remark: a thermometer of 3 units: a maximum takes whole numbers, not digits
  // CHECK:      remark: a thermometer of 3 units: it may be negative, and pads stand for zero
  // CHECK:      remark: a thermometer of 3 units: the network's own quantizer prescribes its numbers
  // CHECK:      remark: a thermometer of 3 units: the host decodes it, and knows sums of units only
  // CHECK:      core_op.vmm relu {{.*}} -> tensor<1x{{[246]}}x!core_op.code<2, 1.0, 0>>
  // CHECK-NOT:  golden = "sum"
  // CHECK:      core_op.vmm relu {{.*}} {golden = "max"
  // CHECK:      core_op.max
  func.func @main(%x: tensor<2xf32>) -> tensor<1x1xf32> {
    %r = core_op.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %w = trained.tensor [[[1.0, -1.0], [0.5, 2.0]]] : tensor<1x2x2xf32>
    %a = core_op.vmm linear %r, %w {golden = "sum"} : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    %b = core_op.vmm relu %a, %w {golden = "max"} : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
    %m = core_op.max %b : (tensor<1x2xf32>) -> tensor<1xf32>
    %n = core_op.reshape %m : (tensor<1xf32>) -> tensor<1x1xf32>
    %u = trained.tensor [[[-1.0, 1.0]]] : tensor<1x1x2xf32>
    %s = trained.tensor [[0.5, -0.5]] : tensor<1x2xf32>
    %c = core_op.vmm linear %n, %u bias %s : (tensor<1x1xf32>, tensor<1x1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
    %p = core_op.pad %c low [0, 0] high [0, 1] : (tensor<1x2xf32>) -> tensor<1x3xf32>
    %t = trained.tensor [[[1.0], [-1.0], [1.0]]] : tensor<1x3x1xf32>
    %d = core_op.vmm relu %p, %t {core_op.limits = array<f64: 0.0, 1.0>} : (tensor<1x3xf32>, tensor<1x3x1xf32>) -> tensor<1x1xf32>
    %v = trained.tensor [[[0.75]]] : tensor<1x1x1xf32>
    %z = core_op.vmm relu %d, %v : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32>
    func.return %z : tensor<1x1xf32>
  }
}
