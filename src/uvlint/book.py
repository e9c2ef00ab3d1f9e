"""The rule book: one page a rule, at once its documentation, the text of `uvlint rule`, and its golden test.

A page begins with `# name (CODE)`, below it perhaps a line `<!-- corpus: … -->` that says how the rule did on real files
and isn't shown, then a paragraph of one line (the rule's summary and a full stop), then the sections Why, Examples, Fix
safety and, if need be, References. In Examples a `dockerfile` block followed by

- `dockerfile fixed` must become it (`dockerfile fixed unsafe`: with unsafe fixes);
- `text` must be reported just so, in lines `LINE:COLUMN: message`, and offers no fix;
- nothing of the kind draws no finding of that rule.

Blocks `file NAME` before it are the build context's files for that one example, blocks `file NAME fixed` behind it what the
fixes make of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from uvlint.lazy import regex

_TITLE = regex(r"# (?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]+)*) \((?P<code>UVL\d{3})\)")
_CORPUS = regex(r"<!-- corpus: (?P<count>.+) -->")
_FENCE = regex(r"(?P<marks>`{3,})(?P<info>[^`]*)")
SECTIONS = ("Why", "Examples", "Fix safety", "References")


class PageError(ValueError):
    """A page that is not as pages are; the message begins with its line."""


@dataclass(slots=True)
class Example:
    """A Dockerfile and what becomes of it; `line` is where its block begins on the page.

    `files` are those of the build context, `changed` those that the fixes change, as they are then.
    """

    before: str
    line: int
    after: str | None = None
    unsafe: bool = False
    report: tuple[str, ...] | None = None
    files: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """A page as it is shown; `corpus` is what its second line says of real files, "" where it says nothing."""

    name: str
    code: str
    summary: str
    text: str
    examples: list[Example]
    corpus: str = ""


@dataclass(slots=True)
class _Block:
    info: str
    text: str
    line: int


def parse(text: str) -> Page:
    """Raises: PageError."""
    lines = text.split("\n")
    title = _TITLE.fullmatch(lines[0])
    if not title:
        raise PageError("1: a page begins with `# name (CODE)`")
    heads = [(number, line[3:]) for number, line in _prose(lines) if line.startswith("## ")]
    names = tuple(name for _, name in heads)
    if names not in (SECTIONS, SECTIONS[:-1]):
        raise PageError(f"{heads[0][0] if heads else 1}: the sections are {', '.join(SECTIONS)} (the last is optional)")
    corpus = _CORPUS.fullmatch(lines[1])
    shown = [lines[0], *lines[2:]] if corpus else lines
    if len(shown) < 4 or shown[1] or not shown[2].endswith(".") or shown[3]:
        raise PageError("3: the first paragraph is one line that ends in a full stop")
    found = examples("\n".join(lines[: heads[2][0] - 1]), heads[1][0])
    count = corpus["count"] if corpus else ""
    return Page(title["name"], title["code"], shown[2][:-1], "\n".join(shown), found, count)


def examples(text: str, start: int = 0) -> list[Example]:
    """The examples of a Markdown text, from the line after `start` on. Raises: PageError."""
    found: list[Example] = []
    files: dict[str, str] = {}
    open_for_more = False
    for block in _blocks(text.split("\n")):
        kind, _, rest = block.info.partition(" ")
        if block.line <= start or kind not in ("dockerfile", "text", "file"):
            continue
        if block.info == "dockerfile":
            found.append(Example(block.text, block.line, files=files))
            files, open_for_more = {}, True
            continue
        if kind == "file" and rest.endswith(" fixed"):
            if not found or files:
                raise PageError(f"{block.line}: this block must follow a `dockerfile` block")
            found[-1].changed[rest.removesuffix(" fixed").strip()] = block.text
            found[-1].after = found[-1].before if found[-1].after is None else found[-1].after
            open_for_more = False
            continue
        if kind == "file":
            if not rest:
                raise PageError(f"{block.line}: name the file: `file requirements.txt`")
            files[rest.strip()] = block.text
            open_for_more = False
            continue
        if not open_for_more:
            raise PageError(f"{block.line}: this block must follow a `dockerfile` block")
        open_for_more = False
        if kind == "text":
            found[-1].report = tuple(block.text.splitlines())
        elif rest in ("fixed", "fixed unsafe"):
            found[-1].after = block.text
            found[-1].unsafe = rest == "fixed unsafe"
        else:
            raise PageError(f"{block.line}: `{block.info}` should be `dockerfile`, … `fixed` or … `fixed unsafe`")
    if files:
        raise PageError(f"{len(text.splitlines())}: a `file` block stands before the `dockerfile` block that needs it")
    return found


def _blocks(lines: list[str]) -> list[_Block]:
    found: list[_Block] = []
    number = 0
    while number < len(lines):
        fence = _FENCE.fullmatch(lines[number])
        number += 1
        if not fence:
            continue
        start = number
        while number < len(lines) and lines[number].rstrip() != fence["marks"]:
            number += 1
        if number == len(lines):
            raise PageError(f"{start}: this block is never closed")
        found.append(_Block(fence["info"].strip(), "".join(line + "\n" for line in lines[start:number]), start))
        number += 1
    return found


def _prose(lines: list[str]) -> list[tuple[int, str]]:
    """The lines outside blocks, numbered from 1."""
    inside = {
        number for block in _blocks(lines) for number in range(block.line, block.line + block.text.count("\n") + 2)
    }
    return [(number, line) for number, line in enumerate(lines, 1) if number not in inside]


def availability(page: Page) -> str:
    """Which fixes the rule has, going by its examples: "safe", "unsafe", "safe or unsafe" or "none"."""
    kinds = {example.unsafe for example in page.examples if example.after is not None}
    return {(): "none", (False,): "safe", (True,): "unsafe"}.get(tuple(sorted(kinds)), "safe or unsafe")


def table() -> str:
    """The rules as a Markdown table, in the order of their codes."""
    rows = sorted((page.code, page.name, page.summary, availability(page)) for page in map(read, names()))
    lines = [f"| {code} | [{name}](rules/{name}.md) | {summary} | {fix} |" for code, name, summary, fix in rows]
    return "\n".join(["| code | name | what | fix |", "|---|---|---|---|", *lines])


# Where the pages are --------------------------------------------------------------------------------------------------


def folder() -> str:
    """The pages' folder: beside the modules when installed, at the top of a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "rules")
    if any(name.endswith(".md") for name in os.listdir(installed)):
        return installed
    return os.path.join(os.path.dirname(os.path.dirname(package)), "rules")


def names() -> list[str]:
    """The names of all pages, sorted."""
    place = folder()
    return sorted(name[:-3] for name in os.listdir(place) if name.endswith(".md")) if os.path.isdir(place) else []


def path(name: str) -> str:
    return os.path.join(folder(), name + ".md")


def read(name: str) -> Page:
    """Raises: PageError, FileNotFoundError."""
    with open(path(name), encoding="utf-8") as file:
        return parse(file.read())


def find(word: str) -> str | None:
    """The name of the rule whose name or code `word` is, in any case; None if there is none."""
    known = names()
    if word.lower() in known:
        return word.lower()
    code = f"({word.upper()})"
    for name in known:
        with open(path(name), encoding="utf-8") as file:
            if file.readline().rstrip().endswith(code):
                return name
    return None
