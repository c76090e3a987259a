"""The data that benchmarks run on: which files of the data folder, and what is done to them."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from corelower.dialects.support.samples import Preprocessing

MNIST = ("mnist/train-images*", "mnist/t10k-images*", "mnist/t10k-labels*")
MNIST_TRAINING_LABELS = "mnist/train-labels*"
CIFAR = tuple(f"cifar10/cifar10_jpeg.npz:{name}" for name in ("x_calibration", "x_test", "y_test"))
KEYWORDS = tuple(f"kws/kws01_int8_mfcc_1000.npz:{name}" for name in ("x", "x", "y"))
DIGITS = ("digits/digits.npz:Xtr", "digits/digits.npz:Xte", "digits/digits.npz:yte")


@dataclass(frozen=True)
class Case:
    """A model's data (calibration, test, labels), what is done to that, and whether to tune."""

    data: tuple[str, ...]
    scale: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    tune: bool = True

    @property
    def preprocessing(self) -> Preprocessing:
        """What the model expects to be done to the data."""
        return Preprocessing(self.scale, self.mean, self.std)


CASES = {
    "mnist-8": Case(MNIST, 255),
    "mnist-8-fused": Case(MNIST, 255),
    "mnist-maxpool": Case(MNIST, 255),
    "digits-cnn": Case(DIGITS),
    "mnist-sigmoid-6x200": Case(MNIST, 255),
    "qonnx-tfc-2w2a": Case(MNIST, 255, tune=False),
    "kws-dscnn": Case(KEYWORDS, mean=(83.0,), std=(1 / 0.58470291,)),
    "resnet8-cifar10": Case(CIFAR),
    "resnet20-cifar10": Case(CIFAR, 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Models of the data folder's `models/` by name."""


def find_data(folder: Path, pattern: str) -> str:
    """The first file of a pattern, with the array that the pattern names. Ends the program."""
    path, separator, array = pattern.partition(":")
    found = sorted(folder.glob(path))
    if not found:
        raise SystemExit(f"no {path} in {folder}: give --data FOLDER")
    return f"{found[0]}{separator}{array}"


def missing_for_spiking_peer() -> str:
    """The packages of SpikingJelly, the peer of spiking networks, that are not installed here."""
    return " and ".join(name for name in ("torch", "spikingjelly") if find_spec(name) is None)
