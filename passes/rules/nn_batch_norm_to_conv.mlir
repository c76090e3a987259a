// Rules of `nn-fold-batch-norm` for what no neighbour takes into its weights.

// batch_norm(x) is a convolution of each channel by itself, with one weight.
pdl.pattern @batch_norm_to_depthwise_conv : benefit(0) {
  %type = pdl.type
  %x = pdl.operand
  %scale = pdl.operand
  %shift = pdl.operand
  %mean = pdl.operand
  %variance = pdl.operand
  %root = pdl.operation "nn.batch_norm" (
    %x, %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_constant" (
    %scale, %shift, %mean, %variance
    : !pdl.value, !pdl.value, !pdl.value, !pdl.value)
  pdl.rewrite %root {
    %gain = pdl.apply_native_rewrite "nn.batch_norm_gain" (%root : !pdl.operation) : !pdl.attribute
    %offset = pdl.apply_native_rewrite "nn.batch_norm_offset" (
      %root
      : !pdl.operation) : !pdl.attribute
    %new = pdl.apply_native_rewrite "nn.depthwise_conv" (
      %x, %gain, %offset
      : !pdl.value, !pdl.attribute, !pdl.attribute) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}
