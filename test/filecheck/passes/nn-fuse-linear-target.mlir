// RUN: nn-opt %s -p nn-fuse-linear 2>&1 | filecheck %s
// RUN: nn-opt %s -p nn-fuse-linear --verify-diagnostics 2>/dev/null | filecheck %s --check-prefix=OUT

// On a small core, a bottleneck takes fewer cores than its product; that is said once.

// CHECK:         node 'wide': remark: nn.dense kept apart from the nn.dense before it; composed: 4 instead of 4 cores of 4 inputs and 4 outputs, 64 instead of 32 multiplications
// CHECK-NOT:     remark
// OUT-COUNT-2:   nn.dense
builtin.module attributes {core_op.target = #core_op.target<"tiny", fan_in = 5, fan_out = 4, signal_bits = 4, weights = [-7, 7], bias_rows = 1>} {
  func.func @bottleneck(%x: tensor<8xf32>) -> tensor<8xf32> {
    %v = trained.tensor [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]] : tensor<8x2xf32>
    %w = trained.tensor [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]] : tensor<2x8xf32>
    %y = nn.dense %x, %v : (tensor<8xf32>, tensor<8x2xf32>) -> tensor<2xf32>
    %z = nn.dense %y, %w : (tensor<2xf32>, tensor<2x8xf32>) -> tensor<8xf32> loc("wide")
    func.return %z : tensor<8xf32>
  }
}
