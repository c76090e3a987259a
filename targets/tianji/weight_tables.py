"""
A core's table of weights, and the synapses that are indices into it.

NumPy is all that is needed here, as in everything that reads an image.
"""

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.int8]
Bytes = npt.NDArray[np.uint8]

LARGEST_TABLE = 256
"""Weights in a table: as many as 8 bits tell apart."""

CHUNK = 1 << 20
"""Indices that are worked on at once, a multiple of 8: whole bytes of any number of bits."""


def tables_of(synapses: Weights, size: int) -> Weights:
    """
    The tables of cores, cores x `size`, for synapses cores x axons x neurons.

    Zero comes first, then the other weights that a core has, ascending; what is left is zero.
    """
    tables = np.zeros((len(synapses), size), np.int8)
    for table, core in zip(tables, synapses, strict=True):
        values = np.unique(core[core != 0])
        table[1 : 1 + len(values)] = values
    return tables


def indices_of(synapses: Weights, tables: Weights) -> Bytes:
    """Where each core's table has the weights that its synapses have, in the synapses' shape."""
    indices = np.zeros(synapses.shape, np.uint8)
    for index, table, core in zip(indices, tables, synapses, strict=True):
        place = np.zeros(256, np.uint8)
        # From the back, so that zero is the first of those that are.
        place[table[::-1].view(np.uint8)] = np.arange(len(table))[::-1]
        index[:] = place[core.view(np.uint8)]
    return indices


def weights_at(indices: Bytes, tables: Weights) -> Weights:
    """The weights that indices, cores x axons x neurons, have in the tables, cores x size."""
    weights = np.empty(indices.shape, np.int8)
    for weight, table, index in zip(weights, tables, indices, strict=True):
        weight[:] = table[index]
    return weights


def pack_indices(indices: Bytes, bits: int) -> Bytes:
    """Indices of so many bits each one behind the other, the most significant bit first."""
    flat = indices.reshape(-1, 1)
    parts = [np.zeros(0, np.uint8)]
    for first in range(0, len(flat), CHUNK):
        each = np.unpackbits(flat[first : first + CHUNK], axis=1)[:, 8 - bits :]
        parts.append(np.packbits(each.reshape(-1)))
    return np.concatenate(parts)


def unpack_indices(packed: Bytes, bits: int, count: int) -> Bytes:
    """The first `count` indices of those that `pack_indices` packed."""
    indices = np.zeros(count, np.uint8)
    for first in range(0, count, CHUNK):
        part = indices[first : first + CHUNK]
        wide = np.zeros((len(part), 8), np.uint8)
        each = np.unpackbits(packed[first * bits // 8 :], count=len(part) * bits)
        wide[:, 8 - bits :] = each.reshape(-1, bits)
        part[:] = np.packbits(wide, axis=1).reshape(-1)
    return indices
