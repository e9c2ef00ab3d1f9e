"""What a Dockerfile builds: stages, their graph, and the State that each instruction meets.

Nothing is guessed: a value that only the build will know is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import shell
from uvlint.expansion import ExpansionError, expand, names
from uvlint.record import field, record, replace
from uvlint.source import Cooked
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from uvlint.config import Settings
    from uvlint.context import Context
    from uvlint.syntax import Dockerfile, Instruction

BASE_PATH = "\0"
"""Stands in PATH for what the base image put there, which isn't known."""

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
_DEFAULT_SHELL = ("/bin/sh", "-c")
_WINDOWS_SHELL = ("cmd", "/S", "/C")
_LONGEST = 1 << 17
"""What Linux takes for one variable of a process: with a longer one nothing would start."""


@record(eq=True)
class State:
    """What an instruction meets. In `env` and `args` a value of None is set, but not known before the build.

    `args` holds the defaults, which `--build-arg` may replace; `defaults` are the names in `env` that depend on one. `user` None: not known. `workdir` None: not known.
    """

    env: dict[str, str | None] = field(default_factory=dict)
    args: dict[str, str | None] = field(default_factory=dict)
    user: str | None = "root"
    workdir: str | None = "/"
    shell: tuple[str, ...] = _DEFAULT_SHELL
    defaults: frozenset[str] = frozenset()

    @property
    def variables(self) -> dict[str, str | None]:
        """What an instruction's `$x` reads: ENV before ARG."""
        return {**self.args, **self.env}

    def path_entries(self) -> list[str] | None:
        """What PATH lists before the base image's own entries; None where that isn't known."""
        path = self.env.get("PATH")
        return None if path is None else path.split(BASE_PATH)[0].rstrip(":").split(":")


@record()
class Step:
    """An instruction in its stage, and the State before it."""

    stage: Stage
    instruction: Instruction
    state: State
    index: int
    _script: shell.Script | None = None
    _read: bool = False

    @property
    def run(self) -> Instruction | None:
        """The RUN that this is, or that an ONBUILD holds."""
        found = self.instruction if self.instruction.keyword != "ONBUILD" else self.instruction.inner
        return found if found is not None and found.keyword == "RUN" else None

    @property
    def onbuild(self) -> bool:
        return self.instruction.keyword == "ONBUILD"

    @property
    def script(self) -> shell.Script | None:
        """The commands of a RUN; None for anything else, and for what can't be read."""
        if not self._read:
            self._read = True
            run = self.run
            if run is not None:
                self._script = script(run, self.state.shell)
        return self._script

    def expand(self, text: str) -> str | None:
        """A word of this instruction with Docker's variables in it; None where a value isn't known or can't be read."""
        return _expanded(text, self.state, self.stage.build.dockerfile.escape)


@record()
class Stage:
    """A FROM and what follows it.

    `image`: the base image's reference where it is known; `parent`: the stage it continues, when it names one.
    """

    build: Build
    index: int
    start: Instruction
    name: str
    image: str | None
    parent: Stage | None
    platform: str | None
    steps: list[Step] = field(default_factory=list)
    end: State = field(default_factory=State)

    @property
    def chain(self) -> list[Stage]:
        """The stages this one continues, itself last."""
        found: list[Stage] = [self]
        while found[0].parent is not None:
            found.insert(0, found[0].parent)
        return found

    @property
    def base(self) -> bases.Base:
        root = self.chain[0]
        return bases.base(root.image)

    def before(self, step: Step | None = None) -> Iterator[Step]:
        """The steps that led here: those of the stages it continues, then its own up to `step` (all of them if None)."""
        for stage in self.chain[:-1]:
            yield from stage.steps
        for one in self.steps:
            if one is step:
                return
            yield one

    @property
    def final(self) -> bool:
        return self.index == len(self.build.stages) - 1


@record()
class Build:
    """Everything a rule sees: the file, its stages, the settings and the build context (None: not known)."""

    dockerfile: Dockerfile
    settings: Settings
    context: Context | None = None
    stages: list[Stage] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def steps(self) -> Iterator[Step]:
        for stage in self.stages:
            yield from stage.steps

    def stage_named(self, name: str | None, before: Stage) -> Stage | None:
        """The earlier stage that `COPY --from` or `FROM` means by a name or a number."""
        if name is None:
            return None
        for stage in reversed(self.stages[: before.index]):
            if stage.name and stage.name == name.lower():
                return stage
        return self.stages[int(name)] if name.isdecimal() and int(name) < before.index else None


def build(
    dockerfile: Dockerfile, settings: Settings, context: Context | None = None, given: Mapping[str, str] | None = None
) -> Build:
    """The stages of a file, each instruction with its State. `given`: what `--build-arg` says of ARGs before a FROM."""
    made = Build(dockerfile, settings, context)
    globals_ = State(workdir=None, user=None)
    state = globals_
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            stage = _stage(made, instruction, globals_)
            made.stages.append(stage)
            state = _inherited(stage)
        elif not made.stages:
            if instruction.keyword == "ARG":
                globals_ = state = _given(_after(instruction, state, State(), dockerfile.escape), given)
            continue
        else:
            stage = made.stages[-1]
            stage.steps.append(Step(stage, instruction, state, len(stage.steps)))
            state = _after(instruction, state, globals_, dockerfile.escape)
        made.stages[-1].end = state
    return made


def _given(state: State, given: Mapping[str, str] | None) -> State:
    return (
        replace(state, args={**state.args, **{name: given[name] for name in given if name in state.args}})
        if given
        else state
    )


