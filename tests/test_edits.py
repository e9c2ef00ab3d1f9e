from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import built
from uvlint import calls, edits
from uvlint.calls import Call
from uvlint.diagnostics import Edit, apply
from uvlint.model import Build
from uvlint.source import Source, Span
from uvlint.syntax import parse


def first(text: str, program: str = "pip", verb: str = "") -> Call:
    return next(calls.find(built(text), program, where=lambda one: not verb or one.verb == verb))


def index(call: Call, word: str) -> int:
    return next(at for at, one in enumerate(call.words) if one.value == word)


def after(text: str, made: list[Edit] | None) -> str | None:
    return None if made is None else apply(text, made)


# Words -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("RUN pip install -x six\n", "-x", "RUN pip install six\n"),
        ("RUN pip install six -x\n", "-x", "RUN pip install six\n"),
        ("RUN pip install six  -x  && b\n", "-x", "RUN pip install six  && b\n"),
        ("RUN pip install \\\n    -x \\\n    six\n", "-x", "RUN pip install \\\n    six\n"),
        ("RUN pip install \\\n    -x six \\\n    b\n", "-x", "RUN pip install \\\n    six \\\n    b\n"),
        ("RUN pip install \\\n    six -x \\\n    b\n", "-x", "RUN pip install \\\n    six \\\n    b\n"),
        ("RUN pip install \\\n    six \\\n    -x\n", "-x", "RUN pip install \\\n    six\n"),
        ("RUN pip install \\\n    six \\\n    -x", "-x", "RUN pip install \\\n    six"),
        ("RUN pip install \\\r\n    -x \\\r\n    six\r\n", "-x", "RUN pip install \\\r\n    six\r\n"),
        ("RUN pip install \\\r\n    six \\\r\n    -x\r\n", "-x", "RUN pip install \\\r\n    six\r\n"),
        ("# escape=`\nRUN pip install `\n    -x `\n    six\n", "-x", "# escape=`\nRUN pip install `\n    six\n"),
        ("RUN pip install \\\n    # why\n    -x \\\n    six\n", "-x", "RUN pip install \\\n    # why\n    six\n"),
        ("RUN pip install \\\n    -x \\\n\n    six\n", "-x", "RUN pip install \\\n\n    six\n"),
        ("RUN pip install\\\n    -x\\\n    six\n", "-x", "RUN pip install\\\n    six\n"),
        ("RUN pip install\\\n  -x \\\nsix\n", "-x", None),  # the words around it would become one
        ("RUN pip install six \\\n    # why\n    -x\n", "-x", "RUN pip install six\n    # why\n"),
        ('RUN ["pip", "install", "-x", "six"]\n', "-x", 'RUN ["pip", "install", "six"]\n'),
        ('RUN ["pip", "install", "six", "-x"]\n', "-x", 'RUN ["pip", "install", "six"]\n'),
        ('RUN ["pip", \\\n     "-x", \\\n     "six"]\n', "-x", 'RUN ["pip", \\\n     "six"]\n'),
        ("RUN <<EOF\npip install -x six\nEOF\n", "-x", "RUN <<EOF\npip install six\nEOF\n"),
        ("RUN <<-EOF\n\tpip install \\\n\t\t-x \\\n\t\tsix\n\tEOF\n", "-x", "RUN <<-EOF\n\tpip install \\\n\t\tsix\n\tEOF\n"),
        ("RUN bash -c 'pip install -x six'\n", "-x", "RUN bash -c 'pip install six'\n"),
        ('RUN ["sh", "-c", "pip install -x six"]\n', "-x", 'RUN ["sh", "-c", "pip install six"]\n'),
        ("ONBUILD RUN pip install -x six\n", "-x", "ONBUILD RUN pip install six\n"),
        ("RUN if a; then pip install -x six; fi\n", "-x", "RUN if a; then pip install six; fi\n"),
        ("RUN pip install '-x' six\n", "-x", "RUN pip install six\n"),
        ("RUN pip install -\\\nx six\n", "-x", None),  # a word in two pieces
    ],
)  # fmt: skip
def test_a_word_goes_with_its_blanks_and_its_line(text: str, word: str, expected: str | None) -> None:
    text = f"{text.split('RUN', maxsplit=1)[0] if text.startswith('#') else ''}FROM a\n{text[text.index('ONBUILD' if 'ONBUILD' in text else 'RUN') :]}"
    call = first(text)
    at = index(call, word)
    result = after(text, edits.delete_words(call, at, at + 1))
    if expected is None:
        assert result is None
    else:
        head, _, tail = expected.rpartition("ONBUILD RUN" if "ONBUILD" in expected else "RUN")
        keyword = "ONBUILD RUN" if "ONBUILD" in expected else "RUN"
        assert result == f"{head}FROM a\n{keyword}{tail}"


