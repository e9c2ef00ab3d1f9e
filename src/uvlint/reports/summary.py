"""The lines after a report: what was found, fixed, and can be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from uvlint.diagnostics import Safety
from uvlint.record import field, record
from uvlint.reports import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uvlint.reports import Pieces
    from uvlint.run import Result


@record()
class Tally:
    """Counted while the results pass by."""

    files: int = 0
    left: int = 0
    safe: int = 0
    unsafe: int = 0
    errors: int = 0
    changed: int = 0
    by_file: dict[str, dict[str, int]] = field(default_factory=dict)
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    fixable: Counter[str] = field(default_factory=Counter)

    @property
    def fixed(self) -> int:
        return sum(sum(counts.values()) for counts in self.by_file.values())

    def count(self, results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            self.files += 1
            self.errors += len(result.errors)
            self.changed += result.changed
            if result.applied:
                self.by_file[result.path] = result.applied
            for diagnostic in result.diagnostics:
                self.left += 1
                self.by_rule[diagnostic.code, diagnostic.rule] += 1
                if diagnostic.fix:
                    if diagnostic.fix.safety is Safety.SAFE:
                        self.safe += 1
                        self.fixable[diagnostic.rule] += 1
                    else:
                        self.unsafe += 1
            yield result


def _errors(count: int) -> str:
    return f"{count} error" if count == 1 else f"{count} errors"


def _fixes(count: int, kind: str = "") -> str:
    return f"{count} {kind}fix" if count == 1 else f"{count} {kind}fixes"


def checked(tally: Tally, *, fix: bool, unsafe: bool) -> Pieces:
    """`Found 5 errors (2 fixed, 3 remaining).` and what more could be fixed."""
    fixed, left = tally.fixed, tally.left + tally.errors
    if not left and not fixed:
        yield "All checks passed!\n", "added"
        return
    if fixed:
        yield f"Found {_errors(left + fixed)} ({fixed} fixed, {left} remaining).\n", ""
    else:
        yield f"Found {_errors(left)}.\n", ""
    safe = 0 if fix else tally.safe
    hidden = 0 if fix and unsafe else tally.unsafe
    if unsafe:
        safe, hidden = safe + hidden, 0
    if safe:
        yield "[", ""
        yield "*", "fixable"
        yield f"] {safe} fixable with `--fix`", ""
        more = f" ({_fixes(hidden, 'unsafe ')} available with `--fix --unsafe-fixes`)" if hidden else ""
        yield f"{more}.\n", ""
    elif hidden:
        yield f"{_fixes(hidden, 'unsafe ')} available with `--fix --unsafe-fixes`.\n", ""


def would_fix(tally: Tally, *, unsafe: bool) -> Pieces:
    more = (
        "" if unsafe or not tally.unsafe else f"{_fixes(tally.unsafe, 'additional ')} available with `--unsafe-fixes`"
    )
    if tally.fixed:
        yield f"Would fix {_errors(tally.fixed)}{f' ({more})' if more else ''}.\n", ""
    elif more:
        yield f"No errors would be fixed ({more}).\n", ""


def only_fixed(tally: Tally) -> Pieces:
    if tally.fixed:
        yield f"Fixed {_errors(tally.fixed)}.\n", ""


def fixes(tally: Tally, codes: dict[str, str], *, would: bool = False) -> Pieces:
    """What was fixed, file by file."""
    if not tally.fixed:
        return
    yield f"{'Would fix' if would else 'Fixed'} {_errors(tally.fixed)}:\n", "bold"
    for path, counts in tally.by_file.items():
        yield f"- {printable(path)}:\n", "bold"
        width = max(len(str(count)) for count in counts.values())
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
            yield f"    {count:>{width}} × ", ""  # noqa: RUF001
            yield codes.get(name, name), "code"
            yield f" ({name})\n", ""
    yield "\n", ""


def statistics(tally: Tally) -> Pieces:
    """`COUNT⇥CODE⇥[*] name`, most frequent first."""
    for (code, name), count in sorted(tally.by_rule.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"{count}\t", "bold"
        yield code, "code"
        if tally.fixable:
            yield "\t[*] " if tally.fixable[name] else "\t[ ] ", ""
            yield f"{name}\n", ""
        else:
            yield f"\t{name}\n", ""
