"""`pip install` into `uv pip install`: whether it may be done, how far it may be trusted, and the edits.

The decisions were verified by running both; each reason here is one line that a diagnostic can say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import (
    caches,
    calls,
    carrying,
    edits,
    environments,
    obstacles,
    offers,
    plan,
    provision,
    reads,
    targets,
    variables,
    venvs,
)
from uvlint.diagnostics import Edit, Fix, Safety, apply
from uvlint.lazy import regex
from uvlint.record import field, record
from uvlint.source import Span
from uvlint.tools import requirements
from uvlint.tools.uv import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvlint.calls import Call
    from uvlint.model import Stage, Step
    from uvlint.plan import Install
    from uvlint.reads import Reads
    from uvlint.tools.options import Given


class Refusal(NamedTuple):
    """Why an install has to stay with pip, in one line."""

    reason: str


@record(eq=True)
class _Draft:
    """A translation in the making: words to add behind `install`, word edits, and what makes it unsafe."""

    additions: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    best_match: bool = False


def translate(install: Install) -> Fix | Refusal:
    """The fix that hands an install to uv, or why there is none; worked out once."""
    known = install.call.step.stage.build.facts.setdefault("translations", {})
    if id(install) not in known:  # type: ignore[operator]
        known[id(install)] = _translated(install)  # type: ignore[index]
    return known[id(install)]  # type: ignore[index, no-any-return]


def _translated(install: Install) -> Fix | Refusal:
    refusal = obstacles.refusal(install)
    if refusal:
        return Refusal(refusal)
    draft = _Draft()
    found = reads.of(install)
    for step in (_target, _settings, _files):
        refusal = step(install, found, draft)
        if refusal:
            return Refusal(refusal)
    draft.notes += obstacles.notes(install, found)
    return _written(install, found, draft)


def _written(install: Install, found: Reads, draft: _Draft) -> Fix | Refusal:
    call = install.call
    offer = (
        "a local directory in a requirements file is cached by uv"
        if found.local
        else (offers.offer(install, "uv", drop_options=False) if caches.serving(call, "uv") is None else None)
    )
    mounted = not isinstance(offer, str)
    if isinstance(offer, offers.Offer):
        draft.edits += offer.edits(call.step)
        if offer.words:
            draft.additions.append(offer.words)
    if not mounted and not install.has("no-cache") and "UV_NO_CACHE" not in call.variables:
        draft.additions.append("--no-cache")
    written_off = "UV_COMPILE_BYTECODE" in call.variables and not is_on(call.variables["UV_COMPILE_BYTECODE"])
    if written_off and install.compiles and not install.has("compile"):
        draft.additions.append("--compile-bytecode")
    refusal = _rewrite(install, draft, mounted=mounted) or _outdated(call, draft)
    if refusal:
        return Refusal(refusal)
    compiled = install.compiles
    later = None if environments.has_uv(call) else provision.arriving(call.step)
    if later is not None:
        draft.notes.append("uv's COPY moves up to where uv is first used")
    safety = Safety.UNSAFE if draft.notes else Safety.SAFE
    first = _first(install, safety)
    if later is not None and not provision.moves_up(later, first):
        return Refusal("uv is copied only later in this stage: move that COPY up")
    draft.edits += provision.edits_for(call, first, mounted=mounted, compiled=compiled, later=later)
    draft.edits += _purges(call)
    settled = edits.settled(call.step, draft.edits)
    if settled is None:
        return Refusal("its words are laid out so that they can't be changed one by one")
    return Fix("Install with uv", tuple(settled), safety, "; ".join(draft.notes))


_SINCE = {
    "--prerelease-package": (0, 12, 1),
    "--cert": (0, 12),
    "--default-index": (0, 5),
    "--allow-insecure-host": (0, 5),
}


def _outdated(call: Call, draft: _Draft) -> str:
    """Why the release of uv that the file brings could not run the command, "" where it can or is not known."""
    if not environments.has_uv(call):
        return ""
    release = environments.uv_release(call)
    known = (*map(int, release.split(".")), 99, 99) if release else (99,)
    text = " ".join(one.text for one in draft.edits)
    for option, since in _SINCE.items():
        if known < since and option in text:
            return f"uv {release} has no `{option}`"
    return ""


def _first(install: Install, safety: Safety) -> Step:
    """The step of the chain of stages for which uv has to come: of the first install that goes to uv, or that is uv's."""
    step = install.call.step
    if environments.has_uv(install.call):
        return step
    for stage in step.stage.chain:
        found = _needing(install, stage, safety)
        making = venvs.first(stage)  # `uv venv` is to find uv as well
        if making is not None and (stage is not step.stage or making.index < step.index):
            return making if found is None or making.index < found.index else found
        if found is not None:
            return found
    return step


