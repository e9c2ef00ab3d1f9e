from __future__ import annotations

import pytest

from reading import built, calls_of
from uvlint import calls
from uvlint.calls import Call


def call(run: str, program: str = "pip", above: str = "") -> Call:
    """The last call of a program in a RUN."""
    return calls_of(f"FROM python:3.12\n{above}RUN {run}\n", program)[-1]


@pytest.mark.parametrize(
    ("run", "path", "wrappers"),
    [
        ("pip install x", "pip", ()),
        ("pip3 install x", "pip3", ()),
        ("pip3.11 install x", "pip3.11", ()),
        ("python -m pip install x", "python", ()),
        ("python3.11 -m pip install x", "python3.11", ()),
        ("python -Im pip install x", "python", ()),
        ("python -I -m pip install x", "python", ()),
        ("python -u -B -m pip install x", "python", ()),
        ("pypy3 -m pip install x", "pypy3", ()),
        ("/opt/venv/bin/pip install x", "/opt/venv/bin/pip", ()),
        ("./venv/bin/pip install x", "./venv/bin/pip", ()),
        ("/opt/venv/bin/python -m pip install x", "/opt/venv/bin/python", ()),
        ('"/opt/venv/bin/pip" install x', "/opt/venv/bin/pip", ()),
        ("A=1 pip install x", "pip", ()),
        ("env A=1 pip install x", "pip", ("env",)),
        ("env -u B pip install x", "pip", ("env",)),
        ("sudo pip install x", "pip", ("sudo",)),
        ("sudo -H -u app pip install x", "pip", ("sudo",)),
        ("sudo -E env A=1 pip install x", "pip", ("sudo", "env")),
        ("timeout 60 pip install x", "pip", ("timeout",)),
        ("timeout -s KILL 60 pip install x", "pip", ("timeout",)),
        ("nice -n 5 pip install x", "pip", ("nice",)),
        ("command pip install x", "pip", ("command",)),
        ("exec pip install x", "pip", ("exec",)),
        ("time pip install x", "pip", ()),
        ("xargs -n 1 pip install", "pip", ("xargs",)),
        ("xargs -a f -r pip install", "pip", ("xargs",)),
        ("true && pip install x && true", "pip", ()),
        ("false || pip install x; true", "pip", ()),
        ("! pip install x", "pip", ()),
        ("if true; then pip install x; fi", "pip", ()),
        ("if pip install x; then true; fi", "pip", ()),
        ("for p in a b; do pip install x; done", "pip", ()),
        ("while read p; do pip install x; done < f", "pip", ()),
        ("case $A in a) pip install x;; esac", "pip", ()),
        ("( pip install x )", "pip", ()),
        ("{ pip install x; }", "pip", ()),
        ("f() { pip install x; }; f", "pip", ()),
        ("cat f | pip install x", "pip", ()),
        ("bash -c 'pip install x'", "pip", ()),
        ("bash -euxo pipefail -c 'true && pip install x'", "pip", ()),
        ('sh -c "pip install x"', "pip", ()),
        ("echo $(pip install x)", "pip", ()),
        ('["pip", "install", "x"]', "pip", ()),
        ('["python3", "-m", "pip", "install", "x"]', "python3", ()),
        ('["/bin/sh", "-c", "pip install x"]', "pip", ()),
        ('["bash", "-lc", "true; pip install x"]', "pip", ()),
        ("<<EOF\npip install x\nEOF", "pip", ()),
        ("<<-EOF\n\tset -e\n\tpip install x\n\tEOF", "pip", ()),
        ("bash <<EOF\npip install x\nEOF", "pip", ()),
        ("--mount=type=cache,target=/c pip install x", "pip", ()),
        ("true && \\\n    # why\n    pip \\\n    install x", "pip", ()),
    ],
)  # fmt: skip
def test_every_way_that_pip_is_called(run: str, path: str, wrappers: tuple[str, ...]) -> None:
    found = call(run)
    assert (found.program, found.path, found.wrappers) == ("pip", path, wrappers)
    assert found.verb == "install"
    assert found.module == ("-m" in run.replace("Im", "-m") and "pip" not in path)


