"""The text of the two stages: the author's lines, comments and order, with what the environment needs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import context, environments, plan
from uvlint.diagnostics import Edit, apply
from uvlint.lazy import regex
from uvlint.source import Span
from uvlint.splitting import environment
from uvlint.splitting.commands import Use
from uvlint.splitting.declined import DeclinedError

if TYPE_CHECKING:
    from uvlint.model import Stage
    from uvlint.splitting.environment import Environment
    from uvlint.splitting.pieces import Piece
    from uvlint.syntax import Instruction

_NAMES = ("builder", "build", "dependencies", "environment")
_FUNCTIONAL = regex(r"#\s*(?:check=|hadolint|uvlint:|\w+:\s*ignore)")


def edits(stage: Stage, pieces: list[Piece], made: Environment) -> list[Edit]:
    """The edits that write a stage as two."""
    source = stage.build.dockerfile.source
    newline = source.newline
    name = _name(stage)
    tail = _tail(pieces)
    start = stage.start.span
    begin = _line_end(stage, start.end)
    end = _begin(stage, tail)
    for _ in _below(stage, tail - 1):
        end = _line_end(stage, end)
    builder = _builder(stage, pieces, made)
    first = next((piece for piece in pieces if piece.build is not None), None)
    if first is not None and not first.tool and _apart(stage, pieces[0]):
        builder.insert(0, "")
    final = _final(stage, pieces[:tail], made, name)
    body = _tidy([*builder, "", *_ended(stage, source[start], stage.start), *final], newline)
    if (
        tail < len(pieces)
        and source.text[end : end + 1].strip()
        and final
        and final[-1].strip()
        and _spaced(stage, pieces, tail)
    ):
        body += newline
    heading = _headed(stage, name)
    if source.text[begin - 1 : begin] != "\n":
        raise DeclinedError("nothing stands behind its FROM")
    closed = end < len(source.text) or source.text.endswith("\n")
    return [*heading, Edit(Span(begin, end), body if closed else body.removesuffix(newline))]


def _name(stage: Stage) -> str:
    taken = {one.name for one in stage.build.stages}
    return next((name for name in _NAMES if name not in taken), f"builder-{stage.index}")


def _headed(stage: Stage, name: str) -> list[Edit]:
    """Names the first of the two stages: the last one keeps the name that the file has for it."""
    words = stage.start.words()
    keyword = stage.build.dockerfile.source[stage.start.keyword_span]
    if len(words) == 1:
        end = words[0].whole.end
        return [Edit(Span(end, end), f" {'as' if keyword == keyword.lower() else 'AS'} {name}")]
    return [Edit(words[2].whole, name)]


# Where things stand ------------------------------------------------------------------------------------------------------


def _tail(pieces: list[Piece]) -> int:
    """Where the instructions begin that stay as they are: behind the last one that the builder has a part in."""
    moved = [number for number, piece in enumerate(pieces) if piece.build is not None or piece.run != piece.written]
    return max(moved, default=-1) + 1


def _line_end(stage: Stage, offset: int) -> int:
    text = stage.build.dockerfile.source.text
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _begin(stage: Stage, number: int) -> int:
    """Where the lines of an instruction begin, with the blank lines and comments before it; the end of the last one's."""
    before = stage.steps[number - 1].instruction if number else stage.start
    return _line_end(stage, before.span.end)


def _between(stage: Stage, number: int) -> list[str]:
    """The blank lines and comments between an instruction and the one before it."""
    source = stage.build.dockerfile.source
    instruction = stage.steps[number].instruction
    start = _begin(stage, number)
    return source.text[start : source.line_starts[source.line(instruction.span.start) - 1]].split("\n")[:-1]


def _ended(stage: Stage, text: str, instruction: Instruction) -> list[str]:
    """The lines of an instruction, each as it ends in the file but for its line feed."""
    source = stage.build.dockerfile.source
    rest = source.text[instruction.span.end : _line_end(stage, instruction.span.end)].removesuffix("\n")
    closing = source.newline.removesuffix("\n")
    return f"{text}{rest if rest.endswith(closing) else rest + closing}".split("\n")


