from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, images, obstacles
from uvlint.diagnostics import Diagnostic
from uvlint.lazy import regex
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage

_VERBS = frozenset({"install", "sync", "export", "update", "add"})
_RUNS = regex(r"(?:^|[\s/])poetry run\b")
_MOVE = "`uvx migrate-to-uv` turns pyproject.toml and keeps the locked versions; then `uv sync --locked`"
_SYSTEM = f"{_MOVE}; uv makes an environment, `.venv`, where Poetry used the image's Python: put its bin on PATH"


@rule("UVL108")
def poetry_install(build: Build) -> Iterator[Diagnostic]:
    """Poetry in an image, where uv could install from a lock file of its own."""
    told: set[Stage] = set()
    for call in calls.find(build, "poetry"):
        verb = next((arg for arg in call.args if arg in _VERBS), None)
        if verb is None or call.step.stage in told or call.args[:1] == ["self"] or obstacles.too_old(call):
            continue
        told.add(call.step.stage)  # one is enough to say it
        help_ = _SYSTEM if _in_system(call) and verb != "export" else _MOVE
        yield Diagnostic(call.span, f"`poetry {verb}` where uv could install from a lock file of its own", help=help_)
    for step in build.steps if not told else ():
        if step.instruction.keyword in {"CMD", "ENTRYPOINT"} and _RUNS.search(images.command_line(step.instruction)):
            message = "`poetry run` needs Poetry in the image that runs, uv's environment needs nothing"
            yield Diagnostic(step.instruction.args.whole, message, help=_MOVE)


def _in_system(call: Call) -> bool:
    """Whether Poetry is told to make no environment of its own."""
    value = call.variables.get("POETRY_VIRTUALENVS_CREATE")
    if value is not None:
        return value.lower() in {"false", "0", "no"}
    return any("virtualenvs.create" in one.args and "false" in one.args for one in calls.before(call, "poetry"))
