"""Services that run only with what their build leaves behind: in two stages they have it still, or there are none."""

from __future__ import annotations

import pytest

import services

HEAD = """\
FROM python:3.12-slim
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
WORKDIR /app
"""
INSTALL = "RUN uv pip install --system six"
SCM = """\
[build-system]
requires = ["setuptools", "setuptools-scm"]
[project]
name = "svc"
dynamic = ["version"]
[tool.setuptools_scm]
version_file = "svc/_version.py"
"""
HATCH = """\
[project]
name = "svc"
dynamic = ["version"]
[tool.hatch.build.hooks.vcs]
version-file = "svc/_version.py"
"""


def split(files: dict[str, str], *lines: str) -> str:
    """A service in two stages; or, behind "no: ", why there are none."""
    return services.split(HEAD + "".join(f"{one}\n" for one in lines), files)


def stages(files: dict[str, str], *lines: str) -> tuple[str, str]:
    """The builder and the image that come of a service."""
    return services.stages(HEAD + "".join(f"{one}\n" for one in lines), files)


# What the builder works on ------------------------------------------------------------------------------------------------


def test_lists_that_a_variable_chooses_are_all_there() -> None:
    builder, final = stages(
        {"requirements/prod.txt": "six\n"},
        "ARG FOR=prod",
        "COPY requirements/ requirements/",
        "RUN uv pip install --system -r requirements/$FOR.txt",
        'CMD ["python", "-m", "svc"]',
    )
    assert "COPY requirements/ requirements/\n" in builder
    assert "COPY requirements/ requirements/\n" in final


def test_a_list_is_made_of_others() -> None:
    builder, _ = stages(
        {"a.txt": "six\n", "b.txt": "click\n"},
        "RUN mkdir -p /lists",
        "COPY a.txt b.txt /lists/",
        "RUN cat /lists/a.txt /lists/b.txt > all.txt",
        "RUN uv pip install --system -r all.txt",
        'CMD ["python", "-m", "svc"]',
    )
    assert builder.index("RUN mkdir -p /lists\n") < builder.index("COPY a.txt b.txt /lists/\nRUN cat /lists/a.txt")


def test_a_script_that_prepares_is_there_and_may_be_run() -> None:
    builder, final = stages(
        {"docker/prepare": "#!/bin/sh\ntouch /etc/prepared\n"},
        "COPY docker /docker",
        "RUN useradd app && chmod +x /docker/prepare",
        "RUN /docker/prepare",
        INSTALL,
        'CMD ["python", "-m", "svc"]',
    )
    prepared = "COPY docker /docker\nRUN useradd app && chmod +x /docker/prepare\nRUN /docker/prepare\n"
    assert prepared in builder
    assert prepared in final


# What a build leaves among the sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize("install", ["uv pip install --system -e .", "uv pip install --system ."])
@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": SCM},
        {"pyproject.toml": HATCH},
        {"setup.py": "open('svc/gen.py', 'w').write('x = 1')\nsetup(name='svc')\n"},
        {"setup.py": "setup(name='svc', cmdclass={'build_py': Generate})\n"},
    ],
)
def test_modules_that_a_build_writes_would_be_gone(install: str, files: dict[str, str]) -> None:
    made = split(files, "COPY . .", f"RUN {install}", 'CMD ["python", "-m", "svc"]')
    assert made == f"no: what `{install}` makes beside the sources can't be told"


# What is started ------------------------------------------------------------------------------------------------------------

PYTHON = "#!/usr/local/bin/python\nimport six\n"


@pytest.mark.parametrize(
    ("files", "lines", "why"),
    [
        ({"serve": PYTHON}, ("COPY serve /usr/local/bin/serve", 'CMD ["serve"]'), "`/usr/local/bin/serve` names `/usr/local/bin/python`"),
        (
            {"start": "/usr/local/bin/python main.py\n"},
            ("COPY . .", 'CMD ["bash", "start"]'),
            "`start` names `/usr/local/bin/python`",
        ),
        (
            {"entry": "#!/bin/sh\nexec su nobody -c 'python main.py'\n"},
            ("COPY entry /usr/local/bin/entry", 'ENTRYPOINT ["/usr/local/bin/entry"]'),
            "`/usr/local/bin/entry` starts programs with a PATH of its own",
        ),
        (
            {"run.sh": "#!/bin/sh\nexec ./inner.sh\n", "inner.sh": "#!/bin/bash -l\nexec python main.py\n"},
            ("COPY . .", 'CMD ["./run.sh"]'),
            "`./inner.sh` sets PATH anew",
        ),
        ({"run.sh": "#!/bin/sh\n. /etc/profile\nexec python main.py\n"}, ("COPY . .", 'CMD ["./run.sh"]'), "`./run.sh` sets PATH anew"),
        (
            {"run.sh": "#!/bin/sh\nexport PATH=/usr/local/bin:/usr/bin\nexec python main.py\n"},
            ("COPY . .", 'CMD ["./run.sh"]'),
            "`./run.sh` sets PATH anew",
        ),
        ({}, ('SHELL ["/bin/bash", "-lc"]', "CMD python main.py"), "line 7 starts a login shell, which sets PATH anew"),
        (
            {"patch.sh": "echo >> /usr/local/lib/python3.12/site-packages/six.py\n"},
            ("COPY patch.sh .", "RUN sh patch.sh", 'CMD ["python", "main.py"]'),
            "`patch.sh`, which line 7 runs, names `/usr/local/lib/python`",
        ),
    ],
)  # fmt: skip
def test_a_script_that_looks_elsewhere_is_found(files: dict[str, str], lines: tuple[str, ...], why: str) -> None:
    assert split(files, INSTALL, *lines) == f"no: {why}"


@pytest.mark.parametrize(
    "script",
    [
        '#!/bin/sh\n# init: pip is not run here\nexport PATH="/srv/bin:$PATH"\nexec "$@"\n',
        "#!/usr/bin/env python\nimport six\n",
        "#!/bin/sh\nexec python -m svc\n",
    ],
)
def test_a_script_that_finds_the_environment_is_fine(script: str) -> None:
    _, final = stages({"run": script}, INSTALL, "COPY . .", 'ENTRYPOINT ["./run"]')
    assert 'ENTRYPOINT ["./run"]' in final


def test_git_stays_for_packages_that_run_it() -> None:
    files = {"requirements.txt": "GitPython==3.1.44\ntool @ git+https://a.example/tool\n"}
    _, final = stages(
        files,
        "RUN apt-get update && apt-get install -y git gcc",
        "COPY requirements.txt .",
        "RUN uv pip install --system -r requirements.txt",
        "COPY main.py .",
        'CMD ["python", "main.py"]',
    )
    assert "apt-get install -y git" in final


def test_headers_stay_whose_library_is_loaded_by_its_bare_name() -> None:
    _, final = stages(
        {},
        "RUN apt-get update && apt-get install -y libjemalloc-dev libpq-dev gcc",
        "ENV LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so",
        INSTALL,
        'CMD ["python", "main.py"]',
    )
    assert "apt-get install -y libjemalloc-dev libpq5\n" in final
