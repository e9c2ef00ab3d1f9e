from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, images, obstacles
from uvlint.diagnostics import Diagnostic
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Stage

_VERBS = frozenset({"install", "sync", "export", "update", "add"})
_RUNS = regex(r"(?:^|[\s/])poetry run\b")


@rule("UVL108")
def poetry_install(build: Build) -> Iterator[Diagnostic]:
    """Poetry in an image, where uv could install from a lock file of its own."""
    told: set[Stage] = set()
    for call in calls.find(build, "poetry"):
        verb = next((arg for arg in call.args if arg in _VERBS), None)
        if verb is None or call.step.stage in told or call.args[:1] == ["self"] or obstacles.too_old(call):
            continue
        told.add(call.step.stage)  # one is enough to say it
        from uvlint.migrate import already  # noqa: PLC0415 - only for the few files that install with Poetry

        yield already.told(call, f"`poetry {verb}` where uv could install from a lock file of its own")
    for step in build.steps if not told else ():
        if step.instruction.keyword in {"CMD", "ENTRYPOINT"} and _RUNS.search(images.command_line(step.instruction)):
            from uvlint.migrate import already  # noqa: PLC0415 - as above

            message = "`poetry run` needs Poetry in the image that runs, uv's environment needs nothing"
            yield Diagnostic(step.instruction.args.whole, message, help=already.MOVE)
