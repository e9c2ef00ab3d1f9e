from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, obstacles
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.diagnostics import Diagnostic
    from uvlint.model import Build, Stage

_VERBS = frozenset({"install", "sync", "update"})


@rule("UVL109")
def pipenv_install(build: Build) -> Iterator[Diagnostic]:
    """Pipenv in an image, where uv could install what is locked."""
    told: set[Stage] = set()
    for call in calls.find(build, "pipenv"):
        verb = next((arg for arg in call.args if arg in _VERBS), None)
        if verb is None or call.step.stage in told or obstacles.too_old(call):
            continue
        told.add(call.step.stage)  # one is enough to say it
        from uvlint.migrate import already  # noqa: PLC0415 - only for the few files that install with Pipenv

        yield already.told(call, f"`pipenv {verb}` where uv could install what is locked")
