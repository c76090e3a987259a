// RUN: nn-opt %s -p "apply-rules{file=%S/inputs/apply-rules.mlir}" | filecheck %s
// RUN: nn-opt %s -p "apply-rules{file=%S/inputs/apply-rules.mlir}" -o %t 2>&1 | filecheck %s --check-prefix=REMARK
// RUN: not nn-opt %s -p "apply-rules{file=%S/inputs/apply-rules-refused.mlir}" 2>&1 | filecheck %s --check-prefix=REFUSED
// RUN: not nn-opt %s -p "apply-rules{file=%S/inputs/apply-rules-endless.mlir max-rewrites=20}" 2>&1 | filecheck %s --check-prefix=ENDLESS
// RUN: not nn-opt %s -p "apply-rules{file=%S/inputs/missing.mlir}" 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not nn-opt %s -p "apply-rules{file=%s max-rewrites=0}" 2>&1 | filecheck %s --check-prefix=LIMIT
// RUN: not nn-opt %s -p "apply-rules" 2>&1 | filecheck %s --check-prefix=REQUIRED

// REMARK:       apply-rules.mlir:24:1: remark: rule 'add_constants' applied once
// REMARK-NEXT:  apply-rules.mlir:24:1: remark: rule 'relu_twice' applied once
// REFUSED:      apply-rules-refused.mlir: error: 2 problems:
// REFUSED:      inputs/apply-rules-refused.mlir:4:3: pdl.operation: 'nn.rely' is not registered; did you mean 'nn.relu'?
// REFUSED:      inputs/apply-rules-refused.mlir:5:3: pdl.apply_native_constraint: isNegated is ignored; register the opposite constraint
// ENDLESS:      apply-rules.mlir:29:3: error: nn.relu: more than 20 rewrites, the last by rule 'forever'
// MISSING:      inputs/missing.mlir: error: cannot read: No such file or directory
// LIMIT:        error: apply-rules: max-rewrites is 0, but at least 1
// REQUIRED:     error: apply-rules: option 'file' is required

// CHECK:      func.func @main
// CHECK-NEXT:   %[[SUM:.*]] = trained.tensor [1.5, 2.5, 3.5, 4.5] : tensor<4xf32>
// CHECK-NEXT:   %[[ADD:.*]] = nn.add %x, %[[SUM]] {golden = "shifted"} :
// CHECK-NEXT:   %[[RELU:.*]] = nn.relu %[[ADD]] {golden = "act"} :
// CHECK-NEXT:   func.return %[[RELU]]
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {core_op.golden = @main_golden} {
  %first = trained.tensor [1.0, 2.0, 3.0, 4.0] : tensor<4xf32>
  %second = trained.tensor [0.5] : tensor<1xf32>
  %a = nn.add %x, %first : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = nn.add %a, %second {golden = "shifted"} : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  %c = nn.relu %b {golden = "act"} : (tensor<4xf32>) -> tensor<4xf32>
  %d = nn.relu %c {golden = "act_again"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %d : tensor<4xf32>
}

// The golden function stays as it is.
// CHECK:      func.func @main_golden
// CHECK-NEXT:   nn.relu
// CHECK-NEXT:   nn.relu
func.func @main_golden(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = nn.relu %a : (tensor<4xf32>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}
