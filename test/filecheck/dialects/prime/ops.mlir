// RUN: nn-opt %s | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | nn-opt | filecheck %s

!in = !core_op.code<6, 0.1, 0>
!out = !core_op.code<6, 0.25, 31>

module attributes {core_op.target = #core_op.target<"prime", fan_in = 256, fan_out = 256,
    signal_bits = 6, weights = [-127, 127], bias_rows = 2, max_inputs = 4, cores = 4096>} {
  // CHECK-LABEL: func.func @mats
  func.func @mats(%x: tensor<7x1x3x!in>) -> tensor<7x1x2x!out> {
    %positive = trained.tensor [[[1, 0], [0, 127], [30, 4], [2, 0], [0, 1]]] : tensor<1x5x2xui8>
    %negative = trained.tensor [[[0, 2], [5, 0], [0, 0], [0, 9], [8, 0]]] : tensor<1x5x2xui8>
    %drive = trained.tensor [[63, 1]] : tensor<1x2xui8>
    %gain = trained.tensor [0.03125] : tensor<1xf32>
    // CHECK: %y = prime.mvm %x, %positive, %negative drive %drive gain %gain placement <core 12, packed 1, replicas 3> {golden = "conv1"}
    // CHECK-SAME: (tensor<7x1x3x!core_op.code<6, 0.1, 0>>, tensor<1x5x2xui8>, tensor<1x5x2xui8>, tensor<1x2xui8>, tensor<1xf32>) -> tensor<7x1x2x!core_op.code<6, 0.25, 31>>
    %y = prime.mvm %x, %positive, %negative drive %drive gain %gain
      placement <core 12, packed 1, replicas 3> {golden = "conv1"}
      : (tensor<7x1x3x!in>, tensor<1x5x2xui8>, tensor<1x5x2xui8>, tensor<1x2xui8>, tensor<1xf32>)
        -> tensor<7x1x2x!out>
    func.return %y : tensor<7x1x2x!out>
  }

  // CHECK-LABEL: func.func @no_bias
  func.func @no_bias(%x: tensor<2x2x!in>) -> tensor<2x1x!out> {
    %positive = trained.tensor [[[1], [2]], [[3], [4]]] : tensor<2x2x1xui8>
    %negative = trained.tensor [[[0], [0]], [[0], [0]]] : tensor<2x2x1xui8>
    %gain = trained.tensor [0.5, 0.25] : tensor<2xf32>
    // CHECK: prime.mvm %x, %positive, %negative gain %gain : (
    %y = prime.mvm %x, %positive, %negative gain %gain
      : (tensor<2x2x!in>, tensor<2x2x1xui8>, tensor<2x2x1xui8>, tensor<2xf32>) -> tensor<2x1x!out>
    func.return %y : tensor<2x1x!out>
  }

  // CHECK-LABEL: func.func @max_unit
  func.func @max_unit(%x: tensor<5x4x!in>) -> tensor<5x!in> {
    // CHECK: prime.max %x : (tensor<5x4x!core_op.code<6, 0.1, 0>>) -> tensor<5x!core_op.code<6, 0.1, 0>>
    %y = prime.max %x : (tensor<5x4x!in>) -> tensor<5x!in>
    func.return %y : tensor<5x!in>
  }
}
