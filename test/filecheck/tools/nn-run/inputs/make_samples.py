"""Writes into a folder four samples of shape 2x2, and a class of each."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
samples = np.array([[8, 8, 8, 9], [5, 0, 5, 1], [0, 9, 0, 9], [2, 2, 2, 3]], np.uint8)
samples = samples.reshape(4, 2, 2)
np.save(folder / "x.npy", samples)
np.savez(folder / "x.npz", x=samples, double=2 * samples)
np.save(folder / "y.npy", np.array([0, 0, 1, 1]))
np.save(folder / "nan.npy", np.where(samples == 5, np.nan, samples))
(folder / "text.npy").write_text("not an array")
