"""Which instructions of a stage are for the build, which for the image, and which for both."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import context, images, independence, lending, plan, reads
from uvlint.lazy import regex
from uvlint.model import is_root, normal
from uvlint.splitting import heirs, starting, system
from uvlint.splitting.commands import Use
from uvlint.splitting.declined import DeclinedError, line
from uvlint.splitting.pieces import Piece, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.model import Stage, Step
    from uvlint.splitting.environment import Environment

_IMAGE = frozenset({*starting.STARTS, "LABEL", "EXPOSE", "STOPSIGNAL", "MAINTAINER", "VOLUME", "USER"})
"""Instructions that say how the image is used, and change nothing in it."""

_ASIDE = frozenset({Use.NEUTRAL, Use.CLEANING})
_LIST = regex(
    r"[\w./-]*(?:requirements?|reqs?|constraints?|deps|dependencies)[\w.-]*\.(?:txt|in|lock)\Z|[\w./-]+/(?:base|prod\w*|common)\.txt\Z|\S+\.whl\Z"
)
_SETTLED = regex(
    r"/etc/(?:apt|pki|yum|ssl|pip|ca-cert)|/usr/share/(?:keyrings|ca-cert)|/usr/local/share/ca-cert|/etc/localtime|/etc/apk"
)
"""Where what a package manager or a download needs is put."""

_BUILD_FILES = regex(r"/usr/(?:local/)?(?:include|lib(?:64|32)?)(?![\w-])|\bLD_|\bCFLAGS|pkgconfig")
_FILES = frozenset({"requirement", "constraint", "build-constraint", "override"})
_WORD = regex(r"[\w.-]*[\w-]/?(?=[\s\"'`;&|),]|\Z)")
_COMMON = frozenset(
    {"app", "bin", "lib", "etc", "usr", "tmp", "opt", "var", "src", "local", "share", "data", "root", "home", "code"}
)
_SHORTEST = 3


def sort(stage: Stage, environment: Environment) -> list[Piece]:
    """The pieces of a stage, each with its text for the builder and for the final stage; raises DeclinedError."""
    pieces = [read(step) for step in stage.steps]
    last = max(piece.index for piece in pieces if piece.environment)
    for piece in pieces:
        if piece.environment:
            _environment(piece, pieces)
    for piece in pieces:
        if piece.environment or piece.keyword in {"ARG", "ENV"}:
            continue
        if piece.keyword == "RUN":
            _run(piece, pieces, last)
        elif piece.keyword in {"COPY", "ADD"}:
            _copy(piece, pieces, last)
        else:
            _other(piece, last)
    system.sort(pieces, _started(stage))
    _supplied(pieces, last)
    for piece in reversed(pieces):  # from the last one: each finds what reads it settled
        if piece.keyword == "ENV":
            _env(piece, pieces, last, environment)
    for piece in reversed(pieces):
        if piece.keyword == "ARG":
            _arg(piece, pieces)
    for piece in pieces:
        if piece.build is not None and piece.keyword == "RUN" and not is_root(piece.step.state.user):
            raise DeclinedError(f"{line(piece.step)} isn't run by root")
    return pieces


def _started(stage: Stage) -> str:
    """All that a container starts, of the stages that continue this one as well, with what those run."""
    return "\n".join([heirs.text(stage), *(starting.words(one) for one in (stage, *heirs.of(stage)))])


def _other(piece: Piece, last: int) -> None:
    piece.run = piece.written
    if piece.keyword not in _IMAGE and piece.index < last:
        piece.build = piece.written


def _supplied(pieces: list[Piece], last: int) -> None:
    """What a command of the builder may work on is the builder's too: files copied before it, accounts and folders made."""
    works = {Use.FILES, Use.FETCHING, Use.OTHER, Use.TOOLS}
    for piece in reversed(pieces):
        if piece.index > last or piece.build is not None or piece.environment:
            continue
        later = [one for one in pieces if one.index > piece.index and one.build is not None and one.uses & works]
        if piece.keyword in {"COPY", "ADD"}:
            target = context.destination(piece.step)
            if any(target is None or independence.needs(one.step, [target.rstrip("/") or "/"]) for one in later):
                piece.build = piece.written
        elif later and piece.uses & {Use.FILES, Use.FETCHING} and not piece.uses - {Use.FILES, Use.FETCHING, *_ASIDE}:
            piece.build = piece.written


