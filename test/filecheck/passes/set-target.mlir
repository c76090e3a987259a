// RUN: nn-opt %s -p 'set-target{name=prime}' | filecheck %s --check-prefix=PRIME
// RUN: nn-opt %s -p 'set-target{name=prime signal_bits=4 fan-in=128 bias_rows=1 weight_bits=4}' | filecheck %s --check-prefix=CHANGED
// RUN: nn-opt %s -p 'set-target{name=tianji}' | filecheck %s --check-prefix=ANN
// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn}' | filecheck %s --check-prefix=SNN
// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn window=8 reset=subtract}' | filecheck %s --check-prefix=SUBTRACT
// RUN: nn-opt %s -p 'set-target{name=tianji mode=ann weight_values=32}' | filecheck %s --check-prefix=VALUES
// RUN: nn-opt %s -p 'set-target{file=%S/inputs/my-chip.mlir}' | filecheck %s --check-prefix=FILE
// RUN: nn-opt %s -p 'set-target{file=%S/inputs/my-chip.mlir},set-target{weights=-3,3 functions=relu shares_positions=false}' | filecheck %s --check-prefix=TWICE
// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn window=4 signal_bits=6 cores=9 alternate=ann}' | filecheck %s --check-prefix=MIXED
// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn alternate=ann},set-target{window=4 signal_bits=6 cores=9}' | filecheck %s --check-prefix=MIXED
// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn alternate=ann},set-target{name=tianji}' | filecheck %s --check-prefix=ANN
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn alternate=snn}' 2>&1 | filecheck %s --check-prefix=ALIKE
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn window=1 alternate=ann}' 2>&1 | filecheck %s --check-prefix=ONE-TICK
// RUN: not nn-opt %s -p 'set-target{alternate=ann}' 2>&1 | filecheck %s --check-prefix=NO-NAME
// RUN: not nn-opt %s -p 'set-target{name=prim}' 2>&1 | filecheck %s --check-prefix=UNKNOWN
// RUN: not nn-opt %s -p 'set-target{file=%s}' 2>&1 | filecheck %s --check-prefix=NO-TARGET

// The chip's constraints, by name or from a file, with any of them changed.

// PRIME:     #core_op.target<"prime", fan_in = 256, fan_out = 256, signal_bits = 6, weights = [-127, 127], bias_rows = 2, spare_bias_rows = true, max_inputs = 4, cores = 4096>
// CHANGED:   #core_op.target<"prime", fan_in = 128, fan_out = 256, signal_bits = 4, weights = [-7, 7], bias_rows = 1, spare_bias_rows = true, max_inputs = 4, cores = 4096>
// ANN:       #core_op.target<"tianji", fan_in = 256, fan_out = 256, signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16, gain_values = power_of_two, rounding = floor, shares_positions = false, synapse_bits = 524288>
// SNN:       #core_op.target<"tianji", fan_in = 256, fan_out = 256, signal_bits = 1, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16, gain = neuron, gain_values = reciprocal, rounding = floor, neuron = lif, window = 16, firing = window, threshold_bits = 16, shares_positions = false, synapse_bits = 524288>
// SUBTRACT:  neuron = lif, window = 8, reset = subtract, firing = window, threshold_bits = 16,
// VALUES:    weights = [-128, 127], weight_values = 32, accumulator_bits = 24,
// FILE:      #core_op.target<"my_chip", fan_in = 16, fan_out = 8, signal_bits = 5, weights = [-7, 7], bias_bits = 12>
// MIXED:     core_op.target = #core_op.target<"tianji", fan_in = 256, fan_out = 256, signal_bits = 1, {{.*}} window = 4, {{.*}} cores = 9>, core_op.alternate_target = #core_op.target<"tianji", fan_in = 256, fan_out = 256, signal_bits = 6, {{.*}} cores = 9>
// ANN-NOT:   core_op.alternate_target
// ALIKE:     error: target 'tianji' and its alternate 'tianji' both have neurons that spike; one of them must have neuron = lif, the other neuron = rate
// ONE-TICK:  error: target 'tianji': a window of 1 tick beside graded signals; a spike needs 2 ticks or more to be told from a code
// NO-NAME:   error: set-target: alternate is a mode of a chip; give its name
// TWICE:     #core_op.target<"my_chip", fan_in = 16, fan_out = 8, signal_bits = 5, weights = [-3, 3], bias_bits = 12, functions = [relu], shares_positions = false>
// UNKNOWN:   error: no target 'prim' (targets: {{.*}}prime{{.*}}); did you mean 'prime'?; describe another chip in a file and use set-target{file=...}
// NO-TARGET: set-target.mlir: error: the module has no attribute core_op.target; write `module attributes {core_op.target = #core_op.target<...>} {}`
func.func @main() {
  func.return
}
