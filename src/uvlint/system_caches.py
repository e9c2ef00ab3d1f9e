"""The cache mounts of the system's package managers: which steps lack them, and what else they need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import caches, calls, clearing, edits, leftovers, removal
from uvlint.model import is_root, text_of
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.model import Build, Stage, Step

_ARCHIVES = "/var/cache/apt"
_LISTS = "/var/lib/apt/lists"
_APK = "/var/cache/apk"
_FETCH = frozenset(("install", "reinstall", "upgrade", "full-upgrade", "dist-upgrade", "build-dep", "satisfy"))
_VERBS = _FETCH | {"update", "remove", "purge", "autoremove", "clean", "autoclean", "download", "source"}
_EMPTIES = frozenset(("clean", "autoclean", "distclean", "dist-clean"))
_APK_VERBS = frozenset(("add", "upgrade"))
_APK_FRESH = frozenset(("--update-cache", "--update", "-U"))
_DNF_VERBS = frozenset(("install", "update", "upgrade", "groupinstall", "reinstall", "builddep", "swap"))

_KEEP = (
    "RUN rm -f /etc/apt/apt.conf.d/docker-clean"
    " && echo 'Binary::apt::APT::Keep-Downloaded-Packages \"true\";' > /etc/apt/apt.conf.d/keep-cache"
)
"""Debian's images and Ubuntu's tell apt to delete what it has fetched."""

_LINK = f"RUN ln -s {_APK} /etc/apk/cache"
"""apk keeps what it fetches where this link is."""


class Lacking(NamedTuple):
    """A command that fetches without a cache mount: of which tool, its verb, and the edits that give it one or why not."""

    tool: str
    call: Call
    verb: str
    made: tuple[Edit, ...] | str


def lacking(build: Build) -> Iterator[Lacking]:
    """The first command of each RUN that fetches packages of the system for this build alone."""
    yield from _of(build, "apt-get", _FETCH, _apt)
    yield from _of(build, "apk", _APK_VERBS, _apk)
    yield from _of(build, "dnf", _DNF_VERBS, _dnf)


def _of(
    build: Build, program: str, verbs: frozenset[str], fix: Callable[[Stage, list[Step]], list[Edit] | str]
) -> Iterator[Lacking]:
    first: dict[Step, Call] = {}
    for call in calls.find(build, program):
        if not call.step.onbuild and leftovers.verb(call, verbs):
            first.setdefault(call.step, call)
    roots: dict[Stage, list[Step]] = {}
    for step in first:
        roots.setdefault(step.stage.chain[0], []).append(step)
    for root, steps in roots.items():
        if root.base.family != {"apt-get": "debian", "apk": "alpine"}.get(program, "fedora"):
            continue
        bare = [step for step in steps if not any(caches.outside(step, place) for place in _places(program))]
        if bare:
            made = fix(root, steps)
            for step in bare:
                name = "apt" if program == "apt-get" else program
                found = made if isinstance(made, str) else tuple(dict.fromkeys(made))
                yield Lacking(name, first[step], leftovers.verb(first[step], verbs), found)


def _places(program: str) -> list[str]:
    if program == "dnf":
        return ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"]
    return [_ARCHIVES] if program == "apt-get" else [_APK, "/etc/apk/cache"]


# apt -------------------------------------------------------------------------------------------------------------------


def _apt(root: Stage, fetching: list[Step]) -> list[Edit] | str:
    """The edits that give apt's steps their mounts, in all stages that begin with one; or why there are none."""
    build = root.build
    known = calls.all_calls(build)
    for stage in build.stages:
        for step in stage.steps if stage.chain[0] is root else ():
            if any(one.program == "apt-get" for one in known[step]):
                why = _obstacle(step) or _apt_obstacle(step, known[step])
                if why:
                    return why
    made: list[Edit] = []
    for step in fetching:
        more = _with_mounts(step, [_ARCHIVES, _LISTS], "apt-get", _EMPTIES)
        if more is None:
            return f"what {_where(step)} removes of apt's files can't be taken out of it"
        made += more
        made += _once(step, fetching, _KEEP, "docker-clean")
    return made


def _apt_obstacle(step: Step, line: list[Call]) -> str:
    """Why a step can't have apt's lists in a mount, "" where it can."""
    updated = False
    for one in line:
        done = leftovers.verb(one, _VERBS) if one.program == "apt-get" else ""
        updated = updated or done == "update"
        if done in _FETCH | {"download", "source"} and not updated:
            return f"{_where(step)} has `apt-get {done}` without `apt-get update`"
        if any("Dir::" in (arg or "") for arg in one.args):
            return f"{_where(step)} says where apt keeps its files"
    if updated and not any(one.program == "apt-get" and leftovers.verb(one, _FETCH) for one in line):
        return f"{_where(step)} has `apt-get update` alone"
    for left in leftovers.of(step, line):
        if left.help.startswith("they can't be removed"):
            return left.help.partition(": ")[2]
    return ""


# apk and dnf -----------------------------------------------------------------------------------------------------------


def _apk(_: Stage, fetching: list[Step]) -> list[Edit] | str:
    made: list[Edit] = []
    for step in fetching:
        own = _mounted(step, _APK, "apk", frozenset(), _updated)
        if own is None:
            return f"the options of {_where(step)} can't be changed where they stand"
        if isinstance(own, str):
            return own
        made += [*own, *_once(step, fetching, _LINK, "/etc/apk/cache")]
    return made


