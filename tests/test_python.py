"""What Python in an image runs, as far as it is pip's and uv's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uvlint import calls, engine, scripts
from uvlint.calls import Call
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.source import Source


def found(text: str, *, files: dict[str, str] | None = None) -> list[Call]:
    """The calls of pip and uv in a RUN whose Python is `text`."""
    source = Source(f"FROM python:3.12-slim\nWORKDIR /app\nRUN python - <<'EOF'\n{text}\nEOF\n")
    build = engine.read(source, Settings(), Context.of(files) if files else None)
    return list(calls.find(build, "pip", "uv"))


def args(text: str) -> list[list[str | None]]:
    return [one.args for one in found(text)]


@pytest.mark.parametrize(
    "text",
    [
        'import subprocess\nsubprocess.run(["pip", "install", "a"])',
        'import subprocess\nsubprocess.call(args=("pip3", "install", "a"))',
        'import subprocess as sp\nsp.check_output(["/usr/local/bin/pip", "install", "a"])',
        'from subprocess import *\ncheck_call(["python", "-m", "pip", "install", "a"])',
        'from subprocess import Popen as run\nrun(["pip", "install", "a"]).wait()',
        'import subprocess\nsubprocess.run("pip install a", shell=True)',
        'import subprocess\nsubprocess.getoutput("pip install a")',
        'import os\nos.system("pip install " "a")',
        'import os\nos.system("pip install \\x61")',
        'from os import popen\npopen(r"pip install a")',
        'import subprocess, shlex\nsubprocess.run(shlex.split("pip install a"))',
        'import subprocess\nsubprocess.run("pip install a".split())',
        'import subprocess, sys\nsubprocess.run([sys.executable, "-m", "pip", "install", "a"])',
        'import subprocess\nfrom sys import executable\nsubprocess.run([executable, "-m", "pip", "install", "a"])',
        'import pip\npip.main(["install", "a"])',
        'import pip._internal\npip._internal.main(["install", "a"])',
        'from pip._internal.cli.main import main as m\nm(["install", "a"])',
        '__import__("pip").main(["install", "a"])',
        'import importlib\nimportlib.import_module("pip._internal").main(["install", "a"])',
        'import pip\nrun = pip.main if hasattr(pip, "main") else pip._internal.main\nrun(["install", "a"])',
        'import runpy, sys\nsys.argv = ["pip", "install", "a"]\nrunpy.run_module("pip")',
        'import subprocess\nNAMES = ["a"]\nsubprocess.run(["pip", "install", *NAMES])',
        'import subprocess\nNAMES = ["a"]\nsubprocess.run(["pip", "install"] + NAMES)',
        'import subprocess\nNAME = "a"\nif NAME:\n    subprocess.run(["pip", "install", NAME])',
    ],
)
def test_pip_is_seen_however_it_is_called(text: str) -> None:
    assert args(text) == [["install", "a"]]
    assert found(text)[0].program == "pip"


@pytest.mark.parametrize(
    "text",
    [
        'print("pip install a")',
        'subprocess.run(["pip", "install", "a"])  # never imported',
        'import subprocess\nsubprocess.run(["echo", "pip"])',
        'import subprocess\nsubprocess.run(["pip", "install", "a"], executable="/bin/echo")',
        'import subprocess\nsubprocess.run(["pip", "install", "a"], shell=True)  # only `pip`',
        'import subprocess\nsubprocess.run("pip install a")  # no such file',
        "import subprocess\nsubprocess.run(COMMAND)  # pip?",
        'import subprocess\na = ["pip", *a]\na = b\nb = a\nsubprocess.run(a)',
        'import subprocess\nsubprocess.run(["pip", "install", "a"',
        'import os\nos.system("pip install \'a")',
        'import mine as subprocess\nsubprocess.run(["pip", "install", "a"])',
    ],
)
def test_what_runs_no_pip_is_nothing(text: str) -> None:
    assert [one for one in args(text) if len(one) > 1] == []


def test_what_python_only_knows_when_it_runs_is_not_known() -> None:
    text = 'import subprocess, sys\nsubprocess.run(["pip", "install", f"a=={sys.argv[1]}", sys.argv[2], "b"])'
    assert args(text) == [["install", None, None, "b"]]


def test_words_stand_in_the_dockerfile() -> None:
    (call,) = found('import subprocess\nsubprocess.run(["pip", "install", "é", "a\\tb"])')
    source = call.step.stage.build.dockerfile.source
    assert [source[word.span] for word in call.words] == ["pip", "install", "é", "a\\tb"]


def test_where_and_how_it_runs() -> None:
    run = 'import subprocess\nsubprocess.run(["pip", "install", "."], {})'
    places = ['cwd="/src"', 'cwd="lib"', "cwd=None", "cwd=HERE", "env={}", "env=None", "check=True"]
    calls_ = [found(run.format(one))[0] for one in places]
    assert [one.workdir for one in calls_[:4]] == ["/src", "/app/lib", "/app", None]
    assert [one.activated for one in calls_[4:6]] == [None, ""]
    assert [one.spawn.outcome for one in calls_ if one.spawn][-2:] == ["handled", ""]
    moved = 'import os, subprocess\nos.chdir("/x")\nos.environ["A"] = "b"\nsubprocess.run(["pip", "install", "."])'
    assert [(one.workdir, one.activated) for one in found(moved)] == [(None, None)]


def test_sys_executable_is_the_python_that_runs_it() -> None:
    text = 'import subprocess, sys\nsubprocess.run([sys.executable, "-m", "pip", "install", "a"])'
    build = engine.read(Source(f"FROM python:3.12-slim\nRUN /opt/v/bin/python3 <<'EOF'\n{text}\nEOF\n"), Settings())
    (call,) = calls.find(build, "pip")
    assert (call.path, call.module, call.outer and call.outer.program) == ("/opt/v/bin/python3", True, "python")


SCRIPT = 'import subprocess\n\nsubprocess.run(["pip", "install", "a"])\n'


@pytest.mark.parametrize(
    ("run", "path", "text", "line"),
    [
        ("python setup_env.py", "setup_env.py", SCRIPT, 3),
        ("python3 -u ./setup_env.py --all", "setup_env.py", SCRIPT, 3),
        ("./setup_env.py", "setup_env.py", f"#!/usr/bin/env python3\n{SCRIPT}", 4),
        ("cd tools && sh -e install.sh", "tools/install.sh", "set -e\npip install a\n", 2),
        (". ./install.sh", "install.sh", "if true; then\n  pip3 install a\nfi\n", 2),
        ("tools/install.sh", "tools/install.sh", "#!/bin/sh\npip install a\r\n", 2),
    ],
)
def test_scripts_of_the_context_are_read(run: str, path: str, text: str, line: int) -> None:
    source = Source(f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN {run}\n")
    (ran,) = scripts.ran(engine.read(source, Settings(), Context.of({path: text})))
    assert (ran.path, [one.args for one in ran.calls], ran.line(ran.calls[0])) == (path, [["install", "a"]], line)
    assert source[ran.word.span].endswith(path.rpartition("/")[2])


@pytest.mark.parametrize(
    "run", ["python -m setup_env", "python -c setup_env.py", "cat setup_env.py", "python other.py", "sed -i d setup_env.py; python setup_env.py"]
)  # fmt: skip
def test_what_runs_no_script_reads_none(run: str) -> None:
    source = Source(f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN {run}\n")
    assert scripts.ran(engine.read(source, Settings(), Context.of({"setup_env.py": SCRIPT}))) == []
    assert scripts.ran(engine.read(source, Settings())) == []


FRAGMENTS = [
    "subprocess", "import ", "from ", ".run(", "[", "]", ")", '"pip"', "'install'", ", ", "*a", 'f"{', "}", '"', "\\", "\n",
    "a = ", "pip", ".main(", "shell=True", "é", "\t", "sys.executable", " + ", "# x\n", "os.system(", "'''", "try:\n    ",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
def test_no_text_is_too_much(text: str) -> None:
    source = Source(f"FROM python:3.12\nRUN python - <<'EOF'\nimport subprocess, pip, os, sys\n{text}\nEOF\n")
    fixed = engine.fix(source, Settings(select=("pip-install",)), unsafe=True)
    assert fixed.error is None
    for call in calls.find(engine.read(fixed.source, Settings()), "pip", "uv"):
        assert all(0 <= word.span.start <= word.span.end <= len(fixed.source.text) for word in call.words)
