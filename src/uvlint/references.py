"""Where a file names uv's own image, and what its tags say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.model import Build, Stage, Step
    from uvlint.source import Cooked

_FROM = regex(r"(?:\A|,)from=(?P<image>[^,]+)")
_STALE = regex(r"(?:\A|-)(?:bookworm|bullseye)(?:-|\Z)|alpine3\.(?:1\d|2[01])\Z|python3\.8-")
_RELEASE = regex(r"(\d+)\.(\d+)(?:\.\d+)?(?:-|\Z)")
_NO_LONGER = (0, 10)
"""The release of uv since which there are no images on Debian 12, Alpine 3.21 or Python 3.8."""


class Reference(NamedTuple):
    """An image reference: the text with its place, and what it is once variables have their values."""

    written: Cooked
    image: str


def of_uv(build: Build) -> Iterator[tuple[Reference, str, str]]:
    """The references to uv's image, each with its tag and its digest, "" where it has none."""
    for one in _references(build):
        name, tag, digest = bases.reference(one.image)
        if _is_uv(build, one.image, name):
            yield one, tag, digest


def stale(tag: str) -> bool:
    """Whether a tag names a base that uv's image is no longer published on."""
    return _STALE.search(tag) is not None


def release(tag: str) -> tuple[int, int] | None:
    """The minor release that a tag names, None for none."""
    match = _RELEASE.match(tag)
    return None if match is None else (int(match[1]), int(match[2]))


def never(tag: str) -> bool:
    """Whether a tag names a base that its release was not published on."""
    named = release(tag)
    return named is not None and named >= _NO_LONGER and stale(tag)


def _references(build: Build) -> Iterator[Reference]:
    for stage in build.stages:
        words = stage.start.words()
        if words and stage.image and stage.parent is None:
            yield Reference(words[0], stage.image)
        for step in stage.steps:
            yield from _copied(stage, step)


def _copied(stage: Stage, step: Step) -> Iterator[Reference]:
    instruction = step.instruction.inner or step.instruction
    if instruction.keyword == "COPY":
        flag = instruction.flag("from")
        found = [flag.cooked] if flag is not None and flag.value else []
    elif instruction.keyword == "RUN":
        found = []
        for flag in instruction.flags_named("mount"):
            match = _FROM.search(flag.cooked.text)
            if match is not None:
                found.append(flag.cooked.slice(*match.span("image")))
    else:
        return
    for written in found:
        image = step.expand(written.text)
        if image and stage.build.stage_named(image, stage) is None:
            yield Reference(written, image)


def _is_uv(build: Build, image: str, name: str) -> bool:
    return bases.base(image).kind == "uv" or name == build.settings.uv_image or name.endswith("/astral-sh/uv")
