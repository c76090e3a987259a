// RUN: nn-opt %s | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | nn-opt | filecheck %s
// RUN: nn-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC

// CHECK-LABEL: func.func @small
func.func @small() {
  // CHECK: trained.tensor [1.0, -2.5] : tensor<2xf32>
  // GENERIC: "trained.tensor"() <{value = #trained.data<[1.0, -2.5] : tensor<2xf32>>}> : () -> tensor<2xf32>
  %vector = trained.tensor [1.0, -2.5] : tensor<2xf32>
  // CHECK: trained.tensor {{\[\[}}1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] : tensor<3x2xf32>
  %matrix = trained.tensor [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] : tensor<3x2xf32>
  // CHECK: trained.tensor 0.1 : tensor<f32>
  %scalar = trained.tensor 0.1 : tensor<f32>
  // Integers are numbers too.
  // CHECK: trained.tensor [1.0, 2.0] : tensor<2xf32>
  %whole = trained.tensor [1, 2.0] : tensor<2xf32>
  // CHECK: trained.tensor [] : tensor<0xf32>
  %empty = trained.tensor [] : tensor<0xf32>
  // CHECK: trained.tensor [] : tensor<0x3xf32>
  %no_rows = trained.tensor [] : tensor<0x3xf32>
  // CHECK: trained.tensor {{\[\[}}], []] : tensor<2x0xf32>
  %no_columns = trained.tensor [[], []] : tensor<2x0xf32>
  // Sixteen elements are the most that are printed in full.
  // CHECK: trained.tensor [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0] : tensor<16xf32>
  %most = trained.tensor [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0] : tensor<16xf32>
  // CHECK: trained.tensor {golden = "conv1.bias"} [0.5] : tensor<1xf32>
  %named = trained.tensor {golden = "conv1.bias"} [0.5] : tensor<1xf32>
  func.return
}

// The shortest text that reads back as the same number.
// CHECK-LABEL: func.func @shortest_text
func.func @shortest_text() {
  // CHECK: trained.tensor [1.6777216e+07, 3.4028235e+38, 1.0e-45, -0.0, 0.33333334] : tensor<5xf32>
  %single = trained.tensor [16777217.0, 3.4028235e+38, 1.0e-45, -0.0, 0.33333333333333333] : tensor<5xf32>
  // CHECK: trained.tensor [16777217.0, 0.3333333333333333] : tensor<2xf64>
  %double = trained.tensor [16777217.0, 0.33333333333333333] : tensor<2xf64>
  // CHECK: trained.tensor [0.3333, 6.55e+04] : tensor<2xf16>
  %half = trained.tensor [0.33333, 65504.0] : tensor<2xf16>
  func.return
}

// CHECK-LABEL: func.func @element_types
func.func @element_types() {
  // CHECK: trained.tensor [-128, 127] : tensor<2xi8>
  %i8 = trained.tensor [-128, 127] : tensor<2xi8>
  // CHECK: trained.tensor [255] : tensor<1xui8>
  %ui8 = trained.tensor [255] : tensor<1xui8>
  // CHECK: trained.tensor [-32768] : tensor<1xi16>
  %i16 = trained.tensor [-32768] : tensor<1xi16>
  // CHECK: trained.tensor [2147483647] : tensor<1xi32>
  %i32 = trained.tensor [2147483647] : tensor<1xi32>
  // CHECK: trained.tensor [-9223372036854775808] : tensor<1xi64>
  %i64 = trained.tensor [-9223372036854775808] : tensor<1xi64>
  // CHECK: trained.tensor [true, false] : tensor<2xi1>
  %truths = trained.tensor [true, false] : tensor<2xi1>
  func.return
}

// Larger ones are named by the digest of their content; the data need not be at hand.
// CHECK-LABEL: func.func @by_digest
func.func @by_digest() {
  // CHECK: trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<500x784xf32>
  // GENERIC: "trained.tensor"() <{value = #trained.data<"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<500x784xf32>>}> : () -> tensor<500x784xf32>
  %absent = trained.tensor "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<500x784xf32>
  // CHECK: trained.tensor "sha256:{{[0-9a-f]+}}" : tensor<17xf32>
  %large = trained.tensor [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0] : tensor<17xf32>
  func.return
}
