// RUN: nn-opt %s | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC
// RUN: nn-opt %s --print-op-generic | nn-opt | filecheck %s

// Every operation, in its own form and in the generic one; either reads back as the other.

!in = !core_op.code<6, 0.03125, 0>
!hidden = !core_op.code<6, 0.1, 0>
!signed = !core_op.code<4, 0.5, 8>

// CHECK:      builtin.module attributes {core_op.target = #core_op.target<"tiny", fan_in = 128, fan_out = 64, signal_bits = 6, weights = [-127, 127], bias_rows = 1, gain = neuron, gain_values = power_of_two, rounding = floor, functions = [relu], shares_positions = false>} {
module attributes {core_op.target = #core_op.target<"tiny", fan_in = 128, fan_out = 64, signal_bits = 6, weights = [-127, 127], bias_rows = 1, gain = neuron, gain_values = power_of_two, rounding = floor, functions = [relu], max_inputs = 0, shares_positions = false>} {

// CHECK-LABEL: func.func @border
// CHECK-NEXT:    %{{.*}} = core_op.encode %{{.*}} : (tensor<4xf32>) -> tensor<4x!core_op.code<6, 0.1, 0>>
// CHECK-NEXT:    %{{.*}} = core_op.decode %{{.*}} {golden = "y"} : (tensor<4x!core_op.code<6, 0.1, 0>>) -> tensor<4xf32>
// GENERIC:       %{{.*}} = "core_op.encode"(%{{.*}}) : (tensor<4xf32>) -> tensor<4x!core_op.code<6, 0.1, 0>>
// GENERIC-NEXT:  %{{.*}} = "core_op.decode"(%{{.*}}) {golden = "y"} : (tensor<4x!core_op.code<6, 0.1, 0>>) -> tensor<4xf32>
func.func @border(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = core_op.encode %x : (tensor<4xf32>) -> tensor<4x!hidden>
  %y = core_op.decode %q {golden = "y"} : (tensor<4x!hidden>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @vmm_of_reals
// CHECK-NEXT:    %{{.*}} = core_op.vmm linear %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<2x3x4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:    %{{.*}} = core_op.vmm relu %{{.*}}, %{{.*}} bias %{{.*}} same_code {golden = "y", golden_order = array<i64: 1, 0>} : (tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
// GENERIC:       %{{.*}} = "core_op.vmm"(%{{.*}}, %{{.*}}) <{activation = #core_op<activation linear>, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>}> : (tensor<2x3xf32>, tensor<2x3x4xf32>) -> tensor<2x4xf32>
// GENERIC-NEXT:  %{{.*}} = "core_op.vmm"(%{{.*}}, %{{.*}}, %{{.*}}) <{activation = #core_op<activation relu>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>, same_code}> {golden = "y", golden_order = array<i64: 1, 0>} : (tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
func.func @vmm_of_reals(%x: tensor<2x3xf32>, %w: tensor<2x3x4xf32>, %b: tensor<2x4xf32>) {
  %y = core_op.vmm linear %x, %w : (tensor<2x3xf32>, tensor<2x3x4xf32>) -> tensor<2x4xf32>
  %z = core_op.vmm relu %x, %w bias %b same_code {golden = "y", golden_order = array<i64: 1, 0>} : (tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  func.return
}

// With real weights, codes count as the real numbers that they stand for.

// CHECK-LABEL: func.func @vmm_of_codes_with_real_weights
// CHECK-NEXT:    %{{.*}} = core_op.vmm relu %{{.*}}, %{{.*}} : (tensor<5x7x1x3x!core_op.code<6, 0.03125, 0>>, tensor<1x3x4xf32>) -> tensor<5x7x1x4x!core_op.code<6, 0.1, 0>>
func.func @vmm_of_codes_with_real_weights(%x: tensor<5x7x1x3x!in>, %w: tensor<1x3x4xf32>) {
  %y = core_op.vmm relu %x, %w : (tensor<5x7x1x3x!in>, tensor<1x3x4xf32>) -> tensor<5x7x1x4x!hidden>
  func.return
}

// CHECK-LABEL: func.func @units
// CHECK-NEXT:    %{{.*}} = core_op.encode %{{.*}} : (tensor<4xf32>) -> tensor<4x!core_op.code<2, 0.1, 10, units 5>>
// CHECK-NEXT:    %{{.*}} = core_op.encode %{{.*}} units 5 : (tensor<4xf32>) -> tensor<4x5x!core_op.code<2, 0.1, 2>>
// CHECK-NEXT:    %{{.*}} = core_op.decode %{{.*}} units 5 : (tensor<4x5x!core_op.code<2, 0.1, 2>>) -> tensor<4xf32>
// GENERIC:       %{{.*}} = "core_op.encode"(%{{.*}}) <{units = 5 : i64}>
func.func @units(%x: tensor<4xf32>) -> tensor<4xf32> {
  %number = core_op.encode %x : (tensor<4xf32>) -> tensor<4x!core_op.code<2, 0.1, 10, units 5>>
  %q = core_op.encode %x units 5 : (tensor<4xf32>) -> tensor<4x5x!core_op.code<2, 0.1, 2, units 1>>
  %y = core_op.decode %q units 5 : (tensor<4x5x!core_op.code<2, 0.1, 2>>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @vmm_of_codes
// CHECK-NEXT:    %{{.*}} = core_op.vmm relu %{{.*}}, %{{.*}} gain %{{.*}} : (tensor<2x3x!core_op.code<6, 0.03125, 0>>, tensor<2x3x4xi8>, tensor<2xf32>) -> tensor<2x4x!core_op.code<6, 0.1, 0>>
// CHECK-NEXT:    %{{.*}} = core_op.vmm linear %{{.*}}, %{{.*}} bias %{{.*}} gain %{{.*}} : (tensor<2x3x!core_op.code<6, 0.03125, 0>>, tensor<2x3x4xi8>, tensor<2x4xi32>, tensor<2x4xf32>) -> tensor<2x4x!core_op.code<4, 0.5, 8>>
// GENERIC:       %{{.*}} = "core_op.vmm"(%{{.*}}, %{{.*}}, %{{.*}}) <{activation = #core_op<activation relu>, operandSegmentSizes = array<i32: 1, 1, 0, 0, 1>}> : (tensor<2x3x!core_op.code<6, 0.03125, 0>>, tensor<2x3x4xi8>, tensor<2xf32>) -> tensor<2x4x!core_op.code<6, 0.1, 0>>
func.func @vmm_of_codes(%x: tensor<2x3x!in>, %w: tensor<2x3x4xi8>, %b: tensor<2x4xi32>, %core: tensor<2xf32>, %neuron: tensor<2x4xf32>) {
  %y = core_op.vmm relu %x, %w gain %core : (tensor<2x3x!in>, tensor<2x3x4xi8>, tensor<2xf32>) -> tensor<2x4x!hidden>
  %z = core_op.vmm linear %x, %w bias %b gain %neuron : (tensor<2x3x!in>, tensor<2x3x4xi8>, tensor<2x4xi32>, tensor<2x4xf32>) -> tensor<2x4x!signed>
  func.return
}

// CHECK-LABEL: func.func @max
// CHECK-NEXT:    %{{.*}} = core_op.max %{{.*}} : (tensor<5x4x!core_op.code<4, 0.5, 8>>) -> tensor<5x!core_op.code<4, 0.5, 8>>
// GENERIC:       %{{.*}} = "core_op.max"(%{{.*}}) : (tensor<5x4x!core_op.code<4, 0.5, 8>>) -> tensor<5x!core_op.code<4, 0.5, 8>>
func.func @max(%x: tensor<5x4x!signed>) {
  %y = core_op.max %x : (tensor<5x4x!signed>) -> tensor<5x!signed>
  func.return
}

// CHECK-LABEL: func.func @window
// CHECK-NEXT:    %{{.*}} = core_op.window %{{.*}} kernel [3, 3] : (tensor<8x8x1x2xf32>) -> tensor<6x6x1x18xf32>
// CHECK-NEXT:    %{{.*}} = core_op.window %{{.*}} kernel [3, 3] strides [2, 1] pads [1, 0, 0, 2] dilations [1, 2] : (tensor<8x8x1x2xf32>) -> tensor<4x6x1x18xf32>
// CHECK-NEXT:    %{{.*}} = core_op.window %{{.*}} kernel [2] strides [2] : (tensor<8x4x1x!core_op.code<4, 0.5, 8>>) -> tensor<4x4x2x!core_op.code<4, 0.5, 8>>
// GENERIC:       %{{.*}} = "core_op.window"(%{{.*}}) <{kernel = array<i64: 3, 3>}> : (tensor<8x8x1x2xf32>) -> tensor<6x6x1x18xf32>
// GENERIC-NEXT:  %{{.*}} = "core_op.window"(%{{.*}}) <{kernel = array<i64: 3, 3>, strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 0, 2>, dilations = array<i64: 1, 2>}> : (tensor<8x8x1x2xf32>) -> tensor<4x6x1x18xf32>
func.func @window(%x: tensor<8x8x1x2xf32>, %line: tensor<8x4x1x!signed>) {
  %a = core_op.window %x kernel [3, 3] : (tensor<8x8x1x2xf32>) -> tensor<6x6x1x18xf32>
  %b = core_op.window %x kernel [3, 3] strides [2, 1] pads [1, 0, 0, 2] dilations [1, 2] : (tensor<8x8x1x2xf32>) -> tensor<4x6x1x18xf32>
  %c = core_op.window %line kernel [2] strides [2] : (tensor<8x4x1x!signed>) -> tensor<4x4x2x!signed>
  func.return
}

// CHECK-LABEL: func.func @wiring
// CHECK-NEXT:    %{{.*}} = core_op.pad %{{.*}} low [0, 1] high [2, 0] : (tensor<2x3x!core_op.code<4, 0.5, 8>>) -> tensor<4x4x!core_op.code<4, 0.5, 8>>
// CHECK-NEXT:    %{{.*}} = core_op.slice %{{.*}} offsets [0, 1] sizes [2, 2] : (tensor<2x3x!core_op.code<4, 0.5, 8>>) -> tensor<2x2x!core_op.code<4, 0.5, 8>>
// CHECK-NEXT:    %{{.*}} = core_op.concat %{{.*}}, %{{.*}} axis 1 : (tensor<2x3x!core_op.code<4, 0.5, 8>>, tensor<2x2x!core_op.code<4, 0.5, 8>>) -> tensor<2x5x!core_op.code<4, 0.5, 8>>
// CHECK-NEXT:    %{{.*}} = core_op.permute %{{.*}} [1, 0] : (tensor<2x3x!core_op.code<4, 0.5, 8>>) -> tensor<3x2x!core_op.code<4, 0.5, 8>>
// CHECK-NEXT:    %{{.*}} = core_op.reshape %{{.*}} : (tensor<2x3x!core_op.code<4, 0.5, 8>>) -> tensor<6x!core_op.code<4, 0.5, 8>>
// CHECK-NEXT:    %{{.*}} = core_op.repeat %{{.*}} axis 0 times 3 : (tensor<2x3x!core_op.code<4, 0.5, 8>>) -> tensor<6x3x!core_op.code<4, 0.5, 8>>
// CHECK-NEXT:    %{{.*}} = core_op.gather %{{.*}} axis 1 indices [2, 0, 0, 1] : (tensor<2x3x!core_op.code<4, 0.5, 8>>) -> tensor<2x4x!core_op.code<4, 0.5, 8>>
// GENERIC:       %{{.*}} = "core_op.pad"(%{{.*}}) <{low = array<i64: 0, 1>, high = array<i64: 2, 0>}>
// GENERIC-NEXT:  %{{.*}} = "core_op.slice"(%{{.*}}) <{offsets = array<i64: 0, 1>, sizes = array<i64: 2, 2>}>
// GENERIC-NEXT:  %{{.*}} = "core_op.concat"(%{{.*}}, %{{.*}}) <{axis = 1 : i64}>
// GENERIC-NEXT:  %{{.*}} = "core_op.permute"(%{{.*}}) <{permutation = array<i64: 1, 0>}>
// GENERIC-NEXT:  %{{.*}} = "core_op.reshape"(%{{.*}}) :
// GENERIC-NEXT:  %{{.*}} = "core_op.repeat"(%{{.*}}) <{axis = 0 : i64, times = 3 : i64}>
// GENERIC-NEXT:  %{{.*}} = "core_op.gather"(%{{.*}}) <{axis = 1 : i64, indices = array<i64: 2, 0, 0, 1>}>
func.func @wiring(%x: tensor<2x3x!signed>) {
  %a = core_op.pad %x low [0, 1] high [2, 0] : (tensor<2x3x!signed>) -> tensor<4x4x!signed>
  %b = core_op.slice %x offsets [0, 1] sizes [2, 2] : (tensor<2x3x!signed>) -> tensor<2x2x!signed>
  %c = core_op.concat %x, %b axis 1 : (tensor<2x3x!signed>, tensor<2x2x!signed>) -> tensor<2x5x!signed>
  %d = core_op.permute %x [1, 0] : (tensor<2x3x!signed>) -> tensor<3x2x!signed>
  %e = core_op.reshape %x : (tensor<2x3x!signed>) -> tensor<6x!signed>
  %f = core_op.repeat %x axis 0 times 3 : (tensor<2x3x!signed>) -> tensor<6x3x!signed>
  %g = core_op.gather %x axis 1 indices [2, 0, 0, 1] : (tensor<2x3x!signed>) -> tensor<2x4x!signed>
  func.return
}

// A scale is a float32, printed as the shortest text that reads back as the same.

// CHECK-LABEL: func.func @codes
// CHECK-SAME:    tensor<1x!core_op.code<1, 1.0, 1>>
// CHECK-SAME:    tensor<1x!core_op.code<16, 0.1, 65535>>
// CHECK-SAME:    tensor<1x!core_op.code<8, 1.0e-20, 0>>
// CHECK-SAME:    tensor<1x!core_op.code<8, 3.0e+20, 0>>
func.func @codes(%a: tensor<1x!core_op.code<1, 1, 1>>, %b: tensor<1x!core_op.code<16, 0.100000001, 65535>>, %c: tensor<1x!core_op.code<8, 1.0e-20, 0>>, %d: tensor<1x!core_op.code<8, 3.0e20, 0>>) {
  func.return
}

// Numbers that are counted in ticks, and neurons.

// CHECK-LABEL: func.func @spikes
// CHECK-SAME:    tensor<1x3x!core_op.code<1, 0.5, 0, ticks 16>>
// CHECK-SAME:    tensor<2x!core_op.code<1, 0.5, 6, units 3, ticks 8>>
// CHECK-NEXT:    %{{.*}} = core_op.vmm relu %{{.*}}, %{{.*}} bias %{{.*}} potential %{{.*}} gain %{{.*}} : (tensor<1x3x!core_op.code<1, 0.5, 0, ticks 16>>, tensor<1x3x4xi8>, tensor<1x4xi32>, tensor<1x4xi32>, tensor<1x4xf32>) -> tensor<1x4x!core_op.code<1, 0.25, 0, ticks 16>>
// CHECK-NEXT:    %{{.*}} = core_op.vmm linear %{{.*}}, %{{.*}} potential %{{.*}} gain %{{.*}} : (tensor<1x3x!core_op.code<1, 0.5, 0, ticks 16>>, tensor<1x3x4xi8>, tensor<1x4xi32>, tensor<1xf32>) -> tensor<1x4x!core_op.code<1, 0.25, 3, ticks 16>>
// GENERIC:       operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>
// GENERIC:       operandSegmentSizes = array<i32: 1, 1, 0, 1, 1>
func.func @spikes(%x: tensor<1x3x!core_op.code<1, 0.5, 0, ticks 16>>, %u: tensor<2x!core_op.code<1, 0.5, 6, units 3, ticks 8>>, %w: tensor<1x3x4xi8>, %b: tensor<1x4xi32>, %v: tensor<1x4xi32>, %g: tensor<1x4xf32>, %h: tensor<1xf32>) {
  %y = core_op.vmm relu %x, %w bias %b potential %v gain %g : (tensor<1x3x!core_op.code<1, 0.5, 0, ticks 16>>, tensor<1x3x4xi8>, tensor<1x4xi32>, tensor<1x4xi32>, tensor<1x4xf32>) -> tensor<1x4x!core_op.code<1, 0.25, 0, ticks 16>>
  %z = core_op.vmm linear %x, %w potential %v gain %h : (tensor<1x3x!core_op.code<1, 0.5, 0, ticks 16>>, tensor<1x3x4xi8>, tensor<1x4xi32>, tensor<1xf32>) -> tensor<1x4x!core_op.code<1, 0.25, 3, ticks 16>>
  func.return
}

}