def test_words_on_several_lines_go_together() -> None:
    text = "FROM a\nRUN pip install \\\n  --timeout \\\n  60 \\\n  six\n"
    call = first(text)
    at = index(call, "--timeout")
    assert after(text, edits.delete_words(call, at, at + 2)) == "FROM a\nRUN pip install \\\n  six\n"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("pip install six", "uv pip install six"),
        ("pip  install six", "uv pip  install six"),
        ('["pip", "install", "six"]', '["uv", "pip", "install", "six"]'),
        ("bash -c 'pip install six'", "bash -c 'uv pip install six'"),
        ("python -m pip install six", "uv pip install six"),
        ("python -m \\\n  pip install six", "uv pip \\\n  install six"),
        ('["python", "-m", "pip", "install"]', '["uv", "pip", "install"]'),
        ("p\\\nip install six", None),
    ],
)
def test_words_are_replaced(run: str, expected: str | None) -> None:
    text = f"FROM a\nRUN {run}\n"
    call = first(text)
    result = after(text, edits.replace_words(call, call.first, call.rest, "uv pip"))
    assert result == (None if expected is None else f"FROM a\nRUN {expected}\n")


@pytest.mark.parametrize(
    ("run", "written", "expected"),
    [
        ("pip install six", "-a b", "pip install -a b six"),
        ('["pip", "install", "six"]', "-a b", '["pip", "install", "-a", "b", "six"]'),
        ('["pip", "install"]', "-a", '["pip", "install", "-a"]'),
        ("pip install \\\n  six", "-a", "pip install -a \\\n  six"),
        ("bash -c 'pip install six'", "-a", "bash -c 'pip install -a six'"),
        ("bash -c 'pip install six'", "-a 'b'", None),
        ('bash -c "pip install six"', '-a "$(b)"', None),
        ("pip inst\\\nall six", "-a", None),
    ],
)
def test_words_are_inserted(run: str, written: str, expected: str | None) -> None:
    text = f"FROM a\nRUN {run}\n"
    call = first(text)
    result = after(text, edits.insert_after(call, call.rest, written))
    assert result == (None if expected is None else f"FROM a\nRUN {expected}\n")


# Commands --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("a && pip purge && b", "a && b"),
        ("a && pip purge", "a"),
        ("pip purge && b", "b"),
        ("a; pip purge; b", "a; b"),
        ("a; pip purge", "a"),
        ("a && \\\n    pip purge && \\\n    b", "a && \\\n    b"),
        ("a \\\n    && pip purge \\\n    && b", "a \\\n    && b"),
        ("a \\\n    && pip purge", "a"),
        ("a && \\\n    pip purge", "a"),
        ("pip purge && \\\n    b", "b"),
        ("pip purge \\\n    && b", None),
        ("set -e; \\\n    pip purge; \\\n    b", "set -e; \\\n    b"),
        ("a && pip purge; b", "a; b"),
        ("a; pip purge && b", "a; b"),
        ("a || pip purge", None),
        ("pip purge || a", None),
        ("pip purge | a", None),
        ("a | pip purge", None),
        ("pip purge & b", None),
        ("pip purge", None),
        ('["pip", "purge"]', None),
        ("<<EOF\na\npip purge\nb\nEOF", "<<EOF\na\nb\nEOF"),
        ("<<EOF\npip purge\nb\nEOF", "<<EOF\nb\nEOF"),
        ("<<EOF\na\n  pip purge\nEOF", "<<EOF\na\nEOF"),
        ("if a; then b; pip purge; fi", "if a; then b; fi"),
        ("bash -c 'a && pip purge'", "bash -c 'a'"),
        ("a \\\n    # why\n    && pip purge \\\n    && b", "a \\\n    # why\n    && b"),
        ("a && \\\n    pip purge && \\\n    # why\n    b", "a && \\\n    # why\n    b"),
    ],
)
def test_a_command_goes_with_one_of_its_operators(run: str, expected: str | None) -> None:
    text = f"FROM a\nRUN {run}\nCMD x\n"
    result = after(text, edits.delete_command(first(text, verb="purge")))
    if expected is None:  # it may always be that the edit can't be made
        assert result is None or meaning(result) == meaning(text, without="pip purge")
    else:
        assert result == f"FROM a\nRUN {expected}\nCMD x\n"


