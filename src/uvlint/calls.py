"""The command lines of a build as tools see them: which program, with which arguments, in which shell state."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.model import normal, text_of
from uvlint.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from uvlint.model import Build, Step
    from uvlint.python import Spawn
    from uvlint.shell import Command, Scope, Script, Word
    from uvlint.source import Cooked, Span

TOOLS = regex(
    r"pip|uv|conda|mamba|poetry|venv|apt|apk|dnf|yum|zypper|python|easy_install|virtualenv|rm\b|user(?:add|mod)|adduser"
    r"|group(?:add|mod)|addgroup|chown|cd\b|activate|export|install\.sh"
)
"""What a RUN must mention for its commands to matter here; no other RUN is read."""

BESIDE = 1 << 32
"""Where the text of another file is placed, so that its spans are told from those of the Dockerfile."""

_PIP = regex(r"pip(?P<version>\d(?:\.\d+)?)?\Z")
_PYTHON = regex(r"(?:python|pypy)(?P<version>\d(?:\.\d+)?)?\Z")
_WRAPPERS = frozenset({"sudo", "env", "time", "command", "exec", "nohup", "nice", "timeout", "xargs", "doas", "gosu"})
_VALUED = {
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "--user", "--group"}),
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "xargs": frozenset({"-n", "-I", "-P", "-L", "-d", "-a", "-s", "-E", "--arg-file", "--max-args", "--delimiter"}),
    "doas": frozenset({"-u", "-C"}),
}
"""The options of the programs in front that take the next word for their value."""
_SHELLS = frozenset({"subshell", "substitution", "process", "shell", "pipeline", "python"})
"""The constructs that are a shell of their own, whose changes end with it."""
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=")
_OPTION_C = regex(r"-[A-Za-z]*c\Z")
_SHEBANG = regex(r"#!\s*(?:\S*/env\s+(?:-S\s+)?)?(?P<program>\S*python[\d.]*)(?:\s|\Z)")
_ATTACHED = regex(r"-[bBdEhiIOPqsSuvVx]*m(?P<module>\w[\w.-]*)\Z")
"""`-mpip`: Python's option with its module in the same word."""
_MODULES = frozenset({"pip", "uv", "venv", "virtualenv", "pipx", "piptools", "poetry", "pipenv", "ensurepip"})


class Activation(NamedTuple):
    """What an earlier command of the same shell changed: a variable, the folder, or the active environment."""

    scopes: tuple[Scope, ...]
    name: str
    value: str | None


@record()
class Call:
    """One command line of a RUN.

    `program` is the tool's plain name ("pip" for `pip3.11`, `python -m pip` and `/opt/venv/bin/pip`); `path` the program
    as written (of the Python, for `python -m`); `first` and `rest` index the command's words: where the program stands, and
    where its arguments begin. `wrappers` are the programs in front (`sudo`, `env` …). `env` are the values that the shell
    and the command itself set, `workdir` where it runs; None: not known. `activated` is the environment that its shell has
    activated: "" for none, None for one that isn't known. Of what Python runs, `spawn` tells how, and `outer` is its own
    command line.
    """

    step: Step
    command: Command
    program: str
    path: str
    module: bool
    first: int
    rest: int
    wrappers: tuple[str, ...]
    env: dict[str, str | None]
    workdir: str | None
    activated: str | None
    position: int = 0
    spawn: Spawn | None = None
    outer: Call | None = None
    _args: list[str | None] | None = None

    @property
    def words(self) -> list[Word]:
        return self.command.words

    @property
    def span(self) -> Span:
        """From the program to the last argument, as a finding marks it."""
        start = self.words[self.first].start
        return self.command.cooked.span(start, max(self.words[-1].end, start))

    @property
    def beside(self) -> bool:
        """Whether it stands in another file, a script that its step runs: its spans are moved by `BESIDE`."""
        return self.words[0].span.start >= BESIDE

    @property
    def listed(self) -> bool:
        """Whether its words are elements of a list of Python."""
        return self.spawn is not None and self.spawn.form in {"list", "module", "argv"}

    @property
    def interpreter(self) -> str | None:
        """How a list of Python names its own interpreter for the program, marked as no string; None where it doesn't."""
        word = self.words[self.first]
        return f"\0{word.text}" if getattr(word, "executable", False) else None

    @property
    def args(self) -> list[str | None]:
        """The arguments, as far as they are known."""
        if self._args is None:
            known = self.variables
            words = self.words[self.rest :]
            self._args = [word.value if word.value is not None else word.resolve(known) for word in words]
        return self._args

    @property
    def variables(self) -> dict[str, str | None]:
        """What is certain of the variables this command sees: ENV and the shell's own."""
        return {**self.step.state.env, **self.env}

    @property
    def verb(self) -> str | None:
        """Its first argument, where that is known."""
        return next(iter(self.args), None)