@pytest.mark.parametrize(
    "run",
    [
        "echo pip install x", "apt-get install -y python3-pip", "pipx install x", "pipenv install x", "pip-compile x",
        "$PIP install x", "cat <<EOF\npip install x\nEOF", "python script.py pip install x", "python -c 'pip install x'",
        "# pip install x\n", "grep pip x", "pipe install x",
    ],
)  # fmt: skip
def test_what_is_not_pip(run: str) -> None:
    assert calls_of(f"FROM python:3.12\nRUN {run}\n", "pip") == []


def test_onbuild_and_every_stage_are_read() -> None:
    text = "FROM a AS b\nONBUILD RUN pip install x\nFROM b\nRUN pip install y\nCMD pip install z\n"
    found = calls_of(text, "pip")
    assert [(one.step.stage.index, one.step.onbuild, one.args) for one in found] == [
        (0, True, ["install", "x"]), (1, False, ["install", "y"]),
    ]  # fmt: skip


def test_the_span_reaches_from_the_program_to_the_last_argument() -> None:
    text = "FROM a\nRUN A=1 sudo pip install \\\n    # why\n    x > log && b\n"
    (found,) = calls_of(text, "pip")
    assert text[slice(*found.span)] == "pip install \\\n    # why\n    x"


@pytest.mark.parametrize(
    ("run", "program", "args"),
    [
        ("uv pip install x", "uv", ["pip", "install", "x"]),
        ("python -m uv pip install x", "uv", ["pip", "install", "x"]),
        ("/bin/uv sync", "uv", ["sync"]),
        ("python3 -m venv /v", "venv", ["/v"]),
        ("virtualenv /v", "virtualenv", ["/v"]),
        ("apt install -y x", "apt-get", ["install", "-y", "x"]),
        ("apt-get install -y x", "apt-get", ["install", "-y", "x"]),
        ("poetry install", "poetry", ["install"]),
        ("python setup.py install", "python", ["setup.py", "install"]),
        ("rm -rf ~/.cache", "rm", ["-rf", None]),
    ],
)
def test_other_programs(run: str, program: str, args: list[str | None]) -> None:
    found = call(run, program)
    assert found.args == args


# What the shell's earlier commands changed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "workdir"),
    [
        ("pip a", "/w"),
        ("cd /a && pip a", "/a"),
        ("cd a && pip a", "/w/a"),
        ("cd /a && cd b && pip a", "/a/b"),
        ("cd .. && pip a", "/"),
        ("cd $X && pip a", None),
        ("D=/d && cd $D && pip a", "/d"),
        ("(cd /a) && pip a", "/w"),
        ("(cd /a && pip a)", "/a"),
        ("{ cd /a; } && pip a", "/a"),
        ("cd /a; pip a; cd /b", "/a"),
        ("<<EOF\ncd /a\npip a\nEOF", "/a"),
        ("bash -c 'cd /a && pip a'", "/a"),
        ("bash -c 'cd /a' && pip a", "/w"),
        ("cd /a | true; pip a", "/w"),
        ("if cd /a; then pip a; fi", "/a"),
        ("if cd /a; then true; fi; pip a", "/a"),
        ("if true; then cd /a; fi; pip a", None),
        ("if true; then cd /a; fi; cd /b; pip a", "/b"),
        ("if true; then cd /a && pip a; fi", "/a"),
        ("if true; then cd /a; else pip a; fi", "/w"),
        ("if true; then cd /a; elif pip a; then true; fi", "/w"),
        ("if true; then true; elif cd /a; then pip a; fi", "/a"),
        ("if true; then true; elif true; then cd /a; else pip a; fi", "/w"),
        ("if true; then cd /a; if true; then cd /b; else pip a; fi; fi", "/a"),
        ("if true; then true; else cd /a; fi; pip a", None),
        ("if true; then cd /a; fi; if true; then pip a; fi", None),
        ("case x in a) cd /a;; *) pip a;; esac", "/w"),
        ("case x in a) cd /a;& *) pip a;; esac", None),
        ("case x in a) cd /a;;& *) pip a;; esac", None),
        ("case x in a) cd /a;; esac; pip a", None),
        ("case x in a) cd /a;;& b) true;; *) pip a;; esac", None),
        ("for d in a b; do cd $d; done; pip a", None),
        ("f() { cd /a; }; f; pip a", None),
        ("{ (cd /a); } && pip a", "/w"),
        ("{ cd /a; } | true; pip a", "/w"),
    ],
)
def test_where_a_command_runs(run: str, workdir: str | None) -> None:
    assert call(run, above="WORKDIR /w\n").workdir == workdir


