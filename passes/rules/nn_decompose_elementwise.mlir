// Rules of `nn-decompose-elementwise`: piecewise linear functions as sums, products with constants,
// and rectifiers.

// -x = -1 * x
pdl.pattern @neg : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function neg>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %result_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// abs(x) = relu(x) + relu(-x)
pdl.pattern @abs : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function abs>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %positive_op = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
    %positive = pdl.result 0 of %positive_op
    %negative_op = pdl.operation "nn.relu" (%negated : !pdl.value) -> (%type : !pdl.type)
    %negative = pdl.result 0 of %negative_op
    %result_op = pdl.operation "nn.add" (
      %positive, %negative
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// leaky_relu(x) = relu(x) - alpha * relu(-x)
pdl.pattern @leaky_relu : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function leaky_relu>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %first = pdl.attribute = 0 : i64
    %alpha = pdl.apply_native_rewrite "nn.parameter" (
      %root, %first
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %slope = pdl.apply_native_rewrite "trained.negate" (%alpha : !pdl.attribute) : !pdl.attribute
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %positive_op = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
    %positive = pdl.result 0 of %positive_op
    %negative_op = pdl.operation "nn.relu" (%negated : !pdl.value) -> (%type : !pdl.type)
    %negative = pdl.result 0 of %negative_op
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %negative, %slope
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %result_op = pdl.operation "nn.add" (
      %positive, %scaled
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// prelu(x, s) = relu(x) - s * relu(-x), where s is constant
pdl.pattern @prelu : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function prelu>
  %x = pdl.operand : %type
  %slope_type = pdl.type
  %slope_data = pdl.attribute
  %slope_op = pdl.operation "trained.tensor" {"value" = %slope_data} -> (%slope_type : !pdl.type)
  %slope = pdl.result 0 of %slope_op
  %root = pdl.operation "nn.binary" (
    %x, %slope
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %minus_slope = pdl.apply_native_rewrite "trained.negate" (
      %slope_data
      : !pdl.attribute) : !pdl.attribute
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %positive_op = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
    %positive = pdl.result 0 of %positive_op
    %negative_op = pdl.operation "nn.relu" (%negated : !pdl.value) -> (%type : !pdl.type)
    %negative = pdl.result 0 of %negative_op
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %negative, %minus_slope
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %result_op = pdl.operation "nn.add" (
      %positive, %scaled
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// hard_sigmoid(x) = clip(alpha * x + beta, 0, 1)
pdl.pattern @hard_sigmoid : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function hard_sigmoid>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.rewrite %root {
    %first = pdl.attribute = 0 : i64
    %second = pdl.attribute = 1 : i64
    %clip = pdl.attribute = #nn<unary_function clip>
    %bounds = pdl.attribute = array<f32: 0.0, 1.0>
    %alpha = pdl.apply_native_rewrite "nn.parameter" (
      %root, %first
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %beta = pdl.apply_native_rewrite "nn.parameter" (
      %root, %second
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %x, %alpha
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %shifted_op = pdl.apply_native_rewrite "nn.sum" (
      %scaled, %beta
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %shifted = pdl.result 0 of %shifted_op
    %new = pdl.operation "nn.unary" (
      %shifted
      : !pdl.value) {"function" = %clip, "parameters" = %bounds} -> (%type : !pdl.type)
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// clip(x, a, b) = relu((b - a) - relu(b - x)) + a: a result of the inner rectifier beyond b - a,
// where a code saturates, changes nothing.
pdl.pattern @clip : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function clip>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.has_moderate_bounds" (%root : !pdl.operation)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %lower = pdl.apply_native_rewrite "nn.lower_bound" (%root : !pdl.operation) : !pdl.attribute
    %upper = pdl.apply_native_rewrite "nn.upper_bound" (%root : !pdl.operation) : !pdl.attribute
    %span = pdl.apply_native_rewrite "nn.bound_span" (%root : !pdl.operation) : !pdl.attribute
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %below_upper_op = pdl.apply_native_rewrite "nn.sum" (
      %negated, %upper
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %below_upper = pdl.result 0 of %below_upper_op
    %distance_op = pdl.operation "nn.relu" (%below_upper : !pdl.value) -> (%type : !pdl.type)
    %distance = pdl.result 0 of %distance_op
    %minus_distance_op = pdl.apply_native_rewrite "nn.product" (
      %distance, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_distance = pdl.result 0 of %minus_distance_op
    %above_lower_op = pdl.apply_native_rewrite "nn.sum" (
      %minus_distance, %span
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %above_lower = pdl.result 0 of %above_lower_op
    %clipped_op = pdl.operation "nn.relu" (%above_lower : !pdl.value) -> (%type : !pdl.type)
    %clipped = pdl.result 0 of %clipped_op
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %clipped, %lower
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// clip(x, a, b) = min(max(x, a), b), where a or b is so large that x + b would lose x.
pdl.pattern @clip_between_large_bounds : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function clip>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.has_large_bounds" (%root : !pdl.operation)
  pdl.rewrite %root {
    %max = pdl.attribute = #nn<binary_function max>
    %min = pdl.attribute = #nn<binary_function min>
    %lower_data = pdl.apply_native_rewrite "nn.lower_bound" (
      %root
      : !pdl.operation) : !pdl.attribute
    %upper_data = pdl.apply_native_rewrite "nn.upper_bound" (
      %root
      : !pdl.operation) : !pdl.attribute
    %lower_op = pdl.apply_native_rewrite "trained.tensor" (
      %lower_data
      : !pdl.attribute) : !pdl.operation
    %lower = pdl.result 0 of %lower_op
    %upper_op = pdl.apply_native_rewrite "trained.tensor" (
      %upper_data
      : !pdl.attribute) : !pdl.operation
    %upper = pdl.result 0 of %upper_op
    %from_below = pdl.operation "nn.binary" (
      %x, %lower
      : !pdl.value, !pdl.value) {"function" = %max} -> (%type : !pdl.type)
    %bounded = pdl.result 0 of %from_below
    %new = pdl.operation "nn.binary" (
      %bounded, %upper
      : !pdl.value, !pdl.value) {"function" = %min} -> (%type : !pdl.type)
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// clip(x, a, +inf) = max(x, a)
pdl.pattern @clip_from_below : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function clip>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.has_only_a_lower_bound" (%root : !pdl.operation)
  pdl.rewrite %root {
    %max = pdl.attribute = #nn<binary_function max>
    %lower_data = pdl.apply_native_rewrite "nn.lower_bound" (
      %root
      : !pdl.operation) : !pdl.attribute
    %lower_op = pdl.apply_native_rewrite "trained.tensor" (
      %lower_data
      : !pdl.attribute) : !pdl.operation
    %lower = pdl.result 0 of %lower_op
    %new = pdl.operation "nn.binary" (
      %x, %lower
      : !pdl.value, !pdl.value) {"function" = %max} -> (%type : !pdl.type)
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// clip(x, -inf, b) = min(x, b)
pdl.pattern @clip_from_above : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function clip>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.has_only_an_upper_bound" (%root : !pdl.operation)
  pdl.rewrite %root {
    %min = pdl.attribute = #nn<binary_function min>
    %upper_data = pdl.apply_native_rewrite "nn.upper_bound" (
      %root
      : !pdl.operation) : !pdl.attribute
    %upper_op = pdl.apply_native_rewrite "trained.tensor" (
      %upper_data
      : !pdl.attribute) : !pdl.operation
    %upper = pdl.result 0 of %upper_op
    %new = pdl.operation "nn.binary" (
      %x, %upper
      : !pdl.value, !pdl.value) {"function" = %min} -> (%type : !pdl.type)
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// clip(x, -inf, +inf) = x
pdl.pattern @clip_without_bounds : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<unary_function clip>
  %x = pdl.operand : %type
  %root = pdl.operation "nn.unary" (%x : !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.has_no_bounds" (%root : !pdl.operation)
  pdl.rewrite %root {
    pdl.replace %root with (%x : !pdl.value)
  }
}

// max(a, b) = max(b, a), where the rule below had better use a twice than b.
pdl.pattern @repeated_operand_of_max_second : benefit(2) {
  %type = pdl.type
  %a_type = pdl.type
  %b_type = pdl.type
  %function = pdl.attribute = #nn<binary_function max>
  %a = pdl.operand : %a_type
  %b = pdl.operand : %b_type
  %root = pdl.operation "nn.binary" (
    %a, %b
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%a : !pdl.value)
  pdl.apply_native_constraint "trained.is_computed" (%b : !pdl.value)
  pdl.apply_native_constraint "nn.is_better_used_twice" (%a, %b : !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %same = pdl.attribute = #nn<binary_function max>
    %new = pdl.operation "nn.binary" (
      %b, %a
      : !pdl.value, !pdl.value) {"function" = %same} -> (%type : !pdl.type)
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// min(a, b) = min(b, a), where the rule below had better use a twice than b.
pdl.pattern @repeated_operand_of_min_second : benefit(2) {
  %type = pdl.type
  %a_type = pdl.type
  %b_type = pdl.type
  %function = pdl.attribute = #nn<binary_function min>
  %a = pdl.operand : %a_type
  %b = pdl.operand : %b_type
  %root = pdl.operation "nn.binary" (
    %a, %b
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%a : !pdl.value)
  pdl.apply_native_constraint "trained.is_computed" (%b : !pdl.value)
  pdl.apply_native_constraint "nn.is_better_used_twice" (%a, %b : !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %same = pdl.attribute = #nn<binary_function min>
    %new = pdl.operation "nn.binary" (
      %b, %a
      : !pdl.value, !pdl.value) {"function" = %same} -> (%type : !pdl.type)
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// max(a, b) = relu(a - b) + b
pdl.pattern @max : benefit(1) {
  %type = pdl.type
  %a_type = pdl.type
  %b_type = pdl.type
  %function = pdl.attribute = #nn<binary_function max>
  %a = pdl.operand : %a_type
  %b = pdl.operand : %b_type
  %root = pdl.operation "nn.binary" (
    %a, %b
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%a : !pdl.value)
  pdl.apply_native_constraint "trained.is_computed" (%b : !pdl.value)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %minus_b_op = pdl.apply_native_rewrite "nn.product" (
      %b, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_b = pdl.result 0 of %minus_b_op
    %difference_op = pdl.operation "nn.add" (
      %a, %minus_b
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %difference = pdl.result 0 of %difference_op
    %excess_op = pdl.operation "nn.relu" (%difference : !pdl.value) -> (%type : !pdl.type)
    %excess = pdl.result 0 of %excess_op
    %result_op = pdl.operation "nn.add" (
      %excess, %b
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// min(a, b) = b - relu(b - a)
pdl.pattern @min : benefit(1) {
  %type = pdl.type
  %a_type = pdl.type
  %b_type = pdl.type
  %function = pdl.attribute = #nn<binary_function min>
  %a = pdl.operand : %a_type
  %b = pdl.operand : %b_type
  %root = pdl.operation "nn.binary" (
    %a, %b
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%a : !pdl.value)
  pdl.apply_native_constraint "trained.is_computed" (%b : !pdl.value)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %minus_a_op = pdl.apply_native_rewrite "nn.product" (
      %a, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_a = pdl.result 0 of %minus_a_op
    %difference_op = pdl.operation "nn.add" (
      %b, %minus_a
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %difference = pdl.result 0 of %difference_op
    %excess_op = pdl.operation "nn.relu" (%difference : !pdl.value) -> (%type : !pdl.type)
    %excess = pdl.result 0 of %excess_op
    %minus_excess_op = pdl.apply_native_rewrite "nn.product" (
      %excess, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_excess = pdl.result 0 of %minus_excess_op
    %result_op = pdl.operation "nn.add" (
      %b, %minus_excess
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// max(x, c) = relu(x - c) + c
pdl.pattern @max_of_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function max>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_moderate" (%constant_data : !pdl.attribute)
  pdl.rewrite %root {
    %minus_c = pdl.apply_native_rewrite "trained.negate" (
      %constant_data
      : !pdl.attribute) : !pdl.attribute
    %difference_op = pdl.apply_native_rewrite "nn.sum" (
      %x, %minus_c
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %difference = pdl.result 0 of %difference_op
    %excess_op = pdl.operation "nn.relu" (%difference : !pdl.value) -> (%type : !pdl.type)
    %excess = pdl.result 0 of %excess_op
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %excess, %constant_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// max(x, c) = x + relu(c - x), where c is so large that x - c would lose x.
pdl.pattern @max_of_large_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function max>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_large" (%constant_data : !pdl.attribute)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %difference_op = pdl.apply_native_rewrite "nn.sum" (
      %negated, %constant_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %difference = pdl.result 0 of %difference_op
    %missing_op = pdl.operation "nn.relu" (%difference : !pdl.value) -> (%type : !pdl.type)
    %missing = pdl.result 0 of %missing_op
    %result_op = pdl.operation "nn.add" (
      %x, %missing
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// min(x, c) = c - relu(c - x)
pdl.pattern @min_of_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function min>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_moderate" (%constant_data : !pdl.attribute)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %difference_op = pdl.apply_native_rewrite "nn.sum" (
      %negated, %constant_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %difference = pdl.result 0 of %difference_op
    %missing_op = pdl.operation "nn.relu" (%difference : !pdl.value) -> (%type : !pdl.type)
    %missing = pdl.result 0 of %missing_op
    %minus_missing_op = pdl.apply_native_rewrite "nn.product" (
      %missing, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_missing = pdl.result 0 of %minus_missing_op
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %minus_missing, %constant_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// min(x, c) = x - relu(x - c), where c is so large that c - x would lose x.
pdl.pattern @min_of_large_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function min>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_large" (%constant_data : !pdl.attribute)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %minus_c = pdl.apply_native_rewrite "trained.negate" (
      %constant_data
      : !pdl.attribute) : !pdl.attribute
    %difference_op = pdl.apply_native_rewrite "nn.sum" (
      %x, %minus_c
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %difference = pdl.result 0 of %difference_op
    %excess_op = pdl.operation "nn.relu" (%difference : !pdl.value) -> (%type : !pdl.type)
    %excess = pdl.result 0 of %excess_op
    %minus_excess_op = pdl.apply_native_rewrite "nn.product" (
      %excess, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_excess = pdl.result 0 of %minus_excess_op
    %result_op = pdl.operation "nn.add" (
      %x, %minus_excess
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// a - b = a + -1 * b
pdl.pattern @sub : benefit(1) {
  %type = pdl.type
  %a_type = pdl.type
  %b_type = pdl.type
  %function = pdl.attribute = #nn<binary_function sub>
  %a = pdl.operand : %a_type
  %b = pdl.operand : %b_type
  %root = pdl.operation "nn.binary" (
    %a, %b
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%a : !pdl.value)
  pdl.apply_native_constraint "trained.is_computed" (%b : !pdl.value)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %minus_b_op = pdl.apply_native_rewrite "nn.product" (
      %b, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %minus_b = pdl.result 0 of %minus_b_op
    %result_op = pdl.operation "nn.add" (
      %a, %minus_b
      : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// x - c = x + -c
pdl.pattern @sub_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function sub>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.rewrite %root {
    %minus_c = pdl.apply_native_rewrite "trained.negate" (
      %constant_data
      : !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %x, %minus_c
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// c - x = -1 * x + c
pdl.pattern @sub_from_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function sub>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %constant, %x
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%x : !pdl.value)
  pdl.rewrite %root {
    %minus_one = pdl.attribute = #trained.data<-1.0 : tensor<f32>>
    %negated_op = pdl.apply_native_rewrite "nn.product" (
      %x, %minus_one
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %negated = pdl.result 0 of %negated_op
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %negated, %constant_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// x / c = x * (1 / c), unless c has a zero.
pdl.pattern @div_by_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function div>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.has_reciprocal" (%constant_data : !pdl.attribute)
  pdl.rewrite %root {
    %reciprocal = pdl.apply_native_rewrite "trained.reciprocal" (
      %constant_data
      : !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.product" (
      %x, %reciprocal
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}