def calls(step: Step) -> list[Call]:
    """The command lines of a RUN that mention a tool, in order; none where the RUN can't be read.

    Those of Python that it runs stand behind its own, as far as they are pip's and uv's.
    """
    if step.run is None:
        return []
    if step.script is None:
        outer = _python_script(step)
        return [] if outer is None else _placed(_spawned(outer, step.run.heredocs[0].body))
    return started(step, step.script)


def started(step: Step, script: Script) -> list[Call]:
    """The command lines of a script that an instruction runs."""
    found: list[Call] = []
    own = script.functions  # a function goes before a program of its name
    commands = [one for one in script.commands if one.name not in own] if own else script.commands
    for call in lines(step, commands):
        found.append(call)
        text = _python_text(call) if call.program == "python" else None
        if text is not None and "pip" in text.text:
            found += _spawned(call, text)
    return _placed(found)


def _placed(found: list[Call]) -> list[Call]:
    for position, call in enumerate(found):
        call.position = position
    return found


def lines(step: Step, commands: Iterable[Command], outer: Call | None = None, spawn: Spawn | None = None) -> list[Call]:
    """The command lines that one shell runs, in order; with `outer` one that this command line starts."""
    found: list[Call] = []
    effects: list[Activation] = []
    for command in commands:
        reaching = [seen for one in effects if (seen := _reaching(one, command)) is not None]
        call = _call(step, command, reaching, outer, spawn)
        if call is not None:
            found.append(call)
        effects += _effects(command, call)
    return found


def _python_text(call: Call) -> Cooked | None:
    """The text that a Python runs where it stands in the RUN: behind `-c`, or in a here-document."""
    words = call.words[call.rest :]
    for index, word in enumerate(words):
        value = word.value
        if value is not None and _OPTION_C.match(value):
            return words[index + 1].cooked if index + 1 < len(words) else None
        if value is None or not value.startswith("-"):
            return None
        if value == "-":
            break
    bodies = [one for one in call.command.redirects if one.op in {"<<", "<<-"} and one.fd in {"", "0"}]
    return bodies[-1].body if bodies and not bodies[-1].expands else None


def _python_script(step: Step) -> Call | None:
    """The Python that the `#!` of a RUN's here-document names."""
    from uvlint.shell import Command, Word  # noqa: PLC0415 - hardly any RUN has one

    heredocs = step.run.heredocs if step.run is not None else ()
    match = _SHEBANG.match(heredocs[0].body.text) if len(heredocs) == 1 else None
    if match is None or (heredocs[0].expand and "$" in heredocs[0].body.text):
        return None
    body, (start, end) = heredocs[0].body, match.span("program")
    word = Word(body, start, end, match["program"])
    command = Command(body, start, end, [word], [], [], (), None, negated=False)
    workdir = step.state.workdir
    return Call(step, command, "python", match["program"], False, 0, 1, (), {}, workdir, "")  # noqa: FBT003 (as _call)


def _spawned(outer: Call, text: Cooked) -> list[Call]:
    """The command lines of pip and uv that a Python text runs."""
    from uvlint import python  # noqa: PLC0415 - hardly any RUN has such text

    return [
        call
        for spawn in python.read(text, outer.command.scopes)
        for call in lines(outer.step, spawn.commands, outer, spawn)
        if call.program in {"pip", "uv"}
    ]


