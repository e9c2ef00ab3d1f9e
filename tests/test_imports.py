"""The layers, and what a start costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import uvlint

PACKAGE = Path(uvlint.__file__).parent
LAYERS = """
record
filesystem
cache
source
syntax
shell
pysource
python
instructions
model
templates
calls
interpreters
environments
plan
reads
scripts
caches
provision
translation
packages
parted
splitting
managers
migrate.reading
migrate.rewriting
rules.pip_install
proof
engine
migrate.dockerfiles
migrate.values
migrate.declared
migrate.lines
migrate.project
migrate.sorting
migrate.finding
migrate.pyproject
migrate.locking
migrate.moving
run
checking
verify.outcome
verify.engines
verify.tree
verify.commands
verify.secrets
verify.compare
verify.cost
verify.judge
verify.cli
cli
migrate.cli
__main__
"""
"""From the text to the command: a layer never imports one below it, not even through others."""
RANKS = {name: rank for rank, name in enumerate(LAYERS.split())}
HEAVY = {
    "rich", "libcst", "dockerfile_parse", "asyncio", "multiprocessing", "importlib.metadata", "importlib.resources",
    "pygls", "packaging", "pathspec", "tomllib", "logging", "email", "urllib",
}  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if name not in {"__init__", "tools"}:
            found[name] = path
    return found


MODULES = modules()


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules of the package that are imported at run time, anywhere in a module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "uvlint":
            inside = (node.module or "").partition(".")[2]
            for alias in node.names:
                full = f"{inside}.{alias.name}".lstrip(".")
                if full in MODULES:
                    yield full
                elif inside:
                    yield inside
        elif isinstance(node, ast.Import):
            yield from (one.name.partition(".")[2] for one in node.names if one.name.startswith("uvlint."))
        yield from imported(node)


GRAPH = {name: set(imported(ast.parse(path.read_text(encoding="utf-8")))) - {name} for name, path in MODULES.items()}


def reached(name: str) -> set[str]:
    """The modules that a module imports, by itself or through others."""
    found: set[str] = set()
    left = [name]
    while left:
        new = GRAPH[left.pop()] - found
        found |= new
        left += new
    return found


@pytest.mark.parametrize("name", RANKS)
def test_a_layer_imports_none_below_it(name: str) -> None:
    assert sorted(one for one in reached(name) if RANKS.get(one, -1) > RANKS[name]) == []


@pytest.mark.parametrize("name", MODULES)
def test_no_module_imports_itself_through_others(name: str) -> None:
    if name.partition(".")[0] != "reports":  # a table of functions, and what they share
        assert name not in reached(name)


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("rules.")])
def test_a_rule_knows_no_other_rule_and_nothing_of_the_engine(name: str) -> None:
    reach = reached(name)
    assert [one for one in reach if one.startswith("rules.")] == []
    assert reach & {"engine", "proof", "run", "cli", "reports", "book"} == set()


def loaded(folder: Path, *arguments: str, stdin: str = "") -> set[str]:
    """The modules that are there after the command has run on a pipe."""
    code = (
        "import os, sys\nfrom uvlint.__main__ import main\nos._exit = sys.exit\n"
        "try:\n    main()\n"
        "finally:\n    sys.stderr.write('\\n' + ' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        input=stdin, capture_output=True, text=True, check=False, cwd=folder,
        env={"PYTHONPATH": ":".join([str(PACKAGE.parent), *(one for one in sys.path if one.endswith("-packages"))])},
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    return set(done.stderr.rpartition("\n")[2].split())


TEXT = "FROM python:3.12-slim\nRUN pip install six==1.16.0\n"


@pytest.mark.parametrize("command", ["check", "check --diff", "rule pip-install"])
def test_a_start_imports_nothing_heavy(tmp_path: Path, command: str) -> None:
    place = tmp_path / "Dockerfile"
    place.write_text(TEXT)
    verb, *options = command.split()
    names = loaded(tmp_path, verb, *options, *(["Dockerfile"] if verb == "check" else []))
    assert ("uvlint.cli" if verb == "rule" else "uvlint.checking") in names
    if "--diff" in options:  # the second opinion is asked when a fix changed a file
        assert "dockerfile_parse" in names
    else:
        assert names & HEAVY == set()


@pytest.mark.parametrize("arguments", [["check", "Dockerfile"], ["."], ["check", "--force-exclude", "./Dockerfile"]])
def test_a_plain_check_imports_no_more_than_it_needs(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "Dockerfile").write_text(TEXT)
    names = loaded(tmp_path, *arguments)
    assert "uvlint.rules.pip_install" in names
    assert (
        names & {*HEAVY, "click", "dataclasses", "inspect", "json", "subprocess", "datetime", "uvlint.proof"} == set()
    )


def test_a_start_on_many_files_in_one_process_imports_nothing_heavy(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "Dockerfile").write_text(TEXT)
    assert loaded(tmp_path, "check") & HEAVY == set()


def test_text_from_a_pipe_imports_nothing_heavy(tmp_path: Path) -> None:
    assert loaded(tmp_path, "check", "-", stdin=TEXT) & HEAVY == set()
