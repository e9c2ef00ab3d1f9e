"""Which Python environment a command line works on, and where uv, Python and the users of an image come from."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, interpreters
from uvlint.lazy import regex
from uvlint.model import BASE_PATH, happened, is_root, normal
from uvlint.tools import bases
from uvlint.tools.uv import is_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvlint.calls import Call
    from uvlint.model import Stage, Step
    from uvlint.tools.options import Given

_LOOKS_LIKE_ONE = regex(r"(?:^|[/._-])(?:v(?:irtual)?env|env|app-root|conda\w*|mamba\w*|pyenv)(?:$|[/._-])")
_BY_VARIABLE = regex(r"\$(?:\{(?=\w+\}))?(?P<name>[A-Za-z_]\w*)\}?(?:/[\w.-]+)*\Z")
_BIN_PYTHON = regex(r"/bin/python[\d.]*\Z")
_VALUED = frozenset({"-p", "--python", "--prompt", "--seeder", "--app-data", "--pip", "--setuptools", "--wheel"})
_OWN = {"python": "/usr/local", "system": "/usr"}
"""Where the image's own Python is, by the kind of image."""

_SYSTEM = frozenset({"/", "/usr"})
_NO_ENVIRONMENTS = frozenset({"/", "/usr", "/usr/local"})
"""What VIRTUAL_ENV may name and uv passes over."""


class Target(NamedTuple):
    """The environment that an installer works on.

    `kind`: "system" (the image's own Python), "venv" (made in this file), "prefix" (a Python named by its path), "path"
    (the first Python on PATH, whatever that is), "none" (uv finds none: the build fails), "folder" (`--target` or
    `--prefix`). `where`: the environment's folder (`$NAME/…` where only the build knows it), or the version that a
    program's name asks for.
    """

    kind: str
    where: str = ""


def created(call: Call) -> set[str]:
    """The virtual environments that were made or copied before a command line runs."""
    found = _copied(call.step)
    for one in calls.before(call, "venv", "virtualenv", "uv"):
        found |= made_by(one)
    return found


def made_in(stage: Stage) -> set[str]:
    """The virtual environments that a stage has at its end."""
    found: set[str] = set()
    for step in stage.before():
        found |= _copied_by(step)
        for call in calls.all_calls(stage.build)[step]:
            found |= made_by(call)
    return found


def made_by(call: Call) -> set[str]:
    """The virtual environments that a command line makes."""
    if call.program in {"venv", "virtualenv"}:
        path = _positional(call.args)
    elif call.program == "uv" and call.verb == "venv":
        path = _positional(call.args[1:]) or ".venv"
    elif call.program == "uv" and call.verb == "sync":
        path = call.variables.get("UV_PROJECT_ENVIRONMENT", ".venv")
    else:
        return set()
    if path is None:
        return set()
    if path.startswith("/"):
        return {normal(path)}
    return {normal(f"{call.workdir}/{path}")} if call.workdir is not None else set()


def _positional(args: Sequence[str | None]) -> str | None:
    skip = False
    for arg in args:
        if skip:
            skip = False
        elif arg is not None and arg.startswith("-"):
            skip = arg in _VALUED
        else:
            return arg
    return None


def _copied(step: Step) -> set[str]:
    found: set[str] = set()
    for earlier in step.stage.before(step):
        found |= _copied_by(earlier)
    return found


def _copied_by(step: Step) -> set[str]:
    instruction = step.instruction
    flag = instruction.flag("from") if instruction.keyword == "COPY" else None
    if flag is None:
        return set()
    words = [step.expand(word.text) if instruction.json is None else word.text for word in instruction.words()]
    if len(words) < 2 or words[-1] is None:
        return set()
    target = words[-1] if words[-1].startswith("/") else f"{step.state.workdir}/{words[-1]}"
    source = step.stage.build.stage_named(step.expand(flag.value or ""), step.stage)
    known = made_in(source) if source is not None else set()
    found: set[str] = set()
    for word in words[:-1]:
        if word is None:
            continue
        origin = normal(word if word.startswith("/") else f"/{word}")
        place = normal(target)
        for one in known:
            if one == origin or one.startswith(f"{origin}/") or origin == "/":
                found.add(normal(f"{place}/{one[len(origin) :]}"))
        if source is None and _LOOKS_LIKE_ONE.search(origin):
            found.add(place)
    return found