def _closing(lines: list[str]) -> int:
    """How many of the lines between two instructions belong to the first: comments that a blank line parts from the other."""
    count = next((number for number, one in enumerate(lines) if not one.strip()), len(lines))
    return count if count < len(lines) else 0


def _above(stage: Stage, number: int) -> list[str]:
    """The blank lines and comments that belong to an instruction, above it."""
    lines = _between(stage, number)
    return lines[_closing(lines) if number else 0 :]


def _below(stage: Stage, number: int) -> list[str]:
    """The comments that belong to an instruction, directly below it."""
    if number + 1 >= len(stage.steps):
        return []
    lines = _between(stage, number + 1)
    return lines[: _closing(lines)]


def _spaced(stage: Stage, pieces: list[Piece], tail: int) -> bool:
    """Whether the author sets instructions apart with blank lines, and none stands before the rest."""
    return any(_apart(stage, piece) for piece in pieces) and not _apart(stage, pieces[tail])


def _apart(stage: Stage, piece: Piece) -> bool:
    """Whether a blank line stands above an instruction."""
    return any(not one.strip() for one in _above(stage, piece.index)[:1])


def _comments(lines: list[str], *, whole: bool) -> list[str]:
    """What stands above an instruction; without `whole` its blank line, and comments that a tool reads."""
    if whole:
        return lines
    blank = [one for one in lines if not one.strip()]
    return [*blank[:1], *(one for one in lines if _FUNCTIONAL.match(one.lstrip()))]


# The builder -------------------------------------------------------------------------------------------------------------


def _builder(stage: Stage, pieces: list[Piece], made: Environment) -> list[str]:
    here = [piece for piece in pieces if piece.build is not None]
    if not made.made:
        first = next(piece.index for piece in here if context.copied(piece.step) is not None or piece.environment)
        here = [
            *(piece for piece in here if piece.index < first),
            *(piece for piece in here if piece.index >= first and piece.tool),
            *(piece for piece in here if piece.index >= first and not piece.tool),
        ]
    here = _once(here)
    ready = made.made
    copied = min((piece.index for piece in here if piece.tool and piece.keyword == "COPY"), default=len(pieces))
    found: list[str] = []
    for piece in here:
        if not ready and not piece.tool and piece.index >= first:
            found += _making(stage, pieces, made, found)
            ready = True
        found += _block(
            stage, piece, whole=piece.run is None or piece.environment, mounted=not made.made or copied < piece.index
        )
    return found


def _once(pieces: list[Piece]) -> list[Piece]:
    """The pieces but for a second one that brings uv, or sets it up, in the same words."""
    seen: set[str] = set()
    found = []
    for piece in pieces:
        if piece.tool and (piece.build or "") in seen:
            continue
        seen |= {piece.build or ""} if piece.tool else set()
        found.append(piece)
    return found


_FLAGS = regex(r"(?i)RUN(?:(?:\s|[\\`]\r?\n)+--\S+)*(?:\s|[\\`]\r?\n)*")


def _block(stage: Stage, piece: Piece, *, whole: bool, mounted: bool) -> list[str]:
    text = piece.build or ""
    if text == piece.run:
        text = piece.bare(text)
    if piece.environment:
        text = _unmounted(_rewritten(piece, text)) if mounted else _rewritten(piece, text)
    below = _below(stage, piece.index) if whole else []
    return [*_comments(_above(stage, piece.index), whole=whole), *_ended(stage, text, piece.step.instruction), *below]


_SETTINGS = regex(r"ENV(?:\s+UV_\w+=[^\s\"'\\`]+)+\Z")


def _making(stage: Stage, pieces: list[Piece], made: Environment, above: list[str]) -> list[str]:
    """The environment, and the variable by which uv finds it: in the ENV of uv's settings where there is one."""
    values = {"VIRTUAL_ENV": made.place}
    if environment.downloads_python(stage) or not _downloads_off(stage):
        values["UV_PYTHON_DOWNLOADS"] = "0"
    pairs = " ".join(f"{name}={value}" for name, value in sorted(values.items()))
    at = next((index for index in reversed(range(len(above))) if _SETTINGS.match(above[index].rstrip())), None)
    settings = [f"ENV {pairs}"] if at is None else []
    if at is not None:
        above[at] = f"{above[at].rstrip()} {pairs}"
    there = any(piece.tool and piece.keyword == "COPY" for piece in pieces)
    there = there or any(environments.copies_uv(step) for one in stage.chain[:-1] for step in one.steps)
    copied = [] if there else [_copying(pieces)]
    path = [f'ENV PATH="{made.place}/bin:$PATH"'] if _runs_programs(pieces) else []
    return [*copied, *settings, *path, f"RUN {environment.making(made)}"]


