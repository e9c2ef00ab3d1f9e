"""What a RUN removes of a tool's cache: `rm`, and the tools' own ways to empty it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint import caches, calls, edits
from uvlint.lazy import regex
from uvlint.model import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.shell import Word

CACHE_LIKE = regex(r"(?i)cache")

_BRACES = regex(r"([^{}]*)\{([^{}]*,[^{}]*)\}([^{}]*)\Z")

_PURGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "apt-get": (("clean",), ("/var/cache/apt",)),
    "dnf": (("clean",), ("/var/cache/dnf", "/var/cache/libdnf5")),
    "yum": (("clean",), ("/var/cache/yum", "/var/cache/dnf")),
    "microdnf": (("clean",), ("/var/cache/yum", "/var/cache/dnf")),
    "conda": (("clean",), ("/opt/conda/pkgs",)),
    "mamba": (("clean",), ("/opt/conda/pkgs",)),
    "uv": (("cache", "clean"), ()),
    "pip": (("cache", "purge"), ()),
    "poetry": (("cache", "clear"), ()),
}


def removals(call: Call, place: str, *, after: bool = True) -> Iterator[tuple[Call, int]]:
    """The `rm` commands of the same RUN that would remove a folder, and which of their words does.

    `after`: only those that come behind the command.
    """
    for one in calls.all_calls(call.step.stage.build)[call.step]:
        if one.program != "rm" or (after and one.position < call.position):
            continue
        for index, word in enumerate(one.words[one.rest :], one.rest):
            if any(removes(value, place) for value in values(one, word)):
                yield one, index


def values(call: Call, word: Word) -> list[str]:
    """What a word of `rm` names, braces written out; nothing where that isn't known."""
    value = word.resolve(call.variables)
    text = value if value is not None else word.text.replace('"', "")
    place = caches.home_of(call)
    if value is None and place is not None:
        for prefix in ("~/", "$HOME/", "${HOME}/"):
            if text.startswith(prefix):
                text = f"{place}/{text[len(prefix) :]}"
    match = _BRACES.match(text)
    found = [f"{match[1]}{one}{match[3]}" for one in match[2].split(",")] if match else [text]
    if call.workdir is not None:
        found = [one if one.startswith(("/", "$", "~", "-")) else f"{call.workdir}/{one}" for one in found]
    return [one for one in found if one.startswith("/") and "$" not in one]


def removes(removed: str, place: str) -> bool:
    """Whether removing a path, which may end in a glob, takes a folder or all of its content away."""
    bare = re.sub(r"/(?:\*|\.\*|\.\?\*|\.\[!\.\]\*)\Z", "", removed)
    return caches.is_below(normal(place), normal(bare)) and normal(bare) != "/"


def without_removals(call: Call, place: str) -> list[Edit] | None:
    """Edits that take the removals of a folder out of a RUN; None where they can't be made."""
    by_command: dict[int, tuple[Call, list[int]]] = {}
    for one, index in removals(call, place, after=False):
        by_command.setdefault(one.position, (one, []))[1].append(index)
    return edits.joined([without_words(one, indexes) for one, indexes in by_command.values()])


def without_words(call: Call, indexes: list[int]) -> list[Edit] | None:
    """Takes words out of an `rm`; the whole command where it names nothing else."""
    named_ = [index for index, word in enumerate(call.words[call.rest :], call.rest) if not word.text.startswith("-")]
    if len(named_) == len(indexes):
        return edits.delete_command(call)
    return edits.joined([edits.delete_words(call, index, index + 1) for index in indexes])


def removed(call: Call, places: list[str]) -> list[int]:
    """Which words of an `rm` take one of the mounted folders away, or empty it."""
    found = []
    for index, word in enumerate(call.words[call.rest :], call.rest):
        for value in values(call, word):
            inside = re.sub(r"/\*\Z", "", value.rstrip("/")) in {"/var/lib/apt/lists", "/var/cache/apt/archives"}
            if any(removes(value, one) or (inside and caches.is_below(value, one)) for one in places):
                found.append(index)
                break
    return found


def purge(call: Call) -> tuple[int, list[str]] | None:
    """Where the verb of a command that empties a cache ends, and the folders that it empties."""
    if call.program not in _PURGES:
        return None
    verbs, folders = _PURGES[call.program]
    if tuple(call.args[: len(verbs)]) != verbs:
        return None
    if not folders:
        place = caches.folder(call, call.program)
        return None if place is None else (call.rest + len(verbs) - 1, [place])
    return call.rest + len(verbs) - 1, list(folders)


def without_purges(call: Call, tool: str) -> list[Edit]:
    """Edits that take a tool's own ways to empty its cache out of a RUN, where they can be made."""
    found: list[Edit] = []
    for one in calls.all_calls(call.step.stage.build)[call.step]:
        if one.program == tool and purge(one) is not None:
            found += edits.delete_command(one) or []
    return found


def cleared(call: Call, tool: str, place: str | None) -> bool:
    """Whether the RUN itself removes what a command leaves in its cache."""
    for one in calls.all_calls(call.step.stage.build)[call.step][call.position + 1 :]:
        if one.program == tool and one.args[:1] == ["cache"]:
            return True
        if one.program in {"rm", "find"}:
            if place is not None and any(removes(value, place) for word in one.words for value in values(one, word)):
                return True
            if any(CACHE_LIKE.search(word.text) for word in one.words if place is None or not values(one, word)):
                return True
    return False