def active(call: Call) -> str | None:
    """The virtual environment whose programs come first: its folder, "" for none, None where that can't be told."""
    if call.activated != "":
        return call.activated
    path = call.variables.get("PATH", BASE_PATH)
    if path is None:
        return None
    own = path.split(BASE_PATH)[0]
    known = created(call) if own else set()
    kind = call.step.stage.base.kind
    for entry in filter(None, own.split(":")):
        if not entry.startswith("/") and call.workdir is None:
            return None
        place = _environment_of(call, entry)
        if place is None:
            continue
        if place == _OWN.get(kind):
            return ""
        if kind == "python" and place in _SYSTEM:
            return None  # the distribution may have a Python there, without a pip
        if place in known:
            return place
        if _LOOKS_LIKE_ONE.search(place) or normal(call.variables.get("VIRTUAL_ENV") or "/") == place:
            return None
    return ""


def _environment_of(call: Call, folder: str) -> str | None:
    """The environment whose programs are in a folder, which may be named from where a command line runs; None for none."""
    if not folder.startswith("/"):
        if call.workdir is None:
            return None
        folder = f"{call.workdir}/{folder}"
    place, name = posixpath.split(normal(folder))
    return place if name == "bin" else None


def of_pip(call: Call) -> Target | None:
    """Where a pip command line installs to; None where that can't be told."""
    path = call.path
    version = calls.python_version(path)
    if "/" in path:
        folder = path.rpartition("/")[0] or "/"
        if "$" in folder:
            return _named_by_variable(call, folder.removesuffix("/bin")) if folder.endswith("/bin") else None
        place = _environment_of(call, folder)
        return None if place is None else _placed(call, place)
    current = active(call)
    if current is None:
        return None
    if current:
        return None if not call.module and _without_pip(call, current) else Target("venv", current)
    base = call.step.stage.base
    if base.environment:
        return Target("venv", base.environment)
    if base.kind in {"unknown", "system"} and not call.module and "." not in version:
        version = calls.python_version(interpreters.owner(call))
    if base.kind in {"unknown", "conda", "configured"}:
        return Target("path", version if "." in version else "")
    return Target("system", version if "." in version and version != base.python else "")


def _without_pip(call: Call, place: str) -> bool:
    """Whether an environment was made without pip, as uv makes them: a plain `pip` is then that of another Python."""
    makers = [one for one in calls.before(call, "venv", "virtualenv", "uv") if place in made_by(one)]
    return (
        bool(makers)
        and all(map(_bare, makers))
        and not any(
            one.program == "ensurepip" or any(re.match(r"pip(?:[=<>~!].*)?\Z", arg or "") for arg in one.args[1:])
            for one in calls.before(call, "pip", "uv", "ensurepip")
            if one.program != "uv" or (one.args[:2] == ["pip", "install"] and "pip" in one.args[2:])
        )
    )


def _bare(maker: Call) -> bool:
    if maker.program == "uv":
        return maker.verb == "sync" or not ("--seed" in maker.args or is_on(maker.variables.get("UV_VENV_SEED")))
    return bool({"--without-pip", "--no-pip", "--no-seed"} & set(maker.args))


def _named_by_variable(call: Call, place: str) -> Target | None:
    """A virtual environment that is named as where it is made, by a variable that only the build knows."""
    match = _BY_VARIABLE.match(place)
    name, values = match["name"] if match is not None else "", call.step.state.variables
    if name not in values and not (name and call.step.stage.base.kind == "unknown"):  # it may be the base image's
        return None
    for one in calls.before(call, "venv", "virtualenv", "uv"):
        if one.program == "uv" and one.verb != "venv":
            continue
        words = one.words[one.rest + (one.program == "uv") :]
        made = _positional([word.value or word.text.replace('"', "") for word in words])
        same = one.step.state.variables.get(name, "") == values.get(name, "")
        if same and name not in one.env.keys() | call.env.keys() and _unbraced(made or "") == _unbraced(place):
            return Target("venv", _unbraced(place))
    return None


def _unbraced(text: str) -> str:
    return re.sub(r"\$\{(\w+)\}", r"$\1", text)


def _placed(call: Call, place: str) -> Target:
    return Target("venv", place) if place in created(call) else Target("prefix", place)


