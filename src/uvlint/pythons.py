"""Whether a project takes the Python that an image has, as its files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import context
from uvlint.lazy import regex
from uvlint.model import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Step

_VERSION = regex(r"(?:cpython-?|python)?(?P<version>3\.\d+)(?:\.\d+)?\s*\Z")
_REQUIRES = regex(r"(?m)^\s*requires-python\s*=\s*[\"'](?P<specifier>[^\"']+)[\"']")
_FETCHES = regex(r"\b(?:git\s+clone|tar|unzip|svn|rsync)\b")
_LIMIT = regex(r"(?P<operator>>=|<=|==|!=|~=|<|>)\s*3\.(?P<minor>\d+)(?P<rest>[.\w*]*)\Z")


def wanted(call: Call) -> str | None:
    """ "" where the project takes the image's Python, None where that isn't known; else, behind a "!", why not."""
    if call.verb == "tool":
        return ""
    if call.workdir is None or any(
        step.run is not None and _FETCHES.search(step.run.args.text) for step in _before(call)
    ):
        return None
    known = True
    folder = call.workdir
    while True:
        for name, objection in ((".python-version", _version_file), ("pyproject.toml", _project)):
            data = _file(call, normal(f"{folder}/{name}"))
            found = objection(call, data.decode("utf-8", "replace")) if data else ""
            if found:
                return f"!{found}"
            known = known and data is not None and found is not None
        if folder == "/":
            return "" if known else None
        folder = folder.rpartition("/")[0] or "/"


def _before(call: Call) -> Iterator[Step]:
    yield from call.step.stage.before(call.step)
    yield call.step


def _file(call: Call, place: str) -> bytes | None:
    """A file of the project when the command runs: b"" where there is none, None where that can't be told."""
    build = call.step.stage.build
    found = context.origin(call.step, place)
    if found is None:
        copies = [one for one in call.step.stage.before(call.step) if one.instruction.keyword in {"COPY", "ADD"}]
        return b"" if all(context.brought(one, place) is None for one in copies) else None
    if found.data is not None:
        return found.data
    folder = context.root(build)
    if found.path is None or folder is None or build.context is None:
        return None
    return build.context.read(folder, found.path) or b""


def _version_file(call: Call, text: str) -> str | None:
    """Why a `.python-version` keeps the image's Python from being taken; None where that can't be told."""
    release = call.step.stage.base.python or ""
    match = _VERSION.match(text.strip())
    if match is not None and "." not in release:
        return None
    if match is None or match["version"] != release:
        return f"`.python-version` asks for {text.strip()}, the image has {release or 'another'}"
    return ""


def _project(call: Call, text: str) -> str | None:
    """Why a `requires-python` keeps the image's Python from being taken; None where that can't be told."""
    release = call.step.stage.base.python or ""
    requires = _REQUIRES.search(text)
    if requires is None:
        return ""
    if "." not in release:
        return None
    if _allows(requires["specifier"], int(release.partition(".")[2])):
        return ""
    return f"pyproject.toml asks for Python {requires['specifier']}, the image has {release}"


def _allows(specifier: str, minor: int) -> bool:
    """Whether `requires-python` allows a release 3.`minor`, whatever its patch; False where that can't be told."""
    for part in specifier.split(","):
        match = _LIMIT.match(part.strip())
        if match is None:
            return part.strip() in {">=3", "<4", "<4.0"}
        limit, exact = int(match["minor"]), match["rest"] in {"", ".*"}
        allowed = {
            ">=": minor > limit or (minor == limit and match["rest"] in {"", ".0"}),
            "<": minor < limit,
            ">": minor > limit,
            "<=": minor < limit,
            "==": minor == limit and match["rest"] == ".*",
            "~=": minor >= limit if exact else minor == limit and match["rest"] == ".0",
            "!=": minor != limit,
        }[match["operator"]]
        if not allowed:
            return False
    return True
