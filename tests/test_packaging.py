"""The package: what is installed is all that is needed, and twistd finds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOT_PART_OF_IT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", "artifacts", ".*_cache"
)
TWISTD = "from twisted.scripts.twistd import run; run()"
WHERE = "import gateway, importlib.resources as r; print(gateway.__file__, r.files('gateway'))"

ENOUGH = 77
"""The setuptools that pyproject.toml asks for: with it here, pip need not fetch another."""


def building() -> tuple[str, ...]:
    """How to build: with the setuptools that is here, or with one that pip fetches."""
    try:
        found = int(metadata.version("setuptools").partition(".")[0])
    except metadata.PackageNotFoundError:
        found = 0
    return ("--no-deps", "--no-build-isolation") if found >= ENOUGH else ("--no-deps",)


INSIDE = {
    "gateway/web/templates/sign-in.html",
    "gateway/listen/openssl.cnf",
    "gateway/py.typed",
    "twisted/plugins/gateway_plugin.py",
}


def run(python: Path, *arguments: str, cwd: Path) -> str:
    """Run Python somewhere, without the checkout on its path; what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, as a clone has it, so that building leaves no trace here."""
    copy = tmp_path_factory.mktemp("checkout") / "gateway"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_PART_OF_IT)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    """The wheel, built from that copy."""
    pip(Path(sys.executable), "wheel", *building(), "-w", "dist", ".", cwd=checkout)
    [built] = (checkout / "dist").glob("*.whl")
    return built


def pip(python: Path, *arguments: str, cwd: Path) -> None:
    """Let the pip of the tests' environment work on another one."""
    words = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--python", str(python))
    run(Path(sys.executable), *words, *arguments, cwd=cwd)


def environment(directory: Path) -> Path:
    """
    A fresh environment; its Python.

    The libraries are lent by the environment of the tests, through a .pth file: the names in
    .pth files that lie there are not read, so an editable install of ours is not seen.
    """
    venv.create(directory, with_pip=False, symlinks=True)
    [site] = directory.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return directory / "bin" / "python"


def test_the_wheel_holds_everything(wheel: Path) -> None:
    """Pages, schema, TLS settings and the plugin are inside; tests are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert INSIDE - names == set()
    assert {each for each in names if each.startswith(("tests/", "web/", "tac/"))} == set()
    shipped = {f"gateway/{each.relative_to(ROOT)}" for each in files_of(ROOT / "web")}
    assert shipped - names == set()
    schema = {
        str(each.relative_to(ROOT)) for each in (ROOT / "gateway/store/schema").glob("*.sql")
    }
    assert schema - names == set()


def files_of(directory: Path) -> list[Path]:
    """Every file below."""
    return [each for each in directory.rglob("*") if each.is_file() and each.suffix != ".pyc"]


def test_a_wheel_works_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    """Installed from the wheel, twistd lists the gateway and the command works."""
    python = environment(tmp_path / "venv")
    pip(python, "install", "--no-deps", "--no-index", str(wheel), cwd=tmp_path)

    assert "gateway " in run(python, "-c", TWISTD, "--help", cwd=tmp_path)
    assert str(tmp_path / "venv") in run(python, "-c", WHERE, cwd=tmp_path).split()[0]
    command = tmp_path / "venv" / "bin" / "gateway"
    make = ("init", "--url", "http://localhost:8080", "--app", "http://127.0.0.1:1", "--yes")
    assert "What to do next" in run(python, str(command), *make, cwd=tmp_path)
    assert run(python, str(command), "users", "add", "taro", cwd=tmp_path).startswith("Added")


def test_an_editable_install_works_too(checkout: Path, tmp_path: Path) -> None:
    """`pip install -e .`: twistd lists the gateway, and pages are found in the checkout."""
    python = environment(tmp_path / "venv")
    pip(python, "install", *building(), "--editable", str(checkout), cwd=tmp_path)

    assert "gateway " in run(python, "-c", TWISTD, "--help", cwd=tmp_path)
    where = Path(run(python, "-c", WHERE, cwd=tmp_path).split()[1])
    assert where == checkout / "gateway"
    assert (where / "web" / "templates").is_dir()


@pytest.mark.slow
def test_everything_installs_from_nothing(checkout: Path, tmp_path: Path) -> None:
    """`pip install .` in an empty environment brings all that the gateway needs."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"

    pip(python, "install", str(checkout), cwd=tmp_path)

    assert "gateway " in run(python, "-c", TWISTD, "--help", cwd=tmp_path)
    command = str(tmp_path / "venv" / "bin" / "gateway")
    assert run(python, command, "--version", cwd=tmp_path).startswith("gateway 0.")
