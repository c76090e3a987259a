// RUN: nn-opt %s -p 'tianji-map' 2>&1 | filecheck %s

// Spikes are taken a tick after they are sent; a graded sum of them when their window is over.

#spikes = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 1, weights = [-128, 127], accumulator_bits = 24,
    bias_bits = 16, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 5>
#codes = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24,
    bias_bits = 16, gain_values = power_of_two, rounding = floor>
!s = !core_op.code<1, 0.5, 0, ticks 5>
!c = !core_op.code<8, 0.5, 0>
// CHECK: remark: 4 cores (4 with trained weights) on 1 chips, 1 x 1; {{.*}} a sample every 84.15 us [pub], latency 202 us
module attributes {core_op.target = #spikes, core_op.alternate_target = #codes} {
  func.func @main(%image: tensor<2xf32>) -> tensor<1x1xf32> {
    %x = core_op.encode %image : (tensor<2xf32>) -> tensor<2x!c>
    %a = trained.tensor [[0, 1]] : tensor<1x2xi32>
    %w = trained.tensor [[[1], [2]]] : tensor<1x2x1xi8>
    %t = trained.tensor [100] : tensor<1xi32>
    %c = trained.tensor [1] : tensor<1xi32>
    // CHECK: [[S:%.*]] = tianji.cores %x {{.*}} placement <phase 0,
    %s = tianji.cores %x axons %a synapses %w threshold %t
      : (tensor<2x!c>, tensor<1x2xi32>, tensor<1x2x1xi8>, tensor<1xi32>) -> tensor<1x1x!s>
    %b = trained.tensor [[0]] : tensor<1x1xi32>
    %v = trained.tensor [[[3]]] : tensor<1x1x1xi8>
    // CHECK: [[G:%.*]] = tianji.cores [[S]] {{.*}} placement <phase 1,
    %g = tianji.cores %s axons %b synapses %v cut %c
      : (tensor<1x1x!s>, tensor<1x1xi32>, tensor<1x1x1xi8>, tensor<1xi32>) -> tensor<1x1x!c>
    // CHECK: [[H:%.*]] = tianji.cores [[G]] {{.*}} placement <phase 6,
    %h = tianji.cores %g axons %b synapses %v cut %c
      : (tensor<1x1x!c>, tensor<1x1xi32>, tensor<1x1x1xi8>, tensor<1xi32>) -> tensor<1x1x!c>
    // CHECK: tianji.cores [[H]] {{.*}} placement <phase 7,
    %y = tianji.cores %h axons %b synapses %v threshold %t
      : (tensor<1x1x!c>, tensor<1x1xi32>, tensor<1x1x1xi8>, tensor<1xi32>) -> tensor<1x1x!s>
    %d = core_op.decode %y : (tensor<1x1x!s>) -> tensor<1x1xf32>
    func.return %d : tensor<1x1xf32>
  }
}
