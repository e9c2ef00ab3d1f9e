"""Which Python a plain `pip` or `python` belongs to, where a build brings more than one.

Of several, uv's `--system` takes the first on PATH that it can use, be it called `python`, `python3` or `python3.12`; a
distribution's pip works on `/usr/bin/python3`, and a pip that another Python brought works on that one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint import calls
from uvlint.lazy import regex
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Stage

_VERSIONED = regex(r"python(?P<version>3\.\d+)(?:-|\Z)")
_PYTHON_2 = regex(r"(?:python-(?:pip|dev|setuptools|minimal|all)|python2?(?:\.7)?(?:-\w+)?)\Z")
_PIP_ITSELF = regex(r"pip(?:[=<>~!].*)?\Z")
_ANEW = frozenset({"-U", "--upgrade", "--force-reinstall"})
_MANAGERS = ("apt-get", "apk", "dnf", "yum", "microdnf")
_PLAIN = frozenset({"python", "python3"})


def release(stage: Stage) -> str:
    """The version of the Python that pip works on in a stage, "" where that isn't known."""
    base = stage.base
    if base.kind == "system":
        return bases.system_python(stage.chain[0].image)
    return base.python or ""


def owner(call: Call) -> str:
    """The Python that brought pip last, by `get-pip.py` or an upgrade of its own: its name, "" where none did.

    A pip that came so is found before the distribution's.
    """
    found = ""
    for one in calls.before(call, "python", "pip"):
        name = one.path.rpartition("/")[2]
        if (one.program == "python" and _runs_get_pip(one)) or (
            one.program == "pip" and one.module and "/" not in one.path and _brings_pip(one)
        ):
            found = name
    return "" if found == "python3" or _version(found) == release(call.step.stage) else found


def beside(call: Call) -> list[str]:
    """The Pythons that packages brought beside the one that a plain `python3` runs: "python3.9" …"""
    own = release(call.step.stage)
    found = (_VERSIONED.match(arg) for arg in _packages(call))
    return list(dict.fromkeys(f"python{match['version']}" for match in found if match and match["version"] != own))


def second(call: Call) -> bool:
    """Whether packages brought Python 2, whose pip may be called `pip`."""
    return any(_PYTHON_2.match(arg) for arg in _packages(call))


def moved(call: Call) -> set[str]:
    """The links that make `python` or `python3` another Python than the distribution's, as paths."""
    own = release(call.step.stage)
    same = {"python3", "/usr/bin/python3", f"python{own or '?'}", f"/usr/bin/python{own or '?'}"}
    links = (link for one in calls.before(call, "ln", "update-alternatives", "alternatives") for link in _links(one))
    return {path for path, what in links if path.rpartition("/")[2] in _PLAIN and what not in same}


def certain(call: Call) -> bool:
    """Whether a plain `pip` can be taken for that of `python3`, or of its owner: no link stands between the two."""
    links = {one for one in moved(call) if one.endswith("python3")}
    if call.module or not links or owner(call):
        return True
    if "python3-pip" in _packages(call):
        return links == {"/usr/bin/python3"}  # which is what that pip's first line names
    return call.step.stage.base.kind == "unknown"


def _links(call: Call) -> Iterator[tuple[str, str]]:
    """The links that a command line makes, and the programs that they lead to."""
    words = [
        arg if arg is not None else word.text for arg, word in zip(call.args, call.words[call.rest :], strict=True)
    ]
    if call.program == "ln":
        names = [word for word in words if not word.startswith("-")]
        if len(names) == 2:
            what, link = names
            folder = link.endswith("/") or link.rpartition("/")[2] == "bin"
            yield f"{link.rstrip('/')}/{what.rpartition('/')[2]}" if folder else link, what
        return
    for option, length in (("--install", 3), ("--set", 2)):
        if option in words:
            found = words[words.index(option) + 1 :][:length]
            if len(found) == length:
                yield found[0] if length == 3 else f"/usr/bin/{found[0]}", found[-1]


def several(call: Call) -> bool:
    """Whether it has to be told which Python a plain `pip` or `python` means."""
    if call.step.stage.base.kind not in {"system", "unknown"} or "." in calls.python_version(call.path):
        return False
    return bool(beside(call) or moved(call) or owner(call))


def on_path(call: Call) -> str:
    """The name under which the shell finds the Python of a pip without a version in its name."""
    if call.module:
        return call.path
    return owner(call) or "python3"


def _runs_get_pip(call: Call) -> bool:
    """Whether a Python runs `get-pip.py`, named, redirected or piped into it."""
    if any("get-pip" in word.text for word in call.words[call.rest :]):
        return True
    if any(one.target is not None and "get-pip" in one.target.text for one in call.command.redirects):
        return True
    if call.command.before is None or call.command.before.text not in {"|", "|&"}:
        return False
    earlier = re.split(r"&&|;", call.command.cooked.text[: call.command.start])
    return "get-pip" in earlier[-1]


def _brings_pip(call: Call) -> bool:
    args = [arg or "" for arg in call.args]
    return call.verb == "install" and any(map(_PIP_ITSELF.match, args[1:])) and bool(_ANEW & set(args))


def _packages(call: Call) -> Iterator[str]:
    """The words of the package managers' command lines before."""
    return (arg for one in calls.before(call, *_MANAGERS) for arg in one.args if arg is not None)


def _version(name: str) -> str:
    version = calls.python_version(name)
    return version if "." in version else "?"