def happened(step: Step, what: str, test: Callable[[Step], bool]) -> bool:
    """Whether a step that led to this one passes a test, which `what` names; each step is asked once."""
    return any(_first(one, what, test) < len(one.steps) for one in step.stage.chain[:-1]) or (
        _first(step.stage, what, test) < step.index
    )


def _first(stage: Stage, what: str, test: Callable[[Step], bool]) -> int:
    known = stage.build.facts
    key = f"first {what} {stage.index}"
    if key not in known:
        known[key] = next((step.index for step in stage.steps if test(step)), len(stage.steps))
    return known[key]  # type: ignore[return-value]


def _stage(made: Build, instruction: Instruction, globals_: State) -> Stage:
    words = instruction.words()
    escape = made.dockerfile.escape
    image = _expanded(words[0].text, globals_, escape) if words else None
    name = words[2].text.lower() if len(words) >= 3 and words[1].text.lower() == "as" else ""
    flag = instruction.flag("platform")
    platform = _expanded(flag.value, globals_, escape) if flag and flag.value else None
    stage = Stage(made, len(made.stages), instruction, name, image or None, None, platform)
    stage.parent = made.stage_named(image, stage) if image and not image.isdecimal() else None
    return stage


def _inherited(stage: Stage) -> State:
    if stage.parent is not None:
        return replace(stage.parent.end, args={})
    image = bases.base(stage.image)
    workdir = "/" if image.kind != "unknown" else None
    shell_words = _WINDOWS_SHELL if bases.on_windows(stage.image, stage.platform) else _DEFAULT_SHELL
    return State(env={"PATH": BASE_PATH}, user=image.user, workdir=workdir, shell=shell_words)


def _after(instruction: Instruction, state: State, globals_: State, escape: str) -> State:
    match instruction.keyword:
        case "ENV":
            return _with_env(instruction, state, escape)
        case "ARG":
            return replace(state, args={**state.args, **_arguments(instruction, state, globals_, escape)})
        case "USER":
            return replace(state, user=_expanded(instruction.args.text, state, escape) or None)
        case "WORKDIR":
            return replace(state, workdir=_joined(state.workdir, _expanded(instruction.args.text, state, escape)))
        case "SHELL":
            given = tuple(word.text for word in instruction.json or ())
            return replace(state, shell=given or state.shell)
        case _:
            return state


def _with_env(instruction: Instruction, state: State, escape: str) -> State:
    env, defaults = dict(state.env), set(state.defaults)
    uncertain = defaults | (state.args.keys() - state.env.keys())
    for pair in instruction.pairs():
        if pair.value is None:
            continue
        raw = pair.value.text
        env[pair.key] = _expanded(raw, state, escape)
        defaults.discard(pair.key)
        if "$" in raw and uncertain and not uncertain.isdisjoint(names(raw, escape)):
            defaults.add(pair.key)
    return replace(state, env=env, defaults=frozenset(defaults))


def _arguments(instruction: Instruction, state: State, globals_: State, escape: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for pair in instruction.pairs():
        if pair.value is None:
            found[pair.key] = globals_.args.get(pair.key)
        else:
            found[pair.key] = _expanded(pair.value.text, state, escape)
    return found


def _expanded(text: str, state: State, escape: str) -> str | None:
    if "$" not in text and "'" not in text and '"' not in text and escape not in text:
        return text
    try:
        value = expand(text, state.variables, escape)
    except ExpansionError:
        return None
    # `ENV A=$A$A` over and over must not fill the memory.
    return value if value is None or len(value) < _LONGEST else None


def _joined(base: str | None, path: str | None) -> str | None:
    """A path as WORKDIR or `cd` makes it from where it stands."""
    if path is None or (base is None and not path.startswith("/")):
        return None
    return normal(path if path.startswith("/") else f"{base}/{path}")


def normal(path: str) -> str:
    """An absolute path without `.`, `..`, or doubled and final slashes."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def script(run: Instruction, shell_words: tuple[str, ...]) -> shell.Script | None:
    """The commands of a RUN under a stage's SHELL; None for another kind of shell, or what can't be read."""
    if run.json is not None:
        return shell.parse_exec(run.json)
    if not shell_words or shell_words[0].rpartition("/")[2] not in _SHELLS:
        return None
    if not run.heredocs:
        return shell.parse(run.args)
    first = run.heredocs[0]
    if len(run.heredocs) == 1 and first.word == (0, len(run.args.text)):
        return shell.parse(first.body) if _is_shell_script(first.body.text) else None
    return shell.parse(_with_heredocs(run))


def text_of(run: Instruction) -> str:
    """All that a RUN hands to its shell, heredocs included."""
    return "\n".join([run.args.text, *(one.body.text for one in run.heredocs)])


def _is_shell_script(body: str) -> bool:
    if not body.startswith("#!"):
        return True
    program = body[2:].partition("\n")[0].split()
    return bool(program) and any(word.rpartition("/")[2] in _SHELLS for word in program[:2])


def _with_heredocs(run: Instruction) -> Cooked:
    """The line and its heredocs, as the shell gets them."""
    pieces = run.args.pieces(0, len(run.args.text))
    for heredoc in run.heredocs:
        start, end = heredoc.span
        pieces += [
            ("\n", start, start),
            *heredoc.body.pieces(0, len(heredoc.body.text)),
            (f"{heredoc.name}\n", end, end),
        ]
    return Cooked.join(pieces)


def home(user: str | None, env: Mapping[str, str | None]) -> str | None:
    """Where HOME is for a user, as far as that can be told without the image's passwd file."""
    if "HOME" in env:
        return env["HOME"]
    return "/root" if user in {"root", "0", "0:0", "root:root"} else None


def is_root(user: str | None) -> bool:
    return user is not None and user.partition(":")[0] in {"root", "0"}
