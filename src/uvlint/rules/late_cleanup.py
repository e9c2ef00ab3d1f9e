from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import (
    caches,
    calls,
    clearing,
    downloads,
    edits,
    leftovers,
    mounting,
    removal,
)
from uvlint.diagnostics import Diagnostic, Fix
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.model import Build, Step
    from uvlint.source import Span

_LISTS = "/var/lib/apt/lists"
_FOLDERS = {
    "apt-get": (_LISTS, "apt's package lists"),
    "apk": ("/var/cache/apk", "apk's package index"),
    "dnf": ("/var/cache/dnf", "dnf's cache"),
    "yum": ("/var/cache/yum", "yum's cache"),
}
"""What a package manager fills, and how its leftovers are named."""

_OPTIONS = {"uv": "--no-cache", "pip": "--no-cache-dir"}
_HARMLESS = frozenset(
    (
        "rm",
        "echo",
        "true",
        ":",
        "set",
        "find",
        "mkdir",
        "chmod",
        "chown",
        "cp",
        "mv",
        "ln",
        "cd",
        "ls",
    )
)
_TIDY = frozenset(("clean", "autoclean", "autoremove", "remove", "purge", "del", "cache"))
_SHELLS = frozenset(("sh", "bash", "dash", ".", "source"))
_CLEANS = {
    "dnf": "dnf's cache",
    "yum": "yum's cache",
    "microdnf": "microdnf's cache",
} | dict.fromkeys(("conda", "mamba", "micromamba"), "conda's package cache")


class _Cleanup(NamedTuple):
    """A command that removes a tool's cache: the words that do, which of an `rm` (none: all of it), and what it is."""

    call: Call
    span: Span
    words: tuple[int, ...]
    tool: str
    text: str


@rule("UVL211")
def late_cleanup(build: Build) -> Iterator[Diagnostic]:
    """A cache removed in a later layer than the one that filled it."""
    shipped = leftovers.layers(build)
    for step, line in calls.all_calls(build).items():
        if step.stage not in shipped or step.onbuild:
            continue
        for one in (found for call in line for found in _cleanups(call)):
            if _alone(one):
                yield from _late(one)


def _alone(one: _Cleanup) -> bool:
    """Whether nothing in front of it, in the same RUN, may fill what it cleans."""
    script = one.call.step.script
    known = {call.command: call for call in calls.all_calls(one.call.step.stage.build)[one.call.step]}
    for command in script.commands if script is not None else ():
        if command is one.call.command:
            return True
        call = known.get(command)
        name = command.name if call is None else call.program
        tidies = call is not None and call.args and (call.args[0] in _TIDY or clearing.purge(call) is not None)
        if command.words and name not in _HARMLESS and not tidies:
            return False
    return False


def _cleanups(call: Call) -> Iterator[_Cleanup]:
    if call.program == "rm":
        for index, word in enumerate(call.words[call.rest :], call.rest):
            for value in clearing.values(call, word):
                for tool, (place, text) in _FOLDERS.items():
                    if clearing.removes(value, place) and caches.is_below(value.rstrip("/*"), place):
                        yield _Cleanup(call, word.span, (index,), tool, text)
                for tool in _OPTIONS:
                    folder = caches.folder(call, tool)
                    if folder is not None and clearing.removes(value, folder):
                        exact = caches.is_below(value.rstrip("/*"), folder)
                        yield _Cleanup(
                            call,
                            word.span,
                            (index,) if exact else (),
                            tool,
                            f"{tool}'s cache",
                        )
        return
    found = clearing.purge(call)
    if found is None:
        return
    span = call.command.cooked.span(call.words[call.first].start, call.words[found[0]].end)
    default = f"{call.program}'s cache"
    named = "the packages that apt fetched" if call.program == "apt-get" else _CLEANS.get(call.program, default)
    yield _Cleanup(call, span, (-1,), call.program, named)