def of_uv(call: Call, given: list[Given]) -> Target | None:
    """Where a `uv pip` command line installs to; None where that can't be told."""
    options = {one.meaning: one for one in given if one.option}
    env = call.variables
    named = options.get("python")
    python = named.value if named is not None else env.get("UV_PYTHON", "")
    if named is not None and call.outer is not None and getattr(call.words[named.last - 1], "executable", False):
        return of_pip(call.outer)
    if named is not None and named.value is None:
        if "command -v" not in named.raw:
            return _named_by_variable(call, _BIN_PYTHON.sub("", named.raw.strip('"')))
        return Target("system" if call.step.stage.base.kind == "system" and active(call) == "" else "path")
    if python is None:
        return None
    if "/" in python:
        place = normal(python if python.startswith("/") else f"{call.workdir}/{python}")
        return _placed(call, _BIN_PYTHON.sub("", place))
    version = calls.python_version(python) or python
    if "system" in options or is_on(env.get("UV_SYSTEM_PYTHON")):
        return Target("system", "" if version == call.step.stage.base.python else version)
    if version:
        return Target("system", version)
    return _found_by_uv(call)


def _found_by_uv(call: Call) -> Target | None:
    if call.activated is None:
        return None
    if call.activated:
        return Target("venv", call.activated)
    env = call.variables
    place = env.get("VIRTUAL_ENV", "")
    if place is None:
        return None
    if normal(place) not in _NO_ENVIRONMENTS:
        return _placed(call, normal(place))
    current = active(call)
    if current is None:
        return None
    if current:
        return Target("venv", current)
    if call.step.stage.base.environment:
        return Target("venv", call.step.stage.base.environment)
    if call.workdir is not None:
        place = call.workdir
        known = created(call)
        while place:
            if normal(f"{place}/.venv") in known:
                return Target("venv", normal(f"{place}/.venv"))
            place = place.rpartition("/")[0]
    return Target("none")


def runs_as(call: Call) -> str | None:
    """The user that a command line runs as; None where that isn't known."""
    return "root" if "sudo" in call.wrappers else call.step.state.user


class User(NamedTuple):
    """An account that a RUN makes; what isn't known is None."""

    name: str
    uid: str | None
    gid: str | None
    home: str | None


def users(call: Call) -> dict[str, User]:
    """The accounts that `useradd` and `adduser` made before a command line runs, by name."""
    made = {one.name: one for one in map(_account, calls.before(call, "useradd", "adduser")) if one is not None}
    for one in calls.before(call, "usermod", "groupmod"):
        for name in set(made) & {arg or "" for arg in one.args}:
            made[name] = User(name, None, None, None)
    return made


def _account(call: Call) -> User | None:
    uid = gid = home = None
    name, create = "", call.program == "adduser"
    args = iter(call.args)
    for arg in args:
        text = arg or ""
        flag, _, attached = text.partition("=")
        if flag in {"-u", "--uid"}:
            uid = attached or next(args, None)
        elif flag in {"-g", "--gid", "--ingroup"} or (flag == "-G" and call.program == "adduser"):
            gid = attached or next(args, None)
        elif flag in {"-d", "--home-dir", "--home", "-h"}:
            home = attached or next(args, None)
        elif flag in {"-m", "--create-home"} or (text.startswith("-") and not text.startswith("--") and "m" in text):
            create = True
        elif flag in {"-M", "--no-create-home", "-H"}:
            create = False
        elif flag in {"-s", "--shell", "-c", "--comment", "-G", "--groups", "--gecos", "-k", "-p", "-b", "--base-dir"}:
            if not attached:
                next(args, None)
        elif arg is None:
            return None
        elif not text.startswith("-"):
            name = text
    if not name:
        return None
    return User(name, uid, gid, (home or f"/home/{name}") if create else None)


_USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def has_uv(call: Call) -> bool:
    """Whether uv is there when a command line runs, by any of the ways it comes, and on PATH."""
    step = call.step
    if step.stage.base.kind == "uv":
        return True
    path = (call.variables.get("PATH") or BASE_PATH).replace(BASE_PATH, _USUAL_PATH)
    entries = {normal(one) for one in path.split(":") if one.startswith("/")}
    if call.activated:
        entries.add(f"{call.activated}/bin")
    if any(posixpath.dirname(normal(one)) in entries for one in _mounted(step)):
        return True
    known = calls.all_calls(step.stage.build)
    if any(gets_uv(one) and _reached(one, entries) for one in known[step][: call.position]):
        return True
    return happened(step, "uv", _brings_uv) and any(
        _copied_to(one, entries) or any(gets_uv(each) and _reached(each, entries) for each in known[one])
        for one in step.stage.before(step)
    )


