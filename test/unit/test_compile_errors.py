"""Every mistake with `corelower compile` is one line and exit status 1; nothing is half-written."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, helper
from onnx import TensorProto as Element
from small_models import convolutional_model, draw_samples

from corelower.tools.compilation import Compilation
from corelower.tools.corelower import main
from corelower.tools.output_folder import files_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a model and data for it."""
    monkeypatch.chdir(tmp_path)
    save(convolutional_model())
    np.save("x.npy", draw_samples(16, 1, 6, 6))
    np.save("y.npy", np.zeros(16, np.int64))
    return tmp_path


def save(model: ModelProto, name: str = "model.onnx") -> None:
    Path(name).write_bytes(model.SerializeToString())


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Compile, and give the one line on standard error; the status is 1."""
    with pytest.raises(SystemExit) as caught:
        main(["compile", *arguments])
    assert caught.value.code == 1
    output = capsys.readouterr()
    *stages, line = output.err.splitlines()
    assert not any("error" in stage or "Traceback" in stage for stage in stages)
    return line


def compile_line(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """As `fail`, with what a compilation needs."""
    needed = ["model.onnx", "--calibration", "x.npy", "-o", "out", "--no-tune"]
    return fail(capsys, *needed, *more)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--tests", "x.npy"], "error: No such option: --tests"),
        (["--target", "loihi"], "error: no target 'loihi' to compile to (targets: prime"),
        (["--calibration", "none.npy"], "none.npy: error: cannot read the data: no such file"),
        (["--labels", "y.npy"], "error: labels need test samples"),
        (["--test", "x.npy", "--labels", "x.npy"], "x.npy: error: labels of shape [16, 1, 6, 6]"),
        (["--override", "signal_bits=six"], "error: signal_bits is a whole number, not 'six'"),
        (["--override", "signal_bits=40"], "signal_bits"),
        (["--override", "fan_in=2"], "error: "),
        (["--override", "signal_bits=9"], "error: target 'prime': signals are numbers up to 511"),
        (
            ["--target", "tianji", "--mode", "snn", "--window", "300"],
            "error: target 'tianji': signals are numbers up to 300, its image holds 255",
        ),
        (
            ["--window", "8"],
            "error: --window, --reset and --firing are of spikes; they need --mode snn",
        ),
        (["--graded-layers", "0"], "error: target 'prime' has cores of one kind only: no layers"),
        (
            ["--target", "tianji", "--spiking-layers", "0", "--window", "300"],
            "error: target 'tianji': signals are numbers up to 300, its image holds 255",
        ),
        (["--units", "many"], "error: units is a number or auto, not 'many'"),
        (["--units", "0"], "error: units must be 1 to 256, or auto, not 0"),
        (["--mean", "a,b"], "error: 'a,b' is not a list of numbers"),
        (["--scale", "0"], "error: the data cannot be divided by scale 0"),
        (["--layout", "chw"], "error: Invalid value for '--layout'"),
        (["--samples", "1"], "error: Invalid value for '--samples'"),
        (["-o", "model.onnx"], "model.onnx: error: the output is a folder; this is none"),
        (["-o", "."], "error: the folder holds something else"),
        (["-o", "x.npy/out"], "error: cannot be made: Not a directory"),
    ],
)
def test_a_mistake_on_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str
):
    assert expected in compile_line(capsys, *more)
    assert sorted(files_of(folder)) == ["model.onnx", "x.npy", "y.npy"]


def test_required_options_are_named(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert "'--calibration'" in fail(capsys, "model.onnx", "-o", "out")
    assert "'--out'" in fail(capsys, "model.onnx", "--calibration", "x.npy")


def test_data_of_another_shape(folder: Path, capsys: pytest.CaptureFixture[str]):
    np.save("x.npy", draw_samples(16, 5, 6))
    expected = "x.npy: error: the data has samples of shape [5, 6], the network takes [1, 6, 6]"
    assert compile_line(capsys) == expected
    np.save("x.npy", draw_samples(16, 6, 6, 2))
    assert "the network takes [1, 6, 6]" in compile_line(capsys)


def test_labels_of_another_length(folder: Path, capsys: pytest.CaptureFixture[str]):
    np.save("y.npy", np.zeros(15, np.int64))
    line = compile_line(capsys, "--test", "x.npy", "--labels", "y.npy")
    assert line == "y.npy: error: 15 labels for 16 samples"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_is_no_number(folder: Path, capsys: pytest.CaptureFixture[str], value: float):
    samples = draw_samples(16, 1, 6, 6)
    samples[3, 0, 2, 2] = value
    np.save("x.npy", samples)
    assert compile_line(capsys) == "x.npy: error: sample 3 holds NaN or infinity"


def test_a_weight_that_is_no_number(folder: Path, capsys: pytest.CaptureFixture[str]):
    model = convolutional_model()
    model.graph.initializer[0].raw_data = np.full(36, np.nan, np.float32).tobytes()
    save(model)
    line = compile_line(capsys)
    assert "constant.0" in line and "NaN" in line


def test_a_truncated_model(folder: Path, capsys: pytest.CaptureFixture[str]):
    content = Path("model.onnx").read_bytes()
    for length in (0, 20, len(content) // 2, len(content) - 1):
        Path("model.onnx").write_bytes(content[:length])
        assert compile_line(capsys).startswith("model.onnx: error: ")


def test_all_unsupported_nodes_are_named(folder: Path, capsys: pytest.CaptureFixture[str]):
    model = convolutional_model()
    for node in model.graph.node:
        if node.op_type == "Relu":
            node.op_type = "Cos"
    save(model)
    with pytest.raises(SystemExit):
        main(["compile", "model.onnx", "--calibration", "x.npy", "-o", "out"])
    message = capsys.readouterr().err
    assert "/1/Relu" in message and "/5/Relu" in message and "Cos" in message
    assert not Path("out").exists()


def test_several_inputs(folder: Path, capsys: pytest.CaptureFixture[str]):
    infos = [helper.make_tensor_value_info(n, Element.FLOAT, ["N", 3]) for n in ("a", "b", "c")]
    node = helper.make_node("Add", ["a", "b"], ["c"], "/Add")
    graph = helper.make_graph([node], "two", infos[:2], infos[2:])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))
    assert "2 inputs" in compile_line(capsys)


def test_unfinished_work_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]):
    Path("out.partial").mkdir()
    Path("out.partial/thesis.txt").write_text("mine")
    assert "out.partial: error: the folder for unfinished work holds" in compile_line(capsys)
    assert Path("out.partial/thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("writes", [0, 1, 7, 19, 22])
def test_no_space_left(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    writes: int,
):
    left = writes
    fsync = os.fsync

    def full_disk(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    line = compile_line(capsys)
    assert line.startswith("out.partial/")
    assert line.endswith("error: cannot write: No space left on device")
    assert not Path("out").exists()
    assert not [name for name in files_of(folder) if "/." in name]


def test_an_interrupt(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Compilation, "_verify", interrupt)
    assert compile_line(capsys) == "error: interrupted"
    assert not Path("out").exists()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def replace(path: Path) -> None:
    path.write_bytes(b"no tensors")


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9] + b"\xff" * 9)


@pytest.mark.parametrize("spoil", [truncate, replace, change])
def test_spoilt_weights_of_unfinished_work(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
):
    with monkeypatch.context() as patch:
        patch.setattr(Compilation, "_verify", _stop)
        compile_line(capsys)
    spoil(Path("out.partial/4-quantized.safetensors"))
    line = compile_line(capsys)
    assert line.startswith("out.partial/4-quantized.safetensors: error: ")
    assert line.endswith("; remove out.partial to start anew")
    assert not Path("out").exists()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
