pdl.pattern @forever : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %root = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
  pdl.rewrite %root {
    %new = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
    pdl.replace %root with %new
  }
}
