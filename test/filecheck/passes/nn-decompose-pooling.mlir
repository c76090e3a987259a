// RUN: nn-opt %s -p nn-decompose-pooling | filecheck %s
// RUN: nn-opt %s -p 'set-target{name=prime max-inputs=2},nn-decompose-pooling' | filecheck %s --check-prefix=NATIVE
// RUN: nn-opt %s -p 'set-target{name=prime},nn-decompose-pooling{max=relu}' | filecheck %s
// RUN: nn-opt %s -p 'set-target{name=prime},nn-decompose-pooling' 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: not nn-opt %s -p 'set-target{name=prime max-inputs=0},nn-decompose-pooling{max=native}' 2>&1 | filecheck %s --check-prefix=NO-UNIT
// RUN: not nn-opt %s -p 'nn-decompose-pooling{max=fast}' 2>&1 | filecheck %s --check-prefix=OPTION

// REMARK:  remark: by the target's own maximum: no core instead of 2 with rectifiers

// NO-UNIT: error: nn-decompose-pooling: max=native, but the target has no maximum of its own; use max=relu
// OPTION:  error: nn-decompose-pooling: option 'max' expects {{.*}}, got 'fast'

// max(a, b) = relu(a - b) + relu(b) - relu(-b), at every place of every channel.
// CHECK-LABEL: func.func @signed
// CHECK:         [[W:%.*]] = core_op.window {{.*}} kernel [2] strides [2]
// CHECK-NEXT:    [[X:%.*]] = core_op.reshape [[W]] : (tensor<2x1x2xf32>) -> tensor<2x1x1x2xf32>
// CHECK-NEXT:    [[D:%.*]] = trained.tensor {{\[\[\[}}1.0, 0.0, 0.0], [-1.0, 1.0, -1.0]]]
// CHECK-NEXT:    [[R:%.*]] = core_op.vmm relu [[X]], [[D]] {core_op.auxiliary}
// CHECK-NEXT:    [[S:%.*]] = trained.tensor {{\[\[\[}}1.0], [1.0], [-1.0]]]
// CHECK-NEXT:    core_op.vmm linear [[R]], [[S]] {core_op.auxiliary, golden = "y", golden_order = array<i64: 1, 0>}
// NATIVE-LABEL: func.func @signed
// NATIVE:        core_op.max {{.*}} {golden = "y", golden_order = array<i64: 1, 0>} : (tensor<2x1x1x2xf32>) -> tensor<2x1x1xf32>
func.func @signed(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %y = nn.max_pool %x kernel [2] strides [2] {golden = "y"} : (tensor<1x4xf32>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// Where nothing is negative, half as many units do, and all share the input's code.
// CHECK-LABEL: func.func @rectified
// CHECK:         trained.tensor {{\[\[\[}}1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]
// CHECK-NEXT:    core_op.vmm relu {{%.*}}, {{%.*}} same_code {core_op.auxiliary}
// CHECK-NEXT:    trained.tensor {{\[\[\[}}1.0, 0.0], [1.0, 0.0], [-1.0, 1.0]]]
// CHECK-NEXT:    core_op.vmm relu {{%.*}}, {{%.*}} same_code {core_op.auxiliary}
// CHECK-NEXT:    trained.tensor {{\[\[\[}}1.0], [1.0]]]
// CHECK-NEXT:    core_op.vmm relu {{%.*}}, {{%.*}} same_code {core_op.auxiliary, golden = "y", golden_order = array<i64: 1, 0>}
// NATIVE-LABEL: func.func @rectified
// NATIVE-COUNT-2: core_op.max
// NATIVE-NOT:     core_op.max
func.func @rectified(%x: tensor<1x9xf32>) -> tensor<1x3xf32> {
  %r = nn.relu %x : (tensor<1x9xf32>) -> tensor<1x9xf32>
  %y = nn.max_pool %r kernel [3] strides [3] {golden = "y"} : (tensor<1x9xf32>) -> tensor<1x3xf32>
  func.return %y : tensor<1x3xf32>
}

// What lies outside must not win over negative values: it becomes an element of the same window.
// CHECK-LABEL: func.func @padded
// CHECK-NEXT:    nn.gather %x axis 1 [1, 0, 1, 2, 3, 2] : (tensor<1x4xf32>) -> tensor<1x6xf32>
// CHECK:         core_op.window {{.*}} kernel [2] dilations [2]
// CHECK:         core_op.vmm linear {{.*}} {core_op.auxiliary, golden = "y", golden_order = array<i64: 1, 0>}
// NATIVE-LABEL: func.func @padded
// NATIVE-NEXT:   nn.gather %x axis 1 [1, 0, 1, 2, 3, 2]
// NATIVE:        core_op.max
func.func @padded(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %y = nn.max_pool %x kernel [2] pads [1, 1] dilations [2] {golden = "y"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}

// A mean has the same weights everywhere. Where the border does not count there is a mean for each
// number of elements, and a choice.
// CHECK-LABEL: func.func @mean
// CHECK:         trained.tensor {{\[\[\[}}0.5], [0.5]]]
// CHECK-NEXT:    core_op.vmm linear {{.*}} {core_op.auxiliary, golden = "a", golden_order = array<i64: 1, 0>} : (tensor<2x2x1x2xf32>, tensor<1x2x1xf32>)
// CHECK:         core_op.window {{.*}} pads [1, 1]
// CHECK:         trained.tensor {{\[\[\[}}0.5], [0.5]]]
// CHECK:         trained.tensor {{\[\[\[}}0.5, 1.0], [0.5, 1.0]]]
// CHECK-NEXT:    core_op.vmm linear {{.*}} {core_op.auxiliary} : (tensor<3x2x1x2xf32>, tensor<1x2x2xf32>) -> tensor<3x2x1x2xf32>
// CHECK:         nn.gather {{.*}} axis 1 [1, 2, 5] {golden = "c"} : (tensor<2x6xf32>) -> tensor<2x3xf32>
func.func @mean(%x: tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %a = nn.average_pool %x kernel [2] strides [2] {golden = "a"} : (tensor<2x4xf32>) -> tensor<2x2xf32>
  %b = nn.average_pool %x kernel [2] strides [2] pads [1, 1] count_pad true : (tensor<2x4xf32>) -> tensor<2x3xf32>
  %c = nn.average_pool %x kernel [2] strides [2] pads [1, 1] {golden = "c"} : (tensor<2x4xf32>) -> tensor<2x3xf32>
  func.return %a, %b, %c : tensor<2x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}
