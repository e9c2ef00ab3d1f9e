from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uvlint.arguments import SPACES
from uvlint.source import Cooked, Source
from uvlint.syntax import Comment, Directive, Dockerfile, Instruction, mount, parse


def read(text: str) -> Dockerfile:
    return parse(Source(text))


def only(text: str) -> Instruction:
    """The one instruction of a text that BuildKit's parser takes."""
    dockerfile = read(text)
    assert not dockerfile.problems
    (instruction,) = dockerfile.instructions
    return instruction


def texts(words: list[Cooked] | tuple[Cooked, ...] | None) -> list[str] | None:
    return None if words is None else [word.text for word in words]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("RUN a", [("RUN", "a")]),
        ("  run\ta  \n", [("RUN", "a")]),
        ("RUN a # b", [("RUN", "a # b")]),
        ("RUN a \\\n  b", [("RUN", "a   b")]),
        ("RUN pi\\\np install", [("RUN", "pip install")]),
        ("RU\\\nN a", [("RUN", "a")]),
        ("RUN a \\ \t\r\n b\r\n", [("RUN", "a  b")]),
        ("RUN a \\\n# c \\\n  # d\n b", [("RUN", "a  b")]),
        ("RUN a \\\n\n \t\n b", [("RUN", "a  b")]),
        ("RUN a \\\n\nCOPY b c", [("RUN", "a COPY b c")]),
        ("RUN a \\\\\nRUN b", [("RUN", "a \\\\"), ("RUN", "b")]),
        ("RUN a \\\\\\\nRUN b", [("RUN", "a \\\\\\"), ("RUN", "b")]),
        ("RUN a \\", [("RUN", "a")]),
        ("\\\nRUN a", [("RUN", "a")]),
        ("\ufeffRUN a", [("RUN", "a")]),
        ("RUN\x0ba", [("RUN", "a")]),
        ("RUN\xa0a", [("RUN\xa0a", "")]),
        ("RUN a\rRUN b", [("RUN", "a\rRUN b")]),
        ("# escape=`\nRUN a `\n b \\\nRUN c", [("RUN", "a  b \\"), ("RUN", "c")]),
        ("#!/x\n# escape=`\nRUN a `\nRUN b", [("RUN", "a `"), ("RUN", "b")]),
        ("FOO bar", [("FOO", "bar")]),
    ],
)
def test_instructions_are_told_apart(text: str, told: list[tuple[str, str]]) -> None:
    assert [(each.keyword, each.args.text) for each in read(text).instructions] == told


@pytest.mark.parametrize(
    ("text", "directives", "escape"),
    [
        ("# syntax=a/b:1\n# escape=`\n", [("syntax", "a/b:1"), ("escape", "`")], "`"),
        ("#  ESCAPE  =  ` \n", [("escape", "`")], "`"),
        ("# check=skip=all;error=true\n", [("check", "skip=all;error=true")], "\\"),
        ("#!/x\n# syntax=a\n# escape=`\n", [("syntax", "a")], "\\"),
        ("# hi\n# escape=`\n", [], "\\"),
        ("\n# escape=`\n", [], "\\"),
        ("# foo=bar\n# escape=`\n", [], "\\"),
        ("RUN a\n# escape=`\n", [], "\\"),
        ("# escape=\n", [], "\\"),
    ],
)
def test_directives_stand_at_the_very_top(text: str, directives: list[tuple[str, str]], escape: str) -> None:
    dockerfile = read(text)
    assert [(each.name, each.value) for each in dockerfile.directives] == directives
    assert dockerfile.escape == escape


