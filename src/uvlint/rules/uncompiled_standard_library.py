from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, edits, environments, images, plan
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.model import is_root
from uvlint.rules import rule
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Stage, Step
    from uvlint.splitting.commands import Line

_COMPILE = "RUN python -m compileall -q -x '/(site-packages|tests?)/' /usr/local/lib/python3.*"
_HOLDS = regex(r"/(?:usr/?|usr/local/?(?:lib(?:/python3[\d.]*)?/?)?)?\Z")
"""Where the standard library would be copied from."""
_ELSEWHERE = regex(
    r"\b(?:PYTHONPYCACHEPREFIX|PYTHONOPTIMIZE|PYTHONHOME|UV_PYTHON_PREFERENCE|UV_MANAGED_PYTHON)\b|pyenv|conda"
)
"""What ENV says where the interpreter looks for other bytecode, or is another one."""

_OPTIMIZED = regex(r"\bpython[\d.]*(?:\s+-\w+)*\s+-\w*O")
_INSTALLERS = frozenset({"pip", "poetry", "pipenv", "pdm"})
_NOTE = "the image grows by the bytecode of the standard library, some 10 MB"
_EMULATED = (
    "no fix: the final stage runs nothing, so that it can be built for every platform; a RUN would have to be emulated"
)


@rule("UVL413")
def uncompiled_standard_library(build: Build) -> Iterator[Diagnostic]:
    """A final image whose Python compiles the standard library anew at every start."""
    program = images.program(build)
    if program is None or _OPTIMIZED.search(images.command_line(program.instruction)):
        return
    stage = build.stages[-1]
    first = stage.chain[0]
    if not bases.official(first.image) or (first.base.python or "").startswith("2"):
        return
    shipped = images.shipped(build)
    if not any(one.call.step.stage in shipped and not one.empty for one in plan.installs(build)):
        return
    if any(_looks_elsewhere(step) or _compiles(step, first) for step in stage.before()):
        return
    message = (
        "the official images hold no bytecode of the standard library: every start of the container compiles it anew"
    )
    if _crosses(stage):
        yield Diagnostic(first.start.args.whole, message, help=_EMULATED)
        return
    edit = edits.insert_below(build, first.start, [_COMPILE])
    yield Diagnostic(
        first.start.args.whole, message, Fix("Compile the standard library", (edit,), Safety.UNSAFE, _NOTE)
    )


def _crosses(stage: Stage) -> bool:
    """Whether a stage is made of files alone, for a platform that need not be the builder's."""
    flags = (one.start.flag("platform") for one in stage.build.stages)
    return any("BUILDPLATFORM" in (flag.value or "") for flag in flags if flag is not None) and not any(
        step.run is not None for step in stage.before()
    )


def _looks_elsewhere(step: Step) -> bool:
    if step.instruction.keyword == "ENV":
        return _ELSEWHERE.search(step.instruction.args.text) is not None
    return any(call.program == "uv" and call.verb == "python" for call in calls.calls(step))


def _compiles(step: Step, first: Stage) -> bool:
    """Whether a step brings bytecode: a large program in Python leaves, as root, that of what it imports.

    A standard library that is copied from a stage of the same image as `first` has what that stage left.
    """
    source = images.copied_from(step)
    if source is not None:
        if not any(place is not None and _HOLDS.match(place) for place in images.taken(step)):
            return False
        return source.chain[0].image != first.image or any(_compiles(one, first) for one in source.before())
    if step.run is None or step.onbuild or step.script is None:
        return False
    from uvlint.splitting import commands  # noqa: PLC0415 - only where the rule is asked for

    return any(_writes(one, step, app=one.use is commands.Use.APP) for one in commands.lines(step))


def _writes(line: Line, step: Step, *, app: bool) -> bool:
    """Whether a command is a program in Python that may write beside the standard library; `app`: it is known to be one."""
    call, name = line.call, line.command.name or ""
    if call is None:
        return (
            (app or name.endswith(".py"))
            and is_root(step.state.user)
            and not step.state.env.get("PYTHONDONTWRITEBYTECODE")
        )
    if any(word.value in {"-v", "-V"} for word in call.words[: call.first]) or not environments.root(call):
        return False  # `command -v python`
    if "compileall" in call.args:
        return True
    python = app or call.program in _INSTALLERS or name.endswith(".py") or (call.program == "uv" and "run" in call.args)
    return python and not call.variables.get("PYTHONDONTWRITEBYTECODE")