def _blind(piece: Piece, pieces: list[Piece]) -> bool:
    """Whether a later install reads files whose names only the build knows."""
    return any(
        given.value is None and given.meaning in {*_FILES, "editable", "find-links", "group"}
        for one in _installs(pieces)
        if one.call.step.index > piece.index
        for given in one.given or ()
    )


# RUN -------------------------------------------------------------------------------------------------------------------


def _environment(piece: Piece, pieces: list[Piece]) -> None:
    """A RUN that installs goes to the builder as a whole; what it leaves for the image is the package manager's."""
    read = {posixpath.basename(one) for one in _files(pieces)}
    for one in piece.lines:
        if one.use in {Use.ENVIRONMENT, Use.PACKAGES, *_ASIDE}:
            continue
        names = [word.text for word in one.command.words[1:] if not word.text.startswith("-")]
        if one.command.name == "rm" and all(posixpath.basename(name) in read for name in names):
            continue  # the lists that it has installed from
        raise DeclinedError(f"{line(piece.step)} installs and does more: `{_shown(one.command.words)}`")
    piece.build = piece.written


def _shown(words: Iterable[object]) -> str:
    return independence.excerpt(" ".join(getattr(word, "text", "") for word in words))


def _run(piece: Piece, pieces: list[Piece], last: int) -> None:
    """Any other RUN: in the final stage, and in the builder as well where an install may need what it does."""
    rest = piece.uses - _ASIDE
    piece.run = piece.written
    if Use.PACKAGES in rest:
        if piece.index < last:
            piece.build = piece.written
        return
    if piece.index > last or not rest:
        return
    if rest & {Use.OTHER, Use.TOOLS}:
        if Use.APP in rest:
            raise DeclinedError(f"what {line(piece.step)} is for can't be told")
        piece.build = piece.written
        return
    needed = _needed(piece, pieces)
    if Use.FETCHING in rest and not needed and Use.APP not in rest and _unseen(piece, pieces):
        piece.build = piece.written
        return
    if Use.APP in rest:
        if needed:
            raise DeclinedError(f"{line(piece.step)} makes `{needed}`, which is installed from")
        return
    if needed and all(one.run is None for one in pieces if one.keyword in {"COPY", "ADD"} and needed in one.text):
        piece.build, piece.run = piece.written, None  # it works on what only the installs read
    elif needed or _SETTLED.search(piece.text) or _blind(piece, pieces):
        piece.build = piece.written
    elif _BUILD_FILES.search(piece.text):
        raise DeclinedError(f"{line(piece.step)} changes what packages are built with, or run with")