@pytest.mark.parametrize(
    ("run", "activated"),
    [
        ("pip a", ""),
        (". /v/bin/activate && pip a", "/v"),
        ("source /v/bin/activate && pip a", "/v"),
        (". v/bin/activate && pip a", "/w/v"),
        ("cd /x && . v/bin/activate && pip a", "/x/v"),
        ("cd /v && . bin/activate && pip a", "/v"),
        ("cd /v/bin && . ./activate && pip a", "/v"),
        (". /tools/activate && pip a", None),
        (". $V/bin/activate && pip a", None),
        ("V=/v; . $V/bin/activate && pip a", "/v"),
        (". /v/bin/activate; pip a", "/v"),
        ("(. /v/bin/activate) && pip a", ""),
        ("bash -c '. /v/bin/activate && pip a'", "/v"),
        ("<<EOF\n. /v/bin/activate\npip a\nEOF", "/v"),
        (". /etc/profile && pip a", ""),
        ("pip a && . /v/bin/activate", ""),
        ("if true; then . /v/bin/activate; fi; pip a", None),
        ("{ . /v/bin/activate; } && pip a", "/v"),
    ],
)
def test_which_environment_is_active_in_its_shell(run: str, activated: str | None) -> None:
    assert call(run, above="WORKDIR /w\n").activated == activated


@pytest.mark.parametrize(
    ("run", "variables"),
    [
        ("pip a", {"A": "env", "B": None}),
        ("A=1 pip a", {"A": "1"}),
        ("A=1 true && pip a", {"A": "env"}),
        ("A=1 && pip a", {"A": "1"}),
        ("A=1; pip a", {"A": "1"}),
        ("export A=1 && pip a", {"A": "1"}),
        ("export A=1 C=2; pip a", {"A": "1", "C": "2"}),
        ("export A && pip a", {"A": "env"}),
        ("export A=$A/x && pip a", {"A": "env/x"}),
        ("export A=$(b) && pip a", {"A": None}),
        ("(export A=1) && pip a", {"A": "env"}),
        ("env A=1 pip a", {"A": "1"}),
        ("A=$B pip a", {"A": None}),
        ("declare -x A=1; pip a", {"A": "1"}),
        ("if true; then export A=1; fi; pip a", {"A": None}),
        ("true | export A=1; pip a", {"A": "env"}),
    ],
)
def test_variables(run: str, variables: dict[str, str | None]) -> None:
    found = call(run, above="ARG B\nENV A=env B=$B\n").variables
    assert {name: found[name] for name in variables} == variables


def test_a_new_run_is_a_new_shell() -> None:
    text = "FROM python:3.12\nRUN cd /a && export A=1 && . /v/bin/activate\nRUN pip a\n"
    (found,) = calls_of(text, "pip")
    assert (found.workdir, found.activated, "A" in found.variables) == ("/", "", False)


# Order -----------------------------------------------------------------------------------------------------------------


def test_what_ran_before() -> None:
    text = (
        "FROM python:3.12 AS a\nRUN pip one\nFROM python:3.12\nRUN pip two\nFROM a\nRUN pip three; pip four; pip five\n"
    )
    build = built(text)
    four = next(calls.find(build, "pip", where=lambda one: one.verb == "four"))
    assert [one.verb for one in calls.before(four, "pip")] == ["one", "three"]
    assert [one.verb for one in calls.before(four, "uv")] == []
    assert [one.position for one in calls.all_calls(build)[four.step]] == [0, 1, 2]
    assert calls.all_calls(build) is calls.all_calls(build)


@pytest.mark.parametrize(
    ("path", "version"),
    [("pip", ""), ("pip3", "3"), ("/usr/bin/pip3.11", "3.11"), ("python3.9", "3.9"), ("pypy3", "3"), ("uv", "")],
)
def test_the_version_in_a_name(path: str, version: str) -> None:
    assert calls.python_version(path) == version
