from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, context, environments, provision
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage, Step

_VERBS = frozenset({"sync", "venv", "run", "add", "tool", "build"})
_DECIDED = (
    "UV_PYTHON_DOWNLOADS", "UV_NO_MANAGED_PYTHON", "UV_MANAGED_PYTHON", "UV_PYTHON_PREFERENCE", "UV_PYTHON_INSTALL_DIR",
    "UV_PYTHON", "UV_SYSTEM_PYTHON",
)  # fmt: skip
_OPTIONS = frozenset({
    "--no-managed-python", "--managed-python", "--no-python-downloads", "--allow-python-downloads", "--python-preference",
    "--python", "-p", "--python-fetch", "--no-project",
})  # fmt: skip
_VERSION = regex(r"(?:cpython-?|python)?(?P<version>3\.\d+)(?:\.\d+)?\s*\Z")
_REQUIRES = regex(r"(?m)^\s*requires-python\s*=\s*[\"'](?P<specifier>[^\"']+)[\"']")
_FETCHES = regex(r"\b(?:git\s+clone|tar|unzip|svn|rsync)\b")
_LIMIT = regex(r"(?P<operator>>=|<=|==|!=|~=|<|>)\s*3\.(?P<minor>\d+)(?P<rest>[.\w*]*)\Z")


@rule("UVL403")
def managed_python(build: Build) -> Iterator[Diagnostic]:
    """uv may download a Python where the image has one."""
    told: set[Stage] = set()
    for call in calls.find(build, "uv"):
        stage = call.step.stage
        if told.intersection(stage.chain) or not _may_download(call):
            continue
        told.add(stage)  # one ENV serves the stage and those that continue it
        message = f"`uv {call.verb}` may download a Python, though the image has one"
        found = wanted(call)
        if found is not None and found.startswith("!"):
            yield Diagnostic(call.span, message, help=found[1:])
            continue
        edits = provision.set_env(call, {"UV_PYTHON_DOWNLOADS": "0"})
        fix = Fix("Keep to the image's Python", tuple(edits))
        if found is None:
            note = "if the project asks for another Python than the image has, uv no longer downloads it"
            fix = Fix(fix.title, fix.edits, Safety.UNSAFE, note)
        yield Diagnostic(call.span, message, fix)


def _may_download(call: Call) -> bool:
    """Whether a command makes an environment, and nothing says which Python it may take."""
    if call.verb not in _VERBS or call.module or call.step.onbuild:
        return False
    if call.verb == "tool" and not {"install", "run"} & set(call.args[1:3]):
        return False
    known = {**call.step.state.args, **call.variables}
    if any(name in known for name in _DECIDED) or not environments.has_uv(call):
        return False
    if any((arg or "").partition("=")[0] in _OPTIONS for arg in call.args):
        return False
    if any(one.verb == "python" for one in calls.before(call, "uv")):
        return False  # `uv python install`: a Python of uv's own is meant
    return _has_python(call) and not _made_before(call)


def _has_python(call: Call) -> bool:
    """Whether the image has a Python that was not put there for uv alone.

    uv's own images are left out: their tag names the Python beside uv, and it is there for uv to find.
    """
    base = call.step.stage.base
    if base.kind == "python":
        return True
    if base.kind != "system":
        return False
    for one in calls.before(call, "apt-get", "apk", "dnf", "yum", "microdnf"):
        if any((arg or "").partition("=")[0] in {"python3", "python3-full", "python"} for arg in one.args):
            return True
    return False


def _made_before(call: Call) -> bool:
    """Whether the environment is there already: made by Python itself, or by a uv that was told what to take."""
    return call.verb in {"sync", "run", "add"} and any(
        one.program in {"venv", "virtualenv"} for one in calls.before(call, "venv", "virtualenv")
    )


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
