"""What holds for every reading of every text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint.arguments import SPACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.source import Cooked, Span
    from uvlint.syntax import Comment, Directive, Dockerfile, Instruction


def parts(dockerfile: Dockerfile) -> list[Directive | Comment | Instruction]:
    return [*dockerfile.directives, *dockerfile.comments, *dockerfile.instructions]


def check_lossless(dockerfile: Dockerfile) -> None:
    """Directives, comments and instructions are in order and apart, and nothing but blanks lies around them."""
    text = dockerfile.source.text
    spans: list[Span] = [each.span for each in parts(dockerfile)]
    at = 0
    for span in sorted(spans):
        assert at <= span.start <= span.end <= len(text)
        assert not text[at : span.start].strip(SPACES + "\ufeff")
        at = span.end
    assert not text[at:].strip(SPACES + "\ufeff")
    assert spans == [*sorted(spans)] or dockerfile.comments
    for instruction in dockerfile.instructions:
        for comment in instruction.comments:
            assert instruction.span.covers(comment.span)
            assert text[comment.span.start] == "#"
        for heredoc in instruction.heredocs:
            assert instruction.span.covers(heredoc.span)
            assert heredoc.span.covers(heredoc.body.whole) or not heredoc.body.text
    for comment in dockerfile.comments:
        assert text[comment.span.start] == "#"


def texts(instruction: Instruction) -> Iterator[Cooked]:
    """Every text of an instruction that stands in the source as it is."""
    yield instruction.args
    for flag in instruction.flags:
        yield flag.cooked
    for heredoc in instruction.heredocs:
        yield heredoc.body
        start, end = heredoc.word
        assert "<<" in instruction.args.text[start:end]
    if instruction.json is None and instruction.keyword in ("ADD", "COPY", "FROM", "EXPOSE", "VOLUME"):
        yield from instruction.words()
    for pair in instruction.pairs() if instruction.keyword in ("ARG", "ENV", "LABEL") else ():
        if pair.value is not None:
            yield pair.value
    if instruction.inner:
        yield from texts(instruction.inner)


def check_places(dockerfile: Dockerfile) -> None:
    """Each character of a cooked text stands in the source where the text says."""
    source = dockerfile.source.text
    for instruction in dockerfile.instructions:
        for text in texts(instruction):
            assert all(source[text.place(index)] == char for index, char in enumerate(text.text))
        for string in instruction.json or ():
            assert source[string.whole.start - 1] == '"' == source[string.whole.end]
