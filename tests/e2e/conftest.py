"""The engine, once a session; without one the tests that need it are skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness import Engine, NoEngineError, Size, find_engine
from standins import provide_uv

if TYPE_CHECKING:
    from collections.abc import Iterator


SIZES: pytest.StashKey[list[Size]] = pytest.StashKey()
HEAD = "| project | move | before | after | |\n|---|---|---|---|---|"


@pytest.fixture(scope="session")
def sizes(pytestconfig: pytest.Config) -> list[Size]:
    """Where tests note the sizes that are printed at the end, and written to the file that $UVLINT_E2E_SIZES names."""
    found: list[Size] = []
    return pytestconfig.stash.setdefault(SIZES, found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if SIZES in config.stash:
        found = config.stash[SIZES]
        table = "\n".join([HEAD, *(one.row() for one in sorted(found))])
        terminalreporter.write_line(table)
        if path := os.environ.get("UVLINT_E2E_SIZES"):
            Path(path).write_text(f"{table}\n", encoding="utf-8")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        found = find_engine()
    except NoEngineError as reason:
        pytest.skip(str(reason))
    provide_uv(found)
    try:
        yield found
    finally:
        found.remove()
