"""
Stands for the process that compiles a point: `python -m explore_stub INPUTS RESULT`.

What it does is decided by the point's signal bits, so that tests of everything around compiling
take no time for it.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

FAILS, IS_KILLED, HAS_A_FAULT, WAITS = 1, 2, 3, 5
"""Signal bits of points that do not finish; with others they do."""


def main() -> None:
    """Write an outcome, or do not."""
    job = cast(Mapping[str, object], json.loads(sys.stdin.readline()))
    overrides = dict(part.split("=") for part in str(job["overrides"]).split(",") if part)
    bits = int(overrides.get("signal_bits", 6))
    # Tests count what was compiled, in a file that grows by a byte a point.
    with (Path(os.environ["EXPLORE_STUB"])).open("ab") as stream:
        stream.write(b"x")
    if bits == IS_KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    if bits == HAS_A_FAULT:
        raise RuntimeError("something is wrong")
    if bits == WAITS:
        time.sleep(60)
    error = "node 'a':\n it needs 9 cores" if bits == FAILS else None
    seed = job["seed"]
    assert isinstance(seed, int)
    outcome = {"error": error, "figures": None if error else figures(bits, seed)}
    result = Path(sys.argv[2])
    result.with_suffix(".part").write_text(json.dumps(outcome))
    result.with_suffix(".part").rename(result)


def figures(bits: int, seed: int) -> dict[str, object]:
    """More bits cost more cores and less accuracy; more than eight bring no more."""
    return {
        "golden_accuracy": 0.95,
        "accuracy": 0.95 - 0.1 / min(bits, 8) - 0.001 * seed,
        "disagreement": 0.1 / min(bits, 8),
        "output_error": 0.01,
        "measured_on": "test",
        "test_samples": 8,
        "cores": 10 * bits,
        "weight_cores": 5,
        "utilisation": 0.5,
        "seconds": 1.0,
        "tune_seconds": 0.5,
        "peak_bytes": 1000,
        "stages": [{"name": "golden", "accuracy": 0.95, "disagreement": 0.0}],
        "mapping": {"latency_ns": 12.5, "time_mark": "model"},
    }


if __name__ == "__main__":
    main()
