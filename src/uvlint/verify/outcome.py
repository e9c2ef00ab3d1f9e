"""What `verify` found out: plain data, from which every report is made.

Sizes are bytes, times seconds. `asdict` of an Outcome is what the JSON report holds; `VERSION` counts up when a field
changes its meaning or goes away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

VERSION = 1

EQUIVALENT, DIFFERENT, UNKNOWN = "equivalent", "different", "unknown"
"""The verdicts: nothing that counts differs, something does, it could not be judged."""

LOST, NEW, CHANGED, MOVED, DRIFTED = "lost", "new", "changed", "moved", "drifted"
SYSTEM, INSTALLER = "system", "installer"
"""What became of a package. `drifted`: nothing pins its version, and where both files are built afresh, they have the same.
`moved`: the same version in another environment. `system`: of the Python of the system's package manager, where the image
runs another one. `installer`: pip, setuptools, wheel or uv, which don't count."""


COUNTING = frozenset({LOST, NEW, CHANGED})
"""The kinds that speak against equivalence by themselves."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a build. `started` counts from the start of the build; `seconds` is None while it runs."""

    name: str
    started: float
    seconds: float | None = None
    cached: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """One build. `failed`: why it did, "" where it didn't; then `step` is where and `tail` the last lines it said.

    `pulled`: bytes that the engine itself fetched (base images); None where it doesn't tell.
    """

    seconds: float
    steps: tuple[Step, ...] = ()
    failed: str = ""
    step: str = ""
    tail: tuple[str, ...] = ()
    pulled: int | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What an image runs, where, and as whom."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    env: dict[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    healthcheck: tuple[str, ...] = ()
    stop_signal: str = ""
    shell: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer and the instruction that made it. `base`: it comes with the base image."""

    instruction: str
    size: int
    base: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """The distributions at a prefix, version by normalised name. `kind`: system, venv, conda, or folder (`--target`).

    `compiled`: the top-level names that bytecode lies beside.
    """

    prefix: str
    kind: str
    packages: dict[str, str] = field(default_factory=dict)
    compiled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """The final image of one build. `size` is its content unpacked; layers are in the order they were made."""

    size: int
    config: Config
    layers: tuple[Layer, ...] = ()
    environments: tuple[Environment, ...] = ()
    files: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """Before or after: what was built (`label`), how that went, and the image, None where there is none."""

    label: str
    build: Built | None = None
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class PackageChange:
    """`before` and `after` are versions, None where it isn't there; `to` is the environment it moved to."""

    environment: str
    name: str
    kind: str
    before: str | None = None
    after: str | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of the image's configuration (`env PATH` for one variable). `counts`: it speaks against equivalence."""

    field: str
    before: str | None
    after: str | None
    counts: bool


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is there on one side only, or whose owner or mode differs: `0:0 644`, None where it isn't there."""

    path: str
    before: str | None
    after: str | None
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """A command in an image: its exit status, None where it still ran when the time was up, and the last lines."""

    status: int | None
    seconds: float
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Smoke:
    """What was run in both images; `reason` says why nothing was."""

    command: str = ""
    before: Ran | None = None
    after: Ran | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a kind of build, one entry a run. `kind`: cold, source or requirement; `what` was changed for it.

    `note` says why there are none, or what they leave out.
    """

    kind: str
    what: str
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of it. `reasons` are those of a verdict other than equivalent; `notes` are what a reader should know besides."""

    verdict: str
    dockerfile: str
    engine: str
    before: Side
    after: Side
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    config: tuple[FieldChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    smoke: Smoke = field(default_factory=Smoke)
    costs: tuple[Cost, ...] = ()
    version: int = VERSION
