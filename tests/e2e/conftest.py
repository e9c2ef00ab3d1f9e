"""The engine, once a session; without one the tests that need it are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import Engine, NoEngineError, find_engine
from standins import provide_uv

if TYPE_CHECKING:
    from collections.abc import Iterator


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
