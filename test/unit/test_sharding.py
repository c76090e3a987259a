"""On several devices each has its part of a batch, and tuning goes no further from golden."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent


class Found(TypedDict):
    devices: int
    shards: list[list[int]]
    copies: list[list[int]]
    result: list[int]
    batch: int
    uneven: bool
    errors: list[float]
    weights: str


def tune_on(devices: int) -> "subprocess.Popen[str]":
    """A process that tunes with as many devices as it is told that the host has."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    paths = [str(HERE), str(HERE.parent / "pythonpath")]
    environment = {
        **os.environ,
        "XLA_FLAGS": flags,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(paths),
    }
    command = [sys.executable, str(HERE / "sharded_tuning.py")]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def result_of(process: "subprocess.Popen[str]") -> Found:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads(output)


def test_two_devices_tune_together_and_the_same_way_each_time() -> None:
    first, second = (result_of(process) for process in [tune_on(2), tune_on(2)])
    assert first["devices"] == 2
    # A batch is dealt out, everything else is on both; what cannot be dealt out stays whole.
    assert first["shards"] == [[4, 3], [4, 3]]
    assert first["copies"] == [[3, 3], [3, 3]]
    assert first["result"] == [8]
    assert first["batch"] == 32
    assert first["uneven"]
    before, after = first["errors"]
    assert after <= before
    assert first["weights"] == second["weights"]
