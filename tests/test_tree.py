"""The tree itself: the rules of the house that a reader would otherwise have to believe."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import main

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 350
ENTRY_POINTS = {
    "gateway/tap.py",
    "gateway/cli.py",
    "gateway/service.py",
    "gateway/worker.py",
    "gateway/clock.py",
}
"""Where time, randomness and the reactor come from; everybody else is given them."""

EMPTY_WORDS = {"handler", "manager", "processor", "engine", "component", "util", "utils", "helper"}
EMPTY_WORDS |= {"helpers", "misc", "common", "data", "info"}

TIME_AND_CHANCE = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "monotonic"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("secrets", "token_bytes"),
    ("secrets", "token_urlsafe"),
    ("secrets", "token_hex"),
    ("os", "urandom"),
    ("uuid", "uuid4"),
}


def name(path: Path) -> str:
    """How the path reads from the root."""
    return str(path.relative_to(ROOT))


PRODUCT = sorted(
    path for path in (ROOT / "gateway").rglob("*.py") if not name(path).startswith("gateway/web")
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
OTHERS = sorted([*(ROOT / "tac").rglob("*.py"), *(ROOT / "tac").glob("*.tac")])


def tree(path: Path) -> ast.Module:
    """The file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def test_imports_go_downwards_only() -> None:
    """The layers of the house and its pure core are what the contracts in setup.cfg say."""
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [str(tool), "--config", "setup.cfg", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_no_file_is_long() -> None:
    """A file that does not fit into a head is two files."""
    lengths = {
        name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (*PRODUCT, *TESTS, *OTHERS)
    }

    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_the_reactor_is_imported_at_the_entry_only() -> None:
    """Everything else is given its reactor, so that tests can give it a clock."""
    importers = {
        name(path)
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "twisted.internet"
        and any(each.name == "reactor" for each in node.names)
    }

    assert importers - ENTRY_POINTS == set()


def called(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Each `owner.name` that the module mentions."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            owner = node.value
            if isinstance(owner, ast.Name):
                yield owner.id, node.attr
            elif isinstance(owner, ast.Attribute):
                yield owner.attr, node.attr


def test_time_and_chance_are_handed_in() -> None:
    """Only the entry points ask the wall clock or the system's randomness."""
    askers = {
        f"{name(path)}: {owner}.{attribute}"
        for path in PRODUCT
        for owner, attribute in called(tree(path))
        if (owner, attribute) in TIME_AND_CHANCE and name(path) not in ENTRY_POINTS
    }

    assert askers == set()


def test_kleins_global_app_is_not_used() -> None:
    """Routes belong to a site that `service` builds, never to a global."""
    mentions = {
        name(path)
        for path in PRODUCT
        for owner, attribute in called(tree(path))
        if owner == "klein" and attribute in ("route", "run", "resource")
    }

    assert mentions == set()


def undocumented(path: Path) -> Iterator[str]:
    """Public modules, classes and functions of a file that say nothing about themselves."""
    module = tree(path)
    if ast.get_docstring(module) is None and path.name != "__init__.py":
        yield name(path)
    for node in module.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"{name(path)}: {node.name}"


def test_everything_public_says_what_it_is_for() -> None:
    """Every public module, class and function has a docstring."""
    assert [each for path in PRODUCT for each in undocumented(path)] == []


def test_every_test_states_its_promise() -> None:
    """Each test's docstring is the sentence that it proves."""
    silent = [
        f"{name(path)}: {node.name}"
        for path in TESTS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]

    assert silent == []


def test_names_say_something() -> None:
    """No file and no class is named for nothing in particular."""
    words: dict[str, set[str]] = {}
    for path in PRODUCT:
        words[name(path)] = set(path.stem.lower().split("_"))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                parts = re.findall("[A-Z]+(?![a-z])|[A-Z][a-z]*", node.name)
                words[f"{name(path)}: {node.name}"] = {each.lower() for each in parts}

    assert {where for where, found in words.items() if found & EMPTY_WORDS} == set()


def test_every_intention_has_an_issue() -> None:
    """A note of work to do without an issue number is a wish that nobody will find again."""
    wish = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b(?!.*#\d)")
    found = [
        f"{name(path)}: {line.strip()}"
        for path in (*PRODUCT, *OTHERS)
        for line in path.read_text(encoding="utf-8").splitlines()
        if wish.search(line)
    ]

    assert found == []


def test_nothing_points_at_the_machine_it_was_made_on() -> None:
    """No path and no address of a developer's machine is left in what is shipped."""
    patterns = re.compile(r"/(?:work|root)/|/home/[a-z]|/tmp/[a-z]\b")
    files = [*PRODUCT, *OTHERS, ROOT / "Makefile", ROOT / "setup.cfg", ROOT / ".ci" / "run"]
    files += sorted((ROOT / "docs").rglob("*.md"))

    assert [name(path) for path in files if patterns.search(path.read_text("utf-8"))] == []


def commands(document: str) -> list[list[str]]:
    """The words of every command in the document's sh blocks."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if shlex.split(line, comments=True)]


@pytest.mark.parametrize("document", ["README.md", "README.ja.md"])
def test_what_the_readme_says_to_make_can_be_made(document: str) -> None:
    """Each `make` in the README is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    wanted = {words[1] for words in commands(document) if words[0] == "make"}

    assert wanted >= {"demo", "test"}
    assert wanted - targets == set()


def here(word: str, directory: Path) -> str:
    """A word of a command, changed so that it touches nothing but this machine's loopback."""
    for shown, meant in {
        "/etc/gateway": str(directory),
        "gw.example.co.jp": "localhost",
        "http://10.0.0.5": "http://127.0.0.1:1",
    }.items():
        word = word.replace(shown, meant)
    return word


@pytest.mark.parametrize("document", ["README.md", "README.ja.md"])
def test_the_readmes_commands_run(
    document: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands by which the README sets the gateway up do so, in that order."""
    run = [
        [here(word, tmp_path) for word in words[1:]]
        for words in commands(document)
        if words[0].rpartition("/")[2] == "gateway"
    ]
    assert [words[0] for words in run if words[0] != "-c"][:2] == ["init", "check"]

    for words in run:
        with pytest.raises(SystemExit) as end:
            main([*words, "--yes"] if words[0] == "init" else words)
        refused = 1 if words[0] == "check" else 0  # ports of this machine may be taken
        assert end.value.code in (0, refused), capsys.readouterr().err


def test_the_dependencies_are_explained() -> None:
    """docs/dependencies.md has a line for each package that setup.cfg asks for, and no other."""
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    asked = set(re.findall(r"^    ([A-Za-z0-9.-]+)>=", setup, re.MULTILINE))
    document = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([a-z0-9.-]+)`", document, re.MULTILINE)) == asked


def test_the_configuration_prints_its_documentation() -> None:
    """`python -m gateway.config` writes docs/configuration.md."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.config"], cwd=ROOT, capture_output=True, check=True
    )

    assert done.stdout == (ROOT / "docs" / "configuration.md").read_bytes()
