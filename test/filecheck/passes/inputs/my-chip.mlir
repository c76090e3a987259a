// A chip in thirty words.
module attributes {core_op.target = #core_op.target<"my_chip", fan_in = 16, fan_out = 8,
  signal_bits = 5, weights = [-7, 7], bias_bits = 12>} {}