def _needing(install: Install, stage: Stage, safety: Safety) -> Step | None:
    """The first step of a stage that needs uv, up to the install itself."""
    for one in plan.in_stage(stage):
        own, step = one.call.step, install.call.step
        if one is install or (own.stage is step.stage and own.index > step.index):
            return step
        if one.tool == "pip":
            made = translate(one)
            if isinstance(made, Fix) and made.safety >= safety:
                return one.call.step
    return None


# How -------------------------------------------------------------------------------------------------------------------


def _target(install: Install, _: Reads, draft: _Draft) -> str:
    assert install.target is not None  # noqa: S101 - `place` has seen to it
    made = targets.options(install.call, install.target)
    if isinstance(made, str):
        return made
    draft.additions += made
    return ""


_PYTHON = regex(r"--python \"\$(?:\(command -v \S+\)|\{?\w+\}?[\w./-]*)\"\Z")
"""The Python as the shell is to find it."""


def _settings(install: Install, found: Reads, draft: _Draft) -> str:
    """pip's own variables and configuration, which uv does not read."""
    carried = carrying.over(install, other_index=found.scan.index)
    if isinstance(carried, str):
        return carried
    draft.additions += carried.options
    draft.edits += carried.edits
    draft.best_match = carried.best_match
    unsafe = re.compile(r"[\s\"'$`\\&|;<>()*?]")
    for words in draft.additions:
        if unsafe.search(words.partition(" ")[2]) and not _PYTHON.match(words):
            return "a pip setting can't be written as an option"
    return ""


def _files(install: Install, found: Reads, draft: _Draft) -> str:
    """What is written in the requirement files and words."""
    scan = found.scan
    if scan.refused:
        return scan.refused[0]
    if scan.index and install.has("index"):
        return "its requirements file names another index: pip would use that one, uv the option's"
    extra = scan.extra_index or install.has("extra-index") or "extra-index" in install.settings
    strategy, best = carrying.STRATEGY
    if extra and not draft.best_match and variables.known(install.call).get(strategy) != best:
        draft.additions.append("--index-strategy unsafe-best-match")
    if scan.hashes and not install.has("require-hashes") and "--require-hashes" not in draft.additions:
        draft.additions.append("--require-hashes")
    if scan.pre and not install.has("pre") and "--prerelease=allow" not in draft.additions:
        draft.additions.append("--prerelease=allow")
    elif not install.has("pre"):
        draft.additions += [f"--prerelease-package {name}=allow" for name in dict.fromkeys(scan.prereleases)]
    draft.additions += [f"--allow-insecure-host {host}" for host in dict.fromkeys(scan.trusted)]
    if reads.describes_tool_uv(found):
        draft.additions.append("--no-sources")
    if reads.configures_uv(install.call) and not install.has("no-config"):
        draft.additions.append("--no-config")
    clash = requirements.clashing(scan.names)
    if clash:
        return f"{' and '.join(clash)} write the same files: which of them wins differs under uv"
    return ""


# Words -----------------------------------------------------------------------------------------------------------------


