"""The report's page is whole, safe and the same each time."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from small_models import convolutional_model, draw_samples

from corelower.dialects.support.samples import Preprocessing
from corelower.targets.attribution import (
    CAUSES,
    Attribution,
    BitGain,
    CauseLoss,
    CauseTotal,
    LayerLoss,
)
from corelower.tools.compile_report import LayerError, Report
from corelower.tools.compiler import compile_model
from corelower.tools.html_report import (
    headline,
    mapping_figures,
    render_report,
    reproduction,
    worst_layers,
)
from corelower.tools.stage_folder import StageResult

HOSTILE = '<script>alert("$x$")</script>&'


def layer(name: str, sqnr: float | None, where: str | None = None) -> LayerError:
    return LayerError(name, where, sqnr, 0.1, 0.2)


def make_report() -> Report:
    stages = (
        StageResult("golden", 0.99, 0.0, 0.0),
        StageResult("tuned", 0.985, 0.01, 1.5, ("node 'a': remark: something",), "a,b{x=1}"),
    )
    return Report(
        model="folder/model.onnx",
        target="prime",
        version="1.2.3",
        calibration="x.npy",
        calibration_samples=10,
        measured_on="test",
        golden_accuracy=0.99,
        accuracy=0.985,
        disagreement=0.01,
        bit_exact=True,
        verified_samples=20,
        test_samples=200,
        simulated_samples=200,
        cores=1234,
        weight_cores=5,
        utilisation=0.5,
        tune_seconds=1.5,
        seconds=2.5,
        peak_bytes=10**9,
        image="network.prime",
        stages=stages,
        layers=(layer("y", 20.0, "node '/conv'"), layer("z", None)),
        mapping={
            "cores": 1234,
            "utilisation_without_copies": 0.25,
            "interval_ns": 3064.7,
            "energy_low_nj": 31000.0,
            "energy_high_nj": 62000.0,
            "time_mark": "model",
            "energy_mark": "pub",
        },
    )


def make_attribution(names: Sequence[str], where: str | None = None) -> Attribution:
    causes = tuple(CauseLoss(cause, 0.01, 0.001, -0.01) for cause in CAUSES)
    return Attribution(
        samples=16,
        measure="kl_divergence",
        distance=0.25,
        disagreement=0.125,
        knows_weights=True,
        causes=tuple(CauseTotal(cause, 0.2, 0.0) for cause in CAUSES),
        layers=tuple(LayerLoss(name, where, 20.0, 30.0, causes) for name in names),
        bits=tuple(BitGain("signal", name, where, 6, 0.2, 0.0, 0.05, 0.125) for name in names),
    )


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(make_report())


def test_data_from_memory_has_to_be_put_into_a_file_first(tmp_path: Path):
    network = compile_model(
        convolutional_model(), calibration=draw_samples(8, 1, 6, 6), tune=False, out=tmp_path / "o"
    )
    assert "data=calibration.npy" in network.report.stages[2].pipeline
    assert "into calibration.npy" in (tmp_path / "o" / "report.html").read_text()


class Page(HTMLParser):
    """Notes the elements, and that each is closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href")
        ]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else(page: str):
    found = Page(page)
    assert found.elements.count("svg") == 2
    assert not {"script", "link", "img", "iframe"} & set(found.elements)
    assert all(link.startswith("#") for link in found.links)
    assert "@import" not in page and "url(h" not in page


def test_equal_results_are_equal_pages(page: str):
    assert render_report(make_report()) == page


def test_what_comes_from_the_user_is_text():
    report = replace(
        make_report(),
        model=HOSTILE,
        calibration=HOSTILE,
        layers=(layer(HOSTILE, 3.0, f"node '{HOSTILE}'"),),
        stages=(StageResult("golden", 1.0, 0.0, 0.0, (HOSTILE,), HOSTILE),),
    )
    page = render_report(report)
    assert "script" not in Page(page).elements
    assert "&lt;script&gt;" in page


def test_headline_figures():
    values = {card.title: card.value for card in headline(make_report())}
    assert values == {
        "golden accuracy": "99.00%",
        "accuracy": "98.50%",
        "drop": "0.50 points",
        "disagreement": "1.00%",
        "bit-exact": "yes",
        "cores": "1,234",
        "utilisation": "50.00%",
        "compiled in": "2.5 s",
    }