def all_calls(build: Build) -> dict[Step, list[Call]]:
    """The calls of every step, read once."""
    known = build.facts.get("calls")
    if known is None:
        known = build.facts["calls"] = {step: calls(step) if _mentions(step) else [] for step in build.steps}
    return known  # type: ignore[return-value]


def find(build: Build, *programs: str, where: Callable[[Call], bool] | None = None) -> Iterator[Call]:
    """Every call of one of the programs, in the file's order."""
    for found in all_calls(build).values():
        for call in found:
            if call.program in programs and (where is None or where(call)):
                yield call


def before(call: Call, *programs: str) -> Iterator[Call]:
    """The calls of these programs that led to `call`: in the steps before its own, and before it in its step."""
    known = _by_program(call.step.stage.build)
    own, here = call.step.stage, (call.step.index, call.position)
    for stage in own.chain:
        found = [one for program in programs for one in known.get((stage.index, program), ())]
        if len(programs) > 1:
            found.sort(key=lambda one: (one.step.index, one.position))
        yield from (one for one in found if stage is not own or (one.step.index, one.position) < here)


def _by_program(build: Build) -> dict[tuple[int, str], list[Call]]:
    known = build.facts.get("calls by program")
    if known is None:
        found: dict[tuple[int, str], list[Call]] = {}
        for step, line in all_calls(build).items():
            for one in line:
                found.setdefault((step.stage.index, one.program), []).append(one)
        known = build.facts["calls by program"] = found
    return known  # type: ignore[return-value]


def _reaching(effect: Activation, command: Command) -> Activation | None:
    """An earlier change as a command meets it: None where it stayed in its own shell, unknown where it may not have run."""
    if command.scopes[: len(effect.scopes)] == effect.scopes:
        return effect
    shared = 0
    while shared < len(command.scopes) and command.scopes[shared] is effect.scopes[shared]:
        shared += 1
    left = effect.scopes[shared:]
    other = shared < len(command.scopes) and left[0].excludes(command.scopes[shared])
    if other or any(one.kind in _SHELLS for one in left):
        return None
    certain = all(one.kind == "group" or one.part == "condition" for one in left)
    return effect if certain else effect._replace(value=None)


def _mentions(step: Step) -> bool:
    run = step.run
    if run is None:
        return False
    return TOOLS.search(text_of(run)) is not None


def _call(
    step: Step,
    command: Command,
    effects: Iterable[Activation],
    outer: Call | None = None,
    spawn: Spawn | None = None,
) -> Call | None:
    if not command.words:
        return None
    env: dict[str, str | None] = {} if outer is None else dict(outer.env)
    workdir: str | None = step.state.workdir if outer is None else outer.workdir
    activated: str | None = "" if outer is None else outer.activated
    if spawn is not None:
        workdir = workdir if spawn.folder == "" else _moved(workdir, spawn.folder)
        activated = activated if spawn.settled else None
    for effect in effects:
        if effect.name == "cd":
            workdir = _moved(workdir, effect.value)
        elif effect.name == "activate":
            activated = "" if effect.value == "" else _moved(workdir, effect.value)
        else:
            env[effect.name] = effect.value
    env |= {one.name: one.value.resolve({**step.state.env, **env}) for one in command.assignments}
    first, wrappers = _unwrapped(command.words, env)
    if first >= len(command.words):
        return None
    word = command.words[first]
    path = word.value if word.value is not None else word.resolve({**step.state.env, **env})
    if path is None:
        path = word.text.replace('"', "") if word.text.count("/") else ""
    if outer is not None and spawn is not None and getattr(word, "executable", False):
        path = outer.path
    program, module, rest = _program(path, command.words, first)
    if outer is not None and spawn is not None and spawn.form in {"module", "argv"}:
        path, module = outer.path, True
    made = Call(step, command, program, path, module, first, rest, wrappers, env, workdir, activated)
    made.outer, made.spawn = outer, spawn
    return made


