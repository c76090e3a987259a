// RUN: nn-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: index 3, the sources have 3 signals (-1 is none)
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %w: tensor<1x3x2xi8>, %c: tensor<1xi32>) {
  %a = trained.tensor [[0, 3, 1]] : tensor<1x3xi32>
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: axons has shape [1, 2], not [1, 3]
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x2xi32>, %w: tensor<1x3x2xi8>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<1x2xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: synapses are cores x axons x neurons, not [3, 2]
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<3x2xi8>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: neurons either cut their sums or have a threshold
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w bias %b
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1x2xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: an initial potential belongs to spiking neurons
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c initial %b
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>, tensor<1x2xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: threshold has shape [1, 3], not [1] or [1, 2]
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w threshold %a
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1x3xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: a cut is 0 to 23
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>) {
  %c = trained.tensor [24] : tensor<1xi32>
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: bias -129 is outside [-128, 127]
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %c: tensor<1xi32>) {
  %b = trained.tensor [[5, -129]] : tensor<1x2xi32>
  %y = tianji.cores %x axons %a synapses %w bias %b cut %c
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1x2xi32>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: 5 axons exceed the core's 4
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x5xi32>, %w: tensor<1x5x2xi8>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<1x5xi32>, tensor<1x5x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: synapses must be i8, not i16
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi16>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi16>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: sources with different codes, !core_op.code<8, 0.1, 0> and !core_op.code<8, 0.25, 0>
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %z: tensor<3x!out>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %c: tensor<1xi32>) {
  %y = tianji.cores %x, %z axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<3x!out>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: a source must be codes, not f32
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3xf32>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3xf32>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: it is placed on core 9, there are 9 cores
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c placement <phase 0, cores [9]>
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: 1 groups on 2 cores
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c placement <phase 0, cores [1, 2]>
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: two groups on one core
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.cores %x axons %a synapses %w cut %c placement <phase 0, cores [1, 1]>
    : (tensor<3x!in>, tensor<1x3xi32>, tensor<1x3x2xi8>, tensor<1xi32>) -> tensor<1x2x!out>
  func.return
}
}

// -----

// CHECK: !core_op.code<8, 0.1, 0> in, !core_op.code<8, 0.25, 0> out: the elements must be the same
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<1x3xi32>, %w: tensor<1x3x2xi8>, %b: tensor<1x2xi32>, %c: tensor<1xi32>) {
  %y = tianji.read %x index %c : (tensor<3x!in>, tensor<1xi32>) -> tensor<1x!out>
  func.return
}
}

// -----

// CHECK: 4 different weights in the core of group 1, zero among them; a core's table holds 3
#t = #core_op.target<"tianji", fan_in = 4, fan_out = 2, signal_bits = 8, weights = [-128, 127], weight_values = 3, bias_bits = 8, cores = 9>
!in = !core_op.code<8, 0.1, 0>
!out = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #t} {
func.func @f(%x: tensor<3x!in>, %a: tensor<2x2xi32>, %c: tensor<2xi32>) {
  %w = trained.tensor [[[1, 0], [2, 2]], [[1, 2], [2, 3]]] : tensor<2x2x2xi8>
  %y = tianji.cores %x axons %a synapses %w cut %c
    : (tensor<3x!in>, tensor<2x2xi32>, tensor<2x2x2xi8>, tensor<2xi32>) -> tensor<2x2x!out>
  func.return
}
}
