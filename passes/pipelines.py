"""
Named pipelines: each name stands, wherever a pass may stand, for the passes in its string.

`corelower compile` is these in order; nothing it does is out of reach of `nn-opt`.
"""

BEFORE_APPROXIMATION = (
    "canonicalize,nn-hoist-quantize,nn-decompose-convolution,nn-fold-batch-norm,"
    "nn-decompose-reduction,canonicalize"
)
"""Linear operations and reductions in a few forms. Needs a target."""

AFTER_APPROXIMATION = (
    "nn-decompose-elementwise,nn-fuse-linear,canonicalize,nn-decompose-pooling,"
    "convert-nn-to-core-op,canonicalize"
)
"""What is piecewise linear to dot products and wiring, exactly."""


def reform_pipeline(*, approximate: str = "", pooling: str = "") -> str:
    """A trained network to dot products and wiring; options of two of the passes."""
    passes = f"{BEFORE_APPROXIMATION},nn-approximate{_options(approximate)},{AFTER_APPROXIMATION}"
    return passes.replace("nn-decompose-pooling", f"nn-decompose-pooling{_options(pooling)}")


def encode_pipeline(options: str = "", data: str = "", codings: str | None = None) -> str:
    """
    Real signals to codes, and functions of one variable on them exactly. Needs `data`.

    `options` are those of the calibration, where the data comes from among them; `codings` those of
    the choice of codings, which is left out without them.
    """
    choose = "" if codings is None else f"core-op-choose-codings{_options(codings)},"
    return (
        f"core-op-equalize{_options(data)},core-op-calibrate{_options(options)},{choose}"
        "core-op-reencode,core-op-exact-functions,core-op-normalize-thresholds"
    )


def tile_pipeline(options: str = "", *, stages: int = 1, expand: str = "") -> str:
    """
    Dot products to tiles that fit a core, partial sums to codes. Needs data.

    Partial sums of several units may need merges in several `stages`, whose sums get codes too.
    `options` are those of the calibration, `expand` of `core-op-expand`.
    """
    first = f"pack=false {expand}".strip()
    tiles = (
        f"core-op-expand{{{first}}},canonicalize,core-op-calibrate{_options(options)},"
        "core-op-reencode,canonicalize,"
    )
    return f"{tiles * stages}core-op-expand{_options(expand)},canonicalize"


def tune_pipeline(options: str = "", *, spikes: bool = False) -> str:
    """
    Tuning against the golden network. Needs data.

    With `spikes`, for neurons that fire at any tick, those that carry one number together learn
    each for itself at the end.
    """
    if not spikes:
        return f"core-op-tune{_options(options)}"
    apart = "core-op-split-weights,core-op-split-units,canonicalize"
    last = _options(f"method=spikes {options}".strip())
    return f"core-op-tune{_options(options)},{apart},core-op-tune{last}"


def _options(text: str) -> str:
    return f"{{{text}}}" if text else ""


PIPELINES: dict[str, str] = {
    # A trained network to dot products and wiring. Needs a target, and data where it has curves.
    "nn-to-core-op": reform_pipeline(),
    "core-op-encode": encode_pipeline(),
    "core-op-tile": tile_pipeline(),
    # Coded dot products to PRIME's cells, and these to its mats.
    "core-op-to-prime": (
        "core-op-split-weights,core-op-split-units,core-op-pack,core-op-insert-copies,"
        "canonicalize,verify-target,"
        "convert-core-op-to-prime,canonicalize,prime-map"
    ),
    # Coded dot products to TianJi's cores, one for every few positions, and these to its chips.
    "core-op-to-tianji": (
        "core-op-split-weights,core-op-split-units,core-op-unroll,core-op-insert-copies,"
        "canonicalize,verify-target,"
        "convert-core-op-to-tianji,canonicalize,tianji-map"
    ),
}