def test_without_labels_there_is_no_drop():
    report = replace(make_report(), accuracy=None, golden_accuracy=None, disagreement=None)
    values = {card.title: card.value for card in headline(report)}
    assert values["drop"] == values["accuracy"] == values["disagreement"] == "–"
    assert "no labels were given" in render_report(report)


def test_an_image_that_is_not_bit_exact_is_not_overlooked():
    card = headline(replace(make_report(), bit_exact=False))[4]
    assert (card.value, card.state) == ("NO", "bad")


def test_modelled_figures_have_their_mark_beside_them(page: str):
    figures = {
        figure.title: (figure.value, figure.mark)
        for figure in mapping_figures(make_report().mapping)
    }
    assert figures == {
        "cores used, copies included": ("1,234", ""),
        "cells used of the cores used, without copies": ("25.00%", ""),
        "time between two samples": ("3.06 µs", "model"),
        "energy": ("31–62 µJ", "pub"),
    }
    text = re.sub(r"<[^>]*>|\s+", " ", page)
    assert re.search(r"3\.06 µs\s+\[model\]", text) and re.search(r"31–62 µJ\s+\[pub\]", text)
    assert "modelled by others" in page and "assumed" not in page


def test_the_worst_layers_are_few_and_first():
    layers = [layer(str(at), float(at % 5)) for at in range(10)] + [layer("exact", None)]
    assert [worst.name for worst in worst_layers(layers)] == ["0", "5", "1"]
    assert worst_layers([layer("exact", None)]) == []
    assert len(worst_layers(layers[:2])) == 1


def test_where_the_accuracy_went_is_shown_and_its_names_are_text():
    found = make_attribution([HOSTILE, "y"], f"node '{HOSTILE}'")
    stages = (StageResult("tuned", 0.9, 0.1, 1.0, sqnr_db={HOSTILE: 20.5, "exact": None}),)
    text = render_report(replace(make_report(), stages=stages, attribution=found))
    page = Page(text)
    assert page.elements.count("svg") == 5 and "script" not in page.elements
    assert "Where the accuracy went" in text and "6 → 7" in text
    assert "here\n0.25, with\n12.50% decided otherwise" in text
    assert ">20.5</td>" in text and ">exact</td>" in text


def test_a_network_that_was_too_large_to_attribute_says_so():
    found = make_attribution(["y"])
    layers = tuple(
        replace(layer, causes=tuple(CauseLoss(c.cause, c.error, None, None) for c in layer.causes))
        for layer in found.layers
    )
    found = replace(found, causes=(), bits=(), layers=layers, knows_weights=False)
    text = render_report(replace(make_report(), attribution=found))
    assert "too large to be run once for each cause" in text
    assert "weights before rounding were not kept" in " ".join(text.split())


@pytest.mark.parametrize("count", [0, 1, 39, 200])
def test_any_number_of_layers_can_be_shown(count: int):
    layers = tuple(layer(f"layer {at}" * 9, float(at)) for at in range(count))
    found = make_attribution([layer.name for layer in layers])
    assert Page(render_report(replace(make_report(), layers=layers, attribution=found)))


def test_commands_are_quoted():
    stage = replace(make_report().stages[1], pipeline="a{data=it's}")
    commands = reproduction(replace(make_report(), stages=(stage,)))
    assert """--pass-pipeline='a{data=it'"'"'s}'""" in commands


def test_its_commands_write_the_same_image(tmp_path: Path):
    (tmp_path / "model.onnx").write_bytes(convolutional_model().SerializeToString())
    np.savez(tmp_path / "it's data.npz", images=draw_samples(8, 6, 6, 1) * 3 + 1, other=np.zeros(1))
    network = compile_model(
        tmp_path / "model.onnx",
        calibration=f"{tmp_path}/it's data.npz:images",
        preprocessing=Preprocessing(3, (1 / 3,), (0.9,), "nhwc"),
        overrides={"fan_in": 32},
        tune=False,
        out=tmp_path / "out",
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        ["bash", "-e", "-c", reproduction(network.report)],
        cwd=network.folder,
        env={**os.environ, "PATH": path},
        check=True,
    )
    again = network.folder / "again-network.prime"
    assert again.read_bytes() == network.image_path.read_bytes()
