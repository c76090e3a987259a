// RUN: nn-translate --to-dot %s | filecheck %s
// RUN: nn-translate --to-dot < %s | filecheck %s

// A cluster a function; edges carry shapes, trained tensors stand in the box that uses them.

// CHECK:      digraph corelower {
// CHECK:        subgraph cluster_0 {
// CHECK-NEXT:     label="@main";
// CHECK-NEXT:     f0_argument0 [shape=ellipse, label="%x"];
// CHECK-NEXT:     [[DENSE:f0_op[0-9]+]] [label="nn.dense\nfirst \"layer\"\nweights: 3x2 f32\nbias: 2 f32"];
// CHECK-NEXT:     f0_argument0 -> [[DENSE]] [label="4x3 f32"];
// CHECK-NEXT:     [[POOL:f0_op[0-9]+]] [label="nn.max_pool\nkernel [2]"];
// CHECK-NEXT:     [[DENSE]] -> [[POOL]] [label="4x2 f32"];
// CHECK-NEXT:     [[RETURN:f0_op[0-9]+]] [label="func.return", shape=ellipse];
// CHECK-NEXT:     [[POOL]] -> [[RETURN]] [label="4x1 f32"];
// CHECK-NEXT:   }
// CHECK-NEXT:   subgraph cluster_1 {
// CHECK-NEXT:     label="@other";
func.func @main(%x: tensor<4x3xf32>) -> tensor<4x1xf32> {
  %weights = trained.tensor [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] : tensor<3x2xf32>
  %bias = trained.tensor [1.0, 2.0] : tensor<2xf32>
  %y = nn.dense %x, %weights, %bias {golden = "first \"layer\""} : (tensor<4x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  %z = nn.max_pool %y kernel [2] : (tensor<4x2xf32>) -> tensor<4x1xf32>
  func.return %z : tensor<4x1xf32>
}

func.func @other(%x: tensor<2xf32>) -> tensor<2xf32> {
  func.return %x : tensor<2xf32>
}
