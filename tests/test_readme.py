"""The README and CONTRIBUTING say what is so."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from uvlint import book, config, engine, rules
from uvlint.config import Settings
from uvlint.source import Source

README = Path(__file__).parent.parent / "README.md"


def test_the_table_of_rules_is_that_of_the_pages() -> None:
    found = re.search(
        r"<!-- rules: begin -->\n(.*?)\n?<!-- rules: end -->", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found is not None
    assert found[1] == book.table(), "write what `uvlint.book.table()` gives between the marks"


def test_the_release_of_uv_is_the_one_that_fixes_write() -> None:
    releases = set(re.findall(r"(?:uv:|uv-version = \")(\d+\.\d+\.\d+)", README.read_text(encoding="utf-8")))
    assert releases == {config.UV_VERSION}


def test_the_rule_that_contributing_adds_does_what_its_page_says() -> None:
    text = README.with_name("CONTRIBUTING.md").read_text(encoding="utf-8")
    page, module = (
        textwrap.dedent(block)
        for block in re.findall(
            r"^   (?:````markdown|```python)\n(.*?)^   (?:````|```(?=\n\n3))", text, re.DOTALL | re.MULTILINE
        )
    )
    rules.load()  # else the example would be one of them
    names: dict[str, Any] = {"__name__": "apt_upgrade"}
    exec(module, names)
    rule, book_page = names["apt_upgrade"], book.parse(page)
    assert (rule.code, rule.name, rule.summary) == (book_page.code, book_page.name, book_page.summary)
    found = []
    for example in book_page.examples:
        build = engine.read(Source(example.before), Settings())
        place = build.dockerfile.source.position
        found.append([f"{place(one.span.start)[0]}:{place(one.span.start)[1]}: {one.message}" for one in rule(build)])
    assert found == [list(example.report or ()) for example in book_page.examples]
    assert [] in found
