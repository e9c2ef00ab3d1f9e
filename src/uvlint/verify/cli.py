"""`uvlint verify`: the command line."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from uvlint import config, context, engine, files, filesystem, rules, templates
from uvlint.reports import printable
from uvlint.source import Source
from uvlint.verify import engines, judge, outcome, reports, sides
from uvlint.verify.engines import EngineError, Request
from uvlint.verify.judge import Task
from uvlint.verify.reports import live
from uvlint.verify.sides import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uvlint.config import Settings
    from uvlint.verify.outcome import Outcome

STATUS = {outcome.EQUIVALENT: 0, outcome.DIFFERENT: 1, outcome.UNKNOWN: 2}
UNJUDGED = STATUS[outcome.UNKNOWN]


class _Option(click.Option):
    """An option that is listed under a heading."""

    def __init__(self, *args: Any, heading: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.heading = heading


class _Command(click.Command):
    """A command whose options are listed under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {}
        for one in self.get_params(ctx):
            record = one.get_help_record(ctx) if isinstance(one, click.Option) else None
            if record is not None:
                rows.setdefault(one.heading if isinstance(one, _Option) else "Other", []).append(record)
        for heading, records in sorted(rows.items(), key=lambda row: row[0] == "Other"):
            with formatter.section(heading):
                formatter.write_dl(records)


def _under(heading: str) -> Callable[..., Callable[[Any], Any]]:
    return partial(click.option, cls=_Option, heading=heading)


_compared, _built, _checked, _reported = map(
    _under, ("What is compared", "How it is built", "What is looked at", "Report")
)


