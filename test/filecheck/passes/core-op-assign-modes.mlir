// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn window=4 alternate=ann},core-op-assign-modes{graded=0,/b}' 2>%t | filecheck %s --check-prefix=NAMED
// RUN: filecheck %s --input-file %t --check-prefix=REMARK
// RUN: nn-opt %s -p 'set-target{name=tianji mode=ann window=4 alternate=snn},core-op-assign-modes{spiking=1}' 2>&1 | filecheck %s --check-prefix=ANN
// RUN: nn-opt %s -p 'set-target{name=tianji mode=snn window=4 alternate=ann},core-op-assign-modes' 2>&1 | filecheck %s --check-prefix=NONE
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn window=4 alternate=ann},core-op-assign-modes{graded=bet}' 2>&1 | filecheck %s --check-prefix=UNKNOWN
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn window=4 alternate=ann},core-op-assign-modes{graded=4}' 2>&1 | filecheck %s --check-prefix=NUMBER
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn window=4 alternate=ann},core-op-assign-modes{graded=/b spiking=beta}' 2>&1 | filecheck %s --check-prefix=BOTH
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn window=4 alternate=ann},core-op-assign-modes{graded=beta spiking=beta}' 2>&1 | filecheck %s --check-prefix=BOTH
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=ann window=4 alternate=snn},core-op-assign-modes{spiking=/m}' 2>&1 | filecheck %s --check-prefix=MAXIMUM
// RUN: not nn-opt %s -p 'set-target{name=tianji mode=snn},core-op-assign-modes{graded=/b}' 2>&1 | filecheck %s --check-prefix=ONE
// RUN: not nn-opt %s -p 'core-op-assign-modes{graded=/b}' 2>&1 | filecheck %s --check-prefix=TARGET

// UNKNOWN: error: core-op-assign-modes: 'bet' is no layer and no input; did you mean 'beta'?; layers with trained weights are numbered from 1 to 3, 0 is the input
// NUMBER:  error: core-op-assign-modes: '4' is no layer and no input; there are 'x', '/a', 'alpha', '/b', 'beta', '/m', 'top', '/y'; layers with trained weights are numbered from 1 to 3, 0 is the input
// BOTH:    error: core_op.vmm: 'beta' is to be spiking and graded
// MAXIMUM: error: core_op.vmm: a maximum built from rectifiers is graded where something that it is over is; let that be spikes too
// ONE:     error: core-op-assign-modes: '/b' is to be of another kind, but target 'tianji' has cores of one kind only; set-target{alternate=...} names the other
// TARGET:  error: core-op-assign-modes: the module has no target; run set-target before
// REMARK:  remark: 2 of 4 signals are spikes, others graded
// NONE-NOT: core_op.mode

// NAMED-LABEL: func.func @main
// NAMED-SAME:  core_op.mode = "graded"
// NAMED-SAME:  core_op.graded_layers = ["0", "/b"]
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x1xf32> attributes {onnx.inputs = ["x"]} {
  %w = trained.tensor [[[1.0, 0.0], [0.5, 0.5], [1.0, -1.0], [0.0, 2.0]]] : tensor<1x4x2xf32>
  %v = trained.tensor [[[1.0, 0.5], [0.5, -1.0]]] : tensor<1x2x2xf32>
  // NAMED:      [[A:%.*]] = core_op.vmm relu %x, %w {golden = "alpha", core_op.mode = "spiking"}
  // Wiring joins these spikes with graded numbers: a core counts them.
  // NAMED-NEXT: [[R:%.*]] = core_op.reshape [[A]] : (tensor<1x2xf32>) -> tensor<1x2x1x1xf32>
  // NAMED:      [[C:%.*]] = core_op.vmm relu [[R]], %{{.*}} {core_op.auxiliary, core_op.mode = "graded"}
  // NAMED-NEXT: [[G:%.*]] = core_op.reshape [[C]]
  // ANN:        core_op.vmm relu %x, %w {golden = "alpha", core_op.mode = "spiking"}
  %a = core_op.vmm relu %x, %w {golden = "alpha"} : (tensor<1x4xf32>, tensor<1x4x2xf32>) -> tensor<1x2xf32> loc("/a")
  // What reads them alone still gets spikes.
  // NAMED:      core_op.vmm relu [[A]], %v {golden = "beta", core_op.mode = "graded"}
  %b = core_op.vmm relu %a, %v {golden = "beta"} : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32> loc("/b")
  // NAMED-NEXT: core_op.concat [[G]], %b
  %c = core_op.concat %a, %b axis 1 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  %d = trained.tensor [[[1.0], [0.0], [-1.0], [0.0]]] : tensor<1x4x1xf32>
  // A maximum is as what it is over.
  // NAMED:      core_op.vmm relu %c, %d same_code {core_op.auxiliary, golden = "top", core_op.mode = "graded"}
  %m = core_op.vmm relu %c, %d same_code {core_op.auxiliary, golden = "top"} : (tensor<1x4xf32>, tensor<1x4x1xf32>) -> tensor<1x1xf32> loc("/m")
  %e = trained.tensor [[[1.0]]] : tensor<1x1x1xf32>
  // NAMED:      core_op.vmm linear %m, %e {core_op.mode = "spiking"}
  %y = core_op.vmm linear %m, %e : (tensor<1x1xf32>, tensor<1x1x1xf32>) -> tensor<1x1xf32> loc("/y")
  func.return %y : tensor<1x1xf32>
}