def _needed(piece: Piece, pieces: list[Piece]) -> str:
    """A file or folder that a RUN names and a later install does as well, "" for none."""
    installs = " ".join(one.text for one in pieces if one.environment and one.index > piece.index)
    known = {posixpath.basename(one) for one in _files(pieces)}
    for match in _WORD.finditer(piece.text):
        name = match[0].rstrip("/")
        if len(name) < _SHORTEST or name in _COMMON or name.startswith("-"):
            continue
        if name in known or ("." in name and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", installs)):
            return name
    return ""


def _unseen(piece: Piece, pieces: list[Piece]) -> bool:
    """Whether a later install reads something that no COPY is seen to bring."""
    for one in _installs(pieces):
        if one.call.step.index < piece.index:
            continue
        found = reads.of(one)
        seen = {file.image for file in found.files if file.step is not None}
        if found.directories or found.local or found.scan.find_links or one.tool == "uv sync":
            return True
        for given in one.given or ():
            if given.meaning in {"requirement", "constraint", "editable", "find-links"} and (
                given.value is None or _absolute(one, given.value) not in seen
            ):
                return True
    return False


def _absolute(install: plan.Install, value: str) -> str:
    return normal(value if value.startswith("/") else f"{install.call.workdir}/{value}")


def _files(pieces: list[Piece]) -> list[str]:
    """The places in the image of the files that the installs read."""
    found = []
    for one in _installs(pieces):
        found += [file.image for file in reads.of(one).files]
        found += [_absolute(one, given.value) for given in one.given or () if given.meaning in _FILES and given.value]
    return found


def _installs(pieces: list[Piece]) -> list[plan.Install]:
    steps = {piece.step: piece for piece in pieces if piece.environment}
    stage = next((step.stage for step in steps), None)
    return (
        []
        if stage is None
        else [one for one in plan.in_stage(stage) if one.call.step in steps and one.tool in {"uv", "uv sync"}]
    )


# COPY ------------------------------------------------------------------------------------------------------------------


def _copy(piece: Piece, pieces: list[Piece], last: int) -> None:
    if lending.brings_uv(piece.step):
        piece.build, piece.tool = piece.written, True
        return
    piece.run = piece.written
    if piece.index > last:
        return
    if _lists(piece) and not _named_later(piece, pieces):
        piece.build, piece.run = piece.written, None
        return
    target = context.destination(piece.step)
    if target is None:
        piece.build = piece.written
        return
    if _brought_again(piece, target, pieces):
        piece.build, piece.run = piece.written, None
        return
    folders = [target.rstrip("/") or "/"]
    later = [one for one in pieces if one.environment and one.index > piece.index]
    if (
        _lists(piece)
        or "/" in folders
        or _blind(piece, pieces)
        or any(_below(place, folders[0]) for place in _files(later))
        or any(independence.needs(one.step, folders) for one in later)
    ):
        piece.build = piece.written
    if images.copied_from(piece.step) is not None and _only_installed(piece, folders[0], pieces):
        piece.run = None


def _brought_again(piece: Piece, target: str, pieces: list[Piece]) -> bool:
    """Whether later COPYs bring the same files to the same place, and nothing but installs looks for them before."""
    sources = context.copied(piece.step)
    if not sources or piece.step.instruction.flags or not target.endswith("/"):
        return False
    later = [
        one
        for one in pieces
        if one.index > piece.index and one.keyword == "COPY" and _OF_OWNERS.issuperset(_flags(one))
    ]
    until = piece.index
    for path in sources:
        place = f"{target}{posixpath.basename(path)}"
        again = next((one for one in later if _same(one.step, place, posixpath.normpath(path.lstrip("/")))), None)
        if again is None or not context.looks_like_file(posixpath.normpath(path.lstrip("/"))):
            return False
        until = max(until, again.index)
    return not any(one.uses - _ASIDE and not one.environment for one in pieces if piece.index < one.index < until)


_OF_OWNERS = frozenset({"chown", "chmod", "link"})
"""Flags of COPY that say nothing of which files it brings: whose they are, the last COPY of a file decides."""


def _flags(piece: Piece) -> set[str]:
    return {flag.name for flag in piece.step.instruction.flags}


def _same(step: Step, place: str, path: str) -> bool:
    found = context.brought(step, place)
    return found is not None and found.path == path


def _below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(f"{folder}/")


def _only_installed(piece: Piece, folder: str, pieces: list[Piece]) -> bool:
    """Whether nothing but installs finds what a COPY from another stage brings: wheels in a folder of their own."""
    if _below(piece.step.stage.end.workdir or "/", folder) or _named_elsewhere(
        posixpath.basename(folder), piece, pieces
    ):
        return False
    places = [
        _absolute(one, given.value)
        for one in _installs(pieces)
        for given in one.given or ()
        if given.value
        and (given.meaning in {"find-links", "requirement", "constraint"} or given.value.endswith(".whl"))
    ]
    return any(_below(place, folder) for place in places)


def _lists(piece: Piece) -> bool:
    """Whether a COPY brings nothing but lists of requirements, which installs read."""
    sources = context.copied(piece.step)
    return bool(sources) and all(_LIST.match(one.removeprefix("./")) is not None for one in sources or ())


def _named_later(piece: Piece, pieces: list[Piece]) -> bool:
    """Whether something else than an install names one of the files."""
    names = [posixpath.basename(one) for one in context.copied(piece.step) or ()]
    return any(_named_elsewhere(name, piece, pieces) for name in names)


def _named_elsewhere(name: str, piece: Piece, pieces: list[Piece]) -> bool:
    others = [one.text for one in pieces if not one.environment and one.keyword in {"RUN", *starting.STARTS}]
    return any(name in text for text in (*others, _started(piece.step.stage)))


# ENV and ARG -----------------------------------------------------------------------------------------------------------

_INSTALLERS = ("UV_", "PIP_")
_RUN_TIME = regex(
    r"(?:PYTHON(?:UNBUFFERED|DONTWRITEBYTECODE|FAULTHANDLER|HASHSEED|PATH|IOENCODING|OPTIMIZE|ASYNCIODEBUG)|PORT|HOST|TZ|APP_\w+"
    r"|\w*(?:_PORT|_HOST|_URL|_SETTINGS_MODULE|_ENV|_DEBUG|_LEVEL|_WORKERS|_TIMEOUT|_KEY|_SECRET|_TOKEN)"
    r"|(?:FLASK|DJANGO|FASTAPI|GUNICORN|UVICORN|CELERY|STREAMLIT|WEB|DB|POSTGRES|REDIS|LOG|NLTK|HF|TRANSFORMERS)_\w+|DEBUG|ENV"
    r"|ENVIRONMENT|WORKERS|TERM)\Z"
)
"""Variables that a program reads when it runs, and no install does."""


def _env(piece: Piece, pieces: list[Piece], last: int, environment: Environment) -> None:
    pairs = piece.step.instruction.pairs()
    texts = _texts(pieces, build=True)
    build, run = [], []
    for number, pair in enumerate(pairs):
        installers = pair.key.startswith(_INSTALLERS) and not _mentions(pair.key, _texts(pieces, build=False))
        dropped = pair.key in {"UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES"} and not environment.made
        if not installers:
            run.append(number)
        if (
            piece.index < last
            and not dropped
            and (installers or _RUN_TIME.match(pair.key) is None or _mentions(pair.key, texts))
        ):
            build.append(number)
    if any(pair.key == "UV_PYTHON" for pair in pairs) and not environment.made:
        raise DeclinedError(f"{line(piece.step)} says which Python uv works on")
    piece.build, piece.run = _pairs(piece, build), _pairs(piece, run)
    piece.tool = piece.run is None and not any("$" in pair.value.text for pair in pairs if pair.value is not None)


def _pairs(piece: Piece, kept: list[int]) -> str | None:
    """An ENV with some of its pairs, in the author's layout; None for none of them."""
    pairs = piece.step.instruction.pairs()
    if len(kept) == len(pairs) or (kept and piece.step.instruction.comments):
        return piece.written
    if not kept:
        return None
    dockerfile = piece.step.stage.build.dockerfile
    source = dockerfile.source
    lines = source.line(pairs[0].span.start) != source.line(pairs[-1].span.start)
    joint = f" {dockerfile.escape}{source.newline}    " if lines else " "
    keyword = source[piece.step.instruction.keyword_span]
    return f"{keyword} " + joint.join(source[pairs[number].span] for number in kept)


def _arg(piece: Piece, pieces: list[Piece]) -> None:
    """An ARG goes where its name is read; to both where that can't be seen."""
    names = [pair.key for pair in piece.step.instruction.pairs()]
    build = any(_mentions(name, _texts(pieces, build=True)) for name in names)
    run = any(_mentions(name, _texts(pieces, build=False)) for name in names)
    piece.build = piece.written if build or not run else None
    piece.run = piece.written if run or not build else None


def _texts(pieces: list[Piece], *, build: bool) -> str:
    return "\n".join((one.build if build else one.run) or "" for one in pieces)


def _mentions(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