def meaning(text: str, without: str = "") -> list[str]:
    """The commands of a text, in order."""
    build = built(text)
    found = [one for step in build.steps if step.script for one in step.script.commands]
    return [
        " ".join(word.text for word in one.words)
        for one in found
        if " ".join(word.text for word in one.words) != without
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("operator", ["a && @ && b", "@ && b && c", "a; @; b", "a && b && @"])
@pytest.mark.parametrize("layout", ["{0} {1} {2}", "{0} \\\n  {1} {2}", "{0} {1} \\\n  {2}", "{0} \\\n # c\n {1} {2}"])
def test_only_that_command_goes(operator: str, layout: str, newline: str) -> None:
    words = operator.replace(";", " ;").replace("@", "pip_purge").split()
    run = words[0]
    for at in range(1, len(words), 2):
        run = layout.format(run, words[at], words[at + 1])
    text = f"FROM a\nRUN {run}\nCMD x\n".replace("pip_purge", "pip purge").replace("\n", newline)
    made = edits.delete_command(first(text))
    if made is None:
        return
    result = apply(text, made)
    assert meaning(result) == meaning(text, without="pip purge")
    assert result.count("# c") == text.count("# c")
    assert [one.keyword for one in parse(Source(result)).instructions] == ["FROM", "RUN", "CMD"]


# Flags and instructions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("RUN pip install a\n", "RUN --f=1 \\\n    pip install a\n"),
        ("RUN --network=none pip install a\n", "RUN --network=none --f=1 \\\n    pip install a\n"),
        ("RUN --network=none \\\n  pip install a\n", "RUN --network=none \\\n  --f=1 \\\n  pip install a\n"),
        ("RUN pip install a && \\\n\tb\n", "RUN --f=1 \\\n\tpip install a && \\\n\tb\n"),
        ("RUN pip install a && \\\n# c\n  b\n", "RUN --f=1 \\\n  pip install a && \\\n# c\n  b\n"),
        ("RUN \\\n  pip install a\n", "RUN --f=1 \\\n  pip install a\n"),
        ("RUN pip install a\r\n", "RUN --f=1 \\\r\n    pip install a\r\n"),
        ('RUN ["pip", "install"]\n', 'RUN --f=1 \\\n    ["pip", "install"]\n'),
        ("RUN <<EOF\npip install a\nEOF\n", "RUN --f=1 <<EOF\npip install a\nEOF\n"),
        ("RUN bash <<EOF\npip install a\nEOF\n", "RUN --f=1 \\\n    bash <<EOF\npip install a\nEOF\n"),
        ("ONBUILD RUN pip install a\n", "ONBUILD RUN --f=1 \\\n    pip install a\n"),
        ("RUN pip install a", "RUN --f=1 \\\n    pip install a"),
    ],
)
def test_a_flag_is_added_behind_the_others(run: str, expected: str) -> None:
    text = f"FROM a{chr(13) if chr(13) in run else ''}\n{run}"
    step = next(iter(built(text).steps))
    result = apply(text, [edits.add_flag(step, "--f=1")])
    assert result.partition("\n")[2] == expected
    before, made = (one.instruction for one in (step, next(iter(built(result).steps))))
    assert (made.inner or made).args.text == (before.inner or before).args.text
    assert (made.inner or made).flags[-1].name == "f"


