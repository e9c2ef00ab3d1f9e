"""Command lines read by tables: an option is a row of data, not a branch.

A table has one row a line: `names | value | meaning | action | spelling | note`, where *names* are the spellings that the tool
takes, *value* is `-` (none), `=` (takes one) or `?` (only as `--name=value`), and *meaning* is the name a Plan uses for it.
The last three serve a translation: what to do with it (`keep`, `rename`, `drop`, `block`), how the other tool spells it,
and why not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uvlint.shell import Word


class Option(NamedTuple):
    names: tuple[str, ...]
    value: str
    meaning: str
    action: str
    spelling: str
    note: str


class Given(NamedTuple):
    """An option or a positional argument as a command line gives it.

    `words[first:last]` are the words it takes; `value` is what is known of its value, `raw` how that is written. `attached`:
    the value stands in the same word (`--name=value`, `-nvalue`). `bundle`: it shares its word with other short options.
    """

    option: Option | None
    name: str
    value: str | None
    raw: str
    first: int
    last: int
    attached: bool = False
    bundle: bool = False

    @property
    def meaning(self) -> str:
        return self.option.meaning if self.option else ""


class Unreadable(NamedTuple):
    """Why a command line can't be read, and at which of its words."""

    reason: str
    at: int


Table = dict[str, Option]


def table(text: str) -> Table:
    """The table that `text` writes out, by each of the names."""
    found: Table = {}
    for line in filter(None, text.splitlines()):
        names, value, meaning, *rest = (cell.strip() for cell in line.split("|"))
        action, spelling, note = [*rest, "", "", ""][:3]
        option = Option(tuple(names.split()), value, meaning, action or "keep", spelling, note)
        for name in option.names:
            found[name] = option
    return found


def read(
    words: Sequence[Word], start: int, rows: Table, env: Mapping[str, str | None], *, abbreviations: bool = False
) -> list[Given] | Unreadable:
    """The options and positional arguments from `words[start:]` on.

    A word whose first part is known and is no option is a positional argument, whatever follows in it. A word that could
    turn out to be an option, or several words, makes the line unreadable: as does an option that no row names.
    """
    given: list[Given] = []
    index, only_positionals = start, False
    while index < len(words):
        word = words[index]
        value = word.value if word.value is not None else word.resolve(env)
        if value is None and word.prefix.startswith("--") and "=" in word.prefix and not only_positionals:
            name = word.prefix.partition("=")[0]
            option = rows.get(name) or (_abbreviated(name, rows) if abbreviations else None)
            if option is None:
                return Unreadable(f"`{name}` is not an option that uvlint knows", index)
            given.append(Given(option, name, None, word.text.partition("=")[2], index, index + 1, attached=True))
            index += 1
            continue
        if value is None and not _is_positional(word):
            return Unreadable(f"`{word.text}` is not known before the build", index)
        if only_positionals or value is None or value == "-" or not value.startswith("-"):
            given.append(Given(None, "", value, word.text, index, index + 1))
        elif value == "--":
            only_positionals = True
        else:
            found = _option(words, index, value, rows, env, abbreviations=abbreviations)
            if isinstance(found, Unreadable):
                return found
            given += found
            index = found[-1].last - 1
        index += 1
    return given


def _is_positional(word: Word) -> bool:
    return bool(word.prefix) and not word.prefix.startswith("-")


def _option(
    words: Sequence[Word], index: int, value: str, rows: Table, env: Mapping[str, str | None], *, abbreviations: bool
) -> list[Given] | Unreadable:
    if value.startswith("--"):
        name, equals, attached = value.partition("=")
        option = rows.get(name) or (_abbreviated(name, rows) if abbreviations else None)
        if option is None:
            return Unreadable(f"`{name}` is not an option that uvlint knows", index)
        if equals:
            return [Given(option, name, attached, attached, index, index + 1, attached=True)]
        return _with_value(words, index, option, name, env)
    return _short(words, index, value, rows, env)


def _short(
    words: Sequence[Word], index: int, value: str, rows: Table, env: Mapping[str, str | None]
) -> list[Given] | Unreadable:
    given: list[Given] = []
    at, bundle = 1, len(value) > 2
    while at < len(value):
        option = rows.get(f"-{value[at]}")
        if option is None:
            return Unreadable(f"`-{value[at]}` is not an option that uvlint knows", index)
        name = f"-{value[at]}"
        if option.value == "-":
            given.append(Given(option, name, None, "", index, index + 1, bundle=bundle))
            at += 1
            continue
        rest = value[at + 1 :]
        if rest:
            given.append(Given(option, name, rest, rest, index, index + 1, attached=True, bundle=at > 1))
            return given
        found = _with_value(words, index, option, name, env)
        if isinstance(found, Unreadable):
            return found
        return given + [one._replace(bundle=bundle) for one in found]
    return given


def _with_value(
    words: Sequence[Word], index: int, option: Option, name: str, env: Mapping[str, str | None]
) -> list[Given] | Unreadable:
    if option.value != "=":
        return [Given(option, name, None, "", index, index + 1)]
    if index + 1 >= len(words):
        return Unreadable(f"`{name}` lacks its value", index)
    word = words[index + 1]
    if word.value is None and word.splits and not word.prefix:
        resolved = word.resolve(env)
        if resolved is None:
            return Unreadable(f"`{word.text}` is not known before the build", index + 1)
        return [Given(option, name, resolved, word.text, index, index + 2)]
    value = word.value if word.value is not None else word.resolve(env)
    return [Given(option, name, value, word.text, index, index + 2)]


def _abbreviated(name: str, rows: Table) -> Option | None:
    """The option that `name` abbreviates, as optparse reads it, where only one can be meant."""
    meant = {id(option): option for full, option in rows.items() if full.startswith(name)}
    return next(iter(meant.values())) if len(meant) == 1 and len(name) > 2 else None
