// RUN: nn-opt %s -p prime-map 2>&1 | filecheck %s
// RUN: nn-opt %s -p 'prime-map{replicate=false}' 2>&1 | filecheck %s --check-prefix=SINGLE
// RUN: nn-opt %s -p 'prime-map{cores=9}' 2>&1 | filecheck %s --check-prefix=NINE
// RUN: not nn-opt %s -p 'prime-map{cores=2}' 2>&1 | filecheck %s --check-prefix=FEW
// RUN: not nn-opt %s -p 'prime-map{cores=-2}' 2>&1 | filecheck %s --check-prefix=NEGATIVE
// RUN: not nn-opt %S/set-target.mlir -p prime-map 2>&1 | filecheck %s --check-prefix=NONE

// Free cores go to the slowest operation: 10 positions on 5 copies take 2 turns, and a sixth copy
// would save none.

// CHECK-LABEL: func.func @main
// CHECK:         prime.mvm %x, {{.*}} placement <core 0, packed 1, replicas 5>
// CHECK:         prime.mvm %x1, {{.*}} placement <core 10, packed 1, replicas 1>
// CHECK:         prime.mvm %s, {{.*}} placement <core 11, packed 2, replicas 1>

// SINGLE: remark: 4 of 13 cores (4 without copies, 3 with trained weights), 68.8% of their cells used; a sample every 30.65 us [model], latency 30.65 us [model], 0.682-1.36 uJ a sample [model]
// SINGLE: placement <core 0, packed 1, replicas 1>
// SINGLE: placement <core 2, packed 1, replicas 1>
// SINGLE: placement <core 3, packed 2, replicas 1>

// NINE: cores = 9
// NINE: placement <core 0, packed 1, replicas 3>
// NINE: placement <core 6, packed 1, replicas 1>
// NINE: placement <core 7, packed 2, replicas 1>

// FEW: prime-map.mlir:44:5: error: prime.mvm: the network needs 4 cores, the target has 2, and they are used up here; use prime-map{cores=...} for several ranks, or split the network
// NEGATIVE: error: prime-map: cores is 0 or more, not -2
// NONE: error: prime-map: the module has no target; run set-target before

!q = !core_op.code<6, 0.1, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 4, fan_out = 4,
    signal_bits = 6, weights = [-127, 127], max_inputs = 4, cores = 13>} {
  func.func @main(%x: tensor<10x2x3x!q>, %s: tensor<1x2x2x!q>)
      -> (tensor<10x2x4x!q>, tensor<1x1x4x!q>, tensor<1x2x2x!q>) {
    %p0 = trained.tensor "sha256:0000000000000000000000000000000000000000000000000000000000000000" : tensor<2x3x4xui8>
    %g0 = trained.tensor [0.5, 0.25] : tensor<2xf32>
    %y0 = prime.mvm %x, %p0, %p0 gain %g0
      : (tensor<10x2x3x!q>, tensor<2x3x4xui8>, tensor<2x3x4xui8>, tensor<2xf32>) -> tensor<10x2x4x!q>

    // Merges, poolings and additions do not count as cores with trained weights.
    %x1 = core_op.slice %x offsets [0, 0, 0] sizes [1, 1, 3] : (tensor<10x2x3x!q>) -> tensor<1x1x3x!q>
    %p1 = trained.tensor "sha256:0000000000000000000000000000000000000000000000000000000000000001" : tensor<1x3x4xui8>
    %g1 = trained.tensor [0.5] : tensor<1xf32>
    %y1 = prime.mvm %x1, %p1, %p1 gain %g1 {core_op.auxiliary}
      : (tensor<1x1x3x!q>, tensor<1x3x4xui8>, tensor<1x3x4xui8>, tensor<1xf32>) -> tensor<1x1x4x!q>

    // Two small groups with one gain share a core.
    %p2 = trained.tensor [[[1, 2], [3, 4]], [[5, 6], [7, 8]]] : tensor<2x2x2xui8>
    %g2 = trained.tensor [0.5, 0.5] : tensor<2xf32>
    %y2 = prime.mvm %s, %p2, %p2 gain %g2
      : (tensor<1x2x2x!q>, tensor<2x2x2xui8>, tensor<2x2x2xui8>, tensor<2xf32>) -> tensor<1x2x2x!q>
    func.return %y0, %y1, %y2 : tensor<10x2x4x!q>, tensor<1x1x4x!q>, tensor<1x2x2x!q>
  }
}
