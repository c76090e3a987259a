// RUN: nn-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: invalid.mlir:4:1: error: trained.tensor: the data is tensor<2xf32>, the result tensor<3xf32>
%a = "trained.tensor"() <{value = #trained.data<[1.0, 2.0] : tensor<2xf32>>}> : () -> tensor<3xf32>

// -----

// CHECK: error: expected a tensor type of static shape
%a = trained.tensor [1.0] : tensor<?xf32>

// -----

// CHECK: error: expected a tensor type of static shape
%a = trained.tensor 1.0 : f32

// -----

// CHECK: error: no trained tensor has elements bf16
%a = trained.tensor [1.0] : tensor<1xbf16>

// -----

// CHECK: error: no trained tensor has elements i7
%a = trained.tensor [1] : tensor<1xi7>

// -----

// CHECK: error: numbers of shape [2] in a tensor of [3]
%a = trained.tensor [1.0, 2.0] : tensor<3xf32>

// -----

// CHECK: error: numbers of shape [] in a tensor of [1]
%a = trained.tensor 1.0 : tensor<1xf32>

// -----

// CHECK: error: rows of different length
%a = trained.tensor [[1.0, 2.0], [3.0]] : tensor<2x2xf32>

// -----

// CHECK: error: rows of different length
%a = trained.tensor [[1.0], 2.0] : tensor<2x1xf32>

// -----

// CHECK: error: a fraction in a tensor of integers
%a = trained.tensor [1.5] : tensor<1xi8>

// -----

// CHECK: error: a number is outside i8
%a = trained.tensor [128] : tensor<1xi8>

// -----

// CHECK: error: a number is outside ui8
%a = trained.tensor [-1] : tensor<1xui8>

// -----

// CHECK: error: a number is outside i1
%a = trained.tensor [2] : tensor<1xi1>

// -----

// CHECK: error: a number is outside f32
%a = trained.tensor [1.0e+39] : tensor<1xf32>

// -----

// CHECK: error: expected numbers or "sha256:" with 64 hexadecimal digits
%a = trained.tensor "sha256:0123" : tensor<1xf32>

// -----

// CHECK: error: expected numbers or "sha256:" with 64 hexadecimal digits
%a = trained.tensor "md5:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : tensor<1xf32>

// -----

// CHECK: error: {{.*}}attribute
%a = "trained.tensor"() <{value = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
