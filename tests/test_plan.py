"""What pip and uv command lines ask for, and that a translation asks for the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import built, fixed, installs_of, plan_of
from uvlint import plan
from uvlint.environments import Target
from uvlint.plan import Install
from uvlint.tools import pip, uv
from uvlint.tools.options import Option, table

BASE = "FROM python:3.12-slim\n"


def install(run: str, above: str = "") -> Install:
    return installs_of(f"{BASE}{above}RUN {run}\n")[-1]


# Reading ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("pip install a b", [("", "a"), ("", "b")]),
        ("pip install -r r.txt", [("requirement", "r.txt")]),
        ("pip install -rr.txt", [("requirement", "r.txt")]),
        ("pip install --requirement=r.txt", [("requirement", "r.txt")]),
        ("pip install --constr c.txt a", [("constraint", "c.txt"), ("", "a")]),  # optparse takes abbreviations
        ("pip install -Ur r.txt", [("upgrade", None), ("requirement", "r.txt")]),
        ("pip install -qqU a", [("", None), ("", None), ("upgrade", None), ("", "a")]),
        ("pip --no-cache-dir install a", [("no-cache", None), ("", "a")]),
        ("pip --timeout 60 install a", [("timeout", "60"), ("", "a")]),
        ("pip install -- -a", [("", "-a")]),
        ("pip install -e .", [("editable", ".")]),
        ("pip install 'a>=1,<2'", [("", "a>=1,<2")]),
        ('pip install "a[x]==1"', [("", "a[x]==1")]),
        ("pip install a==$V", [("", "a==1")]),
        ("pip install a==$UNKNOWN", [("", None)]),
        ('pip install --index-url "$U" a', [("index", None), ("", "a")]),
        ("python -m pip install a", [("", "a")]),
        ("uv pip install --system a", [("system", None), ("", "a")]),
        ("uv pip install -p 3.12 a", [("python", "3.12"), ("", "a")]),
        ("uv --no-cache pip install a", [("no-cache", None), ("", "a")]),
        ("uv --no-cache pip -q install a", [("no-cache", None), ("", None), ("", "a")]),
        ("uv pip --cert c install a", [("cert", "c"), ("", "a")]),
        ("uv sync --locked --no-dev", [("locked", None), ("no-dev", None)]),
    ],
)
def test_what_a_command_line_gives(run: str, expected: list[tuple[str, str | None]]) -> None:
    found = install(run, above="ARG U\nENV V=1\n")
    assert found.given is not None
    assert [(one.meaning, one.value) for one in found.given] == expected


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ("pip install $OPTIONS", "`$OPTIONS` is not known before the build"),
        ("pip install --index-url $U a", "`$U` is not known before the build"),
        ("pip install a $(cat r.txt)", "`$(cat r.txt)` is not known before the build"),
        ("pip install --no-such-option a", "`--no-such-option` is not an option that uvlint knows"),
        ("pip install -Z a", "`-Z` is not an option that uvlint knows"),
        ("pip install --no a", "`--no` is not an option that uvlint knows"),  # several begin so
        ("pip install a -r", "`-r` lacks its value"),
        ("uv pip install --no-such-option a", "`--no-such-option` is not an option that uvlint knows"),
    ],
)
def test_what_cannot_be_read_is_said(run: str, why: str) -> None:
    found = install(run, above="ARG U\n")
    assert (found.given, found.why) == (None, why)


@pytest.mark.parametrize(
    ("run", "tools"),
    [
        ("pip install a", ["pip"]),
        ("pip download a", []),
        ("pip uninstall -y a", []),
        ("pip", []),
        ("pip $VERB a", []),
        ("uv pip install a", ["uv"]),
        ("uv pip sync r.txt", ["uv"]),
        ("uv pip list", []),
        ("uv sync", ["uv sync"]),
        ("uv tool install a", ["uv tool"]),
        ("uv lock", []),
        ("poetry install", ["poetry"]),
        ("poetry config a b", []),
        ("apt-get install -y a && apt-get clean", ["apt-get"]),
        ("pip install a; uv pip install b", ["pip", "uv"]),
        ("pip install a | tee log", ["pip"]),
        ("echo pip install a", []),
    ],
)
def test_which_commands_install(run: str, tools: list[str]) -> None:
    assert [one.tool for one in installs_of(f"{BASE}RUN {run}\n")] == tools


def test_settings_come_from_env_and_arguments() -> None:
    found = install("pip install a", above="ARG PIP_INDEX_URL=https://a.example\nENV PIP_PRE=1 UV_PRERELEASE=allow\n")
    assert found.settings == {"index": "https://a.example", "pre": "1"}
    other = install(
        "uv pip install a", above="ARG PIP_INDEX_URL=https://a.example\nENV PIP_PRE=1 UV_PRERELEASE=allow\n"
    )
    assert other.settings == {"prerelease": "allow"}
    assert install("PIP_PRE=1 pip install a").settings == {"pre": "1"}


def test_values_of_options() -> None:
    found = install('pip install -i https://a.example --index-url https://b.example -t "$UNKNOWN" --pre a b')
    assert (found.value("index"), found.value("target"), found.value("cert")) == ("https://b.example", None, "")
    assert [one.value for one in found.all("index")] == ["https://a.example", "https://b.example"]
    assert (found.has("pre"), found.has("upgrade")) == (True, False)
    assert [one.value for one in found.requirements] == ["a", "b"]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("uv", True), ("uv==0.13.8", True), ("uv>=0.5,<1", True), ("uv[x]", True), ("uv @ https://a.example/uv.whl", True),
        ("uvicorn", False), ("uv-tool", False), ("uvloop==1", False),
    ],
)  # fmt: skip
def test_uv_itself(requirement: str, expected: bool) -> None:
    assert plan.is_uv(requirement) == expected
    assert install(f"pip install '{requirement}'").empty == expected


def test_the_plan_lists_installs_by_stage_and_leaves_uv_itself_out() -> None:
    text = f"{BASE}RUN pip install a\nRUN pip install uv\nFROM python:3.12\nFROM python:3.12\nRUN pip install b && pip install c\n"
    assert [len(one) for one in plan_of(text)] == [1, 0, 2]
    assert plan_of(text) == plan_of(text.replace("RUN pip install uv\n", ""))


# Equal Plans -----------------------------------------------------------------------------------------------------------

SAME = [
    ("pip install a", "uv pip install --system a"),
    ("pip install a", "python -m pip install a"),
    ("pip3 install a", "uv pip install --system a"),
    ("pip3.12 install a", "uv pip install --system a"),
    ("pip3.11 install a", "uv pip install --system --python python3.11 a"),
    ("pip install --no-cache-dir -r r.txt", "uv pip install --system --no-cache -r r.txt"),
    ("pip install -i https://a.example a", "uv pip install --system --default-index https://a.example a"),
    (
        "pip install --extra-index-url https://a.example a",
        "uv pip install --system --extra-index-url https://a.example a",
    ),
    ("pip install --force-reinstall a", "uv pip install --system --reinstall a"),
    ("pip install --no-dependencies a", "uv pip install --system --no-deps a"),
    ("pip install -q --no-input a", "uv pip install --system a"),
    ("pip install --trusted-host a.example a", "uv pip install --system --allow-insecure-host a.example a"),
    ("pip install --pre a", "uv pip install --system --prerelease=allow a"),
    ("pip install -f ./w a", "uv pip install --system --find-links ./w a"),
    ("/v/bin/pip install a", "uv pip install --python /v a"),
    ("/v/bin/pip install a", "uv pip install --python /v/bin/python a"),
    ("pip install uv a", "uv pip install --system a"),
]
OTHER = [
    ("pip install a", "uv pip install a"),
    ("pip install a", "uv pip install --system b"),
    ("pip install a", "uv pip install --system a b"),
    ("pip install a", "uv pip install --python /v a"),
    ("pip install -r r.txt", "uv pip install --system -r s.txt"),
    ("pip install -c c.txt a", "uv pip install --system a"),
    ("pip install -i https://a.example a", "uv pip install --system a"),
    ("pip install -i https://a.example a", "uv pip install --system -i https://b.example a"),
    ("pip install -U a", "uv pip install --system a"),
    ("pip install --no-deps a", "uv pip install --system a"),
    ("pip install --user a", "uv pip install --system a"),
    ("pip install --pre a", "uv pip install --system a"),
    ("pip install -e .", "uv pip install --system ."),
    ("pip install -t /t a", "uv pip install --system a"),
    ("pip install -I a", "uv pip install --system a"),
    ("pip install --no-binary a a", "uv pip install --system a"),
    ("pip install a", "(uv pip install --system a)"),
    ("pip install a", "true"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_lines_that_ask_for_the_same(one: str, other: str) -> None:
    above = f"{BASE}RUN python -m venv /v\nENV UV_COMPILE_BYTECODE=1\n"
    assert plan_of(f"{above}RUN {one}\n") == plan_of(f"{above}RUN {other}\n")


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_lines_that_ask_for_something_else(one: str, other: str) -> None:
    above = f"{BASE}RUN python -m venv /v\nENV UV_COMPILE_BYTECODE=1\n"
    assert plan_of(f"{above}RUN {one}\n") != plan_of(f"{above}RUN {other}\n")


def test_settings_ask_as_options_do() -> None:
    for variable, option in [
        ("UV_DEFAULT_INDEX=https://a.example", "--default-index https://a.example"),
        ("UV_INDEX=https://a.example", "--index https://a.example"),
        ("UV_CONSTRAINT=c.txt", "-c c.txt"),
        ("UV_BREAK_SYSTEM_PACKAGES=1", "--break-system-packages"),
        ("UV_PRERELEASE=allow", "--prerelease allow"),
        ("UV_SYSTEM_PYTHON=1", "--system"),
    ]:
        system = "" if option == "--system" else "--system "
        by_variable = plan_of(f"{BASE}ENV {variable}\nRUN uv pip install {system}a\n")
        assert by_variable == plan_of(f"{BASE}RUN uv pip install {system}{option} a\n"), variable


# Any command line ------------------------------------------------------------------------------------------------------

OPTIONS = {id(one): one for one in pip.INSTALL.values()}.values()
VALUES = {
    "requirement": ["requirements.txt", "dev.txt"],
    "constraint": ["constraints.txt"],
    "build-constraint": ["constraints.txt"],
    "editable": [".", "./lib"],
    "target": ["/opt/lib"],
    "prefix": ["/opt/p"],
    "index": ["https://a.example/simple"],
    "extra-index": ["https://b.example/simple"],
    "find-links": ["./wheels", "https://c.example"],
    "python-version": ["3.12", "312"],
    "platform": ["manylinux2014_x86_64", "win32"],
    "implementation": ["cp", "pp"],
    "abi": ["cp312"],
    "no-binary": [":all:", "a"],
    "only-binary": [":all:", "a,b"],
    "upgrade-strategy": ["eager", "only-if-needed"],
    "keyring": ["disabled", "import"],
    "use-feature": ["truststore", "fast-deps"],
    "use-deprecated": ["legacy-resolver", "legacy-certs"],
    "trusted-host": ["a.example"],
    "all-releases": [":all:", "a"],
    "only-final": [":all:", "a"],
    "config-setting": ["k=v"],
    "group": ["dev"],
    "cert": ["/etc/ca.pem"],
    "refresh-package": [":all:", "a"],
}
FILES = {
    "requirements.txt": "a==1\nb==2\n",
    "dev.txt": "-r requirements.txt\nc==3 ; python_version > '3.8'\n",
    "constraints.txt": "a==1\n",
    "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n",
    "lib/pyproject.toml": "[project]\nname = 'y'\nversion = '1'\n",
    "wheels/a-1-py3-none-any.whl": "",
}
REQUIREMENTS = [
    "a",
    "b==1",
    "'c>=1,<2'",
    '"d[x]==1.0"',
    "'e @ https://a.example/e-1-py3-none-any.whl'",
    ".",
    "f==$V",
    "'g>=1.0b1'",
]
PROGRAMS = [
    "pip",
    "pip3",
    "python -m pip",
    "python3 -m pip",
    "/usr/local/bin/pip",
    "/v/bin/pip",
    ". /v/bin/activate && pip",
]


@st.composite
def options(draw: st.DrawFn, *, before: bool = False) -> str:
    option: Option = draw(st.sampled_from([one for one in OPTIONS if not before or one.names[0].startswith("--")]))
    name = draw(st.sampled_from(option.names))
    if option.value == "-":
        return name
    value = draw(st.sampled_from(VALUES.get(option.meaning, ["value"])))
    if name.startswith("--"):
        return name + draw(st.sampled_from([" ", "="])) + value
    return name + draw(st.sampled_from([" ", ""])) + value


@st.composite
def lines(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.one_of(options(), st.sampled_from(REQUIREMENTS)), min_size=1, max_size=5))
    glue = draw(st.sampled_from([" ", " \\\n    "]))
    early = draw(st.sampled_from(["", "", "", "--no-cache-dir ", "-q ", "--disable-pip-version-check "]))
    return draw(st.sampled_from(PROGRAMS)) + f" {early}install " + glue.join(words)


ABOVE = f"{BASE}RUN python -m venv /v\nENV V=1\nWORKDIR /app\nCOPY . .\n"


@settings(max_examples=400, deadline=None)
@given(lines(), st.booleans())
def test_the_translation_of_any_line_asks_for_the_same(line: str, unsafe: bool) -> None:
    text = f"{ABOVE}RUN {line}\n"
    result = fixed(text, FILES, unsafe=unsafe, select=("pip-install",))
    assert result.error is None
    (before,) = plan.installs(built(text, FILES))
    (after,) = plan.installs(built(result.source.text, FILES))
    if result.source.text == text:
        assert all(one.help or one.fix for one in result.diagnostics)
        return
    assert (before.tool, after.tool, result.diagnostics) == ("pip", "uv", [])
    assert after.given is not None, "uv has every option that is written"
    assert after.asks == before.asks
    assert not any(one.option and one.option.action == "block" for one in before.given or ())
    assert fixed(result.source.text, FILES, unsafe=True, select=("pip-install",)).source.text == result.source.text


@pytest.mark.parametrize("option", OPTIONS, ids=lambda one: one.names[0])
def test_every_option_is_translated_or_refused_with_a_reason(option: Option) -> None:
    for value in VALUES.get(option.meaning, ["value"]) if option.value != "-" else [""]:
        for name in option.names:
            text = f"{ABOVE}RUN pip install {name} {value} six\n".replace("  ", " ")
            result = fixed(text, FILES, unsafe=True, select=("pip-install",))
            assert result.error is None
            if option.action == "block":
                assert [one.help for one in result.diagnostics] == [option.note]
            elif result.source.text == text:
                assert result.diagnostics[0].help
                assert option.action == "check" or option.meaning in {"editable", "group", "prefix", "target", "python"}
            else:
                assert "uv pip install" in result.source.text
                if option.action == "drop":
                    assert name not in result.source.text.split("RUN")[-1].split()


def test_the_tables_are_whole() -> None:
    for rows in (pip.INSTALL, uv.PIP_INSTALL, uv.PROJECT, uv.GLOBAL):
        for name, option in rows.items():
            assert name in option.names
            assert name.startswith("-")
            assert option.value in {"-", "=", "?"}
            assert option.action in {"keep", "rename", "drop", "block", "check"}
            assert bool(option.note) == (option.action == "block")
    for option in OPTIONS:
        if option.action == "rename":
            assert option.spelling.split("=")[0].split()[0] in uv.PIP_INSTALL
        if option.action == "keep":
            assert set(option.names) & set(uv.PIP_INSTALL), option.names


def test_a_table_is_read() -> None:
    rows = table("-a --all | - | all | drop\n--by | = | by | block | | it has none\n")
    assert rows["-a"] is rows["--all"]
    assert rows["--by"] == Option(("--by",), "=", "by", "block", "", "it has none")


def test_targets_of_equal_kind_are_compared_by_place() -> None:
    assert Target("system") == ("system", "")
    assert Target("venv", "/v") != Target("venv", "/w")
