"""`easy_install`, `setup.py install` and `pipx`: what each asks for, and how uv does it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from uvlint import adoption, calls, edits, obstacles, plan
from uvlint.lazy import regex
from uvlint.tools import options
from uvlint.tools.others import EASY_INSTALL, PIPX, SETUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Fix
    from uvlint.model import Build
    from uvlint.tools.options import Given

_TITLE = "Install with uv"
_EASY = regex(r"easy_install(?:-?\d(?:\.\d+)?)?\Z")
_EGG = "easy_install left an egg and followed links of its own"
_SETUP = "setuptools installed the project its own way, and its dependencies by easy_install"
_TOOL = "the tool's environment lies and looks otherwise, and `pipx` doesn't know of it"


class Found(NamedTuple):
    """A command line of an older installer: how a message names it, and uv's counterpart."""

    call: Call
    name: str
    instead: str
    fix: Fix | str


def found(build: Build) -> Iterator[Found]:
    """The command lines of other installers, with the fix or why there is none."""
    for line in calls.all_calls(build).values():
        for call in line:
            if _EASY.match(call.program):
                yield Found(call, "easy_install", "uv pip install", _easy(call))
            elif call.program == "python" and _setup_verb(call):
                fix = _setup(call)
                yield Found(call, f"setup.py {_setup_verb(call)}", "uv pip install", fix)
            elif call.program == "pipx" and _pipx_verb(call) is not None and not _gets_uv(call):
                yield Found(call, "pipx install", "uv tool install", _pipx(call))


# easy_install ----------------------------------------------------------------------------------------------------------


def _easy(call: Call) -> Fix | str:
    words = adoption.where(call)
    given = options.read(call.words, call.rest, EASY_INSTALL, call.variables)
    if isinstance(words, str) or isinstance(given, options.Unreadable):
        return words if isinstance(words, str) else given.reason  # type: ignore[union-attr]
    if not any(one.option is None for one in given):
        return "it names nothing to install"
    start = edits.replace_words(call, call.first, call.rest, " ".join(["uv pip install", *words, "--no-cache"]))
    parts = [start, *adoption.reworded(call, given, EASY_INSTALL)]
    return adoption.blocked(given) or adoption.written(call, _TITLE, parts, _EGG)


# setup.py --------------------------------------------------------------------------------------------------------------


def _setup_verb(call: Call) -> str:
    """`install` or `develop` of a setup.py, "" for anything else."""
    args = call.args
    if not args or args[0] is None or posixpath.basename(args[0]) != "setup.py":
        return ""
    return next((arg for arg in args[1:] if arg in {"install", "develop"}), "")


def _setup(call: Call) -> Fix | str:
    words = adoption.where(call)
    given = options.read(call.words, call.rest + 1, SETUP, call.variables)
    if isinstance(words, str) or isinstance(given, options.Unreadable):
        return words if isinstance(words, str) else f"{given.reason}, nor uv"  # type: ignore[union-attr]
    verbs = {one.value for one in given if one.option is None}
    if not verbs <= {"build", "install", "develop"} or {"install", "develop"} <= verbs:
        return "it does more than install"
    folder = posixpath.dirname(call.words[call.rest].text) or "."
    if folder.startswith(('"', "'")):
        return "its words can't be edited where they stand"
    editable = "-e " if "develop" in verbs else ""
    text = " ".join(["uv pip install", *words, "--no-cache --no-build-isolation", f"{editable}{folder}"])
    return adoption.written(call, _TITLE, [edits.replace_words(call, call.first, len(call.words), text)], _SETUP)


# pipx ------------------------------------------------------------------------------------------------------------------


def _pipx_verb(call: Call) -> int | None:
    at = plan.verb_index(call, PIPX)
    return at if at is not None and call.words[at].value == "install" else None


def _gets_uv(call: Call) -> bool:
    """Whether uv itself is what it installs, which is another rule's."""
    return any(plan.is_uv(arg or "") for arg in call.args[1:])


def _pipx(call: Call) -> Fix | str:
    at = _pipx_verb(call)
    assert at is not None  # noqa: S101 - the caller has seen to it
    why = obstacles.of_command(call)
    given = options.read(call.words, at + 1, PIPX, call.variables)
    early = options.read(call.words[:at], call.rest, PIPX, call.variables)
    if isinstance(given, options.Unreadable) or isinstance(early, options.Unreadable):
        return why or (given if isinstance(given, options.Unreadable) else early).reason  # type: ignore[union-attr]
    if sum(one.option is None for one in given) != 1:
        return why or "uv installs one tool at a time"
    settings = _directories(call, early + given)
    if settings is None or (settings and edits.exec_form(call.step, call.command)):
        return why or "where pipx puts its tools is not known"
    text = " ".join([*settings, "uv tool"])
    parts = [edits.replace_words(call, call.first, call.rest, text), *adoption.reworded(call, early + given, PIPX)]
    return why or adoption.blocked(early + given) or adoption.written(call, _TITLE, parts, _TOOL)


def _directories(call: Call, given: list[Given]) -> list[str] | None:
    """The variables that make uv put tools where pipx did: by default both link them in `~/.local/bin`."""
    everyone = any(one.meaning == "global" for one in given)
    names = ("PIPX_GLOBAL_HOME", "PIPX_GLOBAL_BIN_DIR") if everyone else ("PIPX_HOME", "PIPX_BIN_DIR")
    defaults = ("/opt/pipx", "/usr/local/bin") if everyone else ("", "")
    found = []
    for name, default, wanted in zip(names, defaults, ("UV_TOOL_DIR", "UV_TOOL_BIN_DIR"), strict=True):
        if wanted in call.variables:
            continue
        if name in call.env and name not in call.step.state.env:
            return None  # set in the same RUN: it may not be exported
        if name in call.variables or name in call.step.state.args:
            found.append(f"{wanted}=${name}")
        elif default:
            found.append(f"{wanted}={default}")
    return found
