// RUN: nn-opt %s -p 'tianji-map{cores-per-chip=1 rows=1}' | filecheck %s
// RUN: nn-opt %s -p 'tianji-map{cores-per-chip=1 rows=1}' 2>&1 | filecheck %s --check-prefix=REMARK
// RUN: not nn-opt %s -p 'tianji-map{cores-per-chip=1 columns=1 rows=1}' 2>&1 | filecheck %s --check-prefix=MESH
// RUN: not nn-opt %s -p 'tianji-map{cores-per-chip=1 rows=1 link-packets=1}' 2>&1 | filecheck %s --check-prefix=LINK

// CHECK: tianji.mesh = #tianji.mesh<3 x 1, cores 1>
// REMARK: remark: 3 cores (3 with trained weights) on 3 chips, 3 x 1; 10.4% of their synapses used; 5 hops a sample, at most 2 packets a link and phase; a sample every 16.83 us [pub], latency 33.66 us [pub], 0.0985-0.318 uJ a sample [derived]
// MESH: error: tianji.cores: the network needs 3 cores, the mesh of 1 x 1 chips has 1, and they are used up here; give it 3 chips of 1 cores, or split the network
// LINK: error: tianji.cores: 2 packets a phase on the link from chip 0 to the right, its limit is 1; this layer sends most; choose another mesh by columns and rows, or raise link-packets
!code = !core_op.code<8, 0.1, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 8, weights = [-128, 127]>} {
  func.func @main(%x: tensor<4x!code>) -> tensor<1x1x!code> {
    %a = trained.tensor [[0, 1], [2, -1]] : tensor<2x2xi32>
    %w = trained.tensor [[[1], [2]], [[3], [0]]] : tensor<2x2x1xi8>
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
