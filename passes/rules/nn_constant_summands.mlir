// Rules of `nn-decompose-elementwise` and `nn-fuse-linear`: constants that are added are merged.

// c + x = x + c
pdl.pattern @constant_to_the_right : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %constant_type = pdl.type
  %constant_data = pdl.attribute
  %constant_op = pdl.operation "trained.tensor" {"value" = %constant_data}
    -> (%constant_type : !pdl.type)
  %constant = pdl.result 0 of %constant_op
  %root = pdl.operation "nn.add" (%constant, %x : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_computed" (%x : !pdl.value)
  pdl.rewrite %root {
    %new = pdl.operation "nn.add" (%x, %constant : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    pdl.replace %root with %new
  }
}

// x + 0 = x, unless the zero has more axes than x.
pdl.pattern @add_zero : benefit(2) {
  %type = pdl.type
  %x = pdl.operand : %type
  %zero_type = pdl.type
  %zero_data = pdl.attribute
  %zero_op = pdl.operation "trained.tensor" {"value" = %zero_data} -> (%zero_type : !pdl.type)
  %zero = pdl.result 0 of %zero_op
  %root = pdl.operation "nn.add" (%x, %zero : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.is_zero" (%zero_data : !pdl.attribute)
  pdl.rewrite %root {
    pdl.replace %root with (%x : !pdl.value)
  }
}

// (x + c) + d = x + (c + d)
pdl.pattern @add_two_constants : benefit(1) {
  %inner_type = pdl.type
  %type = pdl.type
  %x = pdl.operand
  %first_type = pdl.type
  %first_data = pdl.attribute
  %first_op = pdl.operation "trained.tensor" {"value" = %first_data} -> (%first_type : !pdl.type)
  %first = pdl.result 0 of %first_op
  %second_type = pdl.type
  %second_data = pdl.attribute
  %second_op = pdl.operation "trained.tensor" {"value" = %second_data} -> (%second_type : !pdl.type)
  %second = pdl.result 0 of %second_op
  %inner = pdl.operation "nn.add" (%x, %first : !pdl.value, !pdl.value) -> (%inner_type : !pdl.type)
  %partial = pdl.result 0 of %inner
  %root = pdl.operation "nn.add" (%partial, %second : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use" (%partial : !pdl.value)
  pdl.apply_native_constraint "trained.can_broadcast" (
    %first_data, %second_data
    : !pdl.attribute, !pdl.attribute)
  pdl.rewrite %root {
    %new_constant_data = pdl.apply_native_rewrite "trained.add" (
      %first_data, %second_data
      : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %new_constant_op = pdl.apply_native_rewrite "trained.tensor" (
      %new_constant_data
      : !pdl.attribute) : !pdl.operation
    %new_constant = pdl.result 0 of %new_constant_op
    %new = pdl.apply_native_rewrite "fused" (
      %root, %inner, %x, %new_constant
      : !pdl.operation, !pdl.operation, !pdl.value, !pdl.value) : !pdl.operation
    %result = pdl.result 0 of %new
    pdl.replace %root with (%result : !pdl.value)
  }
}
