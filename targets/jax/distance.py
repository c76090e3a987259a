"""How far outputs are from the golden ones: one measure for what tunes and for what explains."""

import jax
import jax.numpy as jnp


def output_distance(given: jax.Array, wanted: jax.Array, *, decides: bool) -> jax.Array:
    """
    Of outputs along the last axis from golden ones, a number for each of the other axes.

    The mean squared error, to be put beside the golden variance; where the outputs decide, the
    Kullback-Leibler divergence of their softmax from the golden one, in nats.
    """
    if not decides:
        return jnp.mean(jnp.square(given - wanted), axis=-1)
    expected = jax.nn.log_softmax(wanted)
    return jnp.sum(jnp.exp(expected) * (expected - jax.nn.log_softmax(given)), axis=-1)