def test_a_flag_uses_the_files_escape_character() -> None:
    text = "# escape=`\nFROM a\nRUN pip install a\n"
    step = next(iter(built(text).steps))
    assert apply(text, [edits.add_flag(step, "--f=1")]) == "# escape=`\nFROM a\nRUN --f=1 `\n    pip install a\n"


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("FROM a\nRUN b\n", 0, "FROM a\nX\nY\nRUN b\n"),
        ("FROM a\nRUN b\n", 1, "FROM a\nRUN b\nX\nY\n"),
        ("FROM a\nRUN b", 1, "FROM a\nRUN b\nX\nY"),
        ("FROM a\r\nRUN b\r\n", 0, "FROM a\r\nX\r\nY\r\nRUN b\r\n"),
        ("FROM a\n# of b\nRUN b\n", 0, "FROM a\nX\nY\n# of b\nRUN b\n"),
        ("FROM a\n\n# of b\nRUN b\n", 0, "FROM a\nX\nY\n\n# of b\nRUN b\n"),
        ("FROM a\nRUN b \\\n  # c\n  d\nCMD e\n", 1, "FROM a\nRUN b \\\n  # c\n  d\nX\nY\nCMD e\n"),
        ("FROM a\nRUN <<E\nb\nE\nCMD e\n", 1, "FROM a\nRUN <<E\nb\nE\nX\nY\nCMD e\n"),
        ("FROM a\nRUN <<E\nb\nE", 1, "FROM a\nRUN <<E\nb\nE\nX\nY"),
        ("FROM a  \nRUN b\n", 0, "FROM a  \nX\nY\nRUN b\n"),
    ],
)
def test_instructions_go_on_lines_of_their_own_below_another(text: str, at: int, expected: str) -> None:
    build: Build = built(text)
    edit = edits.insert_below(build, build.dockerfile.instructions[at], ["X", "Y"])
    assert apply(text, [edit]) == expected


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("a\nbc\nd", (3, 4), (2, 5)),
        ("a\nbc\nd", (0, 3), (0, 5)),
        ("a\nbc\nd", (5, 6), (5, 6)),
        ("a\nbc\nd", (2, 5), (2, 5)),
        ("a\r\nb\r\n", (3, 4), (3, 6)),
        ("a\nb\n", (2, 2), (2, 4)),
    ],
)
def test_a_range_with_the_rest_of_its_lines(text: str, span: tuple[int, int], expected: tuple[int, int]) -> None:
    assert edits.whole_lines(Source(text), Span(*span)) == Span(*expected)


def test_edits_are_joined_only_when_all_can_be_made() -> None:
    one, other = Edit(Span(0, 0), "a"), Edit(Span(1, 1), "b")
    assert edits.joined([[one], [], [other]]) == [one, other]
    assert edits.joined([[one], None]) is None
    assert edits.joined([]) == []


@pytest.mark.parametrize(
    ("lines", "words", "expected"),
    [
        ("six \\\n -a \\\n -b\n", ["-a", "-b"], "six\n"),
        ("six \\\n -a \\\n -b \\\n -c\n", ["-a", "-b", "-c"], "six\n"),
        ("six \\\n -a \\\n -b \\\n -c\n", ["-a", "-c"], "six \\\n -b\n"),
        ("six -a \\\n -b\n", ["-a", "-b"], "six\n"),
        ("six \\\n -a -b\n", ["-a", "-b"], "six\n"),
        ("six \\\n -a \\\n -b \\\n && c\n", ["-a", "-b"], "six \\\n && c\n"),
        ("six \\\r\n -a \\\r\n -b\r\n", ["-a", "-b"], "six\r\n"),
        ("six \\\n # why\n -a \\\n -b\n", ["-a", "-b"], None),
        ("six \\\n -a \\\n # why\n -b\n", ["-a", "-b"], None),
    ],
)
def test_deletions_of_one_instruction_are_settled(lines: str, words: list[str], expected: str | None) -> None:
    text = f"FROM a\nRUN pip install {lines}CMD x\n"
    call = first(text)
    made = edits.joined([edits.delete_words(call, index(call, one), index(call, one) + 1) for one in words])
    settled = edits.settled(call.step, made or [])
    assert after(text, settled) == (None if expected is None else f"FROM a\nRUN pip install {expected}CMD x\n")
    if settled is not None:
        assert edits.settled(call.step, settled) == settled


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("a && \\\n pip purge && \\\n pip clean", "a"),
        ("a \\\n && pip purge \\\n && pip clean", "a"),
        ("a && pip purge && pip clean", "a"),
        ("a; \\\n pip purge; \\\n pip clean", "a;"),
        ("a && \\\n pip purge && \\\n pip clean && \\\n b", "a && \\\n b"),
        ("bash -c 'a && pip purge && pip clean'", "bash -c 'a'"),
    ],
)
def test_deletions_of_commands_are_settled(run: str, expected: str) -> None:
    text = f"FROM a\nRUN {run}\n"
    made = edits.joined([edits.delete_command(first(text, verb=verb)) for verb in ("purge", "clean")])
    assert after(text, edits.settled(first(text).step, made or [])) == f"FROM a\nRUN {expected}\n"


def test_other_edits_are_not_made_one() -> None:
    step = first("FROM a\nRUN pip install x\n").step
    apart = [Edit(Span(1, 2), "a"), Edit(Span(0, 1), "")]
    assert edits.settled(step, apart) == sorted(apart)
    assert edits.settled(step, [Edit(Span(0, 2), ""), Edit(Span(1, 3), "x")]) is None
    assert edits.settled(step, [Edit(Span(1, 1), "x"), Edit(Span(1, 3), "")]) is not None


