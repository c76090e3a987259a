// RUN: nn-opt %s -p core-op-quantize-weights | filecheck %s
// RUN: nn-opt %s -p 'core-op-quantize-weights{keep-real}' | filecheck %s --check-prefix=REAL
// RUN: nn-opt %s -p 'set-target{gain=neuron},core-op-quantize-weights' | filecheck %s --check-prefix=NEURON
// RUN: nn-opt %s -p 'set-target{gain-values=power_of_two},core-op-quantize-weights' | filecheck %s --check-prefix=POWER
// RUN: nn-opt %s -p 'set-target{fan-in=5},core-op-quantize-weights' | filecheck %s --check-prefix=ROWS
// RUN: nn-opt %s -p 'set-target{fan-in=5 weights=-32,32},core-op-quantize-weights' | filecheck %s --check-prefix=MANY
// RUN: nn-opt %s -p 'set-target{fan-in=5 synapse-bits=24},core-op-quantize-weights' | filecheck %s --check-prefix=SYNAPSES
// RUN: nn-opt %s -p 'set-target{fan-in=5 accumulator-bits=9},core-op-quantize-weights' | filecheck %s --check-prefix=SUMS

// q_y = round((W q_x + b) * gain): the gain is scale_x * step / scale_y, the bias in units of the sum.
!zero = !core_op.code<4, 0.5, 0>
!offset = !core_op.code<4, 0.5, 5>
#chip = #core_op.target<"chip", fan_in = 2, fan_out = 2, signal_bits = 4, weights = [-7, 7], bias_bits = 12>
module attributes {core_op.target = #chip} {
  // CHECK-LABEL: func.func @main
  // CHECK-DAG:     [[W:%.*]] = trained.tensor {{\[\[\[}}7, 4], [-2, 1]]] : tensor<1x2x2xi8>
  // CHECK-DAG:     [[B:%.*]] = trained.tensor {{\[\[}}2, -4]] : tensor<1x2xi32>
  // CHECK-DAG:     [[G:%.*]] = trained.tensor [0.5] : tensor<1xf32>
  // CHECK:         core_op.vmm relu %x, [[W]] bias [[B]] gain [[G]] {golden = "y"} :
  // REAL:          core_op.vmm relu {{.*}} core_op.real_weight = #trained.data<{{\[\[\[}}3.5, 2.0], [-1.0, 0.55]]] : tensor<1x2x2xf32>>, core_op.real_bias = #trained.data<{{\[\[}}0.5, -1.0]] : tensor<1x2xf32>>
  // A neuron's own step uses all of its integers, here from -7 to 7.
  // NEURON-LABEL: func.func @main
  // NEURON-DAG:    trained.tensor {{\[\[\[}}7, 7], [-2, 2]]] : tensor<1x2x2xi8>
  // NEURON-DAG:    trained.tensor {{\[\[}}0.5, 0.2857143]] : tensor<1x2xf32>
  // Three rows that are free go to the input with the large weights, which then has 4 of up to 7: the
  // step is finer. They stay free where weights have many levels, and where the synapses of a core or
  // its sums could not hold more.
  // ROWS-LABEL:  func.func @main
  // ROWS-DAG:      trained.tensor {{\[\[\[}}26, 15], [-7, 4]]] : tensor<1x2x2xi8>
  // ROWS-DAG:      trained.tensor {{\[\[}}7, -15]] : tensor<1x2xi32>
  // ROWS:          core_op.row_units = #trained.data<{{\[\[}}4, 1]] : tensor<1x2xi32>>
  // MANY-NOT:      core_op.row_units
  // SYNAPSES-LABEL: func.func @main
  // SYNAPSES:      core_op.row_units = #trained.data<{{\[\[}}2, 1]] : tensor<1x2xi32>>
  // SUMS-LABEL:  func.func @main
  // SUMS-DAG:      trained.tensor {{\[\[\[}}7, 4], [-2, 1]]] : tensor<1x2x2xi8>
  // SUMS-NOT:      core_op.row_units
  // POWER-LABEL: func.func @main
  // POWER-DAG:     trained.tensor [0.5] : tensor<1xf32>
  func.func @main(%x: tensor<1x2x!zero>) -> tensor<1x2x!zero> {
    %w = trained.tensor [[[3.5, 2.0], [-1.0, 0.55]]] : tensor<1x2x2xf32>
    %b = trained.tensor [[0.5, -1.0]] : tensor<1x2xf32>
    %y = core_op.vmm relu %x, %w bias %b {golden = "y"} : (tensor<1x2x!zero>, tensor<1x2x2xf32>, tensor<1x2xf32>) -> tensor<1x2x!zero>
    func.return %y : tensor<1x2x!zero>
  }

