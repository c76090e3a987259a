"""
Thresholds for spikes that come one by one: a search, before anything has a slope to follow.

A number of spikes says what a neuron gives where nothing is lost. Where what exceeds the threshold
is, or where spikes come in bursts, a neuron gives less or more than that, and so do all behind it.
"""

from collections.abc import Iterable

import numpy as np

from .compiled_parts import State
from .tuning import Part
from .typed import full_like

FACTORS = np.concatenate([np.geomspace(0.7, 1.0, 4), np.geomspace(1.08, 4.0, 18)])
"""Candidates of a gain, as a multiple of that by which spikes are counted."""

SEARCHED = 256
"""Samples that a candidate is judged by."""


def search_thresholds(part: Part, state: State) -> State:
    """
    The state with the gains of each layer of `part` that bring its output nearest to golden.

    Layer by layer in order, each with one factor on all its gains; twice, where there are several.
    """
    for layers in _sweeps(part):
        for index in layers:
            candidates = [_scaled(state, index, factor) for factor in FACTORS]
            state = min([state, *candidates], key=lambda one: part.distance(one, SEARCHED))
    return state


def _sweeps(part: Part) -> Iterable[list[int]]:
    layers = list(part.layers)
    return [layers] * min(len(layers), 2)


def _scaled(state: State, index: int, factor: float) -> State:
    learned = state[index]
    gain = full_like(learned.gain, float(np.log(factor)))
    return state | {index: learned._replace(gain=gain)}
