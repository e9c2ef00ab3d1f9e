"""The command lines that download packages, and so fill a cache: those that install, and those that only build or run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, images, plan
from uvlint.lazy import regex
from uvlint.plan import Install
from uvlint.tools import options, pip, uv
from uvlint.tools.uv import is_on
from uvlint.translation import Refusal, translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.source import Span

_QUIET = ("offline", "dry-run", "help")
_UV_VERBS = frozenset({"pip", "sync", "add", "remove", "lock", "build", "run", "tool", "venv"})
_SECOND = frozenset({"install", "sync", "run", "upgrade"})
_LINKING = frozenset({"uv", "uv pip", "uv sync", "uv add", "uv remove", "uv run", "uv tool", "uv venv"})
_RUNS_UV = regex(r"\buvx?\b|\.sh\b")


def with_uv(build: Build) -> list[Install]:
    """The uv command lines that download, in the file's order, read once."""
    return _once(build, "uv downloads", _with_uv)


def with_pip(build: Build) -> list[Install]:
    """The pip command lines that download and have to stay with pip, in the file's order, read once."""
    return _once(build, "pip downloads", _with_pip)


def by_step(found: list[Install]) -> dict[Step, list[Install]]:
    """Command lines by the RUN they stand in."""
    grouped: dict[Step, list[Install]] = {}
    for one in found:
        grouped.setdefault(one.call.step, []).append(one)
    return grouped


def span(one: Install) -> Span:
    """From the program to its verb, as a finding marks it."""
    call = one.call
    return call.command.cooked.span(call.words[call.first].start, call.words[verb(one)].end)


def verb(one: Install) -> int:
    """The last word of the command's name: options can be written behind it."""
    words, index = one.call.words, one.first
    if one.tool in {"uv tool", "uv pip"} and index + 1 < len(words) and words[index + 1].value in _SECOND:
        index += 1
    return index


def name(one: Install) -> str:
    """The command in short: `uv pip install`."""
    if one.tool == "uvx":
        return "uvx"
    call = one.call
    words = [word.value or "" for word in call.words[call.rest : verb(one) + 1]]
    return " ".join([call.program, *(word for word in words if word and not word.startswith("-"))][:3])


def links(install: Install) -> bool:
    """Whether a uv command line links packages from its cache into an environment."""
    return install.tool in _LINKING and not (install.tool == "uv tool" and "run" in install.call.args[:3])


def _once(build: Build, name: str, read: Callable[[Build], list[Install]]) -> list[Install]:
    if name not in build.facts:
        build.facts[name] = read(build)
    return build.facts[name]  # type: ignore[return-value]


def _with_uv(build: Build) -> list[Install]:
    known = {id(one.call): one for one in plan.installs(build)}
    found = []
    for call in calls.find(build, "uv", "uvx"):
        one = known.get(id(call)) or _uv(call)
        if one is not None and _downloads(one):
            found.append(one)
    return found


def _uv(call: Call) -> Install | None:
    """A command line of uv that the Plan does not know."""
    words = call.words
    at = call.first if call.program == "uvx" else plan.verb_index(call, uv.GLOBAL)
    if at is None:
        return None
    word = "uvx" if call.program == "uvx" else words[at].value or ""
    if word == "pip":
        if at + 1 >= len(words) or words[at + 1].value != "compile":
            return None
        word, at = "compile", at + 1
    elif word not in _UV_VERBS and word != "uvx":
        return None
    rows = uv.PIP_INSTALL if word == "compile" else uv.PROJECT
    given = options.read(words[: uv.reach(words, call.first)], at + 1, rows, call.variables)
    tool = "uvx" if word == "uvx" else f"uv {word}"
    if isinstance(given, options.Unreadable):
        return Install(call, tool, None, given.reason, None, at)
    return Install(call, tool, given, "", None, at)


def _downloads(one: Install) -> bool:
    call = one.call
    if any(one.has(meaning) for meaning in _QUIET) or is_on(call.variables.get("UV_OFFLINE")):
        return False
    match one.tool:
        case "uv run":
            synced = not one.has("no-sync") and not is_on(call.variables.get("UV_NO_SYNC"))
            return (synced or one.has("with")) and len(call.words) > one.first + 1 and not _keeps_tools(one)
        case "uvx":
            return len(call.words) > one.first + 1 and not _keeps_tools(one)
        case "uv tool":
            done = next((arg for arg in call.args[one.first - call.rest + 1 :] if arg and not arg.startswith("-")), "")
            return done in {"install", "upgrade"} or (done == "run" and not _keeps_tools(one))
        case "uv venv":
            return any(arg == "--seed" for arg in call.args) or is_on(call.variables.get("UV_VENV_SEED"))
        case "uv sync":
            return not (one.has("script") and _keeps_tools(one))
        case "uv lock":
            return not {"--check", "--check-exists"} & set(call.args)
        case _:
            return True


def _keeps_tools(one: Install) -> bool:
    """Whether an environment that uv makes in its cache may be meant for the container, which runs uv."""
    if one.tool == "uv run" and not (
        one.has("with") or one.has("script") or "--no-project" in one.call.args or _is_script(one)
    ):
        return False
    build = one.call.step.stage.build
    return any(
        step.instruction.keyword in {"CMD", "ENTRYPOINT", "HEALTHCHECK"}
        and _RUNS_UV.search(images.command_line(step.instruction) or step.instruction.args.text)
        for step in build.steps
    )


def _is_script(one: Install) -> bool:
    words = one.call.words
    end = uv.reach(words, one.call.first)
    return end < len(words) and (words[end].value or "").endswith(".py")


def _with_pip(build: Build) -> list[Install]:
    known = {id(one.call): one for one in plan.installs(build) if one.tool == "pip"}
    found = []
    for call in calls.find(build, "pip"):
        one = known.get(id(call)) or _pip(call)
        if (
            one is None
            or one.has("no-index")
            or one.has("dry-run")
            or one.has("help")
            or is_on(one.settings.get("no-index"))
        ):
            continue
        if one.tool == "pip" and (one.empty or not isinstance(translate(one), Refusal)):
            continue
        found.append(one)
    return found


def _pip(call: Call) -> Install | None:
    at = plan.verb_index(call, pip.INSTALL)
    if at is None or call.words[at].value not in {"wheel", "download"}:
        return None
    given = options.read(call.words, at + 1, pip.INSTALL, call.variables)
    return Install(call, "pip wheel", None if isinstance(given, options.Unreadable) else given, "", None, at)
