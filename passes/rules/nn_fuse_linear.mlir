// Rules of `nn-fuse-linear`: constants that are added become biases, and rectifiers move next to
// the operation that computes, where they cost nothing.

// conv(x, w) + c = conv(x, w, c), where c is one number for each output.
pdl.pattern @conv_plus_constant : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight = pdl.operand
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %linear = pdl.operation "nn.conv" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %root = pdl.operation "nn.add" (%y, %constant : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %new_bias_data = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(x, w, b) + c = conv(x, w, b + c), where c is one number for each output.
pdl.pattern @conv_with_bias_plus_constant : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight = pdl.operand
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
  %root = pdl.operation "nn.add" (%y, %constant : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %added = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %added
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x, w) + c = dense(x, w, c), where c is one number for each output.
pdl.pattern @dense_plus_constant : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight = pdl.operand
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %linear = pdl.operation "nn.dense" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %root = pdl.operation "nn.add" (%y, %constant : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %new_bias_data = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(x, w, b) + c = dense(x, w, b + c), where c is one number for each output.
pdl.pattern @dense_with_bias_plus_constant : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight = pdl.operand
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
  %root = pdl.operation "nn.add" (%y, %constant : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "nn.is_an_output" (
    %linear, %constant_data
    : !pdl.operation, !pdl.attribute)
  pdl.rewrite %root {
    %added = pdl.apply_native_rewrite "nn.an_output" (
      %linear, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %added
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %linear, %root, %x, %weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// reshape(dense(v, w)) + c = reshape(dense(v, w) + c'), which the rule above makes a bias.
pdl.pattern @reshaped_dense_plus_constant : benefit(1) {
  %vector_type = pdl.type
  %type = pdl.type
  %v = pdl.operand
  %weight = pdl.operand
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %dense = pdl.operation "nn.dense" (
    %v, %weight
    : !pdl.value, !pdl.value) -> (%vector_type : !pdl.type)
  %y = pdl.result 0 of %dense
  %reshape = pdl.operation "nn.reshape" (%y : !pdl.value) -> (%type : !pdl.type)
  %shaped = pdl.result 0 of %reshape
  %root = pdl.operation "nn.add" (
    %shaped, %constant
    : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "has_one_use" (%shaped : !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%y : !pdl.value)
  pdl.rewrite %root {
    %new_constant_data = pdl.apply_native_rewrite "nn.before_reshape" (
      %reshape, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_constant_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_constant_data
      : !pdl.attribute) : !pdl.operation
    %new_constant = pdl.result 0 of %new_constant_op
    %sum = pdl.operation "nn.add" (
      %y, %new_constant
      : !pdl.value, !pdl.value) -> (%vector_type : !pdl.type)
    %sum_value = pdl.result 0 of %sum
    %new = pdl.apply_native_rewrite "with_operands" (
      %reshape, %sum_value
      : !pdl.operation, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// reshape(dense(v, w, b)) + c = reshape(dense(v, w, b) + c'), which the rule above makes a bias.
pdl.pattern @reshaped_dense_with_bias_plus_constant : benefit(1) {
  %vector_type = pdl.type
  %type = pdl.type
  %v = pdl.operand
  %weight = pdl.operand
  %bias = pdl.operand
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %dense = pdl.operation "nn.dense" (
    %v, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%vector_type : !pdl.type)
  %y = pdl.result 0 of %dense
  %reshape = pdl.operation "nn.reshape" (%y : !pdl.value) -> (%type : !pdl.type)
  %shaped = pdl.result 0 of %reshape
  %root = pdl.operation "nn.add" (
    %shaped, %constant
    : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "has_one_use" (%shaped : !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%y : !pdl.value)
  pdl.rewrite %root {
    %new_constant_data = pdl.apply_native_rewrite "nn.before_reshape" (
      %reshape, %constant_data
      : !pdl.operation, !pdl.attribute) : !pdl.attribute
    %new_constant_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_constant_data
      : !pdl.attribute) : !pdl.operation
    %new_constant = pdl.result 0 of %new_constant_op
    %sum = pdl.operation "nn.add" (
      %y, %new_constant
      : !pdl.value, !pdl.value) -> (%vector_type : !pdl.type)
    %sum_value = pdl.result 0 of %sum
    %new = pdl.apply_native_rewrite "with_operands" (
      %reshape, %sum_value
      : !pdl.operation, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// relu(reshape(x)) = reshape(relu(x))
pdl.pattern @relu_before_reshape : benefit(1) {
  %inner_type = pdl.type
  %type = pdl.type
  %x = pdl.operand : %inner_type
  %wiring = pdl.operation "nn.reshape" (%x : !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %wiring
  %root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.rewrite %root {
    %relu = pdl.operation "nn.relu" (%x : !pdl.value) -> (%inner_type : !pdl.type)
    %positive = pdl.result 0 of %relu
    %new = pdl.apply_native_rewrite "with_operands" (
      %wiring, %positive
      : !pdl.operation, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// relu(transpose(x)) = transpose(relu(x))
pdl.pattern @relu_before_transpose : benefit(1) {
  %inner_type = pdl.type
  %type = pdl.type
  %x = pdl.operand : %inner_type
  %wiring = pdl.operation "nn.transpose" (%x : !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %wiring
  %root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.rewrite %root {
    %relu = pdl.operation "nn.relu" (%x : !pdl.value) -> (%inner_type : !pdl.type)
    %positive = pdl.result 0 of %relu
    %new = pdl.apply_native_rewrite "with_operands" (
      %wiring, %positive
      : !pdl.operation, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}
