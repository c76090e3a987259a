"""
Image-ticks a second of TianJi's simulator, beside SpikingJelly's in the same run.

`python test/benchmark/bench_tianji_simulator.py network.tianji [samples]` runs a spiking image on
random inputs. Where SpikingJelly is installed, it runs a network of the digits CNN's layers as
multi-step integrate-and-fire neurons; without it only the simulator's own figure is shown.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from corelower.targets.tianji.image import read_image
from corelower.targets.tianji.simulator import Simulator

BATCH = 256
ROUNDS = 5


def best_time(run: Callable[[], object]) -> float:
    """Seconds of the fastest of a few rounds, behind one that compiles."""
    run()
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def simulator_rate(path: str, samples: int) -> float:
    """Image-ticks a second of the image."""
    image = read_image(path)
    simulator = Simulator(image, batch_size=BATCH)
    shapes = [image.values[port.value].shape for port in image.inputs]
    inputs = [np.random.default_rng(0).random((samples, *s)).astype(np.float32) for s in shapes]
    return samples * image.chip.window / best_time(lambda: simulator.run(*inputs))


SPIKING_JELLY = """
import torch
from spikingjelly.activation_based import functional, layer, neuron
def build():
    node = lambda: neuron.IFNode(step_mode='m')
    net = torch.nn.Sequential(
        layer.Conv2d(1, 16, 3, padding=1), node(), layer.AvgPool2d(2), node(),
        layer.Conv2d(16, 32, 3, padding=1), node(), layer.AvgPool2d(2), node(),
        layer.Flatten(), layer.Linear(128, 64), node(), layer.Linear(64, 10), node())
    functional.set_step_mode(net, 'm')
    return net.eval()
def run(net, ticks, samples, batch):
    with torch.no_grad():
        for _ in range(0, samples, batch):
            net(torch.rand(ticks, batch, 1, 8, 8).round())
            functional.reset_net(net)
"""


def spiking_jelly_rate(samples: int, ticks: int = 16) -> float | None:
    """The same of SpikingJelly; `None` where it is not installed."""
    if find_spec("spikingjelly") is None:
        return None
    import_module("spikingjelly")
    names: dict[str, Callable[..., object]] = {}
    exec(SPIKING_JELLY, names)
    network = names["build"]()
    seconds = best_time(lambda: names["run"](network, ticks, samples, BATCH))
    return samples * ticks / seconds


def main() -> None:
    """Print both figures and their ratio."""
    if len(sys.argv) < 2:
        sys.exit("usage: bench_tianji_simulator.py IMAGE [SAMPLES]")
    samples = int(sys.argv[2]) if len(sys.argv) > 2 else 4096
    own, other = simulator_rate(sys.argv[1], samples), spiking_jelly_rate(samples)
    print(f"simulator: {own:,.0f} image-ticks a second")
    if other is None:
        print("SpikingJelly is not installed")
    else:
        print(f"SpikingJelly: {other:,.0f}; ratio {own / other:.2f}")


if __name__ == "__main__":
    main()