def _updated(step: Step) -> Iterator[list[Edit] | None]:
    """Lets the apk commands of a step use its cache, with an index of today."""
    fresh = False
    for call in calls.all_calls(step.stage.build)[step]:
        done = leftovers.verb(call, _APK_VERBS | {"update"}) if call.program == "apk" else ""
        if done in _APK_VERBS:
            yield _fresh(call, done, needed=not fresh)
        fresh = fresh or bool(done)


def _fresh(call: Call, done: str, *, needed: bool) -> list[Edit] | None:
    """Lets apk use its cache, with an index of today."""
    found = [index for index, word in enumerate(call.words) if index >= call.rest and word.value == "--no-cache"]
    fetches = any(arg in _APK_FRESH for arg in call.args) or not needed
    if found and not fetches:
        return edits.replace_words(call, found[0], found[0] + 1, "--update-cache")
    if found:
        return edits.delete_words(call, found[0], found[0] + 1)
    if fetches:
        return []
    at = next(index for index, word in enumerate(call.words) if index >= call.rest and word.value == done)
    return edits.insert_after(call, at, "--update-cache")


def _dnf(root: Stage, fetching: list[Step]) -> list[Edit] | str:
    place = _dnf_cache(root.image)
    if not place:
        return "mount `/var/cache/dnf` (dnf 5: `/var/cache/libdnf5`), and give dnf `--setopt=keepcache=1`"
    made: list[Edit] = []
    for step in fetching:
        own = _mounted(step, place, "dnf", frozenset(("clean",)), _keeping)
        if own is None:
            return f"what {_where(step)} removes of dnf's files can't be taken out of it"
        if isinstance(own, str):
            return own
        made += own
    return made


def _keeping(step: Step) -> Iterator[list[Edit] | None]:
    """Lets the dnf commands of a step keep what they fetch."""
    for call in calls.all_calls(step.stage.build)[step]:
        done = leftovers.verb(call, _DNF_VERBS) if call.program == "dnf" else ""
        if done and not any("keepcache" in (arg or "") for arg in call.args):
            at = next(index for index, word in enumerate(call.words) if index >= call.rest and word.value == done)
            yield edits.insert_after(call, at, "--setopt=keepcache=1")


def _dnf_cache(image: str | None) -> str:
    """Where dnf keeps what it fetches, "" where that isn't known."""
    name, tag, _ = bases.reference(image or "")
    release = re.match(r"(?:stream)?(\d+)", tag)
    number = int(release[1]) if release is not None else 0
    if name.rpartition("/")[2] == "fedora":
        return "" if not number else "/var/cache/libdnf5" if number >= 41 else "/var/cache/dnf"
    return "/var/cache/dnf" if re.search(r"(?:rocky|alma|oracle)linux\Z|/ubi\d*\Z|/ubi[89]/", name) else ""


# What they have in common ----------------------------------------------------------------------------------------------


def _where(step: Step) -> str:
    return f"line {step.stage.build.dockerfile.source.line(step.instruction.span.start)}"


def _obstacle(step: Step) -> str:
    """Why a step can't have a mount, "" where it can."""
    if step.onbuild:
        return f"{_where(step)} runs in the builds of other images"
    if step.script is None:
        return f"{_where(step)} can't be read"
    return "" if is_root(step.state.user) else f"{_where(step)} doesn't run as root"


def _mounted(
    step: Step,
    place: str,
    program: str,
    verbs: frozenset[str],
    changed: Callable[[Step], Iterator[list[Edit] | None]],
) -> list[Edit] | str | None:
    """A step with its mount and its commands changed; why that can't be, or None where they can't be edited."""
    joined = _obstacle(step) or edits.joined([_with_mounts(step, [place], program, verbs), *changed(step)])
    return joined if joined is None or isinstance(joined, str) else edits.settled(step, joined)


def _with_mounts(step: Step, places: Sequence[str], program: str, verbs: frozenset[str]) -> list[Edit] | None:
    """The mounts of a RUN, and nothing in it that would empty them; None where that can't be had."""
    made = [
        edits.add_flag(step, f"--mount=type=cache,target={place},sharing=locked")
        for place in places
        if not caches.outside(step, place)
    ]
    gone: list[Call] = []
    for one in calls.all_calls(step.stage.build)[step]:
        if one.program == program and leftovers.verb(one, verbs):
            gone.append(one)
        elif one.program == "rm":
            hit = clearing.removed(one, list(places))
            if hit and len(hit) == sum(not word.text.startswith("-") for word in one.words[one.rest :]):
                gone.append(one)
            elif hit:
                more = clearing.without_words(one, hit)
                if more is None:
                    return None
                made += more
    taken = removal.take_out(gone) if gone else []
    return None if taken is None else edits.settled(step, [*made, *taken])


def _once(step: Step, fetching: Iterable[Step], line: str, sign: str) -> list[Edit]:
    """An instruction above a step, where no step that led to it is one of these, nor has seen to it."""
    if any(_led(other, step) for other in fetching):
        return []
    if any(one.run is not None and sign in text_of(one.run) for one in (*step.stage.before(step), step)):
        return []
    above = step.stage.steps[step.index - 1].instruction if step.index else step.stage.start
    return [edits.insert_below(step.stage.build, above, [line])]


def _led(other: Step, step: Step) -> bool:
    if other.stage is step.stage:
        return other.index < step.index
    return other.stage in step.stage.chain
