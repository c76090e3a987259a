pdl.pattern @wrong : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %root = pdl.operation "nn.rely" (%x : !pdl.value) -> (%type : !pdl.type)
  pdl.apply_native_constraint "has_one_use"(%x : !pdl.value) {isNegated = true}
  pdl.rewrite %root {
    pdl.replace %root with (%x : !pdl.value)
  }
}