# Any layout ------------------------------------------------------------------------------------------------------------

SEPARATORS = [
    " ",
    "  ",
    "\t",
    " \\\n    ",
    "\\\n ",
    " \\\n",
    " \\\n  # c{}\n  ",
    " \\\n\n    ",
    " \\ \n  ",
    " \\\n# c{}\n# d{}\n   ",
]
WORDS = ["-x", "six", "--name=v", "'a b'", '"c"', "a>=1", "-e", "./d", "x\\ y"]


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, int]:
    """A RUN of pip over several lines, and the number of one of its words."""
    words = draw(st.lists(st.sampled_from([one for one in WORDS if ">" not in one]), min_size=1, max_size=5))
    text = "FROM a\nRUN pip install"
    for number, word in enumerate(words):
        text += draw(st.sampled_from(SEPARATORS)).format(number, number) + word
    text += draw(
        st.sampled_from(["", " && echo", " \\\n  && echo", " \\\n  # end\n  && echo", "; echo", " \\\n  || true"])
    )
    text += draw(st.sampled_from(["\nCMD x\n", "\n", "", " \nCMD x\n", "\n# last\nCMD x\n"]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()) and "x\\ y" not in text:
        text = "# escape=`\n" + text.replace("\\", "`")
    return text, draw(st.integers(0, len(words) - 1))


def shape(text: str) -> tuple[list[str], list[list[str]], list[str]]:
    """The keywords, the commands' words as written, and the comments of a text."""
    build = built(text)
    dockerfile = build.dockerfile
    comments = [*dockerfile.comments, *(one for each in dockerfile.instructions for one in each.comments)]
    commands = [one for each in build.steps if each.script for one in each.script.commands]
    return (
        [one.keyword for one in dockerfile.instructions],
        [[word.text for word in one.words] for one in commands],
        sorted(dockerfile.source[one.span].rstrip() for one in comments),
    )


@settings(max_examples=300, deadline=None)
@given(layouts())
def test_deleting_a_word_of_any_layout_deletes_just_that_word(layout: tuple[str, int]) -> None:
    text, number = layout
    call = first(text)
    made = edits.delete_words(call, call.rest + 1 + number, call.rest + 2 + number)
    if made is None:
        return
    keywords, commands, comments = shape(text)
    del commands[0][2 + number]
    assert shape(apply(text, made)) == (keywords, commands, comments)


@settings(max_examples=200, deadline=None)
@given(layouts(), st.data())
def test_deleting_words_of_any_layout_deletes_just_those(layout: tuple[str, int], data: st.DataObject) -> None:
    text, _ = layout
    if re.search(r"\S[\\`]\r?\n", text):  # only an indentation keeps the words apart, and it may go with its line
        return
    call = first(text)
    chosen = data.draw(st.sets(st.integers(call.rest + 1, len(call.words) - 1)))
    made = edits.joined([edits.delete_words(call, one, one + 1) for one in sorted(chosen)])
    settled = None if made is None else edits.settled(call.step, made)
    if settled is None:
        return
    keywords, commands, comments = shape(text)
    commands[0] = [word for at, word in enumerate(commands[0]) if at not in chosen]
    assert shape(apply(text, settled)) == (keywords, commands, comments)


@settings(max_examples=200, deadline=None)
@given(layouts())
def test_inserting_and_replacing_words_of_any_layout_changes_just_those(layout: tuple[str, int]) -> None:
    text, number = layout
    call = first(text)
    keywords, commands, comments = shape(text)
    inserted, replaced = [*commands[0]], [*commands[0]]
    inserted[3 + number : 3 + number] = ["-n", "v"]
    replaced[2 + number : 3 + number] = ["w"]
    for made, expected in (
        (edits.insert_after(call, 2 + number, "-n v"), inserted),
        (edits.replace_words(call, 2 + number, 3 + number, "w"), replaced),
    ):
        if made is not None:
            assert shape(apply(text, made)) == (keywords, [expected, *commands[1:]], comments)


@settings(max_examples=100, deadline=None)
@given(layouts())
def test_a_flag_fits_any_layout(layout: tuple[str, int]) -> None:
    text, _ = layout
    step = next(iter(built(text).steps))
    result = apply(text, [edits.add_flag(step, "--network=none")])
    assert shape(result) == shape(text)
    run = next(iter(built(result).steps)).instruction
    assert [flag.name for flag in run.flags] == ["network"]
