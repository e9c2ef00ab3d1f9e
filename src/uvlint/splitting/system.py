"""System packages: which of them only a build needs, and how the commands that install them are written without those."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, edits, packages, plan, projects, reads
from uvlint.diagnostics import Edit, apply
from uvlint.lazy import regex
from uvlint.source import Span
from uvlint.splitting.commands import INSTALLS, MANAGERS, REMOVES, Use
from uvlint.splitting.declined import DeclinedError, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Stage
    from uvlint.splitting.pieces import Piece

_ASIDE = frozenset({Use.NEUTRAL, Use.CLEANING, Use.PACKAGES, Use.ENVIRONMENT})
_WORKS = frozenset({Use.OTHER, Use.TOOLS})
_ON_CALL = frozenset({"curl", "wget", "git", "ca-certificates", "openssh-client", "gnupg"})
"""Tools that an application, or who watches over it, may run too: they go only where it is seen that the build wants them."""

_LINKED = frozenset(
    {
        *("libopenblas-dev", "libblas-dev", "liblapack-dev", "libatlas-base-dev", "libxml2-dev", "libxslt1-dev"),
        *("libxslt-dev", "libffi-dev", "libssl-dev", "zlib1g-dev", "libjpeg-dev", "libyaml-dev", "libbz2-dev"),
        *("liblzma-dev", "openblas-dev", "lapack-dev", "openssl-dev", "zlib-dev", "jpeg-dev", "yaml-dev"),
    }
)
"""Headers of libraries that packages link to where they are compiled; others, libpq's and libmagic's, some open by name."""

_VALUED = frozenset({"-t", "--target-release", "--default-release", "-o", "--option", "-c", "--virtual", "--repository", "-X", "--root",
                     "--enablerepo", "--disablerepo", "--setopt", "-p"})  # fmt: skip
_COMPILES_LATER = frozenset(
    (
        "triton",
        "vllm",
        "deepspeed",
        "theano",
        "aesara",
        "pytensor",
        "pymc",
        "pystan",
        "pythran",
        "jax",
        "numba",
        "weave",
    )
)
"""Packages that run a compiler when they are used."""

_RUN_GIT = frozenset(("gitpython", "scmrepo", "dvc", "mlflow", "wandb", "pre-commit"))
"""Packages that run git, themselves or by GitPython, which can't be imported without it."""

_LOADED = regex(r"\b(lib[\w+-]+)\.so(?!\.?\w)")
"""A library by the name that only its headers' package has: the one without a version."""

_NAME = regex(r"[a-z0-9][\w.+:~-]*(?:[=<>~].*)?\Z")
_WRITES = {
    "debian": "RUN apt-get update && apt-get install -y {flags}{names} && rm -rf /var/lib/apt/lists/*",
    "alpine": "RUN apk add --no-cache {names}",
    "fedora": "RUN dnf install -y {names} && dnf clean all",
}


class Package(NamedTuple):
    """A package that a command installs: the index of its word, its name alone, and how it is written."""

    call: Call
    at: int
    name: str
    written: str


def sort(pieces: list[Piece], started: str) -> None:
    """Settles what is written of the commands that install system packages; `started` is what a container runs."""
    stage = pieces[0].step.stage
    used = "\n".join([_commands(pieces), started, *_run_by_packages(stage)])
    compiled, wheels = _compiled_later(stage), _in_wheels(stage)
    left: list[str] = []
    settings = "\n".join(one.text for one in pieces if one.keyword == "ENV")
    needs = _Needs(
        stage.chain[0].image,
        stage.base.family,
        used,
        _wanted(pieces),
        compiled=compiled,
        wheels=wheels,
        loaded=frozenset(_LOADED.findall(f"{settings}\n{used}")),
    )
    for piece in pieces:
        if Use.PACKAGES not in piece.uses:
            pass
        elif not piece.environment and _removes(piece):
            _without_removed(piece, left)
        else:
            left += _settle(piece, needs._replace(removed=_removed_after(piece, pieces)))
        if piece.run is not None and piece.uses & _WORKS and left:
            raise DeclinedError(f"{line(piece.step)} may need `{left[0]}` for what the image holds")
        if piece.run is not None and Use.TOOLS in piece.uses:
            raise DeclinedError(f"{line(piece.step)} compiles something that isn't in the environment")
    _prepared(pieces)


