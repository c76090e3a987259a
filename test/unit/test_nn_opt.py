"""`nn-opt` starts quickly, answers mistakes with one line, and writes whole files or none."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corelower.tools.diagnostics import run_tool
from corelower.tools.nn_opt import NnOptMain

MODULE = "func.func @main() {\n  func.return\n}\n"


def nn_opt(*arguments: str, text: str = MODULE) -> subprocess.CompletedProcess[str]:
    """Run `nn-opt` on a text."""
    command = [sys.executable, "-m", "corelower.tools.nn_opt", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)


def assert_one_line(result: subprocess.CompletedProcess[str], expected: str) -> None:
    """Exit status 1, and nothing on standard error but the one line."""
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert expected in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "<stdin>:1:1: error: Could not parse entire input!"),
        ("func.func @f(", "<stdin>:1:14: error: "),
        ('"an unclosed string ' + "x" * 100, "<stdin>:1:1: error: End of file reached"),
        ("%x = arith.constant 1 : i99999999999", "<stdin>:1:"),
        ("module {" * 5000, "error: the input is nested too deeply"),
        ("func.func @f() -> i32 {\n  func.return\n}", "<stdin>:2:3: error: func.return: "),
        ('"foo.bar"() : () -> ()', "error: Operation foo.bar is not registered"),
        ('%x = "test.op"() {a = #foo.bar} : () -> i32', "'foo.bar' is not registered"),
    ],
)
def test_a_text_that_is_wrong_is_answered_with_one_line(text: str, expected: str):
    assert_one_line(nn_opt(text=text), expected)


def test_bytes_that_are_no_text_are_answered_with_one_line(tmp_path: Path):
    path = tmp_path / "a.mlir"
    path.write_bytes(b"\xff\xfe")
    assert_one_line(nn_opt(str(path)), "a.mlir: error: not a text in UTF-8 (byte 0)")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.mlir"], "missing.mlir: error: No such file or directory"),
        (["."], ".: error: Is a directory"),
        (["-o", "missing/out.mlir"], "missing/out.mlir: error: cannot write"),
        (["--weights", "missing.safetensors"], "missing.safetensors: error: cannot read"),
        (["-p", "cannonicalize"], "did you mean 'canonicalize'?"),
        (["--unknown"], "error: unrecognized arguments: --unknown"),
        (["--target", "a{"], "error: no target 'a{'"),
    ],
)
def test_an_argument_that_is_wrong_is_answered_with_one_line(arguments: list[str], expected: str):
    assert_one_line(nn_opt(*arguments), expected)


def test_a_failed_run_leaves_the_old_output(tmp_path: Path):
    path = tmp_path / "out.mlir"
    path.write_text("old")
    result = nn_opt("--split-input-file", "-o", str(path), text=f"{MODULE}// -----\nfunc.func")
    assert result.returncode == 1
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert nn_opt("-o", str(path)).returncode == 0
    assert path.read_text() == nn_opt().stdout


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_answered_with_one_line():
    command = [sys.executable, "-m", "corelower.tools.nn_opt"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # It waits for its input once it has read its arguments.
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (1, b"error: interrupted\n")


def test_an_interrupt_that_leaves_text_being_executed_is_answered_like_any_other(tmp_path: Path):
    main = "lambda: exec('raise KeyboardInterrupt')"
    script = f"from corelower.tools.diagnostics import run_tool; run_tool({main})"
    (tmp_path / "tool.py").write_text(script)
    command = [sys.executable, "-m", "tool"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert (result.returncode, result.stderr) == (1, b"error: interrupted\n")


def test_a_reader_that_goes_away_is_no_error_to_tell():
    text = "\n".join(f"func.func private @f{i}()" for i in range(5000))
    command = [sys.executable, "-m", "corelower.tools.nn_opt"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write(text.encode())
        process.stdin.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), KeyboardInterrupt()])
def test_exhausted_resources_are_one_line(error: BaseException, capsys: pytest.CaptureFixture[str]):
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run_tool(main)
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_what_jax_cannot_allocate_is_one_line(capsys: pytest.CaptureFixture[str]):
    def main() -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 67108864000 bytes.")

    with pytest.raises(SystemExit) as caught:
        run_tool(main)
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("error: out of memory; ")


@pytest.mark.parametrize("error", [AssertionError(), RuntimeError("INTERNAL: a fault")])
def test_a_fault_of_the_tool_itself_is_not_hidden(error: Exception):
    def main() -> None:
        raise error

    with pytest.raises(type(error)):
        run_tool(main)


def test_help_needs_neither_jax_nor_xdsl_interpreters():
    code = (
        "import sys\n"
        "from corelower.tools.nn_opt import NnOptMain\n"
        "try:\n"
        "    NnOptMain(['--help'])\n"
        "except SystemExit:\n"
        "    heavy = {'jax', 'onnx', 'xdsl.interpreters', 'matplotlib', 'scipy', 'optax'}\n"
        "    heavy &= set(sys.modules)\n"
        "    sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_driver_can_be_used_as_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "main.mlir"
    path.write_text(MODULE)
    NnOptMain([str(path), "-p", "canonicalize"]).run()
    assert "func.func @main()" in capsys.readouterr().out
