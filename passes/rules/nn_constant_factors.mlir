// Rules of `nn-decompose-elementwise`: products with constants are merged with each other, and go
// into the weights of the layers beside them, as do sums with constants before a layer.

// f(c, x) = f(x, c) for f = mul, max, min.
pdl.pattern @constant_operand_to_the_right : benefit(1) {
  %type = pdl.type
  %x_type = pdl.type
  %function = pdl.attribute
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %x = pdl.operand : %x_type
  %root = pdl.operation "nn.binary" (
    %constant, %x
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%x : !pdl.value)
  pdl.apply_native_constraint "nn.is_commutative" (%root : !pdl.operation)
  pdl.rewrite %root {
    %new = pdl.apply_native_rewrite "with_operands" (
      %root, %x, %constant
      : !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// x * 1 = x, unless the one has more axes than x.
pdl.pattern @mul_by_one : benefit(2) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_one" (%constant_data : !pdl.attribute)
  pdl.rewrite %root {
    pdl.replace %root with (%x : !pdl.value)
  }
}

// (x * c) * d = x * (c * d)
pdl.pattern @mul_by_two_constants : benefit(1) {
  %inner_type = pdl.type
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand
  %first_type = pdl.type
  %first_data = pdl.attribute
  %first_op = pdl.operation "trained.tensor" {"value" = %first_data} -> (%first_type : !pdl.type)
  %first = pdl.result 0 of %first_op
  %second_type = pdl.type
  %second_data = pdl.attribute
  %second_op = pdl.operation "trained.tensor" {"value" = %second_data} -> (%second_type : !pdl.type)
  %second = pdl.result 0 of %second_op
  %inner = pdl.operation "nn.binary" (
    %x, %first
    : !pdl.value, !pdl.value) {"function" = %function} -> (%inner_type : !pdl.type)
  %partial = pdl.result 0 of %inner
  %root = pdl.operation "nn.binary" (
    %partial, %second
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%partial : !pdl.value)
  pdl.apply_native_constraint "trained.can_broadcast" (
    %first_data, %second_data
    : !pdl.attribute, !pdl.attribute)
  pdl.rewrite %root {
    %factor_data = pdl.apply_native_rewrite "trained.multiply_rounded" (
      %first_data, %second_data
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %factor_op = pdl.apply_native_rewrite "trained.tensor" (
      %factor_data
      : !pdl.attribute) : !pdl.operation
    %factor = pdl.result 0 of %factor_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %factor
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// (x + c) * d = x * d + c * d
pdl.pattern @mul_of_sum_with_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %type
  %summand_type = pdl.type
  %summand_data = pdl.attribute
  %summand_op = pdl.operation "trained.tensor" {"value" = %summand_data}
    -> (%summand_type : !pdl.type)
  %summand = pdl.result 0 of %summand_op
  %factor_type = pdl.type
  %factor_data = pdl.attribute
  %factor_op = pdl.operation "trained.tensor" {"value" = %factor_data} -> (%factor_type : !pdl.type)
  %factor = pdl.result 0 of %factor_op
  %inner = pdl.operation "nn.add" (%x, %summand : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %shifted = pdl.result 0 of %inner
  %root = pdl.operation "nn.binary" (
    %shifted, %factor
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%shifted : !pdl.value)
  pdl.apply_native_constraint "trained.can_broadcast" (
    %summand_data, %factor_data
    : !pdl.attribute, !pdl.attribute)
  pdl.rewrite %root {
    %offset_data = pdl.apply_native_rewrite "trained.multiply_rounded" (
      %summand_data, %factor_data
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %offset_op = pdl.apply_native_rewrite "trained.tensor" (
      %offset_data
      : !pdl.attribute) : !pdl.operation
    %offset = pdl.result 0 of %offset_op
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %x, %factor_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %new = pdl.apply_native_rewrite "fused" (
      %inner, %root, %scaled, %offset
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// (a + b) * c = a * c + b * c, where a layer that only feeds the sum can take c.
pdl.pattern @mul_of_sum_with_layer : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %a = pdl.operand : %type
  %b = pdl.operand : %type
  %factor_type = pdl.type
  %factor_data = pdl.attribute
  %factor_op = pdl.operation "trained.tensor" {"value" = %factor_data} -> (%factor_type : !pdl.type)
  %factor = pdl.result 0 of %factor_op
  %inner = pdl.operation "nn.add" (%a, %b : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %sum = pdl.result 0 of %inner
  %root = pdl.operation "nn.binary" (
    %sum, %factor
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%sum : !pdl.value)
  pdl.apply_native_constraint "nn.takes_factor" (
    %factor_data, %a, %b
    : !pdl.attribute, !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %scaled_a_op = pdl.apply_native_rewrite "nn.product" (
      %a, %factor_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled_a = pdl.result 0 of %scaled_a_op
    %scaled_b_op = pdl.apply_native_rewrite "nn.product" (
      %b, %factor_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled_b = pdl.result 0 of %scaled_b_op
    %new = pdl.apply_native_rewrite "fused" (
      %inner, %root, %scaled_a, %scaled_b
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// relu(y) * c = relu(y * c), where c is positive and the layer that computes y can take it.
pdl.pattern @mul_of_relu : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %y = pdl.operand : %type
  %factor_type = pdl.type
  %factor_data = pdl.attribute
  %factor_op = pdl.operation "trained.tensor" {"value" = %factor_data} -> (%factor_type : !pdl.type)
  %factor = pdl.result 0 of %factor_op
  %inner = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  %rectified = pdl.result 0 of %inner
  %root = pdl.operation "nn.binary" (
    %rectified, %factor
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%rectified : !pdl.value)
  pdl.apply_native_constraint "trained.is_positive" (%factor_data : !pdl.attribute)
  pdl.apply_native_constraint "nn.takes_factor" (%factor_data, %y : !pdl.attribute, !pdl.value)
  pdl.rewrite %root {
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %y, %factor_data
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %new = pdl.apply_native_rewrite "fused" (
      %inner, %root, %scaled
      : !pdl.operation, !pdl.operation, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x, w) * c = conv(x, w * c), where c is one number for each output.
pdl.pattern @conv_times_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %linear = pdl.operation "nn.conv" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %root = pdl.operation "nn.binary" (
    %y, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_first_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %new_weight
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x, w, b) * c = conv(x, w * c, b * c), where c is one number for each output.
pdl.pattern @conv_with_bias_times_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %linear = pdl.operation "nn.conv" (
    %x, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %root = pdl.operation "nn.binary" (
    %y, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_first_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.multiply_rounded" (
      %bias_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x, w) * c = dense(x, w * c), where c is one number for each output.
pdl.pattern @dense_times_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %linear = pdl.operation "nn.dense" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %root = pdl.operation "nn.binary" (
    %y, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_last_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %new_weight
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x, w, b) * c = dense(x, w * c, b * c), where c is one number for each output.
pdl.pattern @dense_with_bias_times_constant : benefit(1) {
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %linear = pdl.operation "nn.dense" (
    %x, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %root = pdl.operation "nn.binary" (
    %y, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_last_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.multiply_rounded" (
      %bias_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x * c, w) = conv(x, w * c), where c is one number for each input channel.
pdl.pattern @conv_of_product : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %inner = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%x_type : !pdl.type)
  %scaled = pdl.result 0 of %inner
  %root = pdl.operation "nn.conv" (%scaled, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_layers" (%scaled : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %new_weight
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x * c, w, b) = conv(x, w * c, b), where c is one number for each input channel.
pdl.pattern @conv_with_bias_of_product : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias = pdl.operand
  %inner = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%x_type : !pdl.type)
  %scaled = pdl.result 0 of %inner
  %root = pdl.operation "nn.conv" (
    %scaled, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_layers" (%scaled : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %new_weight, %bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x * c, w) = dense(x, w * c), where c is one number for each input channel.
pdl.pattern @dense_of_product : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %inner = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%x_type : !pdl.type)
  %scaled = pdl.result 0 of %inner
  %root = pdl.operation "nn.dense" (
    %scaled, %weight
    : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_layers" (%scaled : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %new_weight
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x * c, w, b) = dense(x, w * c, b), where c is one number for each input channel.
pdl.pattern @dense_with_bias_of_product : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias = pdl.operand
  %inner = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%x_type : !pdl.type)
  %scaled = pdl.result 0 of %inner
  %root = pdl.operation "nn.dense" (
    %scaled, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_layers" (%scaled : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %new_weight, %bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x + c, w) = conv(x, w, w . c), where c is one number for each input channel, without
// padding.
pdl.pattern @conv_of_sum : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %inner = pdl.operation "nn.add" (%x, %constant : !pdl.value, !pdl.value) -> (%x_type : !pdl.type)
  %shifted = pdl.result 0 of %inner
  %root = pdl.operation "nn.conv" (
    %shifted, %weight
    : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_unpadded_layers" (%shifted : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %offset = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %response
      : !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x + c, w, b) = conv(x, w, b + w . c), where c is one number for each input channel, without
// padding.
pdl.pattern @conv_with_bias_of_sum : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %inner = pdl.operation "nn.add" (%x, %constant : !pdl.value, !pdl.value) -> (%x_type : !pdl.type)
  %shifted = pdl.result 0 of %inner
  %root = pdl.operation "nn.conv" (
    %shifted, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_unpadded_layers" (%shifted : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %offset = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %response
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x + c, w) = dense(x, w, w . c), where c is one number for each input channel.
pdl.pattern @dense_of_sum : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %inner = pdl.operation "nn.add" (%x, %constant : !pdl.value, !pdl.value) -> (%x_type : !pdl.type)
  %shifted = pdl.result 0 of %inner
  %root = pdl.operation "nn.dense" (
    %shifted, %weight
    : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_unpadded_layers" (%shifted : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %offset = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %response
      : !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x + c, w, b) = dense(x, w, b + w . c), where c is one number for each input channel.
pdl.pattern @dense_with_bias_of_sum : benefit(2) {
  %type = pdl.type
  %x_type = pdl.type
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %inner = pdl.operation "nn.add" (%x, %constant : !pdl.value, !pdl.value) -> (%x_type : !pdl.type)
  %shifted = pdl.result 0 of %inner
  %root = pdl.operation "nn.dense" (
    %shifted, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.feeds_only_unpadded_layers" (%shifted : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_input" (
    %root, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %offset = pdl.apply_native_rewrite "nn.an_input" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %response
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// reshape(x * c) = reshape(x) * reshape(c), where a dense layer that can take c uses the vector
// alone.
pdl.pattern @flattened_product : benefit(1) {
  %x_type = pdl.type
  %type = pdl.type
  %function = pdl.attribute = #nn<binary_function mul>
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %inner = pdl.operation "nn.binary" (
    %x, %constant
    : !pdl.value, !pdl.value) {"function" = %function} -> (%x_type : !pdl.type)
  %changed = pdl.result 0 of %inner
  %root = pdl.operation "nn.reshape" (%changed : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%changed : !pdl.value)
  pdl.apply_native_constraint "nn.is_input_of_dense" (%root : !pdl.operation)
  pdl.rewrite %root {
    %flat_op = pdl.apply_native_rewrite "with_operands" (
      %root, %x
      : !pdl.operation, !pdl.value) : !pdl.operation
    %flat = pdl.result 0 of %flat_op
    %flat_constant = pdl.apply_native_rewrite "nn.as_reshaped" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.product" (
      %flat, %flat_constant
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// reshape(x + c) = reshape(x) + reshape(c), where a dense layer that can take c uses the vector
// alone.
pdl.pattern @flattened_sum : benefit(1) {
  %x_type = pdl.type
  %type = pdl.type
  %x = pdl.operand : %x_type
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %inner = pdl.operation "nn.add" (%x, %constant : !pdl.value, !pdl.value) -> (%x_type : !pdl.type)
  %changed = pdl.result 0 of %inner
  %root = pdl.operation "nn.reshape" (%changed : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%changed : !pdl.value)
  pdl.apply_native_constraint "nn.is_input_of_dense" (%root : !pdl.operation)
  pdl.rewrite %root {
    %flat_op = pdl.apply_native_rewrite "with_operands" (
      %root, %x
      : !pdl.operation, !pdl.value) : !pdl.operation
    %flat = pdl.result 0 of %flat_op
    %flat_constant = pdl.apply_native_rewrite "nn.as_reshaped" (
      %root, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %flat, %flat_constant
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x, w) = x * w, where each channel has a kernel of one element, with no average pool beside
// it that it could be composed with.
pdl.pattern @depthwise_conv : benefit(1) {
  %type = pdl.type
  %x = pdl.operand : %type
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %root = pdl.operation "nn.conv" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.is_scaling" (%root : !pdl.operation)
  pdl.apply_native_constraint "nn.has_no_average_pool_beside" (
    %x, %root
    : !pdl.value, !pdl.operation)
  pdl.rewrite %root {
    %factor = pdl.apply_native_rewrite "nn.for_each_channel" (
      %x, %weight_data
      : !pdl.value, !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.product" (
      %x, %factor
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x, w, b) = x * w + b, where each channel has a kernel of one element, with no average pool
// beside it that it could be composed with.
pdl.pattern @depthwise_conv_with_bias : benefit(1) {
  %type = pdl.type
  %x = pdl.operand : %type
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %root = pdl.operation "nn.conv" (
    %x, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "nn.is_scaling" (%root : !pdl.operation)
  pdl.apply_native_constraint "nn.has_no_average_pool_beside" (
    %x, %root
    : !pdl.value, !pdl.operation)
  pdl.rewrite %root {
    %factor = pdl.apply_native_rewrite "nn.for_each_channel" (
      %x, %weight_data
      : !pdl.value, !pdl.attribute) : !pdl.attribute
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %x, %factor
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %offset = pdl.apply_native_rewrite "nn.for_each_channel" (
      %x, %bias_data
      : !pdl.value, !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %scaled, %offset
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// reshape(conv(reshape(x), w)) = x * w for a vector x, where each channel has a kernel of one
// element, with no average pool beside it that it could be composed with.
pdl.pattern @vector_depthwise_conv : benefit(1) {
  %type = pdl.type
  %x = pdl.operand : %type
  %image_type = pdl.type
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %reshape = pdl.operation "nn.reshape" (%x : !pdl.value) -> (%image_type : !pdl.type)
  %image = pdl.result 0 of %reshape
  %conv = pdl.operation "nn.conv" (
    %image, %weight
    : !pdl.value, !pdl.value) -> (%image_type : !pdl.type)
  %y = pdl.result 0 of %conv
  %root = pdl.operation "nn.reshape" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_scaling" (%conv : !pdl.operation)
  pdl.apply_native_constraint "nn.has_no_average_pool_beside" (
    %x, %root
    : !pdl.value, !pdl.operation)
  pdl.rewrite %root {
    %factor = pdl.apply_native_rewrite "nn.for_each_channel" (
      %x, %weight_data
      : !pdl.value, !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.product" (
      %x, %factor
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}

// reshape(conv(reshape(x), w, b)) = x * w + b for a vector x, where each channel has a kernel of
// one element, with no average pool beside it that it could be composed with.
pdl.pattern @vector_depthwise_conv_with_bias : benefit(1) {
  %type = pdl.type
  %x = pdl.operand : %type
  %image_type = pdl.type
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %reshape = pdl.operation "nn.reshape" (%x : !pdl.value) -> (%image_type : !pdl.type)
  %image = pdl.result 0 of %reshape
  %conv = pdl.operation "nn.conv" (
    %image, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%image_type : !pdl.type)
  %y = pdl.result 0 of %conv
  %root = pdl.operation "nn.reshape" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_scaling" (%conv : !pdl.operation)
  pdl.apply_native_constraint "nn.has_no_average_pool_beside" (
    %x, %root
    : !pdl.value, !pdl.operation)
  pdl.rewrite %root {
    %factor = pdl.apply_native_rewrite "nn.for_each_channel" (
      %x, %weight_data
      : !pdl.value, !pdl.attribute) : !pdl.attribute
    %scaled_op = pdl.apply_native_rewrite "nn.product" (
      %x, %factor
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %scaled = pdl.result 0 of %scaled_op
    %offset = pdl.apply_native_rewrite "nn.for_each_channel" (
      %x, %bias_data
      : !pdl.value, !pdl.attribute) : !pdl.attribute
    %result_op = pdl.apply_native_rewrite "nn.sum" (
      %scaled, %offset
      : !pdl.value, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %result_op
    pdl.replace %root with (%result : !pdl.value)
  }
}
