// Rules of `nn-fold-batch-norm`: a batch norm with constant parameters is a gain and an offset for
// each channel, which the linear operation before it, or the one after it, takes into its weights.
// Arithmetic is in float64; `gain` and `offset` are float64 tensors.

// batch_norm(conv(x, w)) = conv(x, w * gain, offset), unless the conv has other users.
pdl.pattern @conv_then_batch_norm : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %linear = pdl.operation "nn.conv" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %y, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_first_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %offset
      : !pdl.attribute) : !pdl.attribute
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

// batch_norm(conv(x, w, b)) = conv(x, w * gain, b * gain + offset), unless the conv has other
// users.
pdl.pattern @conv_with_bias_then_batch_norm : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %linear = pdl.operation "nn.conv" (
    %x, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %y, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_first_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.scale_and_shift" (
      %bias_data, %gain, %offset
      : !pdl.attribute, !pdl.attribute, !pdl.attribute) : !pdl.attribute
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

// batch_norm(conv_transpose(x, w)) = conv_transpose(x, w * gain, offset), unless the
// conv_transpose has other users.
pdl.pattern @conv_transpose_then_batch_norm : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %linear = pdl.operation "nn.conv_transpose" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %y, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_outputs" (
      %linear, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %offset
      : !pdl.attribute) : !pdl.attribute
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

// batch_norm(conv_transpose(x, w, b)) = conv_transpose(x, w * gain, b * gain + offset), unless the
// conv_transpose has other users.
pdl.pattern @conv_transpose_with_bias_then_batch_norm : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %linear = pdl.operation "nn.conv_transpose" (
    %x, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %y, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_outputs" (
      %linear, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.scale_and_shift" (
      %bias_data, %gain, %offset
      : !pdl.attribute, !pdl.attribute, !pdl.attribute) : !pdl.attribute
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

// batch_norm(dense(x, w)) = dense(x, w * gain, offset), unless the dense has other users.
pdl.pattern @dense_then_batch_norm : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %linear = pdl.operation "nn.dense" (%x, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %y, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%y : !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_last_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %offset
      : !pdl.attribute) : !pdl.attribute
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