def _unwrapped(words: list[Word], env: dict[str, str | None]) -> tuple[int, tuple[str, ...]]:
    """Where the program stands behind `sudo`, `env A=1`, `timeout 60` and their like."""
    index, wrappers = 0, []
    while index < len(words):
        name = (words[index].value or "").rpartition("/")[2]
        if name not in _WRAPPERS:
            break
        wrappers.append(name)
        index += 1
        while index < len(words):
            text = words[index].value or ""
            if name in {"env", "sudo"} and _ASSIGNMENT.match(text):
                key, _, value = text.partition("=")
                env[key] = value
            elif not (text.startswith("-") or (name == "timeout" and text[:1].isdigit())):
                break
            index += 1
            if text in _VALUED.get(name, ()):
                index += 1
    return index, tuple(wrappers)


def _program(path: str, words: list[Word], first: int) -> tuple[str, bool, int]:
    name = path.rpartition("/")[2]
    if _PIP.match(name):
        return "pip", False, first + 1
    if not _PYTHON.match(name):
        return ("apt-get" if name == "apt" else name), False, first + 1
    at = first + 1
    while at < len(words):
        text = words[at].value or ""
        if text == "-m" or (text.startswith("-") and text.endswith("m") and not text.startswith("--")):
            module = words[at + 1].value if at + 1 < len(words) else None
            return (module or "", True, at + 2) if module in _MODULES else ("python", False, first + 1)
        attached = _ATTACHED.match(text)
        if attached is not None:
            module = attached["module"]
            return (module, True, at + 1) if module in _MODULES else ("python", False, first + 1)
        if not text.startswith("-") or text in {"-c", "-"}:
            break
        at += 1
    return "python", False, first + 1


def _moved(base: str | None, path: str | None) -> str | None:
    if path is None or (base is None and not path.startswith("/")):
        return None
    return normal(path if path.startswith("/") else f"{base}/{path}")


def _effects(command: Command, call: Call | None) -> Iterator[Activation]:
    """What the command changes for those after it in its shell."""
    scopes = command.scopes
    if any(scope.kind == "pipeline" for scope in scopes[-1:]):
        return
    known = {} if call is None else call.variables
    if not command.words:
        for one in command.assignments:
            yield Activation(scopes, one.name, one.value.resolve(known))
        return
    name = command.words[0].value
    args = command.words[1:]
    if name == "cd" and len(args) == 1:
        yield Activation(scopes, "cd", args[0].resolve(known))
    elif name in {".", "source"} and args:
        script = args[0].resolve(known)
        if script is None and args[0].text.rstrip('"').endswith("/bin/activate"):
            yield Activation(scopes, "activate", None)
        elif script is not None and script.endswith("/activate"):
            place = _moved(None if call is None else call.workdir, script) or ""
            known_place = place.endswith("/bin/activate")
            yield Activation(scopes, "activate", (place[: -len("/bin/activate")] or "/") if known_place else None)
    elif name == "deactivate":
        yield Activation(scopes, "activate", "")
    elif name in {"export", "declare", "readonly"}:
        for word in args:
            key, equals, _ = word.text.partition("=")
            if equals:
                value = word.resolve(known)
                yield Activation(scopes, key, None if value is None else value.partition("=")[2])


def is_pip(path: str) -> bool:
    """Whether a program is pip, under any of its names."""
    return _PIP.match(path.rpartition("/")[2]) is not None


def is_python(path: str) -> bool:
    """Whether a program is a Python, under any of its names."""
    return _PYTHON.match(path.rpartition("/")[2]) is not None


def python_version(path: str) -> str:
    """The version in the name of a pip or Python program: "3.11" of `pip3.11`, "3" of `python3`, "" of `pip`."""
    name = path.rpartition("/")[2]
    match = _PIP.match(name) or _PYTHON.match(name)
    return (match["version"] or "") if match else ""