@pytest.mark.parametrize(
    ("text", "flags", "args"),
    [
        ("RUN --mount=type=cache,target=/c a", [("mount", "type=cache,target=/c", "type=cache,target=/c")], "a"),
        ("COPY --link --from=x a b", [("link", None, None), ("from", "x", "x")], "a b"),
        ('RUN --mount="target=/a b" c', [("mount", "target=/a b", '"target=/a b"')], "c"),
        ("RUN --mount='a' b", [("mount", "a", "'a'")], "b"),
        (r"RUN --mount=\"a\" b", [("mount", '"a"', r"\"a\"")], "b"),
        ("RUN -- --x", [], "--x"),
        ("RUN a --x", [], "a --x"),
        ("RUN -x", [], "-x"),
        ("RUN --x= a", [("x", "", "")], "a"),
        ("RUN --x=1\\\n2 \\\n  --y a", [("x", "12", "1\\\n2"), ("y", None, None)], "a"),
        ('RUN "--x" a', [], '"--x" a'),
        ('RUN --x="a', [("x", "a", '"a')], ""),
    ],
)
def test_flags_come_first(text: str, flags: list[tuple[str, str | None, str | None]], args: str) -> None:
    instruction = only(text)
    assert [(f.name, f.value, f.value_span and text[slice(*f.value_span)]) for f in instruction.flags] == flags
    assert [flag.cooked.text for flag in instruction.flags] == [value or "" for _, value, _ in flags]
    assert instruction.args.text == args


def test_flags_are_found_by_name() -> None:
    instruction = only("RUN --mount=a --mount=b --network=none c")
    assert [flag.value for flag in instruction.flags_named("mount")] == ["a", "b"]
    network = instruction.flag("network")
    assert network
    assert network.value == "none"
    assert instruction.flag("device") is None


@pytest.mark.parametrize(
    ("text", "strings"),
    [
        ('CMD ["a", "b c"]', ["a", "b c"]),
        ("CMD []", []),
        ('CMD [ \\\n "a", \\\n # c\n "b" \\\n]', ["a", "b"]),
        (r'CMD ["\u00e9\n\"\\\/", "\ud83d\ude00", "\ud800"]', ['é\n"\\/', "😀", "\ufffd"]),
        ("CMD ['a']", None),
        ('CMD ["a"] b', None),
        ('CMD ["a",]', None),
        ("RUN [ -f x ]", None),
        ('CMD ["a]', None),
        ('ENV ["a"]=b', None),
        ('HEALTHCHECK CMD ["a"]', ["a"]),
        ('COPY ["a b", "c"]', ["a b", "c"]),
    ],
)
def test_the_exec_form_is_json(text: str, strings: list[str] | None) -> None:
    assert texts(only(text).json) == strings


def test_an_exec_form_string_knows_what_it_can_hold() -> None:
    (word,) = only(r'RUN ["a\"b"]').json or ()
    assert (word.whole.start, word.whole.end) == (6, 10)
    assert word.takes("pip install")
    assert not word.takes('"')
    assert not word.takes("\n")


def heredocs(instruction: Instruction) -> list[tuple[str, str, bool, bool]]:
    return [(doc.name, doc.body.text, doc.expand, doc.strip_tabs) for doc in instruction.heredocs]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("RUN <<EOF\nx\n  EOF\nEOF \nEOF\n", [("EOF", "x\n  EOF\nEOF \n", True, False)]),
        ("RUN << EOF\nx\nEOF\n", [("EOF", "x\n", True, False)]),
        ("RUN <<-'E'\n\tx\n\t\ty\n\tE\n", [("E", "x\ny\n", False, True)]),
        ("RUN <<EOF\r\nx\r\nEOF\r\n", [("EOF", "x\r\n", True, False)]),
        ("RUN cat <<EOF|sh\nx\nEOF|sh\n", [("EOF|sh", "x\n", True, False)]),
        ("COPY <<a <<b /d/\n1\na\n2\nb\n", [("a", "1\n", True, False), ("b", "2\n", True, False)]),
        ("RUN a && \\\n b <<E && \\\n c\n# x \\\nE", [("E", "# x \\\n", True, False)]),
        ("RUN 3<<E\nE", [("E", "", True, False)]),
        ("ONBUILD RUN <<E\nx\nE", [("E", "x\n", True, False)]),
        ("RUN cat<<EOF", []),
        ("RUN cat <<- EOF", []),
        ("RUN cat <<<x", []),
        ('RUN echo "<<EOF"', []),
        ("RUN echo ' <<EOF", []),
        ('RUN ["<<EOF"]', []),
        ("CMD <<EOF", []),
        ("ENV a=<<EOF", []),
    ],
)
def test_heredocs_are_what_buildkit_takes_for_them(text: str, told: list[tuple[str, str, bool, bool]]) -> None:
    instruction = only(text)
    assert heredocs(instruction) == told
    assert instruction.span.end == len(text.rstrip("\r\n"))