@click.command(cls=_Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("path", default="Dockerfile", type=click.Path(readable=False))
@_compared("--unsafe-fixes", is_flag=True, help="Apply unsafe fixes, too, in what is built after.")
@_compared("--select", multiple=True, metavar="RULES", help="Only apply the fixes of these rules; comma-separated.")
@_compared(
    "--against", metavar="FILE|COMMIT", help="Build this file after PATH as it is, or PATH as of this commit before it."
)
@_compared("--context", "folder", type=click.Path(exists=True, file_okay=False), help="The build context.")
@_built("--engine", "engine_name", type=click.Choice(engines.NAMES), help="What builds; default the first there is.")
@_built("--builder", metavar="NAME", help="The builder of docker buildx that does the work.")
@_built("--build-arg", multiple=True, metavar="NAME=VALUE", help="Set a build argument.")
@_built("--secret", multiple=True, metavar="SECRET", help="Let the builds read a secret, as `docker build` has it.")
@_built("--target", metavar="STAGE", help="Build this stage.")
@_built("--platform", metavar="PLATFORM", help="Build for this platform.")
@_built("--network", metavar="MODE", help="The network of RUN instructions.")
@_built("--own-frontend", is_flag=True, help="Leave `# syntax=` lines out: the engine reads the files itself.")
@_checked("--smoke", metavar="CMD", help="Run this in both images; default: import the entry point's program.")
@_checked(
    "--runs", type=click.IntRange(min=1), default=1, metavar="N", help="How often to measure each build; default 1."
)
@_checked("--no-cost", is_flag=True, help="Measure nothing: judge, with the layers that earlier builds left.")
@_checked("--files", "all_files", is_flag=True, help="List all files that differ.")
@_checked("--keep", is_flag=True, help="Keep the images and the copies of the build context.")
@_reported("--output-format", type=click.Choice(reports.FORMATS), default="full", help="How to report.")
@_reported(
    "-o",
    "--output-file",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="Write the report to a file, too: .html, .md and .json say how. May be repeated.",
)
@_reported("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
def verify(path: str, **options: Any) -> None:
    """Build a Dockerfile as it is and as its fixes would leave it, and show what differs.

    PATH is the Dockerfile, or the folder that holds it; by default that of this folder.

    Exits with 0 if both images are equivalent, 1 if they are not, 2 if that could not be judged.
    """
    path = os.path.normpath(os.path.join(path, "Dockerfile")) if os.path.isdir(path) else path
    try:
        _check(options["outputs"])
        with _interruptible():
            found = _verified(path, options)
            _report(found, options)
    except EngineError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(UNJUDGED)
    except OSError as error:
        name = error.filename2 or error.filename  # of a copy, where it should go
        place = f"{os.fsdecode(name)}: " if isinstance(name, (str, bytes)) else ""
        click.echo(f"error: {printable(place)}{files.reason(error)}", err=True)
        sys.exit(UNJUDGED)
    except KeyboardInterrupt:
        click.echo("interrupted" if options["keep"] else "interrupted: nothing was kept", err=True)
        sys.exit(UNJUDGED)
    sys.exit(STATUS[found.verdict])


def _check(outputs: tuple[str, ...]) -> None:
    """Raises EngineError where a report could not be written once all is built."""
    for path in outputs:
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise EngineError(f"{path}: there is no folder {folder}")
        if not os.access(path if os.path.exists(path) else folder or os.curdir, os.W_OK):
            raise EngineError(f"{path}: can't be written")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Being told to end is as an interrupt: what was made is taken away first."""

    def end(_number: int, _frame: object) -> None:
        for number in numbers:  # once is enough: nothing may keep the cleaning from its end
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    # What is ignored already stays so: `nohup` asks for that.
    numbers = [number for number in engines.ENDING if signal.getsignal(number) != signal.SIG_IGN]
    old = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _verified(path: str, options: dict[str, Any]) -> Outcome:
    settings = _settings(path, options)
    subject = _subject(path, settings, options)
    temporary = tempfile.mkdtemp(prefix=f"{engines.PREFIX}-")
    builder = None
    try:
        before, after = _sides(subject, options, temporary)
        if options["own_frontend"]:
            before.text, after.text = sides.without_syntax(before.text), sides.without_syntax(after.text)
        if sides.alike(before, after):
            _readable(before)
            return judge.with_paths(judge.nothing(subject), path)
        builder = engines.find(options["engine_name"], options["builder"])
        builder.keep = options["keep"]
        request = Request(
            *(options[name] for name in ("build_arg", "secret", "target", "platform", "network")),
        )
        runs = 0 if options["no_cost"] else options["runs"]
        with live.watch(color=options["color"]) as watch:
            task = Task(builder, request, before, after, watch, runs, options["smoke"])
            return judge.with_paths(judge.judge(task, temporary), path)
    finally:
        with engines.undisturbed():
            if builder is not None and options["keep"]:
                click.echo(f"kept: {', '.join([temporary, *builder.images])}", err=True)
            else:
                _remove(temporary)


def _remove(folder: str) -> None:
    import shutil  # noqa: PLC0415

    for place, names, _ in os.walk(folder):
        for name in names:  # copies of folders that can't be written can't be emptied
            if not os.path.islink(path := os.path.join(place, name)):
                with suppress(OSError):
                    os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _settings(path: str, options: dict[str, Any]) -> Settings:
    """The settings that the file has. Raises ConfigError."""
    known = rules.load()
    selected = tuple(part for value in options["select"] for word in value.split(",") if (part := word.strip()))

    def finish(settings: Settings) -> Settings:
        settings = config.override(settings, {"select": selected or None})
        config.verify(settings, known, {"select": "--select"})
        return settings

    return config.Finder(finish)(os.path.dirname(os.path.abspath(path)))


def _subject(path: str, settings: Settings, options: dict[str, Any]) -> Subject:
    """The file as it is."""
    place = os.path.abspath(path)
    try:
        source = Source.decode(filesystem.read(place), place)
    except ValueError as error:
        raise EngineError(f"{path}: {error}") from None
    except OSError as error:
        raise EngineError(f"{path}: {files.reason(error)}") from None
    build = engine.read(source, settings, context.find(place))
    folder = os.path.abspath(options["folder"]) if options["folder"] else sides.root(build, place)
    return Subject(path, source.text, place, folder, settings)


def _sides(subject: Subject, options: dict[str, Any], temporary: str) -> tuple[Subject, Subject]:
    """What is built before and after. Raises EngineError."""
    against = options["against"]
    for name, option in (("unsafe_fixes", "--unsafe-fixes"), ("select", "--select")):
        if against is not None and options[name]:
            raise click.UsageError(f"--against builds the file as it is: it can't be combined with {option}")
    if against is not None and os.path.isfile(against):
        return subject, _subject(against, subject.settings, {"folder": subject.folder})  # as of `diff A B`
    if against is not None:
        return sides.at(against, subject, temporary), subject  # as of `git diff COMMIT`
    found = context.find(subject.dockerfile)
    source = Source(subject.text, subject.dockerfile)
    fixed = engine.fix(source, subject.settings, unsafe=options["unsafe_fixes"], context=found)
    if fixed.error:
        raise EngineError(f"{subject.label}: its fixes can't be applied: {fixed.error}")
    changed = {os.path.abspath(one.path): one.after for one in fixed.files}
    flags = "--fix --unsafe-fixes" if options["unsafe_fixes"] else "--fix"
    after = Subject(f"with {flags}", fixed.source.text, subject.dockerfile, subject.folder, subject.settings, changed)
    return subject, after


def _readable(subject: Subject) -> None:
    """Raises EngineError for what no engine would build: that both sides are the same then says nothing."""
    found = next(iter(templates.problems(subject.build())), None)
    if found is not None:
        line, column = Source(subject.text).position(found.span.start)
        raise EngineError(f"{subject.label}:{line}:{column}: {found.message}: there is nothing that could be built")


def _report(found: Outcome, options: dict[str, Any]) -> None:
    """Write the files, then print it. Raises: OSError; EngineError for a file that can't be written."""
    from uvlint.reports import out  # noqa: PLC0415

    form, every = options["output_format"], options["all_files"]
    for path in options["outputs"]:
        named = reports.ENDINGS.get(os.path.splitext(path)[1].lower(), form)
        try:
            with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as target:
                reports.write(found, named, target, files=every, color="never")
        except OSError as error:
            raise EngineError(f"{path}: {files.reason(error)}") from None
    out.prepare(sys.stdout)
    try:
        reports.write(found, form, sys.stdout, files=every, color=options["color"])
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # its reader has seen enough, where rich would exit: the verdict stands
        out.leave_quietly()
