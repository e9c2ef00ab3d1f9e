"""Checking and fixing one text.

The fixer knows nothing of rules: it applies what does not overlap, reads again, and goes on until nothing is left.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from uvlint import config, model, rules, suppress, syntax, templates
from uvlint.diagnostics import Diagnostic, Fix, Safety, apply
from uvlint.record import field, record
from uvlint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uvlint.config import Settings
    from uvlint.context import Context
    from uvlint.diagnostics import FileEdit
    from uvlint.model import Build

PASSES = 50
UNUSED_IGNORE = "unused-ignore"


@record(eq=True)
class Fixed:
    """What became of a text.

    `diagnostics` are what is left, with places in the new text; `applied` counts the fixes by rule. `error`: why the text
    was left as it was, naming the rules. `files` are the other files that the fixes change.
    """

    source: Source
    diagnostics: list[Diagnostic]
    applied: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    files: list[FileEdit] = field(default_factory=list)


def check(source: Source, settings: Settings, *, context: Context | None = None) -> list[Diagnostic]:
    """The findings of the selected rules, in order of their places, less those that a comment silences."""
    return findings(read(source, settings, context), settings)


def read(
    source: Source, settings: Settings, context: Context | None = None, given: Mapping[str, str] | None = None
) -> Build:
    return model.build(syntax.parse(source), settings, context, given)


def findings(build: Build, settings: Settings) -> list[Diagnostic]:
    known = rules.load()
    selected = config.chosen(settings, known, build.dockerfile.source.path)
    found = [one for name, rule in known.items() if name in selected and name != UNUSED_IGNORE for one in rule(build)]
    ignores = suppress.read(build.dockerfile)
    kept, unused = suppress.apply(ignores, found, known, selected)
    if unused and UNUSED_IGNORE in selected:
        build.facts["unused ignores"] = unused
        named = [
            one for one in ignores if not one.everything
        ]  # else one without names would silence what is said of it
        kept += suppress.apply(named, known[UNUSED_IGNORE](build), known, selected)[0]
    beside = build.context is not None and build.context.writable
    template = templates.mark(build) is not None
    kept = [_told(one) if one.fix is not None and (template or (one.fix.files and not beside)) else one for one in kept]
    return sorted(set(kept), key=lambda one: (one.span, one.code, one.message))


def _told(one: Diagnostic) -> Diagnostic:
    """A finding whose fix can't be made here: it tells what would be done."""
    return one._replace(fix=None, help=one.help or (one.fix.title if one.fix else ""))


def fix(source: Source, settings: Settings, *, unsafe: bool = False, context: Context | None = None) -> Fixed:
    """The text with every fix applied that may be, each pass proved; the text as it was where one can't be."""
    least = Safety.UNSAFE if unsafe else Safety.SAFE
    build = read(source, settings, context)
    first = found = findings(build, settings)
    applied: Counter[str] = Counter()
    files: dict[str, FileEdit] = {}
    seen = {_state(source.text, files): 0}
    history: list[set[str]] = []
    for _ in range(PASSES):
        # Safe fixes first, by themselves: their proof is stricter than an unsafe one's.
        safe = any(one.fix is not None and one.fix.safety is Safety.SAFE for one in found)
        chosen = choose(found, Safety.SAFE if safe else least)
        if not chosen:
            return Fixed(build.dockerfile.source, found, applied, files=list(files.values()))
        history.append({one.rule for one in chosen})
        names = ", ".join(sorted(history[-1]))
        edits = [edit for one in chosen if one.fix for edit in one.fix.edits]
        try:
            text = apply(build.dockerfile.source.text, edits)
        except ValueError as error:
            return Fixed(source, first, error=f"{error} in the fixes of {names}")
        more = {each.path: each for one in chosen if one.fix for each in one.fix.files}
        files |= {path: each._replace(before=files.get(path, each).before) for path, each in more.items()}
        state = _state(text, files)
        if state in seen:
            names = ", ".join(sorted(set().union(*history[seen[state] :])))
            return Fixed(source, first, error=f"the fixes of {names} undo each other")
        seen[state] = len(history)
        if more and build.context is not None:
            context = build.context.holding({path: each.after for path, each in files.items()})
        after = read(Source(text, source.path), settings, context)
        why = _objection(build, after, [one.fix for one in chosen if one.fix], safe=safe)
        if why is not None:
            return Fixed(source, first, error=f"{why} after the fixes of {names}")
        applied.update(one.rule for one in chosen)
        build = after
        found = findings(build, settings)
    return Fixed(source, first, error=f"the fixes of {names} found no end")


def _state(text: str, files: Mapping[str, FileEdit]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return text, tuple(sorted((path, each.after) for path, each in files.items()))


def _objection(before: Build, after: Build, fixes: Sequence[Fix], *, safe: bool) -> str | None:
    from uvlint import proof  # noqa: PLC0415 - only when a fix changed a file

    edits = [edit for one in fixes for edit in one.edits]
    files = list({each.path: each for one in fixes for each in one.files}.values())
    drops = [what for one in dict.fromkeys(fixes) for what in one.drops]
    return proof.objection(before, after, edits, safe=safe, drops=drops) or proof.of_files(before, after, files)


def choose(found: Iterable[Diagnostic], least: Safety) -> list[Diagnostic]:
    """The fixes to apply in one pass: by place, those whose claims don't touch; the rest wait for the next reading.

    A fix claims from its first edit to its last, and the other files that it changes. Edits that an applied fix makes as
    well count once. What takes away the ground of others is only chosen where there are no others.
    """
    offers = [
        (one.fix.hull, one.code, one.fix, one) for one in found if one.fix is not None and one.fix.safety >= least
    ]
    offers = [offer for offer in offers if not offer[2].last] or offers
    offers.sort(key=lambda offer: offer[:2])
    taken: list[Diagnostic] = []
    last = -1
    applied: set[Fix] = set()
    files: set[str] = set()
    for hull, _, offered, diagnostic in offers:
        paths = {each.path for each in offered.files}
        if offered in applied:
            taken.append(diagnostic)
        elif (hull.start > last or not offered.edits) and files.isdisjoint(paths):
            taken.append(diagnostic)
            applied.add(offered)
            files |= paths
            last = hull.end if offered.edits else last
    return taken