def _removed(piece: Piece) -> list[str | None]:
    """The names that the commands of a RUN remove from the image, None for one that isn't known."""
    found: list[str | None] = []
    for one in piece.lines:
        if one.use is Use.PACKAGES and one.call is not None and _verb(one.call) in REMOVES:
            found += [arg for arg in one.call.args if arg is None or (not arg.startswith("-") and arg not in REMOVES)]
    return found


def _removes(piece: Piece) -> bool:
    """Whether a RUN removes packages that an earlier one installs, and does nothing else."""
    return _plain(piece) and bool(_removed(piece)) and not _installed(piece)


def _removed_after(piece: Piece, pieces: list[Piece]) -> frozenset[str]:
    return frozenset(name for one in pieces if one.index > piece.index for name in _removed(one) if name is not None)


def _without_removed(piece: Piece, left: list[str]) -> None:
    """A removal is the builder's where the image holds none of it: there it would fail."""
    names = _removed(piece)
    out = [name for name in names if name in left]
    if not out:
        piece.build = None
        return
    if len(out) < len(names):
        raise DeclinedError(f"{line(piece.step)} removes more than what only the build has")
    piece.build, piece.run = piece.written, None


_PREPARES = regex(r"docker-clean|apt\.conf\.d|/etc/apk/cache|/etc/dnf/dnf\.conf")


def _prepared(pieces: list[Piece]) -> None:
    """What is only done for later packages (`apt-get update`, settings of apt's) goes where those are installed."""
    build = run = False
    for piece in reversed(pieces):
        if Use.PACKAGES in piece.uses and _named_in(piece):
            build, run = build or piece.build is not None, run or piece.run is not None
        elif (_plain(piece) and Use.PACKAGES in piece.uses) or (
            piece.uses and piece.uses <= {Use.FILES, *_ASIDE} and _PREPARES.search(piece.text)
        ):
            piece.build = piece.written if build else None
            piece.run = piece.written if run else None
            if not build and not run:
                piece.run = piece.written


def _named_in(piece: Piece) -> bool:
    """Whether a RUN installs packages, or may."""
    return any(one.use is Use.PACKAGES and one.call is not None and _verb(one.call) != "update" for one in piece.lines)


def _verb(call: Call) -> str | None:
    return next((arg for arg in call.args if arg is None or not arg.startswith("-")), None)


class _Needs(NamedTuple):
    """What tells whether a package is left out of the image.

    `used`: all that the final stage runs, `wanted`: what the builder does; `compiled`: a compiler may be run by the
    application; `wheels`: nothing is compiled at all. `loaded` are libraries that are named without a version; `removed`
    are the packages that a later command removes.
    """

    image: str | None
    family: str
    used: str
    wanted: str
    compiled: bool
    wheels: bool
    loaded: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def instead(self, name: str) -> tuple[str, ...] | None:
        """What the image has of a package that only builds need: the libraries that it links to. None: itself."""
        if name in self.removed and not any(
            _mentions(one, self.used) for one in (name, *packages.programs(self.family, name))
        ):
            return ()
        if packages.role(self.family, name) != "build" or self.compiled:
            return None
        if any(re.match(rf"{re.escape(one)}[\d.]*-dev\Z", name) for one in self.loaded):
            return None
        programs = packages.programs(self.family, name)
        if any(_mentions(one, self.used) for one in programs):
            return None
        if name in _ON_CALL and not any(_mentions(one, self.wanted) for one in programs):
            return None
        if self.wheels and (name in _LINKED or not name.endswith(("-dev", "-devel"))):
            return ()
        return packages.runtime_of(self.family, name, self.image)


