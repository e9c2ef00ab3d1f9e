from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, edits, images, plan
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.rules import rule
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Step

_COMPILE = "RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.*"
_HOLDS = regex(r"/(?:usr/?|usr/local/?(?:lib(?:/python3[\d.]*)?/?)?)?\Z")
"""Where the standard library would be copied from."""
_ELSEWHERE = ("PYTHONPYCACHEPREFIX", "PYTHONOPTIMIZE", "PYTHONHOME", "UV_PYTHON_PREFERENCE", "UV_MANAGED_PYTHON")
"""Variables with which the interpreter looks for other bytecode, or is another one."""
_NOTE = "the image grows by the bytecode of the standard library, some 10 MB"


@rule("UVL413")
def uncompiled_standard_library(build: Build) -> Iterator[Diagnostic]:
    """A final image whose Python compiles the standard library anew at every start."""
    if images.program(build) is None:
        return
    stage = build.stages[-1]
    first = stage.chain[0]
    if not bases.official(first.image) or (first.base.python or "").startswith("2"):
        return
    shipped = images.shipped(build)
    if not any(one.call.step.stage in shipped and not one.empty for one in plan.installs(build)):
        return
    if any(_looks_elsewhere(step) or _compiles(step) for step in stage.before()):
        return
    message = (
        "the official images hold no bytecode of the standard library: every start of the container compiles it anew"
    )
    edit = edits.insert_below(build, first.start, [_COMPILE])
    yield Diagnostic(
        first.start.args.whole, message, Fix("Compile the standard library", (edit,), Safety.UNSAFE, _NOTE)
    )


def _looks_elsewhere(step: Step) -> bool:
    return step.instruction.keyword == "ENV" and any(name in step.instruction.args.text for name in _ELSEWHERE)


def _compiles(step: Step) -> bool:
    """Whether a step brings bytecode: a large program in Python leaves, as root, that of what it imports."""
    if images.copied_from(step) is not None:
        return any(_HOLDS.match(word.text) for word in step.instruction.words()[:-1])
    if step.state.env.get("PYTHONDONTWRITEBYTECODE"):
        return any("compileall" in call.args for call in calls.calls(step))
    return any(call.program in {"pip", "python", "poetry", "pipenv", "pdm", "conda"} for call in calls.calls(step))
