from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, environments, images, lending, plan
from uvlint.diagnostics import ENVIRONMENT, Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.rules import rule
from uvlint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage
    from uvlint.splitting import Split

_MANAGERS = ("apt-get", "apk", "dnf", "yum", "microdnf", "zypper")
_INSTALLS = frozenset({"install", "add", "in", "groupinstall"})
_REMOVES = frozenset({"purge", "remove", "autoremove", "del", "erase"})
_HEAVY = regex(
    r"(?:build-essential|build-base|gcc(?:-c\+\+|-[\d.]+|-multilib)?|g\+\+(?:-[\d.]+)?|clang(?:-[\d.]+)?|gfortran|rustc|cargo"
    r"|.+-dev(?:el)?|.+-headers)\Z"
)
_OTHER = regex(r"(?:\S*/)?(?:java|node|npm|yarn|nginx|php|ruby|dotnet|mono)(?=\s|\Z)")
_NAMED = 6
_UV_RUNS = regex(r"(?:\A|[\s/\"'])uvx?(?=[\s\"']|\Z)")


@rule("UVL401")
def single_stage(build: Build) -> Iterator[Diagnostic]:
    """Compilers, headers or uv in the final image of a Python service."""
    program = images.program(build)
    if program is None or _OTHER.match(images.command_line(program.instruction)):
        return
    stage = build.stages[-1]
    if not _installs_python(stage):
        return
    found = [*_packages(stage), *(["uv"] if _ships_uv(stage) else [])]
    lent = not found and any(map(lending.brings_uv, stage.before()))
    if not found and not lent:
        return
    from uvlint import splitting  # noqa: PLC0415 - only for the few files that install in what they ship

    split = splitting.of(build)
    if lent and isinstance(split, str):
        return  # uv alone, which uv-in-final-image mounts instead
    shown = ", ".join(f"`{name}`" for name in found[:_NAMED] or ["uv"])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    message = f"the final image holds what only its build needs: {shown}{more}"
    if isinstance(split, str):
        yield Diagnostic(stage.start.args.whole, message, help=f"{_WAY}; no fix: {split}")
        return
    drops = () if split.environment.made else (ENVIRONMENT,)
    whole = Span(0, len(build.dockerfile.source.text))
    fix = Fix("Make two stages of it", split.edits, Safety.UNSAFE, _note(split), drops=drops, claim=whole)
    yield Diagnostic(stage.start.args.whole, message, fix)


_WAY = "install in a stage of its own, and COPY --from the environment that comes of it"


def _note(split: Split) -> str:
    place = split.environment.place
    return (
        f"packages are in {place}, which a folder mounted over it hides; what only builds need is gone from the image"
    )


def _installs_python(stage: Stage) -> bool:
    chain = stage.chain
    return any(
        one.call.step.stage in chain and not one.empty and not plan.upgrades_pip(one)
        for one in plan.installs(stage.build)
        if one.tool in {"pip", "uv", "uv sync", "pipenv", "poetry"}
    )


def _packages(stage: Stage) -> list[str]:
    """Compilers and headers that packages bring and no command takes away again, in order."""
    found: dict[str, None] = {}
    known = calls.all_calls(stage.build)
    for step in stage.before():
        brought: dict[str, str] = {}
        for call in known[step]:
            if call.program not in _MANAGERS:
                continue
            verb = next((arg for arg in call.args if arg is None or not arg.startswith("-")), None)
            if verb in _INSTALLS:
                brought.update(_named(call))
            elif verb in _REMOVES or verb is None:
                brought = _left(brought, call)
        found.update(dict.fromkeys(brought))
    return list(found)


def _named(call: Call) -> dict[str, str]:
    """The compilers and headers that a command installs, each with the group (`apk add --virtual`) it is put in."""
    pairs = zip(call.args, call.args[1:], strict=False)
    virtual = {"--virtual", "-t"} if call.program == "apk" else set()
    group = next((arg or "" for flag, arg in pairs if flag in virtual), "")
    names = [(arg or "").partition("=")[0].partition(":")[0] for arg in call.args]
    return {name: group for name in names if _HEAVY.match(name)}


def _left(brought: dict[str, str], call: Call) -> dict[str, str]:
    """What a removal in the same RUN leaves: nothing where its arguments aren't all known."""
    if None in call.args or "--auto-remove" in call.args:
        return {}
    gone = {(arg or "").partition("=")[0] for arg in call.args}
    return {name: group for name, group in brought.items() if name not in gone and group not in gone}


def _ships_uv(stage: Stage) -> bool:
    """Whether uv is left in the image for nothing: installed by this file, and not what the image runs.

    One that is copied alone is another rule's: it can be mounted instead.
    """
    known = calls.all_calls(stage.build)
    steps = list(stage.before())
    if stage.base.kind == "uv":
        return False
    for step in steps:
        if step.instruction.keyword in {"CMD", "ENTRYPOINT"} and _UV_RUNS.search(images.command_line(step.instruction)):
            return False
    return any(any(map(environments.gets_uv, known[step])) for step in steps)
