"""The options of pip's other commands, and of other tools: what uvlint keeps or writes for each is what the real uv takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

import pytest

from uvlint.tools import others, pip, venv
from uvlint.tools.options import Option, Table

UV = shutil.which("uv")
if UV is None:
    pytest.skip("there is no uv", allow_module_level=True)

TABLES: dict[str, Table] = {
    **{f"pip {verb}": rows for verb, rows in pip.QUERIES.items()},
    "venv": venv.VENV | venv.VIRTUALENV,
    "pip compile": others.COMPILE,
    "pip sync": others.SYNC,
    "pip install": others.EASY_INSTALL,
    "tool install": others.PIPX,
}
"""The tables by the uv command that takes their place."""
WRITTEN = {
    "venv": ["--seed", "--python", "--allow-existing", "--no-cache", "--no-config"],
    "pip compile": ["--no-cache", "--no-strip-extras", "--emit-index-url", "--emit-find-links", "--index-strategy"],
    "pip sync": ["--no-cache", "--index-strategy"],
    "pip install": ["--no-cache", "--no-build-isolation"],
    "pip uninstall": ["--system", "--python"],
    "pip list": ["--system", "--python"],
    "pip freeze": ["--system", "--python"],
    "pip check": ["--system", "--python"],
}
"""What the rules write of themselves."""


@cache
def known(command: str) -> set[str]:
    """The options that uv's help lists for a command."""
    done = subprocess.run([str(UV), *command.split(), "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", done.stdout))


def hidden(command: str, name: str) -> bool:
    """Whether uv takes an option that its help doesn't list, such as another spelling of one."""
    tries = ([name], [name, "x"])
    return any(
        subprocess.run([str(UV), *command.split(), *one, "--help"], capture_output=True, check=False).returncode == 0
        for one in tries
    )


ROWS = {(command, option) for command, rows in TABLES.items() for option in rows.values()}


@pytest.mark.parametrize(
    ("command", "name"),
    sorted(
        {(command, option.spelling.partition("=")[0]) for command, option in ROWS if option.spelling}
        | {(command, name) for command, option in ROWS if option.action == "keep" for name in option.names}
        | {(command, name) for command, names in WRITTEN.items() for name in names}
    ),
)
def test_uv_takes_what_is_written(command: str, name: str) -> None:
    if command == "pip show" and name in {"-f", "--files"}:
        pytest.skip("`pip show` always stays with pip")
    assert name in known(command) or hidden(command, name)


@pytest.mark.parametrize("option", sorted({option for _, option in ROWS}), ids=lambda one: one.names[0])
def test_a_row_says_what_becomes_of_it(option: Option) -> None:
    assert option.action in {"keep", "rename", "drop", "block", "check"}
    assert (option.action == "rename") == bool(option.spelling)
    assert (option.action == "block") == bool(option.note)
