"""Small ReLU networks trained to be a function of one variable."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from .typed import float32, gradient, jit, update

FloatArray = npt.NDArray[np.float32]
Layers = list[tuple[jax.Array, jax.Array]]

STEPS = 2000
LEARNING_RATE = 1e-2
NORM = 8
"""The error's norm: high, since the largest error counts, and smooth."""


@dataclass(frozen=True)
class _Scale:
    """`wide = middle + half * narrow`, with `narrow` within -1 and 1."""

    middle: float
    half: float

    @staticmethod
    def of(values: FloatArray) -> "_Scale":
        low, high = float(values.min()), float(values.max())
        return _Scale((low + high) / 2, (high - low) / 2 or 1.0)

    def narrow(self, values: FloatArray) -> jax.Array:
        return float32((values.astype(np.float64) - self.middle) / self.half)


def train_network(
    x: FloatArray, y: FloatArray, width: int, seed: int = 0
) -> list[tuple[FloatArray, FloatArray]]:
    """
    Two hidden layers of `width` rectifiers each for `y` at `x`, as (weight K x N, bias N).

    Adam on all samples, from a random start; the same for the same seed.
    """
    of_x, of_y = _Scale.of(x), _Scale.of(y)
    inputs, wanted = of_x.narrow(x)[:, None], of_y.narrow(y)[:, None]
    layers = _start(width, seed)
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, STEPS))

    def loss(layers: Layers) -> jax.Array:
        errors = jnp.abs(_run(layers, inputs) - wanted)
        return jnp.mean(errors**NORM) ** (1 / NORM)

    def step(layers: Layers, moments: optax.OptState) -> tuple[Layers, optax.OptState]:
        change, moments = update(optimizer, gradient(loss)(layers), moments)
        return jax.tree.map(jnp.add, layers, change), moments

    moments = optimizer.init(layers)
    compiled = jit(step)
    for _ in range(STEPS):
        layers, moments = compiled(layers, moments)
    return _unscaled(layers, of_x, of_y)


def _start(width: int, seed: int) -> Layers:
    """Kinks of the first layer all over the range, then He's initialisation."""
    random = np.random.default_rng(seed)
    signs = random.choice([-1.0, 1.0], (1, width))
    kinks = np.linspace(-1, 1, width, endpoint=False)
    second = random.normal(0, np.sqrt(2 / width), (width, width))
    last = random.normal(0, np.sqrt(1 / width), (width, 1))
    return [
        (float32(signs), float32(-signs[0] * kinks)),
        (float32(second), float32(np.zeros(width))),
        (float32(last), float32(np.zeros(1))),
    ]


def _run(layers: Layers, x: jax.Array) -> jax.Array:
    for index, (weight, bias) in enumerate(layers):
        x = (jax.nn.relu(x) if index else x) @ weight + bias
    return x


def _unscaled(layers: Layers, of_x: _Scale, of_y: _Scale) -> list[tuple[FloatArray, FloatArray]]:
    """The layers for numbers as they come."""
    wide = [(np.asarray(w, np.float64), np.asarray(b, np.float64)) for w, b in layers]
    weight, bias = wide[0]
    wide[0] = (weight / of_x.half, bias - weight[0] * (of_x.middle / of_x.half))
    weight, bias = wide[-1]
    wide[-1] = (weight * of_y.half, bias * of_y.half + of_y.middle)
    return [(w.astype(np.float32), b.astype(np.float32)) for w, b in wide]