def _rewrite(install: Install, draft: _Draft, *, mounted: bool) -> str:
    """Edits the command's own words; returns why they can't be."""
    call = install.call
    unwritable = "its words can't be edited where they stand"
    done: set[int] = set()
    for one in install.given or ():
        if one.option is None or one.first in done:
            continue
        mates = [other for other in install.given or () if other.first == one.first]
        done.add(one.first)
        made = _bundle(call, mates, mounted=mounted) if one.bundle else _option(call, one, draft, mounted=mounted)
        if isinstance(made, str):
            return made
        if made is None:
            return unwritable
        if one.first < install.first and (not made or any(edit.text for edit in made)):
            # pip takes it before `install`, uv only behind
            moved = edits.delete_words(call, one.first, one.last)
            words = _rewritten(call, one, made)
            if moved is None or words is None:
                return unwritable
            made = moved
            draft.additions.append(words)
        draft.edits += made
    parts = [edits.replace_words(call, call.first, call.rest, "uv pip")]
    if draft.additions:
        parts.append(edits.insert_after(call, install.first, " ".join(draft.additions)))
    parts.append(_assignments(call))
    joined = edits.joined(parts)
    if joined is None:
        return unwritable
    draft.edits += joined
    return ""


def _rewritten(call: Call, one: Given, made: list[Edit]) -> str | None:
    """An option's words after edits inside them."""
    if call.beside:
        return None
    source = call.step.stage.build.dockerfile.source
    found: list[str] = []
    left = list(made)
    for word in call.words[one.first : one.last]:
        inside = [edit for edit in left if word.span.covers(edit.span)]
        left = [edit for edit in left if edit not in inside]
        start = word.span.start
        local = [Edit(Span(edit.span.start - start, edit.span.end - start), edit.text) for edit in inside]
        found.append(apply(source[word.span], local))
    return None if left else " ".join(found)


def _option(call: Call, one: Given, draft: _Draft, *, mounted: bool) -> list[Edit] | str | None:
    option = one.option
    assert option is not None  # noqa: S101
    action, spelling = option.action, option.spelling
    if option.meaning == "no-cache" and mounted:
        action = "drop"
    if action == "check":
        checked = _CHECKS[option.meaning](one, draft)
        if isinstance(checked, str):
            return checked
        action, spelling = checked
    if action == "drop":
        return edits.delete_words(call, one.first, one.last)
    if action == "keep" and one.name in option.names:
        return []
    name = spelling or next(full for full in option.names if full.startswith(one.name))
    if one.attached and one.name.startswith("--"):
        if "=" in name:
            return edits.replace_words(call, one.first, one.last, name)
        return _renamed(call, one, name)
    if one.attached:
        return edits.replace_words(call, one.first, one.last, f"{name} {one.value}")
    return edits.replace_words(call, one.first, one.first + 1, name)


def _renamed(call: Call, one: Given, name: str) -> list[Edit] | None:
    """The name before the `=` alone, the value as it is written; a short name takes a blank for the `=`."""
    word = call.words[one.first]
    if not word.text.startswith(f"{one.name}="):
        return None
    length, written = len(one.name), name
    if edits.exec_form(call.step, call.command):
        if not name.startswith("--"):
            length, written = length + 1, f"{name}{edits.separator(call)}"
        return [Edit(Span(word.span.start, word.span.start + length), written)]
    if not name.startswith("--"):
        length, written = length + 1, f"{name} "
    cooked = call.command.cooked
    if not cooked.exact(word.start, word.start + length):
        return None
    return [Edit(cooked.span(word.start, word.start + length), written)]


def _bundle(call: Call, mates: list[Given], *, mounted: bool) -> list[Edit] | str | None:
    if all(one.option is not None and one.option.action == "keep" for one in mates):
        return []
    return f"`{call.words[mates[0].first].text}` bundles options that uv spells otherwise" if mounted or mates else None


