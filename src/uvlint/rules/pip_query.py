from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import caches, calls, conda, edits, environments, obstacles, offers, plan, provision, removal, targets
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.plan import Install
from uvlint.rules import rule
from uvlint.tools import options, pip
from uvlint.translation import Refusal, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.model import Build
    from uvlint.tools.options import Given

_TO_FILE = frozenset({">", ">>", ">|", "&>", "&>>"})
_FILLS = frozenset({"install", "wheel", "download"})


@rule("UVL106")
def pip_query(build: Build) -> Iterator[Diagnostic]:
    """What pip does beside installing, where uv is there to do it."""
    for call in calls.find(build, "pip"):
        at = plan.verb_index(call, pip.INSTALL)
        verb = call.words[at].value if at is not None else None
        if verb == "cache" and call.args[-1:] == ["purge"]:
            yield from _purge(call)
        elif at is not None and verb in pip.QUERIES:
            yield from _query(call, at, verb)


# Empty caches ----------------------------------------------------------------------------------------------------------


def _purge(call: Call) -> Iterator[Diagnostic]:
    """A purge of a cache that nothing can have filled: what an earlier layer holds is another rule's."""
    if caches.serving(call, "pip") is not None or any(_fills(one) for one in calls.before(call, "pip")):
        return
    if not offers.alone(call):
        return  # another program of the RUN may run pip
    known = {id(one.call) for one in plan.installs(call.step.stage.build) if one.tool == "pip"}
    if not known and not environments.has_uv(call):
        return
    message = "`pip cache purge` has nothing to purge"
    made = removal.take_out([call])
    if made is None:
        yield Diagnostic(call.span, message, help="it can't be removed where it stands")
    else:
        yield Diagnostic(call.span, message, Fix("Remove the purge", tuple(made)))


def _fills(call: Call) -> bool:
    at = plan.verb_index(call, pip.INSTALL)
    fills = at is None or call.words[at].value in _FILLS
    return fills and not caches.off(call, "pip") and caches.serving(call, "pip") is None


# What uv does as well --------------------------------------------------------------------------------------------------


def _query(call: Call, at: int, verb: str) -> Iterator[Diagnostic]:
    coming = _uv_comes(call)
    if coming is None or conda.within(call):
        return
    target = environments.of_pip(call)
    rows = pip.QUERIES[verb]
    before = options.read(call.words[:at], call.rest, rows, call.variables, abbreviations=True)
    after = options.read(call.words, at + 1, rows, call.variables, abbreviations=True)
    given = [] if isinstance(before, options.Unreadable) or isinstance(after, options.Unreadable) else before + after
    if target is None or obstacles.of_command(call) or obstacles.place(Install(call, "pip", given, target=target)):
        return
    message, stays = f"`pip {verb}` where `uv pip {verb}` does the same", f"`pip {verb}` stays with pip"
    for found in (before, after):
        if isinstance(found, options.Unreadable):
            yield Diagnostic(call.span, stays, help=found.reason)
            return
    why = _different(call, verb, given)
    made = why or _edits(call, at, given, targets.options(call, target), coming[1])
    if isinstance(made, str):
        yield Diagnostic(call.span, stays, help=made)
        return
    note = _note(call, verb, target.kind)
    safety = min(coming[0], Safety.UNSAFE if note else Safety.SAFE)
    note = note or ("uv is only brought in by an unsafe fix" if safety is Safety.UNSAFE else "")
    yield Diagnostic(call.span, message, Fix(f"Let uv {verb}", made, safety, note))


def _uv_comes(call: Call) -> tuple[Safety, list[Edit]] | None:
    """How safely uv gets into the stage before the command, and the edits of an install's fix that bring it.

    None where nothing does.
    """
    if environments.has_uv(call):
        return Safety.SAFE, []
    own = call.step.stage
    if provision.arriving(call.step) is not None or environments.may_have_uv(call):
        return None
    best: tuple[Safety, list[Edit]] | None = None
    for stage in own.chain:
        for one in plan.in_stage(stage):
            step = one.call.step
            if stage is own and (step.index, one.call.position) > (call.step.index, call.position):
                break
            made = translate(one) if one.tool == "pip" and not one.empty else Refusal("")
            brought = [edit for edit in made.edits if edit.text.startswith("COPY ")] if isinstance(made, Fix) else []
            if isinstance(made, Fix) and brought and (best is None or made.safety > best[0]):
                best = made.safety, brought
    return best


def _different(call: Call, verb: str, given: list[Given]) -> str:
    """Why uv's answer would not do."""
    for one in given:
        if one.option is not None and one.option.action == "block":
            return one.option.note
    if verb == "uninstall":
        if not any(one.meaning == "yes" for one in given):
            return "pip asks before it uninstalls, which no build can answer: add `-y`"
        return ""
    if verb == "show":
        return "uv shows the name, the version, the place and what is required, and no more"
    if verb != "check" and _is_read(call):
        return (
            "what it writes is read by something else, and uv writes names in their normal form and lists pip as well"
        )
    return ""


def _is_read(call: Call) -> bool:
    if call.outer is not None and call.spawn is not None and (call.spawn.outcome == "read" or _is_read(call.outer)):
        return True
    command = call.command
    if any(one.kind in {"substitution", "process"} for one in command.scopes):
        return True
    if command.after is not None and command.after.text in {"|", "|&"}:
        return True
    return any(
        one.op in _TO_FILE and one.fd in {"", "1"} and (one.target is None or not one.target.text.startswith("/dev/"))
        for one in command.redirects
    )


def _note(call: Call, verb: str, kind: str) -> str:
    """What may come out differently."""
    base = call.step.stage.base
    if base.kind == "unknown" and verb != "list":
        return "nothing is known of the base image: what it installed uv may not be able to read"
    if base.family == "debian" and base.kind == "system" and kind == "system":
        return "uv doesn't see what Debian's packages installed"
    return ""


def _edits(
    call: Call, at: int, given: list[Given], words: list[str] | str, brought: list[Edit]
) -> tuple[Edit, ...] | str:
    if isinstance(words, str):
        return words
    parts: list[list[Edit] | None] = [edits.replace_words(call, call.first, call.rest, "uv pip")]
    if words:
        parts.append(edits.insert_after(call, at, " ".join(words)))
    for one in given:
        option = one.option
        if option is None or (option.action == "keep" and one.name in option.names and one.first > at):
            continue
        if one.bundle:
            return f"`{call.words[one.first].text}` bundles options that uv spells otherwise"
        if option.action == "drop":
            parts.append(edits.delete_words(call, one.first, one.last))
        elif one.first < at:
            return f"`{one.name}` stands before `{call.words[at].text}`, where uv doesn't take it"
        elif one.name != option.spelling:
            parts.append(edits.replace_words(call, one.first, one.first + 1, option.spelling or option.names[-1]))
    joined = edits.joined(parts)
    settled = None if joined is None else edits.settled(call.step, joined)
    if settled is None:
        return "its words can't be edited where they stand"
    return tuple(dict.fromkeys([*brought, *settled]))
