"""Every command in README and the guide runs, in the folder that `corelower demo` leaves."""

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

import corelower
from corelower.tools.compiler import compile_model
from corelower.tools.demo import DATA, MODEL, write_data
from corelower.tools.demo_network import SCALE, load_digits, to_onnx, train

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/guide.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the demo leaves for further commands: the model and its data."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "demo").mkdir()
    digits = load_digits()
    model: ModelProto = to_onnx(train(digits, 0, lambda done, total: None))
    (folder / "demo" / MODEL).write_bytes(model.SerializeToString())
    write_data(digits, folder / "demo" / DATA)
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs(page: str, folder: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", "\n".join(blocks)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]


@pytest.mark.parametrize("page", PAGES)
def test_every_library_example_runs(
    page: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert blocks
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "demo" / MODEL, "model.onnx")
    data = np.load(folder / "demo" / DATA)
    # Tuning is left out, which the examples do not show and which takes its time.
    monkeypatch.setattr(corelower, "compile", partial(compile_model, tune=False), raising=False)
    images = data["calibration"].astype(np.float32) / SCALE
    names: dict[str, object] = {
        "images": images,
        "test_images": data["test"].astype(np.float32) / SCALE,
        "test_labels": data["labels"],
    }
    exec("\n".join(blocks), names)
    assert (tmp_path / "out" / "report.html").exists()


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
