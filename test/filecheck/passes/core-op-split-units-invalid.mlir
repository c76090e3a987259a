// RUN: nn-opt %s -p core-op-split-units --split-input-file --verify-diagnostics | filecheck %s

// What the pass refuses, and how it says so; every chunk is one error.

// CHECK: error: core-op-split-units: the module has no target; run set-target before
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  func.return %x : tensor<2xf32>
}

// -----

// CHECK: error: core_op.vmm: its weights are real; run core-op-quantize-weights before
!two = !core_op.code<2, 0.5, 0, units 2>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 2, weights = [-7, 7], bias_bits = 8>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1xf32>) -> tensor<1x1xf32> {
    %q = core_op.encode %x : (tensor<1x1xf32>) -> tensor<1x1x!two>
    %w = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
    %y = core_op.vmm relu %q, %w : (tensor<1x1x!two>, tensor<1x1x1xf32>) -> tensor<1x1x!two>
    %z = core_op.decode %y : (tensor<1x1x!two>) -> tensor<1x1xf32>
    func.return %z : tensor<1x1xf32>
  }
}

// -----

// One row with one constant: a bias of 10 and two that are 2 more or less have no common drive.
// CHECK: error: core_op.vmm: a unit needs the bias {{-?[0-9]+}}, the nearest that the core holds is {{-?[0-9]+}} (its limit is 21); give the target more bias rows, or use core-op-calibrate with fewer units
!one = !core_op.code<2, 0.5, 0>
!two = !core_op.code<2, 0.5, 0, units 2>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 2, weights = [-7, 7], bias_rows = 1>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1x!one>) -> tensor<1x1xf32> {
    %w = trained.tensor [[[1]]] : tensor<1x1x1xi8>
    %b = trained.tensor [[15]] : tensor<1x1xi32>
    %g = trained.tensor [0.125] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w bias %b gain %g : (tensor<1x1x!one>, tensor<1x1x1xi8>, tensor<1x1xi32>, tensor<1xf32>) -> tensor<1x1x!two>
    %z = core_op.decode %y : (tensor<1x1x!two>) -> tensor<1x1xf32>
    func.return %z : tensor<1x1xf32>
  }
}

// -----

// CHECK: error: core_op.vmm: it takes numbers of several units; core_op.encode must make them
!one = !core_op.code<2, 0.5, 0>
!two = !core_op.code<2, 0.5, 0, units 2>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 2, weights = [-7, 7], bias_bits = 8>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1x!two>) -> tensor<1x1x!one> {
    %w = trained.tensor [[[1]]] : tensor<1x1x1xi8>
    %g = trained.tensor [0.125] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<1x1x!two>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!one>
    func.return %y : tensor<1x1x!one>
  }
}

// -----

// CHECK: error: func.return: it takes numbers of several units; core_op.decode must read them
!two = !core_op.code<2, 0.5, 0, units 2>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 2, weights = [-7, 7], bias_bits = 8>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<1x1xf32>) -> tensor<1x1x!two> {
    %q = core_op.encode %x : (tensor<1x1xf32>) -> tensor<1x1x!two>
    func.return %q : tensor<1x1x!two>
  }
}
