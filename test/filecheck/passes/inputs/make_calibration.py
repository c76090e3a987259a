"""Writes into a folder samples of two numbers each, as `core-op-calibrate` takes them."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
samples = np.array([[-1, 0], [0.5, 3], [2, 1], [0, -0.5]], np.float32)
np.save(folder / "x.npy", samples)
np.save(folder / "wide.npy", np.ones((2, 5), np.float32))
# One number is far from the rest: covering it would make all others coarse.
many = np.linspace(0, 1, 2000, dtype=np.float32).reshape(1000, 2)
many[0, 0] = 4
np.savez(folder / "outlier.npz", many=many)
