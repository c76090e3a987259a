"""Run by a test in a process that has several devices: tunes a network, and prints what it did."""

import hashlib
import json
import sys

import jax
import numpy as np
from nn_networks import Network, context
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import core_op, nn, trained
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.passes.core_op_tune import CoreOpTune, Method
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.targets.jax.sharding import Devices
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

COUNT = 121
"""Samples: odd, so that they cannot be dealt out evenly."""


def tuned() -> tuple[ModuleOp, ModuleOp, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """A network of 3-bit weights before and after tuning, and samples that it has not seen."""
    net = Network((8,), 1)
    weights = [net.tensor(0.4 * net.random.standard_normal(shape)) for shape in ((8, 12), (12, 4))]
    hidden = nn.ReluOp(net.op(nn.DenseOp(net.input, weights[0], net.constant(12))))
    module = net.returning(net.op(nn.DenseOp(net.op(hidden), weights[1])))
    core_op.set_target(module, Target("chip", 26, 16, 4, (-3, 3), bias_bits=16))
    ctx = context()
    ctx.calibration = Samples(net.samples(COUNT))
    passes = (
        "nn-keep-golden,convert-nn-to-core-op,canonicalize,core-op-calibrate{output=values},"
        "core-op-reencode,core-op-quantize-weights{keep-real}"
    )
    for one in build_passes(passes, full_universe().all_passes, {}):
        one.apply(ctx, module)
    before = module.clone()
    methods: tuple[Method, ...] = ("end-to-end",)
    CoreOpTune(method=methods, steps=40, batch=33, seed=5, output="values").apply(ctx, module)
    return before, module, net.samples(300)


def main() -> None:
    """Print the weights' digest, the errors before and after, and where data lie."""
    before, after, samples = tuned()
    errors: list[float] = []
    for module in (before, after):
        ours, golden = (
            Evaluator(find_function(module, name)).run(samples)[0]
            for name in ("main", "main_golden")
        )
        errors.append(float(np.square(np.subtract(ours, golden)).mean()))
    digest = hashlib.sha256()
    for op in find_function(after).walk():
        if isinstance(op, trained.TensorOp):
            digest.update(op.data.array.tobytes())
    devices = Devices()
    dealt = devices.shared(np.zeros((8, 3), np.float32))
    whole = devices.everywhere(np.zeros((3, 3), np.float32))

    def twice(x: jax.Array) -> jax.Array:
        return devices.by_sample(x * 2)

    step = devices.compile(twice)
    assert isinstance(dealt, jax.Array)
    found = {
        "devices": devices.count,
        "shards": [list(shard.data.shape) for shard in dealt.addressable_shards],
        "copies": [list(shard.data.shape) for shard in whole.addressable_shards],
        "result": sorted({shard.data.shape[0] for shard in step(dealt).addressable_shards}),
        "batch": devices.divisible(33),
        "uneven": isinstance(devices.shared(np.zeros(COUNT)), np.ndarray),
        "errors": errors,
        "weights": digest.hexdigest(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
