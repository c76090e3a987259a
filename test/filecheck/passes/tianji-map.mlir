// RUN: nn-opt %s -p 'tianji-map{cores-per-chip=2}' --split-input-file --verify-diagnostics 2>&1 | filecheck %s
// RUN: not nn-opt %s -p 'tianji-map{cores-per-chip=0}' 2>&1 | filecheck %s --check-prefix=OPTION
// OPTION: tianji-map: cores-per-chip is 1 or more, not 0

!code = !core_op.code<8, 0.1, 0>
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16>

// Two layers of two cores on two chips of two; the second skips the first by a delay.
// CHECK:       tianji.mesh = #tianji.mesh<2 x 1, cores 2>
module attributes {core_op.target = #t} {
  // CHECK-LABEL: func.func @main
  func.func @main(%image: tensor<4xf32>) -> tensor<4xf32> {
    %x = core_op.encode %image : (tensor<4xf32>) -> tensor<4x!code>
    %a = trained.tensor [[0, 1], [2, 3]] : tensor<2x2xi32>
    %w = trained.tensor [[[1], [2]], [[3], [4]]] : tensor<2x2x1xi8>
    %c = trained.tensor [1, 1] : tensor<2xi32>
    // CHECK: [[Y:%.*]] = tianji.cores %x {{.*}} placement <phase 0, cores [{{[0-3], [0-3]}}]>
    %y = tianji.cores %x axons %a synapses %w cut %c
      : (tensor<4x!code>, tensor<2x2xi32>, tensor<2x2x1xi8>, tensor<2xi32>) -> tensor<2x1x!code>
    %b = trained.tensor [[0, 2], [1, 5]] : tensor<2x2xi32>
    // CHECK: tianji.cores [[Y]], %x {{.*}} placement <phase 1, cores [{{[0-3], [0-3]}}]>
    %z = tianji.cores %y, %x axons %b synapses %w cut %c
      : (tensor<2x1x!code>, tensor<4x!code>, tensor<2x2xi32>, tensor<2x2x1xi8>, tensor<2xi32>) -> tensor<2x1x!code>
    %i = trained.tensor [0, 1, 2, 3] : tensor<4xi32>
    %r = tianji.read %y, %z index %i : (tensor<2x1x!code>, tensor<2x1x!code>, tensor<4xi32>) -> tensor<4x!code>
    %d = core_op.decode %r : (tensor<4x!code>) -> tensor<4xf32>
    func.return %d : tensor<4xf32>
  }
}

// -----

// CHECK: tianji-map.mlir:45:5: error: tianji.cores: the network needs 3 cores, the target has 2, and they are used up here; give it 2 chips of 2 cores, or split the network
!code = !core_op.code<8, 0.1, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 8, weights = [-128, 127], cores = 2>} {
  func.func @main(%x: tensor<4x!code>) -> tensor<1x1x!code> {
    %a = trained.tensor [[0, 1], [2, 3]] : tensor<2x2xi32>
    %w = trained.tensor [[[1], [2]], [[3], [4]]] : tensor<2x2x1xi8>
    %c = trained.tensor [1, 1] : tensor<2xi32>
    %y = tianji.cores %x axons %a synapses %w cut %c
      : (tensor<4x!code>, tensor<2x2xi32>, tensor<2x2x1xi8>, tensor<2xi32>) -> tensor<2x1x!code>
    %b = trained.tensor [[0, 1]] : tensor<1x2xi32>
    %v = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %e = trained.tensor [1] : tensor<1xi32>
    %z = tianji.cores %y axons %b synapses %v cut %e
      : (tensor<2x1x!code>, tensor<1x2xi32>, tensor<1x2x1xi8>, tensor<1xi32>) -> tensor<1x1x!code>
    func.return %z : tensor<1x1x!code>
  }
}

// -----

// CHECK: tianji-map.mlir:60:5: error: tianji.cores: neuron 0 of group 1 feeds 2 cores, the target's limit is 1; run core-op-insert-copies before convert-core-op-to-tianji, or raise neuron_fan_out
!code = !core_op.code<8, 0.1, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 8, weights = [-128, 127], neuron_fan_out = 1>} {
  func.func @main(%x: tensor<4x!code>) -> tensor<2x1x!code> {
    %a = trained.tensor [[0, 1], [2, 3]] : tensor<2x2xi32>
    %w = trained.tensor [[[1], [2]], [[3], [4]]] : tensor<2x2x1xi8>
    %c = trained.tensor [1, 1] : tensor<2xi32>
    %y = tianji.cores %x axons %a synapses %w cut %c
      : (tensor<4x!code>, tensor<2x2xi32>, tensor<2x2x1xi8>, tensor<2xi32>) -> tensor<2x1x!code>
    %b = trained.tensor [[0, 1], [1, -1]] : tensor<2x2xi32>
    %z = tianji.cores %y axons %b synapses %w cut %c
      : (tensor<2x1x!code>, tensor<2x2xi32>, tensor<2x2x1xi8>, tensor<2xi32>) -> tensor<2x1x!code>
    func.return %z : tensor<2x1x!code>
  }
}
