"""
Named pipelines: each name stands, wherever a pass may stand, for the passes in its string.

`corelower compile` is these in order; nothing it does is out of reach of `nn-opt`.
"""

PIPELINES: dict[str, str] = {
    # A trained network to dot products and wiring, exactly. Needs a target.
    "nn-to-core-op": (
        "canonicalize,nn-hoist-quantize,nn-fold-batch-norm,nn-fuse-linear,canonicalize,"
        "nn-decompose-pooling,convert-nn-to-core-op,canonicalize"
    ),
    # Real signals to codes. Needs data.
    "core-op-encode": "core-op-calibrate,core-op-reencode,core-op-normalize-thresholds",
    # Dot products to tiles that fit a core, partial sums to codes. Needs data.
    "core-op-tile": ("core-op-expand,canonicalize,core-op-calibrate,core-op-reencode,canonicalize"),
    # Coded dot products to PRIME's cells, and these to its mats.
    "core-op-to-prime": "verify-target,convert-core-op-to-prime,canonicalize,prime-map",
}
