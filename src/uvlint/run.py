"""From files to results: one file at a time, or many on all processors."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from uvlint import context, engine, files, filesystem
from uvlint.record import field, record
from uvlint.source import Source

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from uvlint.config import Settings
    from uvlint.diagnostics import Diagnostic, FileEdit

STDIN = "-"

SERIAL = 100
"""Up to so many files, starting processes costs more than they save."""

FEW = 25
"""Up to so many files, there is not enough garbage to look for."""

CHUNK = 25


@record()
class Job:
    """What to do with each file: look, or also fix (the unsafe fixes too), and then write what came out or not.

    `beside`: whether fixes may change other files of its build context, too.
    """

    fix: bool = False
    unsafe: bool = False
    write: bool = False
    beside: bool = True


@record()
class Result:
    """What came of one file.

    `diagnostics` have their places in `source`: after fixes, the text as fixed, with `before` the text as it was; `files`
    are the other files that the fixes change. `errors` are what kept the file from being read, fixed or written.
    """

    path: str
    source: Source
    diagnostics: list[Diagnostic] = field(default_factory=list)
    before: Source | None = None
    applied: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    files: list[FileEdit] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.before is not None or bool(self.files)


def file(found: files.Found, job: Job) -> Result:
    """Check one file. Whatever goes wrong is part of the result."""
    if found.settings is None:
        return Result(found.path, Source("", found.path), errors=[found.error])
    try:
        data = filesystem.read(found.path)
    except (OSError, ValueError) as error:
        return Result(found.path, Source("", found.path), errors=[_reason(error)])
    result = text(Source.decode(data, found.path), found.settings, job)
    if job.write and result.changed:
        wrong = _write(found.path, data, result.source.encode()) if result.before is not None else ""
        wrong = wrong or next(filter(None, map(_write_beside, result.files)), "")
        if wrong:
            result = text(result.before or result.source, found.settings, Job())
            result.errors.append(f"can't write the fixed file: {wrong}")
    return result


def _write_beside(edit: FileEdit) -> str:
    """Write another file that was fixed, unless it is so already; what kept it from being written, if anything."""
    name = os.path.basename(edit.path)
    try:
        if edit.before is None:
            made = files.create(edit.path, _bytes(edit.after)) or filesystem.read(edit.path) == _bytes(edit.after)
            return "" if made else f"{name} was made meanwhile; run uvlint again"
        now = filesystem.read(edit.path)
        if now == _bytes(edit.after):
            return ""
        wrong = _write(edit.path, _bytes(edit.before), _bytes(edit.after))
    except OSError as error:
        wrong = files.reason(error)
    return f"{name}: {wrong}" if wrong else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _write(path: str, before: bytes, after: bytes) -> str:
    """Write what was fixed; what kept it from being written, if anything."""
    try:
        if filesystem.read(path) != before:
            return "it was changed meanwhile; run uvlint again"
        files.write(path, after)
    except OSError as error:
        return files.reason(error)
    return ""


def text(source: Source, settings: Settings, job: Job) -> Result:
    """Check, and if asked fix, a text; nothing is written."""
    try:
        seen = context.find(source.path, writable=job.beside)
        if not job.fix:
            return Result(source.path, source, engine.check(source, settings, context=seen))
        fixed = engine.fix(source, settings, unsafe=job.unsafe, context=seen)
    except Exception as error:  # one file must not keep the others from being checked
        if os.environ.get("UVLINT_DEBUG"):
            raise
        return Result(source.path, source, errors=[_internal(error)])
    changed = fixed.source.text != source.text
    applied: Counter[str] | dict[str, int] = fixed.applied if changed or fixed.files else {}
    return Result(
        source.path,
        fixed.source,
        fixed.diagnostics,
        source if changed else None,
        dict(applied),
        [fixed.error] if fixed.error else [],
        list(fixed.files),
    )


def _reason(error: OSError | ValueError) -> str:
    return files.reason(error) if isinstance(error, OSError) else str(error)


def _internal(error: BaseException) -> str:
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    place = f" at {os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}" if last else ""
    return (
        f"internal error ({type(error).__name__}: {error}{place}); this is a bug in uvlint, please report it"
        " with the file (UVLINT_DEBUG=1 shows where it happened)"
    )


def every(found: Sequence[files.Found], job: Job, jobs: int | None = None) -> Iterator[Result]:
    """The results in the order of the files, as they come.

    `jobs` is how many processes may work (None: `UVLINT_JOBS`, or one a processor); more than one are only started for
    more than `SERIAL` files.
    """
    if len(found) > FEW and not gc.isenabled():
        gc.freeze()
        gc.enable()
    jobs = jobs or _jobs()
    if jobs > 1 and len(found) > SERIAL:
        return _parallel(found, job, jobs)
    return (file(one, job) for one in found)


def _jobs() -> int:
    given = os.environ.get("UVLINT_JOBS", "")
    if given.isdecimal() and int(given):
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parallel(found: Sequence[files.Found], job: Job, jobs: int) -> Iterator[Result]:
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    chunks = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)]
    with ProcessPoolExecutor(min(jobs, len(chunks))) as pool:
        for results in pool.map(_chunk, chunks, [job] * len(chunks)):
            yield from results


def _chunk(found: Sequence[files.Found], job: Job) -> list[Result]:
    return [file(one, job) for one in found]
