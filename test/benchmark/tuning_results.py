"""The file in which the benchmark of tuning keeps what is finished."""

import json
from dataclasses import asdict
from pathlib import Path

from tuning_points import Figures, Kind, Point, Setup, key_of

from corelower.dialects.support.files import write_text
from corelower.tools.json_entry import JsonEntry, read_json_text

RESULTS = "results"


class Results:
    """Figures of finished points by all that decides them; in a file where there is one."""

    def __init__(self, setup: Setup, path: Path | None = None):
        self.setup = setup
        self._path = path
        self._known: dict[str, Figures] = {}
        if path is not None and path.is_file():
            entries = JsonEntry.parse(read_json_text(path)) or JsonEntry({})
            for entry in entries.entries(RESULTS):
                key, figures = entry.text("key"), _read(entry.entry("figures"))
                if key is not None and figures is not None:
                    self._known[key] = figures

    def get(self, point: Point) -> Figures | None:
        """What a finished point reached; a training whose network is gone is not finished."""
        made = self.setup.model(point.network, point.seed)
        if point.kind == Kind.TRAINING and not made.is_file():
            return None
        return self._known.get(key_of(point, self.setup))

    def add(self, point: Point, figures: Figures) -> None:
        """Keep what a point reached; the file appears whole or stays."""
        self._known[key_of(point, self.setup)] = figures
        if self._path is None:
            return
        entries = [{"key": key, "figures": asdict(of)} for key, of in self._known.items()]
        write_text(self._path, json.dumps({RESULTS: entries}, indent=1, allow_nan=False) + "\n")


def _read(entry: JsonEntry) -> Figures | None:
    seconds = entry.number("seconds")
    if seconds is None:
        return None
    return Figures(
        seconds=seconds,
        golden_accuracy=entry.number("golden_accuracy"),
        accuracy=entry.number("accuracy"),
        disagreement=entry.number("disagreement"),
        untuned_accuracy=entry.number("untuned_accuracy"),
        cores=entry.integer("cores"),
        weight_cores=entry.integer("weight_cores"),
        tune_seconds=entry.number("tune_seconds"),
        bit_exact=entry.flag("bit_exact"),
        way=entry.text("way"),
    )