// batch_norm(dense(x, w, b)) = dense(x, w * gain, b * gain + offset), unless the dense has
// other users.
pdl.pattern @dense_with_bias_then_batch_norm : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %linear = pdl.operation "nn.dense" (
    %x, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %linear
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %y, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%y : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%y : !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "trained.scale_last_axis" (
      %weight_data, %gain
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.scale_and_shift" (
      %bias_data, %gain, %offset
      : !pdl.attribute, !pdl.attribute, !pdl.attribute) : !pdl.attribute
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

// conv(batch_norm(x), w) = conv(x, w * gain, w . offset), without padding.
pdl.pattern @batch_norm_then_conv : benefit(1) {
  %type = pdl.type
  %normal_type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %norm = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%normal_type : !pdl.type)
  %normal = pdl.result 0 of %norm
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %root = pdl.operation "nn.conv" (%normal, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%normal : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.has_no_padding" (%root : !pdl.operation)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%norm : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %norm
      : !pdl.operation) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %response
      : !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %norm, %x, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// conv(batch_norm(x), w, b) = conv(x, w * gain, b + w . offset), without padding.
pdl.pattern @batch_norm_then_conv_with_bias : benefit(1) {
  %type = pdl.type
  %normal_type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %norm = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%normal_type : !pdl.type)
  %normal = pdl.result 0 of %norm
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %root = pdl.operation "nn.conv" (
    %normal, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%normal : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.has_no_padding" (%root : !pdl.operation)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%norm : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %norm
      : !pdl.operation) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %response
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %norm, %x, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(batch_norm(x), w) = dense(x, w * gain, w . offset), of a vector.
pdl.pattern @batch_norm_then_dense : benefit(1) {
  %type = pdl.type
  %normal_type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %norm = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%normal_type : !pdl.type)
  %normal = pdl.result 0 of %norm
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %root = pdl.operation "nn.dense" (
    %normal, %weight
    : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%normal : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%normal : !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%norm : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %norm
      : !pdl.operation) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %response
      : !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %norm, %x, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(batch_norm(x), w, b) = dense(x, w * gain, b + w . offset), of a vector.
pdl.pattern @batch_norm_then_dense_with_bias : benefit(1) {
  %type = pdl.type
  %normal_type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %norm = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%normal_type : !pdl.type)
  %normal = pdl.result 0 of %norm
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %root = pdl.operation "nn.dense" (
    %normal, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%normal : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%normal : !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%norm : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %norm
      : !pdl.operation) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %response
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %norm, %x, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(reshape(batch_norm(x)), w) = dense(reshape(x), w * gain, w . offset), of a vector.
pdl.pattern @flattened_batch_norm_then_dense : benefit(1) {
  %type = pdl.type
  %normal_type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %norm = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%normal_type : !pdl.type)
  %normal = pdl.result 0 of %norm
  %flat_type = pdl.type
  %reshape = pdl.operation "nn.reshape" (%normal : !pdl.value) -> (%flat_type : !pdl.type)
  %flat = pdl.result 0 of %reshape
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %root = pdl.operation "nn.dense" (%flat, %weight : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%normal : !pdl.value)
  pdl.apply_native_constraint "has_one_use" (%flat : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%flat : !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%norm : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %norm
      : !pdl.operation) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.to_float32" (
      %response
      : !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new_reshape = pdl.apply_native_rewrite "with_operands" (
      %reshape, %x
      : !pdl.operation, !pdl.value) : !pdl.operation
    %new_flat = pdl.result 0 of %new_reshape
    %new = pdl.apply_native_rewrite "fused" (
      %root, %norm, %new_flat, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}

// dense(reshape(batch_norm(x)), w, b) = dense(reshape(x), w * gain, b + w . offset), of a vector.
pdl.pattern @flattened_batch_norm_then_dense_with_bias : benefit(1) {
  %type = pdl.type
  %normal_type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %norm = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%normal_type : !pdl.type)
  %normal = pdl.result 0 of %norm
  %flat_type = pdl.type
  %reshape = pdl.operation "nn.reshape" (%normal : !pdl.value) -> (%flat_type : !pdl.type)
  %flat = pdl.result 0 of %reshape
  %weight_type = pdl.type
  %weight_data = pdl.attribute
  %weight_op = pdl.operation "trained.tensor" {"value" = %weight_data} -> (%weight_type : !pdl.type)
  %weight = pdl.result 0 of %weight_op
  %bias_type = pdl.type
  %bias_data = pdl.attribute
  %bias_op = pdl.operation "trained.tensor" {"value" = %bias_data} -> (%bias_type : !pdl.type)
  %bias = pdl.result 0 of %bias_op
  %root = pdl.operation "nn.dense" (
    %flat, %weight, %bias
    : !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%normal : !pdl.value)
  pdl.apply_native_constraint "has_one_use" (%flat : !pdl.value)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.apply_native_constraint "nn.is_vector" (%flat : !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%norm : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %norm
      : !pdl.operation) : !pdl.attribute
    %response = pdl.apply_native_rewrite "nn.response" (
      %root, %weight_data, %offset
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_data = pdl.apply_native_rewrite "nn.scale_inputs" (
      %root, %weight_data, %gain
      : !pdl.operation, !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_weight_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_weight_data
      : !pdl.attribute) : !pdl.operation
    %new_weight = pdl.result 0 of %new_weight_op
    %new_bias_data = pdl.apply_native_rewrite "trained.add_rounded" (
      %bias_data, %response
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_bias_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_bias_data
      : !pdl.attribute) : !pdl.operation
    %new_bias = pdl.result 0 of %new_bias_op
    %new_reshape = pdl.apply_native_rewrite "with_operands" (
      %reshape, %x
      : !pdl.operation, !pdl.value) : !pdl.operation
    %new_flat = pdl.result 0 of %new_reshape
    %new = pdl.apply_native_rewrite "fused" (
      %root, %norm, %new_flat, %new_weight, %new_bias
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}