def _fills(call: Call, one: _Cleanup) -> bool:
    """Whether a command line may fill what another one cleans."""
    if call.program != one.tool:
        return False
    if one.tool == "apt-get":
        verb = "update" if one.call.program == "rm" else "install"
        return verb in call.args
    return call.verb not in {"cache", "clean"} and clearing.purge(call) is None


def _late(one: _Cleanup) -> Iterator[Diagnostic]:
    step = one.call.step
    earlier = step.stage.steps[: step.index]
    known = calls.all_calls(step.stage.build)
    filling = [other for other in earlier if any(_fills(call, one) for call in known[other])]
    if not filling:
        return
    message = f"this removes {one.text} in a later layer, which makes the image no smaller"
    if not one.words:
        if any(_leaves(other, one.tool) for other in filling):
            yield Diagnostic(
                one.span,
                message,
                help="remove it in the RUN that fills it, or give that a cache mount",
            )
        return
    made = _moved(one, filling)
    if isinstance(made, str):
        yield Diagnostic(one.span, message, help=made)
        return
    taken = _without(one)
    if not made and any(map(_opaque, earlier)):
        yield Diagnostic(one.span, message, help="remove it in the RUN that fills it, be it a script")
    elif taken is None:
        yield Diagnostic(one.span, message, help="remove it in the RUN that fills it")
    else:
        title = "Remove it in the RUN that fills it" if made else "Remove what has nothing to do"
        yield Diagnostic(one.span, message, Fix(title, tuple(dict.fromkeys([*made, *taken]))))


def _opaque(step: Step) -> bool:
    """Whether a RUN runs a script, of which nothing is seen."""
    if step.run is None:
        return False
    if step.script is None:
        return True
    for command in step.script.commands:
        name = command.name or ""
        named = [word for word in command.words[1:] if not word.text.startswith("-")]
        if name.endswith(".sh") or "/" in name or name in {"make", "eval"}:
            return True
        if name.rpartition("/")[2] in _SHELLS and named and not named[0].text.endswith("/activate"):
            return all(word.text != "-c" for word in command.words)
    return False


def _moved(one: _Cleanup, filling: list[Step]) -> list[Edit] | str:
    """The edits by which the earlier steps leave nothing to clean; or why there are none."""
    found: list[Edit] = []
    for step in filling:
        if one.tool in _OPTIONS:
            made = _uncached(step, one.tool)
        elif one.tool == "apt-get" and one.call.program != "rm":
            made = [] if step.stage.base.family == "debian" else "the base image may keep them; clean in the same RUN"
        else:
            made = _cleaned(step, one.text)
        if isinstance(made, str):
            return made
        found += made
    return found


def _cleaned(step: Step, text: str) -> list[Edit] | str:
    found: list[Edit] = []
    for left in leftovers.of(step, calls.all_calls(step.stage.build)[step]):
        if left.text == text:
            if left.fix is None:
                return left.help
            found += left.fix.edits
    return found


def _uncached(step: Step, tool: str) -> list[Edit] | str:
    found: list[Edit] = []
    for one in mounting.found_by(step.stage.build, tool):
        if one.call.step is step and _keeps(one.call, tool):
            made = edits.insert_after(one.call, downloads.verb(one), _OPTIONS[tool])
            if made is None:
                return f"give the RUN that fills it `{_OPTIONS[tool]}`"
            found += made
    return found


def _leaves(step: Step, tool: str) -> bool:
    return any(one.call.step is step and _keeps(one.call, tool) for one in mounting.found_by(step.stage.build, tool))


def _keeps(call: Call, tool: str) -> bool:
    """Whether a command leaves its cache in the layer."""
    if caches.off(call, tool):
        return False
    place = caches.folder(call, tool)
    return not (place is not None and caches.outside(call.step, place)) and not clearing.cleared(call, tool, place)


def _without(one: _Cleanup) -> list[Edit] | None:
    named = [index for index, word in enumerate(one.call.words[one.call.rest :], one.call.rest) if word.text[:1] != "-"]
    if one.words == (-1,) or tuple(named) == one.words:
        return removal.take_out([one.call])
    return clearing.without_words(one.call, list(one.words))