def _runs_programs(pieces: list[Piece]) -> bool:
    """Whether a command of the builder may look for what an earlier one has installed."""
    lines = [one for piece in pieces if piece.environment for one in piece.lines if one.use is Use.ENVIRONMENT]
    known = {id(one.call.command): one for one in plan.in_stage(pieces[0].step.stage)}
    upgrades = [one for one in known.values() if plan.upgrades_pip(one)]
    others = any(one.call is None or one.call.program != "uv" for one in lines)
    isolated = not any("no-build-isolation" in piece.text for piece in pieces)
    return others or not isolated or sum(id(one.command) in known for one in lines) - len(upgrades) > 1


_MOUNTED = regex(
    r"--mount=(?=\S*\bfrom=(?P<image>[^\s,]+))(?=\S*\b(?:source|src)=(?P<source>/\S*?uvx?)(?:,|\s))\S*(?:\s*[\\`]\r?\n)?\s*"
)
"""A mount of uv or uvx, with what parts it from the next word."""


def _copying(pieces: list[Piece]) -> str:
    """The COPY of the uv that the installs mount: in a stage that isn't shipped it needs no mount."""
    for piece in pieces:
        match = _MOUNTED.search(piece.build or "") if piece.environment else None
        if match is not None:
            return f"COPY --from={match['image']} {match['source']} /bin/"
    raise DeclinedError("where its installs have uv from can't be told")


def _downloads_off(stage: Stage) -> bool:
    return any("UV_PYTHON_DOWNLOADS" in one.call.variables for one in plan.in_stage(stage))


def _rewritten(piece: Piece, text: str) -> str:
    """A RUN whose installs go to the environment."""
    made: list[Edit] = []
    for one in plan.in_stage(piece.step.stage):
        if one.call.step is piece.step and one.tool == "uv":
            made += environment.rewritten(one)
    start = piece.step.instruction.span.start
    inside = [Edit(Span(one.span.start - start, one.span.end - start), one.text) for one in made]
    return apply(text, inside)


def _unmounted(text: str) -> str:
    """A RUN without the mounts of uv, which the builder has."""
    flags = _FLAGS.match(text)
    assert flags is not None  # noqa: S101 - it is a RUN
    return _MOUNTED.sub("", flags[0]) + text[flags.end() :]


# The final stage ---------------------------------------------------------------------------------------------------------


def _final(stage: Stage, pieces: list[Piece], made: Environment, name: str) -> list[str]:
    found: list[str] = []
    placed = False
    for piece in pieces:
        if piece.run is not None:
            whole = not piece.environment
            found += _comments(_above(stage, piece.index), whole=whole)
            found += _ended(stage, piece.run, piece.step.instruction)
            found += _below(stage, piece.index) if whole else []
        if piece.environment and not placed:
            placed = True
            found += _environment(stage, piece, pieces, made, name)
    return found


def _environment(stage: Stage, piece: Piece, pieces: list[Piece], made: Environment, name: str) -> list[str]:
    """The COPY of the environment, and PATH where the file itself doesn't set it."""
    lines = [""] if any(_apart(stage, one) for one in (piece, *pieces)) else []
    lines.append(f"COPY --from={name} {made.place} {made.place}")
    if not made.made:
        lines.append(f'ENV PATH="{made.place}/bin:$PATH"')
    return lines


def _tidy(lines: list[str], newline: str) -> str:
    """The lines, which stand below others, with no blank one doubled; those that the file has end as there."""
    closing = newline.removesuffix("\n")
    found: list[str] = []
    for one in lines:
        if one.strip() or not found or found[-1].strip():
            found.append(one if one.endswith(closing) else one + closing)
    return "".join(f"{one}\n" for one in found)
