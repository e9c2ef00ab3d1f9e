from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, environments, provision, pythons
from uvlint.diagnostics import Diagnostic, Fix, Safety
from uvlint.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Stage

_VERBS = frozenset({"sync", "venv", "run", "add", "tool", "build"})
_DECIDED = (
    "UV_PYTHON_DOWNLOADS", "UV_NO_MANAGED_PYTHON", "UV_MANAGED_PYTHON", "UV_PYTHON_PREFERENCE", "UV_PYTHON_INSTALL_DIR",
    "UV_PYTHON", "UV_SYSTEM_PYTHON",
)  # fmt: skip
_OPTIONS = frozenset({
    "--no-managed-python", "--managed-python", "--no-python-downloads", "--allow-python-downloads", "--python-preference",
    "--python", "-p", "--python-fetch", "--no-project",
})  # fmt: skip


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
        found = pythons.wanted(call)
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
