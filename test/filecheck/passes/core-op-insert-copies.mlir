// RUN: nn-opt %s -p 'core-op-insert-copies,canonicalize,verify-target' 2>&1 | filecheck %s
// RUN: nn-opt %s -p 'set-target{neuron_fan_out=0},core-op-insert-copies' | filecheck %s --check-prefix=FREE
// RUN: not nn-opt %s -p verify-target 2>&1 | filecheck %s --check-prefix=VERIFY
// RUN: not nn-opt %s -p 'core-op-insert-copies,set-target{cores=4},verify-target' 2>&1 | filecheck %s --check-prefix=CORES

// Each of the first layer's neurons feeds three cores, and may feed one: a copy for each of them,
// which core 0 of the copies has for both neurons. What the host sends may go anywhere, and what it
// takes does not count.

// CHECK:       core-op-insert-copies.mlir:{{.*}}: remark: 6 copies of neurons that feed more than 1 core, in 1 core
// CHECK-LABEL: func.func @main
// CHECK:         core_op.vmm relu
// CHECK:         [[W:%.*]] = trained.tensor {{\[\[\[}}1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]] : tensor<1x2x6xi8>
// CHECK:         [[G:%.*]] = trained.tensor [1.0] : tensor<1xf32>
// CHECK:         core_op.vmm linear {{.*}}, [[W]] gain [[G]] same_code {core_op.auxiliary} : (tensor<1x2x!core_op.code<4, 0.5, 0>>
// CHECK:         core_op.gather {{.*}} axis 0 indices [0, 3, 1, 4, 2, 5]
// CHECK:         core_op.vmm relu
// FREE-NOT:    core_op.auxiliary
// VERIFY:      core-op-insert-copies.mlir:31:5: error: core_op.vmm: neuron 0 of group 0 feeds 3 cores, the target's limit is 1, and 1 other too many; run core-op-insert-copies
// CORES:       error: func.func: the network needs 5 cores, the target has 4

!q = !core_op.code<4, 0.5, 0>
#chip = #core_op.target<"chip", fan_in = 8, fan_out = 8, signal_bits = 4, weights = [-7, 7],
                        bias_bits = 12, shares_positions = false, neuron_fan_out = 1>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<3x1x1xf32>) {
    %e = core_op.encode %x : (tensor<2xf32>) -> tensor<2x!q>
    %r = core_op.reshape %e : (tensor<2x!q>) -> tensor<1x2x!q>
    %w = trained.tensor [[[1, 2], [3, 4]]] : tensor<1x2x2xi8>
    %g = trained.tensor [0.5] : tensor<1xf32>
    %h = core_op.vmm relu %r, %w gain %g : (tensor<1x2x!q>, tensor<1x2x2xi8>, tensor<1xf32>) -> tensor<1x2x!q>
    %n = core_op.repeat %h axis 0 times 3 : (tensor<1x2x!q>) -> tensor<3x2x!q>
    %v = trained.tensor [[[1], [2]], [[3], [4]], [[5], [6]]] : tensor<3x2x1xi8>
    %f = trained.tensor [0.5, 0.5, 0.5] : tensor<3xf32>
    %y = core_op.vmm relu %n, %v gain %f : (tensor<3x2x!q>, tensor<3x2x1xi8>, tensor<3xf32>) -> tensor<3x1x!q>
    %s = core_op.reshape %y : (tensor<3x1x!q>) -> tensor<3x1x1x!q>
    %o = core_op.reshape %h : (tensor<1x2x!q>) -> tensor<2x!q>
    %a = core_op.decode %o : (tensor<2x!q>) -> tensor<2xf32>
    %b = core_op.decode %s : (tensor<3x1x1x!q>) -> tensor<3x1x1xf32>
    func.return %a, %b : tensor<2xf32>, tensor<3x1x1xf32>
  }
}