def _settle(piece: Piece, needs: _Needs) -> list[str]:
    """Writes the two texts of a RUN; returns the packages that its final text leaves out."""
    if piece.environment:
        return _beside_installs(piece, needs)
    if piece.build is None and not _plain(piece):
        return []
    found = _installed(piece)
    if found is None or any(one.use in {Use.APP, *_WORKS} for one in piece.lines):
        heavy = [one.name for one in found or () if needs.instead(one.name) is not None and one.name not in _ON_CALL]
        if heavy:
            raise DeclinedError(f"{line(piece.step)} installs `{heavy[0]}` and does more")
        return []
    out = {one.name: instead for one in found if (instead := needs.instead(one.name)) is not None}
    grouped = {one.name: () for one in found if _group(one.call) in needs.removed}
    out |= grouped
    if not any(packages.role(needs.family, one.name) != "run" for one in found) and _plain(piece):
        piece.build = None
    if not out:
        return []
    piece.run = _without(piece, found, out)
    return [*out, *(_group(one.call) for one in found if one.name in grouped)]


def builds(stage: Stage) -> Iterator[str]:
    """The packages that a stage installs and that only builds need, but for tools that may be called at any time."""
    for call in calls.find(stage.build, *MANAGERS):
        if call.step.stage is stage:
            names = [re.split(r"[=:]", word.value or "", maxsplit=1)[0] for word in call.words[call.rest :]]
            yield from (
                name for name in names if name not in _ON_CALL and packages.role(stage.base.family, name) == "build"
            )


def _group(call: Call) -> str:
    """The group that a command puts its packages into (`apk add --virtual`), "" for none."""
    pairs = zip(call.args, call.args[1:], strict=False)
    after = next((arg or "" for flag, arg in pairs if flag in {"--virtual", "-t"}), "")
    attached = next((arg for arg in call.args if (arg or "").startswith("--virtual=")), None)
    return (attached.partition("=")[2] if attached else after) if call.program == "apk" else ""


def _plain(piece: Piece) -> bool:
    return not piece.uses - _ASIDE


def _installed(piece: Piece) -> list[Package] | None:
    """The packages that a RUN installs and doesn't remove again; None where that can't be told."""
    found: list[Package] = []
    for one in piece.lines:
        if one.use is not Use.PACKAGES or one.call is None:
            continue
        verb = _verb(one.call)
        if verb in INSTALLS and "xargs" not in one.call.wrappers:
            names = list(_named(one.call))
            if None in names:
                return None
            found += [each for each in names if each is not None]
        elif verb in REMOVES:
            if None in one.call.args:
                return None
            gone = {(arg or "").partition("=")[0] for arg in one.call.args}
            everything = [each.call for each in found if _group(each.call) in gone] if verb != "autoremove" else []
            found = [each for each in found if each.name not in gone and each.call not in everything]
        elif verb not in {"update", "upgrade", "clean", "autoclean", "makecache", "dist-upgrade", "distclean", "-y"}:
            return None
    return found


def _named(call: Call) -> Iterator[Package | None]:
    """The packages of one command, None for a word that isn't known."""
    skip = verb = False
    for index, word in enumerate(call.words[call.rest :], call.rest):
        value = word.value
        if skip:
            skip = False
        elif value is None:
            yield None
        elif value.startswith("-"):
            skip = value in _VALUED
        elif not verb:
            verb = True
        elif _NAME.match(value):
            yield Package(call, index, re.split(r"[=<>~:]", value, maxsplit=1)[0], value)
        else:
            yield None


# Writing ---------------------------------------------------------------------------------------------------------------


def _without(piece: Piece, found: list[Package], out: dict[str, tuple[str, ...]]) -> str | None:
    """A RUN without the packages that only builds need, with the libraries of those in their place; None for nothing left."""
    kept = {one.name for one in found if one.name not in out}
    made: list[Edit] = []
    for call in dict.fromkeys(one.call for one in found):
        own = [one for one in found if one.call is call]
        changes = []
        for one in own:
            if one.name not in out:
                continue
            new = [name for name in out[one.name] if name not in kept]
            kept.update(new)
            changes.append((one, " ".join(new)))
        if all(one.name in out for one in own) and not any(text for _, text in changes):
            if _plain(piece) and len({one.call for one in found}) == 1:
                return None
            made += _checked(piece, edits.delete_command(call))
            continue
        for one, text in changes:
            words = (call, one.at, one.at + 1)
            made += _checked(piece, edits.replace_words(*words, text) if text else edits.delete_words(*words))
    settled = edits.settled(piece.step, made)
    return _applied(piece, _checked(piece, settled))