def test_a_heredoc_knows_its_places() -> None:
    text = "FROM a\nRUN --network=none cat <<-E > /x\n\ta\n\tE\nRUN b\n"
    instruction = read(text).instructions[1]
    (heredoc,) = instruction.heredocs
    assert instruction.args.text[slice(*heredoc.word)] == "<<-E"
    assert text[slice(*heredoc.span)] == "\ta\n\tE"
    assert text[slice(*heredoc.body.whole)] == "a\n"
    assert text[slice(*instruction.span)].endswith("\n\tE")


def test_onbuild_holds_an_instruction() -> None:
    text = "ONBUILD COPY --link <<E /x\ny\nE\n"
    inner = only(text).inner
    assert inner
    assert (inner.keyword, [flag.name for flag in inner.flags], texts(inner.words())) == (
        "COPY",
        ["link"],
        ["<<E", "/x"],
    )
    assert inner.args.text[slice(*inner.heredocs[0].word)] == "<<E"
    assert text[slice(*inner.span)] == text[8:-1]


def test_comments_are_inside_above_or_elsewhere() -> None:
    text = "# syntax=x\n# lost\n#\n# a\n\n  # b\nRUN c \\\n # d\n e\n# f\n"
    dockerfile = read(text)
    (run,) = dockerfile.instructions
    assert [dockerfile.source[comment.span] for comment in run.above] == ["# a", "# b"]
    assert [dockerfile.source[comment.span] for comment in run.comments] == ["# d"]
    assert [dockerfile.source[comment.span] for comment in dockerfile.comments] == ["# lost", "#", "# a", "# b", "# f"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('COPY "a b" c', ['"a', 'b"', "c"]),
        ("COPY a\\ b c", ["a\\", "b", "c"]),
        ("FROM  a\tAS  b", ["a", "AS", "b"]),
        ("VOLUME /a \\\n  /b", ["/a", "/b"]),
        ("EXPOSE", []),
    ],
)
def test_words_split_at_blanks_alone(text: str, words: list[str]) -> None:
    assert texts(only(text).words()) == words


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("ENV a=1 b='x y'", [("a", "1", False), ("b", "'x y'", False)]),
        ("ENV a b  c = d", [("a", "b  c = d", True)]),
        ("ENV a =1", [("a", "=1", True)]),
        ('ENV a= b=""', [("a", "", False), ("b", '""', False)]),
        (r"ENV a=b\ c", [("a", r"b\ c", False)]),
        ("ENV a=1 \\\n  # c\n  b=2", [("a", "1", False), ("b", "2", False)]),
        ("ARG a b=1", [("a", None, False), ("b", "1", False)]),
        ("ARG", []),
        ('LABEL "a b"=c', [('"a b"', "c", False)]),
        ("# escape=`\nENV a=b` c", [("a", "b` c", False)]),
        ("ENV a=b\\", [("a", "b", False)]),
    ],
)
def test_pairs_split_with_their_quotes(text: str, pairs: list[tuple[str, str | None, bool]]) -> None:
    found = only(text).pairs()
    assert [(pair.key, None if pair.value is None else pair.value.text, pair.legacy) for pair in found] == pairs


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ""),
        ("# a\n", ""),
        ("# escape=x\nRUN a", "# escape=x"),
        ("# escape=`\n# escape=`\nRUN a", "# escape=`"),
        ("RUN <<E\nx\n", "<<E"),
        ('CMD ["a", 1]', '["a", 1]'),
        ("CMD [[]]", "[[]]"),
        ("ENV a=1 b", "b"),
        ("ENV a", "a"),
        ("LABEL a=b c\\\nd", "c\\\nd"),
        ("RUN " + "a" * 65536, "RUN " + "a" * 65536),
        ("ONBUILD ENV a", "a"),
    ],
)
def test_what_the_parser_refuses_is_told_at_its_place(text: str, place: str) -> None:
    dockerfile = read(text)
    (problem,) = dockerfile.problems
    assert dockerfile.source[problem.span] == place
    assert problem.message
    assert problem.help