def _assignments(call: Call) -> list[Edit] | None:
    """Drops `PIP_…=` in front of the command: what it meant has been carried over."""
    found: list[Edit] = []
    for one in call.command.assignments:
        if not one.name.startswith("PIP_"):
            continue
        made = edits.delete_assignment(call, one)
        if made is None:
            return None
        found.append(made)
    return found


def _purges(call: Call) -> list[Edit]:
    """`pip cache purge` behind the install in the same RUN, which has nothing left to do."""
    found: list[Edit] = []
    for one in calls.all_calls(call.step.stage.build)[call.step]:
        if one.program == "pip" and one.position > call.position and one.args[:2] == ["cache", "purge"]:
            found += edits.delete_command(one) or []
    return found


# Options whose value decides -------------------------------------------------------------------------------------------


def _platform(one: Given, draft: _Draft) -> tuple[str, str] | str:
    """A manylinux tag, which uv writes the other way round; of several it takes but one."""
    match = re.fullmatch(r"(manylinux(?:_2_\d+|20\d\d))_(x86_64|aarch64)", one.value or "")
    if match is None or any(words.startswith("--python-platform") for words in draft.additions):
        return f"uv has no `{one.name} {one.value}`"
    draft.additions.append(f"--python-platform {match[2]}-{match[1]}")
    return "drop", ""


def _python_version(one: Given, _: _Draft) -> tuple[str, str] | str:
    if one.value and re.fullmatch(r"3\.\d+(?:\.\d+)?", one.value):
        return "keep", ""
    return f"uv reads `{one.name}` with dots: write 3.X"


def _implementation(one: Given, _: _Draft) -> tuple[str, str] | str:
    return ("drop", "") if one.value == "cp" else f"uv has no `--implementation {one.value}`"


def _never(one: Given, _: _Draft) -> tuple[str, str] | str:
    return f"uv has no `{one.name}`"


def _upgrade_strategy(one: Given, _: _Draft) -> tuple[str, str] | str:
    return ("drop", "") if one.value == "eager" else "uv upgrades eagerly, not `only-if-needed`"


def _keyring(one: Given, _: _Draft) -> tuple[str, str] | str:
    return ("keep", "") if one.value in {"disabled", "subprocess"} else f"uv has no `--keyring-provider {one.value}`"


def _use_feature(one: Given, draft: _Draft) -> tuple[str, str] | str:
    if one.value == "truststore":
        draft.additions.append("--system-certs")
    return "drop", ""


def _use_deprecated(one: Given, _: _Draft) -> tuple[str, str] | str:
    return ("drop", "") if one.value in {"legacy-certs", "html5lib"} else "uv has no legacy resolver"


def _releases(one: Given, draft: _Draft) -> tuple[str, str] | str:
    mode = "allow" if one.meaning == "all-releases" else "disallow"
    if one.value is None:
        return f"the value of `{one.name}` is not known before the build"
    for name in one.value.split(","):
        draft.additions.append(f"--prerelease={mode}" if name == ":all:" else f"--prerelease-package {name}={mode}")
    return "drop", ""


def _refresh(one: Given, draft: _Draft) -> tuple[str, str] | str:
    if one.value != ":all:":
        return "keep", ""
    draft.additions.append("--refresh")
    return "drop", ""


def _virtualenv(one: Given, draft: _Draft) -> tuple[str, str] | str:
    return f"`{one.name}` forbids the system's Python" if "--system" in draft.additions else ("drop", "")


_CHECKS: dict[str, Callable[[Given, _Draft], tuple[str, str] | str]] = {
    "platform": _platform,
    "python-version": _python_version,
    "implementation": _implementation,
    "abi": _never,
    "upgrade-strategy": _upgrade_strategy,
    "keyring": _keyring,
    "use-feature": _use_feature,
    "use-deprecated": _use_deprecated,
    "all-releases": _releases,
    "only-final": _releases,
    "refresh-package": _refresh,
    "require-venv": _virtualenv,
}