def _checked(piece: Piece, made: list[Edit] | None) -> list[Edit]:
    if made is None:
        raise DeclinedError(f"the packages of {line(piece.step)} can't be told apart where they are written")
    return made


def _applied(piece: Piece, made: list[Edit]) -> str:
    """The text of an instruction after edits of it."""
    start, end = piece.step.instruction.span
    inside = [Edit(Span(one.span.start - start, min(one.span.end, end) - start), one.text) for one in made]
    return piece.bare(apply(piece.written, inside))


def _beside_installs(piece: Piece, needs: _Needs) -> list[str]:
    """What the image keeps of the packages that are installed in the same RUN as the environment."""
    found = _installed(piece)
    if found is None:
        raise DeclinedError(f"which packages {line(piece.step)} leaves can't be told")
    names: dict[str, None] = {}
    out = []
    for one in found:
        instead = needs.instead(one.name)
        out += [one.name] if instead is not None else []
        names.update(dict.fromkeys((one.written,) if instead is None else instead))
    if not names:
        return out
    lean = any("--no-install-recommends" in one.call.args for one in found)
    form = _WRITES.get(needs.family)
    if form is None:
        raise DeclinedError(f"how the packages of {line(piece.step)} are installed can't be told")
    piece.run = form.format(flags="--no-install-recommends " if lean else "", names=" ".join(names))
    return out


# What is needed ---------------------------------------------------------------------------------------------------------


def _commands(pieces: list[Piece]) -> str:
    """What the final stage runs, but for the package managers."""
    found = []
    for piece in pieces:
        if piece.run is None:
            continue
        if piece.keyword != "RUN":
            continue
        for one in piece.lines:
            if one.use is not Use.PACKAGES:
                command = one.command
                found.append(command.cooked.text[command.start : command.end])
    return "\n".join(found) + "\n"


def _wanted(pieces: list[Piece]) -> str:
    """What the builder runs, but for the package managers, with the git that requirements come from."""
    found = []
    for piece in pieces:
        if not piece.environment:
            continue
        found += [
            one.command.cooked.text[one.command.start : one.command.end]
            for one in piece.lines
            if one.use is not Use.PACKAGES
        ]
    stage = pieces[0].step.stage
    if any(reads.of(one).scan.git for one in plan.in_stage(stage) if one.tool == "uv"):
        found.append("git")
    return "\n".join(found)


def _in_wheels(stage: Stage) -> bool:
    """Whether nothing that the stage installs needs a compiler."""
    own = [one for one in plan.in_stage(stage) if one.tool in {"uv", "uv sync"} and not one.empty]
    synced = {one.install.call: one for one in projects.syncs(stage.build)}
    return all(
        projects.in_wheels(synced[one.call]) if one.call in synced else one.tool == "uv" and reads.by_wheels(one)
        for one in own
    )


def _compiled_later(stage: Stage) -> bool:
    """Whether a package that it installs runs a compiler when it is used."""
    return bool(_names(stage) & _COMPILES_LATER)


def _run_by_packages(stage: Stage) -> list[str]:
    """The programs that packages are known to run."""
    return ["git"] if _names(stage) & _RUN_GIT else []


def _names(stage: Stage) -> set[str]:
    """What the stage asks for, by name."""
    names = {name for one in plan.in_stage(stage) if one.tool == "uv" for name in reads.of(one).scan.names}
    for sync in projects.syncs(stage.build):
        names |= projects.asked_for(sync) if sync.step.stage is stage else set()
    return names


def _mentions(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None
