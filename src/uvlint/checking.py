"""`uvlint check`, once it is known what is asked for.

Nothing of this needs click, which takes longer to import than a file takes to be checked: `plain` reads the arguments of
the usual runs, and `uvlint.cli` those of all others.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from uvlint import cache, config, filesystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import NoReturn

    from uvlint.diagnostics import FileEdit
    from uvlint.reports import Pieces
    from uvlint.reports.summary import Tally
    from uvlint.rules import Rule
    from uvlint.run import Job, Result

CLEAN, FOUND, WRONG = 0, 1, 2
INTERRUPTED = 130
"""As shells have it for Ctrl-C."""

DEFAULTS: Mapping[str, Any] = {
    "fix": None,
    "unsafe_fixes": None,
    "diff": False,
    "fix_only": False,
    "show_fixes": None,
    "select": None,
    "ignore": None,
    "extend_select": None,
    "exclude": None,
    "extend_exclude": None,
    "force_exclude": None,
    "respect_gitignore": None,
    "output_format": None,
    "output_file": None,
    "statistics": False,
    "color": "auto",
    "quiet": False,
    "stdin_filename": None,
    "config_file": None,
    "isolated": False,
    "no_cache": False,
    "jobs": None,
    "exit_zero": False,
    "exit_non_zero_on_fix": False,
}
"""The options of `uvlint check`, as they are where nothing is given."""

_FLAGS = {
    "--diff": "diff",
    "--exit-zero": "exit_zero",
    "--fix": "fix",
    "--force-exclude": "force_exclude",
    "--isolated": "isolated",
    "--no-cache": "no_cache",
    "--quiet": "quiet",
    "--statistics": "statistics",
    "--unsafe-fixes": "unsafe_fixes",
}
_READ_BY_CLICK = ("UVLINT_OUTPUT_FORMAT", "UVLINT_NO_CACHE", "_UVLINT_COMPLETE")


def plain(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """The paths and options of a check that is asked for in the plainest way; None where click has to say.

    Plain are paths and the options that stand for themselves, spelled out, and a known `--output-format`.
    """
    if any(os.environ.get(name) for name in _READ_BY_CLICK):
        return None
    words = list(arguments)
    if words[:1] == ["check"]:
        words.pop(0)
    elif words and words[0][:1].islower() and words[0].replace("-", "").isalpha():
        return None  # the name of another command, perhaps
    paths, options = [], dict(DEFAULTS)
    while words:
        word = words.pop(0)
        if word in _FLAGS:
            options[_FLAGS[word]] = True
        elif word == "--output-format" and words and words[0] in config.FORMATS:
            options["output_format"] = words.pop(0)
        elif word and not word.startswith("-"):
            paths.append(word)
        else:
            return None
    return tuple(paths), options


def guarded(work: Callable[[], int]) -> NoReturn:
    """Do something and exit with the status that it comes to: WRONG for settings that can't be used."""
    _stand_in()
    try:
        sys.exit(work())
    except config.ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(WRONG)
    except OSError as error:
        stop(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nAborted!\n")  # as click has it
        sys.exit(INTERRUPTED)


def _stand_in() -> None:
    """Put something in the place of streams that the caller has closed (`>&-`): Python then has None for them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


def stop(error: OSError) -> NoReturn:
    """Exit after what the system refused: the reader of a pipe has gone, a full disk, no working folder."""
    from uvlint.reports.out import leave_quietly  # noqa: PLC0415

    leave_quietly()
    if isinstance(error, BrokenPipeError):
        sys.exit(FOUND)
    sys.stderr.write(f"error: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}\n")
    sys.exit(WRONG)


def check(paths: Sequence[str], options: Mapping[str, Any], key: bytes | None = None) -> int:
    """The exit status. `options` are those of `DEFAULTS`, `key` is the run's in the cache.

    Raises: ConfigError; OSError where the report can't be written.
    """
    from uvlint import rules  # noqa: PLC0415

    if options["no_cache"] or options["output_file"]:
        key = None
    if key is not None:
        filesystem.record()
    known = rules.load()
    finder = _finder(options, known)
    request = Request(known, finder, finder(_here()), options, key)
    return _standard_input(request) if tuple(paths) == ("-",) else _files(request, paths or (".",))


class Request(NamedTuple):
    """What was asked for. `settings` are those of the working folder: they decide on all that is not per file.

    `key`: the run's in the cache, None for one that is not kept.
    """

    known: Mapping[str, Rule]
    finder: config.Finder
    settings: config.Settings
    options: Mapping[str, Any]
    key: bytes | None

    @property
    def only(self) -> bool:
        """Whether what is left after fixing is nobody's business."""
        return bool(self.options["diff"] or self.options["fix_only"])

    @property
    def job(self) -> Job:
        from uvlint.run import Job  # noqa: PLC0415

        fix = self.settings.fix or self.only
        return Job(fix=fix, unsafe=self.settings.unsafe_fixes, write=fix and not self.options["diff"])


def _here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise config.ConfigError("the working folder is gone") from None


def _finder(options: Mapping[str, Any], known: Mapping[str, Rule]) -> config.Finder:
    lists = ("select", "ignore", "extend_select", "exclude", "extend_exclude")
    flags = ("force_exclude", "respect_gitignore", "fix", "unsafe_fixes", "show_fixes", "output_format")
    given = {name: options[name] for name in lists + flags}
    where = {name.replace("_", "-"): "--" + name.replace("_", "-") for name in lists if given[name] is not None}
    if "ignore" in where and "select" not in where:
        where["per-file-ignores"] = "--ignore"

    def finish(settings: config.Settings) -> config.Settings:
        config.verify(settings, known)
        settings = config.override(settings, given)
        config.verify(settings, known, where)
        return settings

    fixed = None
    if options["isolated"]:
        fixed = config.Settings(root=_here())
    elif options["config_file"]:
        fixed = config.load(options["config_file"])
        if fixed is None:
            raise config.ConfigError(f"{options['config_file']}: there is no [tool.uvlint] table in this file")
        fixed.root = _here()
    return config.Finder(finish, fixed)


def _files(request: Request, paths: Sequence[str]) -> int:
    from uvlint import files, run  # noqa: PLC0415

    found = list(files.find(paths, request.finder))
    if not found and not request.options["quiet"]:
        sys.stderr.write("warning: no Dockerfiles found under the given path(s)\n")
    results = run.every(found, request.job, request.options["jobs"])
    if request.key is None or request.job.fix or not 0 < len(found) <= cache.FILES:
        return _report(request, results, sys.stdout)
    held = cache.Held(sys.stdout)
    status = _report(request, results, held)
    cache.keep(request.key, held.release(), status)
    return status


def _standard_input(request: Request) -> int:
    from uvlint import run  # noqa: PLC0415
    from uvlint.reports import out  # noqa: PLC0415
    from uvlint.source import Source  # noqa: PLC0415

    path = request.options["stdin_filename"] or run.STDIN
    place = os.path.abspath(path)
    settings = request.finder(os.path.dirname(place))
    source = Source.decode(sys.stdin.buffer.read(), path)
    job = request.job
    job.beside = False
    if settings.force_exclude and settings.excluded.covers(place):
        if job.write:
            out.data(sys.stdout, source.encode())
        return CLEAN
    result = run.text(source, settings, job)
    if not job.write:
        return _report(request, iter([result]), sys.stdout)
    out.data(sys.stdout, result.source.encode())
    return _report(request, iter([result]), sys.stderr)


def _report(request: Request, results: Iterator[Result], stream: IO[str]) -> int:
    """Write what was asked for; the exit status."""
    from uvlint.reports import out, summary  # noqa: PLC0415

    options, settings = request.options, request.settings
    tally = summary.Tally()
    with _opened(options["output_file"], stream) as target:
        out.prepare(target)
        out.prepare(sys.stderr)
        write = out.writer(target, colour=out.coloured(target, options["color"]))
        if options["diff"]:
            _diff(request, tally.count(results), target)
        elif options["fix_only"]:
            _failures(tally.count(results))
        elif options["statistics"]:
            _failures(tally.count(results))
            write(summary.statistics(tally))
        else:
            from uvlint.reports import get  # noqa: PLC0415

            write(get(settings.output_format)(tally.count(results), unsafe=settings.unsafe_fixes))
        _summary(request, tally, write)
        target.flush()
    if tally.errors:
        filesystem.spoil()
    if options["exit_zero"]:
        return CLEAN
    if options["diff"]:
        return FOUND if tally.changed or tally.errors else CLEAN
    left = tally.errors if options["fix_only"] else tally.left + tally.errors
    return FOUND if left or (tally.fixed and options["exit_non_zero_on_fix"]) else CLEAN


def _opened(path: str | None, stream: IO[str]) -> AbstractContextManager[IO[str]]:
    if path is None:
        return nullcontext(stream)
    try:
        return open(path, "w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise config.ConfigError(f"{path}: can't write the report: {error.strerror}") from None


def _diff(request: Request, results: Iterator[Result], target: IO[str]) -> None:
    from uvlint.reports import out, printable  # noqa: PLC0415
    from uvlint.reports.diff import diff, diff_of  # noqa: PLC0415

    colour = out.coloured(target, request.options["color"])
    write = out.writer(target, colour=colour)
    shown: set[FileEdit] = set()
    for result in results:
        _failures([result])
        found = [diff(result.before, result.source)] if result.before is not None else []
        found += [diff_of(one) for one in result.files if one not in shown]
        shown.update(result.files)
        for pieces in found:
            if colour:
                write((printable(text.removesuffix("\n")) + "\n", style) for text, style in pieces)
            else:
                out.data(target, "".join(text for text, _ in pieces).encode("utf-8", "surrogateescape"))


def _failures(results: Iterable[Result]) -> None:
    from uvlint.reports.concise import failure  # noqa: PLC0415

    for result in results:
        for error in result.errors:
            sys.stderr.write("".join(text for text, _ in failure(result.path, error)))


def _summary(request: Request, tally: Tally, write: Callable[[Pieces], None]) -> None:
    from uvlint.reports import out, summary  # noqa: PLC0415

    options, settings = request.options, request.settings
    if options["quiet"]:
        return
    codes = {name: rule.code for name, rule in request.known.items()}
    if request.only:
        write = out.writer(sys.stderr, colour=out.coloured(sys.stderr, options["color"]))
    elif settings.output_format == "json" and not options["statistics"]:
        return
    if settings.show_fixes:
        write(summary.fixes(tally, codes, would=options["diff"]))
    if options["diff"]:
        write(summary.would_fix(tally, unsafe=settings.unsafe_fixes))
    elif options["fix_only"]:
        write(iter(()) if settings.show_fixes else summary.only_fixed(tally))
    else:
        write(summary.checked(tally, fix=request.job.fix, unsafe=settings.unsafe_fixes))
