"""What is in the repository's package folders is in the wheel, and what is installed is found."""

import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path
from zipfile import ZipFile

import pytest

import corelower

ROOT = Path(__file__).resolve().parents[2]
PACKAGE_FOLDERS = ("dialects", "passes", "targets", "tools")
DATA_SUFFIXES = {".mlir", ".j2", ".typed"}


def listed_packages() -> list[str]:
    """The packages in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return project["tool"]["setuptools"]["packages"]


def package_files() -> set[str]:
    """Every file that belongs in the wheel, by its path there."""
    files = [ROOT / "__init__.py", ROOT / "py.typed"]
    for folder in PACKAGE_FOLDERS:
        files += (ROOT / folder).rglob("*")
    return {
        (Path("corelower") / path.relative_to(ROOT)).as_posix()
        for path in files
        if path.suffix == ".py" or path.suffix in DATA_SUFFIXES
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy so that the checkout stays clean."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE", "__init__.py", "py.typed"):
        shutil.copy(ROOT / name, source)
    for folder in PACKAGE_FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, source / folder, ignore=ignored)
    target = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", str(target), str(source)], check=True
    )
    (path,) = target.glob("corelower-*.whl")
    return path


def test_every_folder_with_code_is_a_listed_package():
    folders = {
        ".".join(("corelower", *path.parent.relative_to(ROOT).parts))
        for folder in PACKAGE_FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }
    assert sorted({"corelower", *folders}) == listed_packages()


def test_every_package_is_marked_as_typed():
    for package in listed_packages():
        folder = ROOT.joinpath(*package.split(".")[1:])
        assert (folder / "__init__.py").exists(), package
        assert (folder / "py.typed").exists(), package


def test_a_wheel_holds_every_file_of_the_packages_and_no_other(wheel: Path):
    names = set(ZipFile(wheel).namelist())
    inside = {name for name in names if name.startswith("corelower/")}
    assert inside == package_files()
    assert all(name.startswith(("corelower/", "corelower-")) for name in names)


def test_a_wheel_works_without_the_repository(wheel: Path, tmp_path: Path):
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from corelower.tools import nn_opt\n"
        "assert nn_opt.__file__.startswith(sys.argv[1]), nn_opt.__file__\n"
        "sys.argv[1:] = ['-p', 'nn-fold-batch-norm']\n"
        "nn_opt.main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        input="func.func @main() {\n  func.return\n}",
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "func.func @main()" in result.stdout


def test_the_installed_version_is_that_of_the_package():
    assert version("corelower") == corelower.__version__


def test_every_tool_is_an_entry_point_that_loads():
    distribution = entry_points().select(group="console_scripts")
    tools = [script for script in distribution if script.value.startswith("corelower.")]
    assert {tool.name for tool in tools} == {"corelower", "nn-opt", "nn-run", "nn-translate"}
    for tool in tools:
        assert callable(tool.load())


def test_importing_the_package_does_not_import_jax():
    code = "import sys, corelower; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_only_names_that_exist_are_found_lazily():
    with pytest.raises(AttributeError, match="module 'corelower' has no attribute 'complie'"):
        _ = getattr(corelower, "complie")  # noqa: B009
