"""What an image runs, as `verify` tells it, without an engine."""

from __future__ import annotations

import os

import pytest

from trees import archive
from uvlint.verify import commands, smoke
from uvlint.verify.outcome import Config, Ran, Smoke

PROGRAMS: dict[str, str | bytes] = {
    "/usr/local/bin/python": "\x7fELF",
    "/usr/local/bin/uvicorn": "#!/usr/local/bin/python\n",
    "/usr/local/bin/gunicorn": "#!/usr/local/bin/python\n",
    "/usr/local/bin/uv": "\x7fELF",
    "/app/start.sh": "#!/bin/sh\n",
    "/app/bash.sh": "#!/bin/bash\n",
    "/app/env.sh": "#!/usr/bin/env bash\n",
    "/bin/sh": "\x7fELF",
}
EXECUTABLE = {os.path.basename(path): {"mode": 0o755} for path in PROGRAMS}


@pytest.mark.parametrize(
    ("entrypoint", "command", "shown"),
    [
        ((), ("uvicorn", "app.main:app", "--port", "80"), "import uvicorn, app.main"),
        ((), ("/bin/sh", "-c", "exec gunicorn -w 4 wsgi:app"), "import gunicorn, wsgi"),
        (("python",), ("-m", "uvicorn", "--port", "80", "x:app"), "import uvicorn, x"),
        ((), ("uv", "run", "--no-sync", "uvicorn", "x:app"), "import uvicorn, x"),
        ((), ("python", "-u", "app.py"), "import app.py"),
        ((), ("python", "-um", "app"), "import app"),
        ((), ("python", "-muvicorn", "x:app"), "import uvicorn, x"),
        ((), ("python", "-W", "ignore", "-Xdev", "app.py"), "import app.py"),
        ((), ("sh", "-c", "uvicorn x:app"), "import uvicorn, x"),
        ((), ("/bin/bash", "-euxo", "pipefail", "-c", "uvicorn x:app"), "import uvicorn, x"),
        ((), ("/bin/sh", "-c", "exec gunicorn --bind :$PORT x:app"), "import gunicorn, x"),
        ((), ("/bin/sh", "-c", "uvicorn x:app --port ${PORT:-8000}"), "import uvicorn, x"),
        ((), ("gunicorn", "-b", "localhost:8000", "-c", "python:x.conf", "x:create(1)"), "import gunicorn, x"),
        (("/tini", "-g", "--"), ("uvicorn", "x:app"), "import uvicorn, x"),
        ((), ("env", "A=1", "uvicorn", "x:app"), "import uvicorn, x"),
        ((), ("uv", "run", "--frozen", "--extra", "web", "-m", "uvicorn", "x:app"), "import uvicorn, x"),
        ((), ("uv", "run", "app.py"), "import app.py"),
        ((), ("uv", "run", "--with", "x", "app.py"), ""),
        ((), ("poetry", "run", "celery"), ""),
        ((), ("/bin/sh", "-c", "python $APP"), ""),
        ((), ("/bin/sh", "-c", "$APP x"), ""),
        ((), ("missing", "x"), "missing (which is not in the image)"),
        ((), ("/app/start.sh",), ""),
        ((), ("/bin/sh", "-c", "cd x && uvicorn x:app"), ""),
        ((), ("python", "-c", "import x"), ""),
        ((), (), ""),
    ],
)
def test_what_an_image_runs_is_imported(entrypoint: tuple[str, ...], command: tuple[str, ...], shown: str) -> None:
    config = Config(entrypoint, command, workdir="/app", env={"PATH": "/usr/local/bin:/bin"})
    check = smoke.told(config, archive(PROGRAMS, members=EXECUTABLE))
    assert check.shown == shown
    assert bool(check.reason) is (not shown)


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        (("gunicorn", "--chdir", "src", "x:app"), "src"),
        (("python", "-m", "uvicorn", "--app-dir=src", "x:app"), "src"),
        (("gunicorn", "x:app"), ""),
    ],
)
def test_modules_are_looked_for_where_a_server_is_told_to(command: tuple[str, ...], folder: str) -> None:
    config = Config((), command, workdir="/app", env={"PATH": "/usr/local/bin:/bin"})
    argv = smoke.told(config, archive(PROGRAMS, members=EXECUTABLE)).argv
    assert argv[argv.index("-c") + 2] == folder
    assert argv[-1] == "x"


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (("start.sh",), "/app/start.sh"),
        (("/app/start.sh",), "/app/start.sh"),
        (("/bin/sh", "-c", "exec start.sh x"), "/app/start.sh"),
        (("bash.sh",), None),
        (("env.sh",), None),
        (("plain",), None),
        (("missing",), None),
        ((), None),
    ],
)
def test_where_the_program_is_that_an_image_runs(command: tuple[str, ...], place: str | None) -> None:
    files = archive({**PROGRAMS, "/app/plain": ""}, members=EXECUTABLE)
    found = commands.programs(Config((), command, workdir="/app", env={"PATH": "/app"}), files)
    assert found.get("runs", ("", None))[1] == place


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (("--interval=3s", "CMD-SHELL", "curl -f http://localhost/ || exit 1"), "curl"),
        (("CMD-SHELL", "A=1 wget -q x"), "wget"),
        (("CMD", "/app/start.sh", "x"), "/app/start.sh"),
        (("CMD-SHELL", '[ "$(cat x)" = 1 ]'), None),
        (("NONE",), None),
    ],
)
def test_the_program_that_checks_the_health_of_an_image(check: tuple[str, ...], name: str | None) -> None:
    found = commands.programs(Config(healthcheck=check), archive(PROGRAMS, members=EXECUTABLE))
    assert found.get("checks its health with", (None,))[0] == name


def test_the_shell_that_a_command_is_for_is_a_program_of_the_image() -> None:
    config = Config((), ("/bin/sh", "-c", "uvicorn x:app"), env={"PATH": "/usr/local/bin"})
    files = archive({name: text for name, text in PROGRAMS.items() if name != "/bin/sh"}, members=EXECUTABLE)
    assert commands.programs(config, files) == {
        "runs": ("uvicorn", "/usr/local/bin/uvicorn"),
        "starts with": ("/bin/sh", None),
    }


@pytest.mark.parametrize("shell", [{}, {"/bin/sh": ""}])
def test_a_blank_command_is_no_command(shell: dict[str, str | bytes]) -> None:
    assert smoke.given(" ", archive(shell)).reason == "the command to run is blank"


@pytest.mark.parametrize(
    ("before", "after", "speaks"),
    [(0, 0, False), (0, 1, True), (1, 1, False), (1, 2, False), (None, 1, True), (0, None, True)],
)
def test_only_what_worked_before_can_fail(before: int | None, after: int | None, speaks: bool) -> None:
    ran = Smoke("x", Ran(before, 1.0), Ran(after, 1.0, ("said",)))
    assert bool(smoke.objection(ran)) is speaks
