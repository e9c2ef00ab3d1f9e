from __future__ import annotations

from pathlib import Path

import pytest

from uvlint import book
from uvlint.book import PageError

PAGE = """# foo-bar (UVL123)

Finds foo where bar would do.

## Why

```dockerfile
FROM not-an-example
```

## Examples

First of all:

```file requirements.txt
six==1.17.0
```

```file sub/constraints.txt
```

```dockerfile
FROM a
RUN foo
```

```dockerfile fixed
FROM a
RUN bar
```

Left alone:

```dockerfile
FROM b
```

Told, but not mended:

```dockerfile
FROM c
```

```text
1:1: do not c
2:1: at all
```

````dockerfile
RUN echo ```
````

```dockerfile fixed unsafe
FROM d
```

## Fix safety

```dockerfile
FROM neither
```
"""


def test_a_page_is_read() -> None:
    page = book.parse(PAGE)
    assert (page.name, page.code, page.summary, page.text) == (
        "foo-bar",
        "UVL123",
        "Finds foo where bar would do",
        PAGE,
    )
    fixed, alone, told, unsafe = page.examples
    assert (fixed.before, fixed.after, fixed.unsafe) == ("FROM a\nRUN foo\n", "FROM a\nRUN bar\n", False)
    assert fixed.files == {"requirements.txt": "six==1.17.0\n", "sub/constraints.txt": ""}
    assert PAGE.split("\n")[fixed.line - 1] == "```dockerfile"
    assert (alone.before, alone.after, alone.report, alone.files) == ("FROM b\n", None, None, {})
    assert (told.after, told.report) == (None, ("1:1: do not c", "2:1: at all"))
    assert (unsafe.before, unsafe.after, unsafe.unsafe) == ("RUN echo ```\n", "FROM d\n", True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# foo-bar (UVL123)", "# Foo (UVL123)", "^1: "),
        ("# foo-bar (UVL123)", "# foo-bar (X1)", "^1: "),
        ("bar would do.", "bar would do", "^3: the first paragraph"),
        ("bar would do.", "bar would\ndo.", "^3: the first paragraph"),
        ("## Why", "## What", "^5: the sections are Why, Examples, Fix safety, References"),
        ("## Fix safety", "## More", "the sections are"),
        ("```dockerfile fixed\n", "```dockerfile mended\n", "^27: `dockerfile mended` should be"),
        ("```dockerfile\nFROM c\n```", "```file z\n```", "this block must follow a `dockerfile` block"),
        ("```file requirements.txt", "```file", "^15: name the file"),
        (
            "## Fix safety\n\n```dockerfile\nFROM neither\n```",
            "## Fix safety\n\n```dockerfile\nFROM",
            "is never closed",
        ),
        (
            "````dockerfile\nRUN echo ```\n````\n\n```dockerfile fixed unsafe\nFROM d\n```",
            "```file x\n```",
            "stands before",
        ),
    ],
)
def test_what_is_no_page_is_refused_with_its_line(old: str, new: str, message: str) -> None:
    assert old in PAGE
    with pytest.raises(PageError, match=message):
        book.parse(PAGE.replace(old, new, 1))


def test_what_the_rule_did_on_real_files_is_kept_and_not_shown() -> None:
    counted = PAGE.replace("\n", "\n<!-- corpus: 37 findings, 20 read, 20 true -->\n", 1)
    page, plain = book.parse(counted), book.parse(PAGE)
    assert (page.corpus, plain.corpus) == ("37 findings, 20 read, 20 true", "")
    assert (page.summary, page.text) == (plain.summary, PAGE)
    assert [one.line - 1 for one in page.examples] == [one.line for one in plain.examples]
    with pytest.raises(PageError, match=r"^3: the first paragraph"):
        book.parse(PAGE.replace("\n", "\n<!-- something else -->\n", 1))


def test_references_may_follow() -> None:
    assert len(book.parse(PAGE + "\n## References\n\n- one\n").examples) == 4


def test_examples_of_a_text_that_is_no_page() -> None:
    assert [one.before for one in book.examples("# Cases\n\n```dockerfile\nFROM a\n```\n")] == ["FROM a\n"]


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ("", "safe or unsafe"),
        ("```dockerfile fixed\nFROM a\nRUN bar\n```\n", "unsafe"),
        ("```dockerfile fixed unsafe\nFROM d\n```\n", "safe"),
    ],
)
def test_availability_follows_from_the_examples(without: str, expected: str) -> None:
    assert book.availability(book.parse(PAGE.replace(without, ""))) == expected


def test_a_page_without_fixes_says_so() -> None:
    page = book.parse(PAGE)
    page.examples = [one for one in page.examples if one.after is None]
    assert book.availability(page) == "none"


def test_pages_are_found_by_name_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "folder", lambda: str(tmp_path))
    (tmp_path / "foo-bar.md").write_text(PAGE)
    (tmp_path / "another.md").write_text(PAGE.replace("foo-bar (UVL123)", "another (UVL124)"))
    assert book.names() == ["another", "foo-bar"]
    assert [book.find(word) for word in ("foo-bar", "UVL123", "uvl124", "Foo-Bar", "UVL1", "nope")] == [
        "foo-bar", "foo-bar", "another", "foo-bar", None, None,
    ]  # fmt: skip
    assert book.read("another").code == "UVL124"


def test_the_pages_of_a_checkout_are_at_its_top() -> None:
    assert Path(book.folder()) == Path(__file__).parents[1] / "rules"
