"""`corelower`: the compiler for people who have a model and a chip."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import __version__
from ..dialects.support.errors import CorelowerError
from .cli_options import (
    AxesOrder,
    Calibration,
    Chip,
    ChipMode,
    Coding,
    FiresAt,
    FunctionError,
    GradedLayers,
    Labels,
    Layout,
    Maximum,
    MaxPool,
    Mean,
    Output,
    OutputMeaning,
    Override,
    ResetTo,
    Scale,
    SpikingLayers,
    Std,
    Test,
    Window,
    constraints,
    layers,
    numbers,
)
from .diagnostics import run_tool
from .explore_command import explore_command

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Carries trained neural networks onto chips that are not computers.",
)


INTERRUPTED = 130
"""What Typer makes of an interrupt, where it does not make `Abort` of it as earlier ones do."""


@app.command("compile")
def compile_command(
    model: Annotated[Path, typer.Argument(help="a trained network, as ONNX")],
    calibration: Calibration,
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for everything that is made")],
    target: Chip = "prime",
    mode: ChipMode = None,
    window: Window = None,
    reset: ResetTo = None,
    firing: FiresAt = None,
    graded_layers: GradedLayers = "",
    spiking_layers: SpikingLayers = "",
    test: Test = None,
    labels: Labels = None,
    scale: Scale = 1.0,
    mean: Mean = "",
    std: Std = "",
    layout: AxesOrder = Layout.nchw,
    override: Override = "",
    max_pool: Maximum = MaxPool.auto,
    output: OutputMeaning = Output.decisions,
    error: FunctionError = 0.001,
    units: Annotated[
        str, typer.Option(help="neurons that carry each signal: a number, or auto")
    ] = "1",
    weight_units: Annotated[
        str, typer.Option(help="rows that are kept for each weight: a number, or auto")
    ] = "auto",
    coding: Annotated[
        Coding, typer.Option(help="how these share out a number; auto asks for --units auto")
    ] = Coding.auto,
    tune: Annotated[bool, typer.Option("--tune/--no-tune", help="repair the accuracy")] = True,
    seed: Annotated[int, typer.Option(help="of the tuning's order of samples")] = 0,
    steps: Annotated[
        int | None, typer.Option(help="of tuning a layer; 120 unless given", min=1)
    ] = None,
    samples: Annotated[int, typer.Option(help="calibration samples used", min=2)] = 1024,
    verify: Annotated[
        bool, typer.Option("--verify", help="compare bit for bit on all simulated samples")
    ] = False,
    simulate: Annotated[
        int | None,
        typer.Option(help="test samples that the simulator runs; all unless given", min=1),
    ] = None,
    attribution: Annotated[
        bool, typer.Option("--attribution/--no-attribution", help="say where the accuracy went")
    ] = True,
) -> None:
    """Compile a model to a chip image, simulate it, and report what it cost."""
    from ..dialects.support.samples import Preprocessing
    from .compile_console import CompileConsole
    from .compiler import compile_model

    preprocessing = Preprocessing(scale, numbers(mean), numbers(std), layout.value)
    with CompileConsole() as console:
        network = compile_model(
            model,
            calibration=calibration,
            target=target,
            test=test,
            labels=labels,
            preprocessing=preprocessing,
            out=out,
            overrides=constraints(
                override, mode, window, reset, firing, has_spikes=bool(layers(spiking_layers))
            ),
            mode=mode and mode.value,
            graded_layers=layers(graded_layers),
            spiking_layers=layers(spiking_layers),
            tune=tune,
            seed=seed,
            steps=steps,
            samples=samples,
            max_pool=max_pool.value,
            output=output.value,
            error=error,
            units=_units("units", units),
            weight_units=_units("weight-units", weight_units),
            coding=coding.value,
            verify_all=verify,
            simulate=simulate,
            attribution=attribution,
            progress=console.progress,
            on_stage=console.stage,
        )
    console.summary(network.report, out)
    if not network.report.bit_exact:
        raise CorelowerError("the image does not agree bit for bit with coded core_op", str(out))


@app.command("check")
def check_command(
    model: Annotated[Path, typer.Argument(help="a trained network, as ONNX")],
    target: Chip = "prime",
    mode: ChipMode = None,
    window: Window = None,
    reset: ResetTo = None,
    firing: FiresAt = None,
    calibration: Annotated[
        str | None, typer.Option(help="inputs without labels, for the ranges: FILE[:array]")
    ] = None,
    scale: Scale = 1.0,
    mean: Mean = "",
    std: Std = "",
    layout: AxesOrder = Layout.nchw,
    override: Override = "",
    error: FunctionError = 0.001,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the outcome there too")
    ] = None,
) -> int:
    """Say what becomes of every node of a model on a chip, before anything is compiled."""
    import json

    from ..dialects.support.files import write_text
    from ..dialects.support.samples import Preprocessing, load_samples
    from .check_console import print_check
    from .model_check import check_model

    preprocessing = Preprocessing(scale, numbers(mean), numbers(std), layout.value)
    check = check_model(
        model,
        target=target,
        calibration=load_samples(calibration, preprocessing) if calibration else None,
        overrides=constraints(override, mode, window, reset, firing),
        mode=mode and mode.value,
        error=error,
    )
    if json_file is not None:
        write_text(json_file, json.dumps(check.to_json(), indent=1) + "\n")
    print_check(check)
    return 0 if check.can_compile else 1


app.command("explore")(explore_command)


@app.command("demo")
def demo_command(
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for the result")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="of training and tuning")] = 0,
) -> None:
    """Train a small network on scikit-learn's digits and compile it to every chip."""
    from .demo import run_demo

    run_demo(out, seed)


@app.callback(invoke_without_command=True)
def common(
    version: Annotated[bool, typer.Option("--version", help="show the version")] = False,
) -> None:
    """Shared options."""
    if version:
        typer.echo(f"corelower {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; wrong use and every other error is one line, and exit status 1."""
    run_tool(lambda: _run(sys.argv[1:] if arguments is None else list(arguments)))


def _run(arguments: list[str]) -> int:
    from typer._click.exceptions import ClickException

    try:
        result = app(arguments, standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except ClickException as error:
        # Without arguments the help is shown, and nothing is left to say.
        if not (message := error.format_message().rstrip(".")):
            return 1
        raise CorelowerError(f"{message}; corelower --help shows all") from None
    if result == INTERRUPTED:
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _units(name: str, text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    if not text.isascii() or not text.isdigit():
        raise CorelowerError(f"{name} is a number or auto, not '{text}'")
    return int(text)


if __name__ == "__main__":
    main()