def test_reading_goes_on_behind_an_error() -> None:
    dockerfile = read("FROM a\nENV b\nCMD [1]\nRUN c\n")
    assert [each.keyword for each in dockerfile.instructions] == ["FROM", "ENV", "CMD", "RUN"]
    assert [dockerfile.source[problem.span] for problem in dockerfile.problems] == ["b", "[1]"]


@pytest.mark.parametrize(
    ("value", "kind", "keys"),
    [
        ("type=cache,target=/c", "cache", {"type": "cache", "target": "/c"}),
        ("TYPE=Cache,Dst=/c,ro,id=x", "cache", {"type": "Cache", "target": "/c", "readonly": "true", "id": "x"}),
        ("target=/a,src=b", "bind", {"target": "/a", "source": "b"}),
        (r"type=cache,\"target=/a,b\"", "cache", {"type": "cache", "target": "/a,b"}),
        ("target=/a,foo", None, {}),
        (r"a=b\"c", None, {}),
        ("a=b,", None, {}),
    ],
)
def test_mounts_are_read(value: str, kind: str | None, keys: dict[str, str]) -> None:
    text = f"RUN --mount={value} x"
    found = mount(only(text).flags[0])
    assert (found.type if found else None) == kind
    if found:
        assert found.keys == keys


def test_the_fields_of_a_mount_know_their_places() -> None:
    text = 'RUN --mount="type=cache,\\\ntarget=/c d,ro" x'
    found = mount(only(text).flags[0])
    assert found
    assert {key: text[slice(*place)] for key, place in found.places.items()} == {
        "type": "type=cache",
        "target": "target=/c d",
        "readonly": "ro",
    }


def test_only_mount_flags_are_mounts() -> None:
    assert mount(only("RUN --network=none x").flags[0]) is None
    assert mount(only("RUN --mount x").flags[0]) is None


def check(dockerfile: Dockerfile) -> None:
    """Nothing is lost, and each character stands where its text says."""
    text = dockerfile.source.text
    parts: list[Directive | Comment | Instruction] = [*dockerfile.directives, *dockerfile.comments]
    parts += dockerfile.instructions
    at = 0
    for span in sorted(each.span for each in parts):
        assert at <= span.start <= span.end <= len(text)
        assert not text[at : span.start].strip(SPACES + "\ufeff")
        at = span.end
    assert not text[at:].strip(SPACES + "\ufeff")
    for instruction in dockerfile.instructions:
        plain = [
            instruction.args,
            *(flag.cooked for flag in instruction.flags),
            *(doc.body for doc in instruction.heredocs),
        ]
        plain += (
            [pair.value for pair in instruction.pairs() if pair.value] if instruction.keyword in ("ARG", "ENV") else []
        )
        for cooked in plain:
            assert [text[cooked.place(index)] for index in range(len(cooked))] == list(cooked.text)
        assert all(instruction.span.covers(flag.span) for flag in instruction.flags)
        assert instruction.span.covers(instruction.keyword_span)


PIECES: Any = st.sampled_from(
    [
        "RUN ",
        "COPY ",
        "ENV ",
        "ARG ",
        "CMD ",
        "ONBUILD ",
        "HEALTHCHECK ",
        "FROM a\n",
        "<<E",
        '<<-"E"',
        "\nE\n",
        "\tE\n",
        "--m=x ",
        '--x="a ',
        "--",
        "a",
        "b=c",
        "=",
        '"',
        "'",
        "\\",
        "\\\n",
        "`",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "\x0b",
        "\xa0",
        "#",
        "# c\n",
        "# escape=`\n",
        "# syntax=x\n",
        "#!",
        "[",
        "]",
        '["a", "\\u00e9"]',
        ",",
        "${x}",
        "$",
        "\ufeff",
        "�",
        "é",
        "\x00",
        "\x1c",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_read_without_loss(text: str) -> None:
    check(read(text))


@pytest.mark.parametrize(
    "text", ["ONBUILD " * 9000, "RUN " + "${a:-" * 9000 + " <<E", "CMD " + "[" * 30000, "RUN \\\n" * 3000]
)
def test_no_depth_is_too_deep(text: str) -> None:
    check(read(text))


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    dockerfile = parse(Source.decode(data))
    check(dockerfile)
    assert dockerfile.source.encode() == data