  // Zero points go into the bias: -5 * 2 of the input's. Equal weights become ones.
  // CHECK-LABEL: func.func @merge
  // CHECK-DAG:     trained.tensor {{\[\[\[}}1], [1]]] : tensor<1x2x1xi8>
  // CHECK-DAG:     trained.tensor {{\[\[}}-10]] : tensor<1x1xi32>
  // CHECK-DAG:     trained.tensor [0.25] : tensor<1xf32>
  // CHECK:         {core_op.auxiliary} :
  // Rows change nothing for what fits exactly.
  // ROWS-LABEL:  func.func @merge
  // ROWS-NOT:      core_op.row_units
  // REAL-LABEL:  func.func @merge
  // REAL-NOT:      core_op.real_weight
  func.func @merge(%x: tensor<1x2x!offset>) -> tensor<1x1x!zero> {
    %w = trained.tensor [[[0.25], [0.25]]] : tensor<1x2x1xf32>
    %y = core_op.vmm relu %x, %w {core_op.auxiliary} : (tensor<1x2x!offset>, tensor<1x2x1xf32>) -> tensor<1x1x!zero>
    func.return %y : tensor<1x1x!zero>
  }

  // What was trained with integers keeps them, and is not tuned: thirds do not become sevenths. The
  // bias of 1/12 is half a step, which is exact where weights and bias are doubled and the gain is not.
  // CHECK-LABEL: func.func @ternary
  // CHECK-DAG:     trained.tensor {{\[\[\[}}2, 0], [-2, 2]]] : tensor<1x2x2xi8>
  // CHECK-DAG:     trained.tensor {{\[\[}}1, 0]] : tensor<1x2xi32>
  // CHECK-DAG:     trained.tensor [0.16666667] : tensor<1xf32>
  // CHECK:         {core_op.fixed} :
  // REAL-LABEL:  func.func @ternary
  // REAL-NOT:      core_op.real_weight
  func.func @ternary(%x: tensor<1x2x!zero>) -> tensor<1x2x!zero> {
    %w = trained.tensor [[[0.33333334, 0.0], [-0.33333334, 0.33333334]]] : tensor<1x2x2xf32>
    %b = trained.tensor [[0.083333336, 0.0]] : tensor<1x2xf32>
    %y = core_op.vmm relu %x, %w bias %b : (tensor<1x2x!zero>, tensor<1x2x2xf32>, tensor<1x2xf32>) -> tensor<1x2x!zero>
    func.return %y : tensor<1x2x!zero>
  }

  // Two units of a step of 1 for a number of steps of 0.5: gain and zero point are a unit's. Units
  // are half a step apart, 2 of the sum; that takes weights of 2, where one unit would do with ones.
  // CHECK-LABEL: func.func @units
  // CHECK-DAG:     trained.tensor {{\[\[\[}}2], [2]]] : tensor<1x2x1xi8>
  // CHECK-DAG:     trained.tensor {{\[\[}}4]] : tensor<1x1xi32>
  // CHECK-DAG:     trained.tensor [0.25] : tensor<1xf32>
  func.func @units(%x: tensor<1x2x!zero>) -> tensor<1x1x!core_op.code<4, 0.5, 2, units 2>> {
    %w = trained.tensor [[[1.0], [1.0]]] : tensor<1x2x1xf32>
    %y = core_op.vmm linear %x, %w {core_op.auxiliary} : (tensor<1x2x!zero>, tensor<1x2x1xf32>) -> tensor<1x1x!core_op.code<4, 0.5, 2, units 2>>
    func.return %y : tensor<1x1x!core_op.code<4, 0.5, 2, units 2>>
  }

  // What is quantised already stays.
  // CHECK-LABEL: func.func @again
  // CHECK-NEXT:    %w = trained.tensor {{\[\[\[}}2], [2]]] : tensor<1x2x1xi8>
  func.func @again(%x: tensor<1x2x!zero>) -> tensor<1x1x!zero> {
    %w = trained.tensor [[[2], [2]]] : tensor<1x2x1xi8>
    %g = trained.tensor [0.25] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w gain %g : (tensor<1x2x!zero>, tensor<1x2x1xi8>, tensor<1xf32>) -> tensor<1x1x!zero>
    func.return %y : tensor<1x1x!zero>
  }
}