def may_have_uv(call: Call) -> bool:
    """Whether something brought uv before a command line runs, be it to a place that is not known to be on PATH."""
    return has_uv(call) or happened(call.step, "uv", _brings_uv)


def _copied_to(step: Step, entries: set[str]) -> bool:
    """Whether a COPY brings uv to one of the folders."""
    place = step.expand(step.instruction.words()[-1].text) if copies_uv(step) else None
    if place is None:
        return False
    place = normal(place if place.startswith("/") else f"{step.state.workdir}/{place}")
    return place in entries or posixpath.dirname(place) in entries


def _reached(call: Call, entries: set[str]) -> bool:
    """Whether a command line that installs uv puts it into one of the folders."""
    if call.program == "pip":
        target = of_pip(call)
        if target is None or any(
            (arg or "").startswith(("-t", "--target", "--prefix", "--root=", "--user")) for arg in call.args
        ):
            return False
        if target.kind in {"venv", "prefix"}:
            return f"{target.where}/bin" in entries
        return root(call)
    if call.program in {"pipx", "sh", "bash", "cargo"}:
        named = {call.variables.get("UV_INSTALL_DIR"), call.variables.get("PIPX_BIN_DIR")} & entries
        own = any(one.endswith(("/.local/bin", "/.cargo/bin")) for one in entries)
        return bool(named) or own or re.search(r"/bin/uv\b", call.command.cooked.text) is not None
    return True


def _brings_uv(step: Step) -> bool:
    return copies_uv(step) or any(map(gets_uv, calls.all_calls(step.stage.build)[step]))


_GETTERS = frozenset({"pip", "pipx", "sh", "bash", "apk", "uv", "brew", "cargo", "dnf", "conda", "mamba"})


def uv_release(call: Call) -> str:
    """The release of uv that came before a command line runs, as far as it is written out, else ""."""
    stage = call.step.stage
    found = stage.chain[0].image or "" if stage.base.kind == "uv" else ""
    known = calls.all_calls(stage.build)
    for step in (*stage.before(call.step), call.step):
        flag = step.instruction.flag("from") if copies_uv(step) else None
        if flag is not None:
            found = flag.value or ""
        for one in known[step]:
            if gets_uv(one) and (step is not call.step or one.position < call.position):
                pins = [re.match(r"uv[=~]=([\d.]+)", arg or "") for arg in one.args]
                found = next((f"uv:{pin[1]}" for pin in pins if pin is not None), "")
    match = re.match(r"\d+(?:\.\d+)*", bases.reference(found)[1])
    return match[0] if match else ""


def gets_uv(call: Call) -> bool:
    """Whether a command line installs uv."""
    if call.program not in _GETTERS:
        return False
    if call.program in {"sh", "bash"}:
        return "astral.sh/uv" in call.command.cooked.text or "uv-install" in call.command.cooked.text
    return any(re.match(r"uv(?:$|[=<>~!\[@])", arg or "") for arg in call.args[1:]) and call.verb in {
        "install", "add", "tool", "-U",
    }  # fmt: skip


def copies_uv(step: Step) -> bool:
    """Whether an instruction copies the uv program from its image, or from a stage that has it."""
    instruction = step.instruction
    flag = instruction.flag("from") if instruction.keyword == "COPY" else None
    if flag is None:
        return False
    return any(re.search(r"(?:^|/)uvx?\Z", word.text) for word in instruction.words()[:-1])


def _mounted(step: Step) -> list[str]:
    """Where a RUN mounts the uv program."""
    run = step.run
    flags = run.flags_named("mount") if run is not None else []
    found = [re.search(r"(?:target|dst|destination)=([^,]*/uv)(?:,|\Z)", flag.value or "") for flag in flags]
    return [match[1] for match in found if match is not None]


def root(call: Call) -> bool:
    return is_root(runs_as(call))
