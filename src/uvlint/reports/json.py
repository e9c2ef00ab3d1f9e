"""A list of objects, one a finding, with the fields that ruff's have.

Rows and columns count from 1, columns count characters; `end_location` is where the finding ends, exclusive. `fix` is
null or `{applicability, message, note, edits: [{content, location, end_location}]}`; all edits of a fix belong together,
and with them `files: [{filename, created, content}]` where it changes other files of the build context.
Secrets in messages are masked; the content of an edit is what has to be written.
What kept a file from being read has the name `io-error`, no code and no location.
"""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from uvlint.credentials import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uvlint.diagnostics import Diagnostic, FileEdit
    from uvlint.reports import Pieces
    from uvlint.run import Result
    from uvlint.source import Source

PAGES: str | None = None
"""Where the rules' pages are published, with a slash at the end; `url` is null until they are."""


def report(results: Iterable[Result], *, unsafe: bool) -> Pieces:  # noqa: ARG001
    first = True
    for result in results:
        for item in _items(result):
            yield ("[\n" if first else ",\n") + _indented(item), ""
            first = False
    yield "[]\n" if first else "\n]\n", ""


def _indented(item: dict[str, Any]) -> str:
    return "  " + dumps(item, indent=2).replace("\n", "\n  ")


def _items(result: Result) -> Iterator[dict[str, Any]]:
    for diagnostic in result.diagnostics:
        yield _item(result.path, result.source, diagnostic)
    for error in result.errors:
        yield {
            "code": None,
            "name": "io-error",
            "message": error,
            "filename": result.path,
            "location": None,
            "end_location": None,
            "severity": "error",
            "url": None,
            "help": None,
            "fix": None,
        }


def _item(path: str, source: Source, diagnostic: Diagnostic) -> dict[str, Any]:
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "name": diagnostic.rule,
        "message": masked(diagnostic.message),
        "filename": path,
        "location": _place(source, diagnostic.span.start),
        "end_location": _place(source, diagnostic.span.end),
        "severity": "error",
        "url": PAGES and f"{PAGES}{diagnostic.rule}",
        "help": masked(diagnostic.help) or None,
        "fix": fix
        and {
            "applicability": fix.safety.name.lower(),
            "message": fix.title,
            "note": fix.note or None,
            "edits": [
                {
                    "content": edit.text,
                    "location": _place(source, edit.span.start),
                    "end_location": _place(source, edit.span.end),
                }
                for edit in sorted(fix.edits)
            ],
            **({"files": [_file(one) for one in fix.files]} if fix.files else {}),
        },
    }


def _file(edit: FileEdit) -> dict[str, Any]:
    from uvlint.reports.diff import near  # noqa: PLC0415 - few fixes change another file

    return {"filename": near(edit.path), "created": edit.before is None, "content": edit.after}


def _place(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"row": line, "column": column}
