// A ReLU after a ReLU changes nothing.
pdl.pattern @relu_twice : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %inner = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %inner
  %root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.rewrite %root {
    pdl.replace %root with %inner
  }
}

// Two constants that are added one after the other are added once.
pdl.pattern @add_constants : benefit(1) {
  %type = pdl.type
  %first_type = pdl.type
  %second_type = pdl.type
  %x = pdl.operand
  %first_data = pdl.attribute
  %second_data = pdl.attribute
  %first = pdl.operation "trained.tensor" {"value" = %first_data} -> (%first_type : !pdl.type)
  %second = pdl.operation "trained.tensor" {"value" = %second_data} -> (%second_type : !pdl.type)
  %first_value = pdl.result 0 of %first
  %second_value = pdl.result 0 of %second
  %inner = pdl.operation "nn.add" (%x, %first_value : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %inner
  %root = pdl.operation "nn.add" (%y, %second_value : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.can_broadcast"(%first_data, %second_data : !pdl.attribute, !pdl.attribute)
  pdl.rewrite %root {
    %data = pdl.apply_native_rewrite "trained.add"(%first_data, %second_data : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %sum = pdl.apply_native_rewrite "trained.tensor"(%data : !pdl.attribute) : !pdl.operation
    %sum_value = pdl.result 0 of %sum
    %new = pdl.operation "nn.add" (%x, %sum_value : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    pdl.replace %root with %new
  }
}
