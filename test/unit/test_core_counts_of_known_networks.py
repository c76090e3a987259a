"""The cores that hold the weights of published networks, on cores of 256 x 256."""

import bench_scale
import pytest
from known_networks import NETWORKS, numbered_weights
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import core_op
from corelower.dialects.support.target import Target
from corelower.passes.core_op_expand import CoreOpExpand
from corelower.passes.pipelines import PIPELINES
from corelower.passes.wiring import AUXILIARY
from corelower.tools.ir_files import make_context
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

CORE = Target("core", fan_in=256, fan_out=256, signal_bits=6, weights=(-127, 127), max_inputs=4)


def expanded(network: ModuleOp, target: Target) -> ModuleOp:
    core_op.set_target(network, target)
    ctx = make_context()
    for one in build_passes("nn-to-core-op", full_universe().all_passes, PIPELINES):
        one.apply(ctx, network)
    CoreOpExpand().apply(ctx, network)
    network.verify()
    return network


def products(module: ModuleOp) -> list[core_op.VmmOp]:
    """The dot products with weights of the network: no merges, pools and additions."""
    return [
        op
        for op in module.walk()
        if isinstance(op, core_op.VmmOp) and AUXILIARY not in op.attributes
    ]


# Derived from the shapes: row tiles times column tiles of each matrix, without merges.
@pytest.mark.parametrize(
    ("name", "weights", "cores", "unrolled"),
    [
        ("mlp", 79_400, 5, 5),
        ("mlp3", 443_000, 11, 11),
        ("lenet-caffe", 430_500, 13, 714),
        ("lenet5", 61_470, 6, 888),
        ("alexnet", 60_954_656, 954, 22_010),
    ],
)
def test_cores_that_hold_weights(name: str, weights: int, cores: int, unrolled: int) -> None:
    network = NETWORKS[name](numbered_weights)
    assert network.weight_count == weights
    layers = products(expanded(network.finish(), CORE))
    assert sum(op.groups for op in layers) == cores
    assert sum(op.groups * op.positions for op in layers) == unrolled


@pytest.mark.parametrize("name", ["lenet5", "mlp3"])
@pytest.mark.parametrize("bias_rows", [1, 2])
def test_a_bias_row_takes_the_place_of_an_input(name: str, bias_rows: int) -> None:
    target = CORE.with_fields({"bias_rows": bias_rows, "fan_in": 256 + bias_rows})
    apart, within = (
        expanded(NETWORKS[name](numbered_weights).finish(), chosen)
        for chosen in (target, CORE.with_fields({"bias_rows": bias_rows}))
    )
    for module, rows in ((apart, 256), (within, 256 - bias_rows)):
        assert max(op.fan_in for op in products(module)) <= rows
    assert sum(op.groups for op in products(within)) >= sum(op.groups for op in products(apart))


def test_the_benchmark_of_scale_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bench_scale.py", "lenet5", "--no-text", "--extra-bias-rows", "--cores", "4096"]
    monkeypatch.setattr("sys.argv", arguments)
    bench_scale.main()
    assert "cores: 6 hold trained weights" in capsys.readouterr().out
