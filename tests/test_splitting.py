"""One stage as two: what goes where."""

from __future__ import annotations

import pytest

from services import GCC, INSTALL, START, UV, service, split, stages

# What goes where -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "build", "run"),
    [
        ("ENV PYTHONUNBUFFERED=1", False, True),
        ("ENV CFLAGS=-O2", True, True),
        ("USER 1000\nUSER root", False, True),
        ('SHELL ["/bin/bash", "-c"]', True, True),
        ("LABEL a=b", False, True),
        ("EXPOSE 80", False, True),
        ("VOLUME /data", False, True),
        ("RUN useradd app", False, True),
        ("RUN mkdir -p /data && chown nobody /data", False, True),
        ("RUN apt-get update && apt-get install -y libgl1", False, True),
        ("RUN apt-get update && apt-get install -y something-unknown", True, True),
        ("RUN apt-get update && apt-get install -y make", True, False),
        ("RUN apt-get update && apt-get install -y curl", True, True),
        ("RUN curl -o /etc/apt/keyrings/a.gpg https://a.example/key", True, True),
        ("RUN curl -o /srv/model.bin https://a.example/model", False, True),
        ("COPY settings.ini /etc/app/", False, True),
        ("ADD https://a.example/model.bin /models/", False, True),
    ],
)
def test_before_the_install(line: str, build: bool, run: bool) -> None:
    builder, final = stages(service(line, INSTALL.strip()))
    assert (line in builder, line in final) == (build, run)


@pytest.mark.parametrize(
    "line",
    [
        "RUN python manage.py collectstatic --noinput",
        "RUN python -m nltk.downloader punkt",
        "RUN playwright install --with-deps chromium",
        "RUN flask compile-assets",
        "ENV CFLAGS=-O2",
        "COPY . .",
        "RUN apt-get update && apt-get install -y ffmpeg",
    ],
)
def test_what_comes_behind_the_install_is_the_images(line: str) -> None:
    builder, final = stages(service(INSTALL.strip(), line))
    assert line not in builder
    assert final.index("COPY --from=builder /app/.venv /app/.venv") < final.index(line)


def test_an_argument_goes_where_it_is_read() -> None:
    text = service(
        "ARG INDEX",
        "ARG COMMIT",
        "ARG OTHER",
        'RUN uv pip install --system --index-url "$INDEX" flask',
        "LABEL c=$COMMIT",
    )
    builder, final = stages(text)
    assert [f"ARG {name}\n" in builder for name in ("INDEX", "COMMIT", "OTHER")] == [True, False, True]
    assert [f"ARG {name}\n" in final for name in ("INDEX", "COMMIT", "OTHER")] == [False, True, True]


def test_a_list_that_only_installs_read_is_the_builders() -> None:
    text = service("COPY requirements.txt .", "RUN uv pip install --system -r requirements.txt", "COPY app.py .")
    builder, final = stages(text)
    assert "COPY requirements.txt ." in builder
    assert "requirements.txt" not in final


def test_sources_that_are_installed_are_in_both() -> None:
    files = {"pyproject.toml": '[project]\nname = "a"\nversion = "1"\n', "a.py": ""}
    builder, final = stages(service("COPY . .", "RUN uv pip install --system ."), files)
    assert "COPY . ." in builder
    assert "COPY . ." in final


@pytest.mark.parametrize(
    ("installed", "kept"),
    [
        ("gcc libpq-dev libgl1", "libgomp1 libpq5 libgl1"),
        ("gcc", "libgomp1"),
        ("libpq-dev libpq5", "libpq5"),
        ("something-unknown gcc", "something-unknown libgomp1"),
        ("curl gcc", "curl libgomp1"),
    ],
)
def test_libraries_take_the_place_of_headers(installed: str, kept: str) -> None:
    text = service(f"RUN apt-get update && apt-get install -y {installed}", "COPY requirements.txt .",
                   "RUN uv pip install --system -r requirements.txt")  # fmt: skip
    builder, final = stages(text)
    assert f"install -y {installed}\n" in builder
    assert f"install -y {kept}\n" in final


def test_what_comes_in_wheels_needs_no_library_of_the_compiler() -> None:
    _, final = stages(service(GCC.strip(), "RUN uv pip install --system flask"))
    assert "apt-get" not in final


@pytest.mark.parametrize(
    ("asked", "image", "wheels"),
    [
        ("numpy==1.26.4", "python:3.12-slim-bookworm", True),
        ("numpy==1.25.2", "python:3.12-slim-bookworm", False),
        ("numpy==1.25.2", "python:3.11-slim-bookworm", True),
        ("numpy==1.26.0.post1", "python:3.12-slim-bookworm", True),
        ("pyyaml==6", "python:3.10-slim-bookworm", True),
        ("numpy>=1.26,<2", "python:3.12-slim-bookworm", True),
        ("numpy~=1.26.1", "python:3.12-slim-bookworm", True),
        ("numpy==2.*", "python:3.12-slim-bookworm", True),
        ("numpy>=1.20", "python:3.12-slim-bookworm", False),
        ("numpy<2", "python:3.12-slim-bookworm", False),
        ("numpy==2.1.0rc1", "python:3.12-slim-bookworm", False),
        ("numpy==1.26.4", "python:3.9-slim-bookworm", False),
        ("numpy==1.26.4", "python:3-slim-bookworm", False),
        ("numpy==1.26.4", "python:3.12-alpine", False),
        ("scikit-learn==1.3.0", "python:3.12-slim-bookworm", False),
        ("unheard-of==1.0", "python:3.12-slim-bookworm", False),
    ],
)
def test_a_version_that_has_wheels_for_the_images_python_needs_no_library(asked: str, image: str, wheels: bool) -> None:
    got = "apk add gcc" if "alpine" in image else "apt-get update && apt-get install -y gcc"
    text = service(f"RUN {got}", f"RUN uv pip install --system '{asked}'", image=image)
    assert ("libgomp" not in stages(text)[1]) is wheels


def test_a_package_that_is_built_although_it_has_wheels_needs_the_library() -> None:
    install = "RUN uv pip install --system --no-binary numpy numpy==1.26.4"
    assert "libgomp1" in stages(service(GCC.strip(), install))[1]


@pytest.mark.parametrize(
    ("headers", "kept"), [("libopenblas-dev", ""), ("libpq-dev", "libpq5"), ("libmagic-dev", "libmagic1")]
)
def test_headers_leave_what_packages_open_by_name(headers: str, kept: str) -> None:
    text = service(
        f"RUN apt-get update && apt-get install -y {headers}", "RUN uv pip install --system numpy==1.26.4 flask"
    )
    _, final = stages(text)
    assert f"install -y {kept}\n" in final if kept else "apt-get" not in final


NUMPY = "numpy-1.26.4-cp312-cp312-manylinux_2_17_{}.manylinux2014_{}.whl"
ON_PATH = 'ENV PATH="/app/.venv/bin:$PATH"'
SYNC = f"{ON_PATH}\nRUN uv sync --locked --no-dev --no-editable --no-install-project"


def locked(*wheels: str, source: str = "virtual", table: str = "", more: str = "") -> dict[str, str]:
    """A project and its lock file, with these wheels of numpy."""
    listed = ", ".join(f'{{ url = "https://a.example/{one}", hash = "sha256:0" }}' for one in wheels)
    return {
        "pyproject.toml": '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.12"\n'
        f'dependencies = ["numpy"]\n{table}',
        "uv.lock": f"""\
version = 1
requires-python = ">=3.12"

[[package]]
name = "a"
version = "1"
source = {{ {source} = "." }}
dependencies = [{{ name = "numpy" }}]

[[package]]
name = "numpy"
version = "1.26.4"
source = {{ registry = "https://a.example/simple" }}
wheels = [{listed}]
{more}""",
        "main.py": "",
    }


@pytest.mark.parametrize(
    ("wheels", "enough"),
    [
        ((NUMPY.format("x86_64", "x86_64"), NUMPY.format("aarch64", "aarch64")), True),
        ((NUMPY.format("x86_64", "x86_64"),), False),
        (("numpy-1.26.4-py3-none-any.whl",), True),
        (("numpy-1.26.4-py2.py3-none-any.whl",), True),
        (
            (
                "numpy-1-cp38-abi3-manylinux_2_28_x86_64.whl",
                "numpy-1-cp310-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
            ),
            True,
        ),
        (("numpy-1-cp313-abi3-manylinux_2_28_x86_64.whl", "numpy-1-cp313-abi3-manylinux_2_28_aarch64.whl"), False),
        (("numpy-1-cp311-cp311-manylinux_2_28_x86_64.whl", "numpy-1-cp311-cp311-manylinux_2_28_aarch64.whl"), False),
        (("numpy-1-cp312-cp312-manylinux_2_39_x86_64.whl", "numpy-1-cp312-cp312-manylinux_2_39_aarch64.whl"), False),
        (("numpy-1-cp312-cp312-musllinux_1_2_x86_64.whl", "numpy-1-cp312-cp312-musllinux_1_2_aarch64.whl"), False),
        (("numpy-1-cp312-cp312t-manylinux_2_28_x86_64.whl", "numpy-1-cp312-cp312t-manylinux_2_28_aarch64.whl"), False),
        ((), False),
    ],
)
def test_a_lock_file_says_what_comes_in_wheels(wheels: tuple[str, ...], enough: bool) -> None:
    text = service(GCC.strip(), "COPY pyproject.toml uv.lock ./", SYNC, "COPY . .", end='CMD ["python", "main.py"]\n')
    assert ("libgomp1" not in stages(text, locked(*wheels))[1]) is enough


@pytest.mark.parametrize(
    ("source", "table", "more"),
    [
        ("virtual", "[tool.uv]\nno-binary = true\n", ""),
        ("virtual", '[tool.uv]\nno-binary-package = ["numpy"]\n', ""),
        (
            "editable",
            '[build-system]\nrequires = ["x"]\nbuild-backend = "setuptools.build_meta"\n[[tool.setuptools.ext-modules]]\n',
            "",
        ),
        ("virtual", "", '\n[[package]]\nname = "b"\nversion = "1"\nsource = { directory = "b" }\n'),
        ("virtual", "", '\n[[package]]\nname = "b"\nversion = "1"\nsource = { git = "https://a.example/b" }\n'),
        ("virtual", "", '\n[[package]]\nname = "b"\nversion = "1"\nsource = "what"\n'),
    ],
)
def test_a_project_that_may_compile_something_needs_the_library(source: str, table: str, more: str) -> None:
    text = service(GCC.strip(), "COPY pyproject.toml uv.lock ./", SYNC, "COPY . .", end='CMD ["python", "main.py"]\n')
    files = {**locked("numpy-1-py3-none-any.whl", source=source, table=table, more=more), "b/pyproject.toml": ""}
    assert "libgomp1" in stages(text, files)[1]


SETUPTOOLS = """\
[project]
name = "a"
version = "1"
dependencies = ["flask"]

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

"""


@pytest.mark.parametrize(
    ("table", "compiled"),
    [
        ("", False),
        ('[tool.setuptools]\npackages = ["a"]\n', False),
        ('[tool.setuptools]\next-modules = [{ name = "a", sources = ["a.c"] }]\n', True),
        ('[[tool.setuptools.ext-modules]]\nname = "a"\n', True),
    ],
)
def test_a_project_may_have_c_in_it(table: str, compiled: bool) -> None:
    text = service(GCC.strip(), "COPY . .", "RUN uv pip install --system .", end='CMD ["a"]\n')
    assert ("libgomp1" in stages(text, {"pyproject.toml": SETUPTOOLS + table})[1]) is compiled


def test_a_locked_package_that_compiles_when_it_is_used_keeps_the_compiler() -> None:
    text = service(GCC.strip(), "COPY pyproject.toml uv.lock ./", SYNC, "COPY . .", end='CMD ["python", "main.py"]\n')
    files = {name: data.replace("numpy", "triton") for name, data in locked("numpy-1-py3-none-any.whl").items()}
    assert "no: " in split(text, files) or "install -y gcc" in stages(text, files)[1]


@pytest.mark.parametrize("last", ["COPY . .", "COPY --chown=1000:1000 . .", "COPY --link --chmod=644 . ."])
def test_a_projects_files_that_come_again_with_the_sources_are_the_builders(last: str) -> None:
    text = service(GCC.strip(), "COPY pyproject.toml uv.lock ./", SYNC, last, end='CMD ["python", "main.py"]\n')
    builder, final = stages(text, locked("numpy-1-py3-none-any.whl"))
    assert "COPY pyproject.toml uv.lock ./" in builder
    assert "pyproject.toml" not in final
    assert last in final


@pytest.mark.parametrize(
    "lines",
    [
        ("COPY main.py ./",),
        ("COPY --exclude=uv.lock . .",),
        ("RUN cat pyproject.toml > /about", "COPY . ."),
        ("COPY . /elsewhere/",),
    ],
)
def test_a_projects_files_that_do_not_come_again_stay_in_the_image(lines: tuple[str, ...]) -> None:
    text = service(GCC.strip(), "COPY pyproject.toml uv.lock ./", SYNC, *lines, end='CMD ["python", "main.py"]\n')
    assert "COPY pyproject.toml uv.lock ./" in stages(text, locked("numpy-1-py3-none-any.whl"))[1]


def test_git_goes_where_only_requirements_come_from_it() -> None:
    text = service(
        "RUN apt-get update && apt-get install -y git", "RUN uv pip install --system git+https://a.example/b.git"
    )
    builder, final = stages(text)
    assert "git" in builder
    assert "git" not in final


def test_a_tool_that_the_image_calls_stays() -> None:
    end = "HEALTHCHECK CMD curl -f http://localhost\n" + START
    text = service("RUN apt-get update && apt-get install -y curl git gcc", "RUN curl https://a.example/x -o x.txt",
                   "RUN uv pip install --system git+https://a.example/b.git", end=end)  # fmt: skip
    assert "install -y curl libgomp1\n" in stages(text)[1]


def test_packages_that_are_removed_again_are_the_builders() -> None:
    text = service(
        "RUN apt-get update && apt-get install -y gcc libpq5 && uv pip install --system flask && apt-get purge -y gcc"
    )
    builder, final = stages(text)
    assert "apt-get purge -y gcc" in builder
    assert "RUN apt-get update && apt-get install -y libpq5 && rm -rf /var/lib/apt/lists/*\n" in final
    later = service(
        "RUN apt-get update && apt-get install -y gcc git", INSTALL.strip(), "# tidy", "RUN apt-get purge -y gcc git"
    )
    builder, final = stages(later)
    assert "# tidy\nRUN apt-get purge -y gcc git" in builder
    assert "apt-get" not in final


def test_the_environment_is_made_before_files_are_copied() -> None:
    text = service("COPY requirements.txt .", "RUN uv pip install --system -r requirements.txt")
    builder, _ = stages(text)
    assert builder.index("RUN uv venv /app/.venv") < builder.index("COPY requirements.txt")
    assert "UV_PYTHON_DOWNLOADS=0 VIRTUAL_ENV=/app/.venv\n" in builder


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ((), "/app/.venv"),
        (("RUN chown -R nobody /app",), "/opt/venv"),
        (("RUN chmod -R a+rX .",), "/opt/venv"),
        (("VOLUME /app",), "/opt/venv"),
        (("WORKDIR /",), "/opt/venv"),
        (("WORKDIR /srv",), "/srv/.venv"),
        (("RUN git clone https://a.example/b.git .",), "/opt/venv"),
        (("RUN mkdir /srv", "WORKDIR /srv"), "/opt/venv"),
        (("RUN useradd -m app", "WORKDIR /home/app"), "/opt/venv"),
        (("WORKDIR /root/app",), "/opt/venv"),
    ],
)
def test_the_environment_is_where_nothing_changes_it(lines: tuple[str, ...], place: str) -> None:
    _, final = stages(service(INSTALL.strip(), *lines))
    assert f'COPY --from=builder {place} {place}\nENV PATH="{place}/bin:$PATH"\n' in final


def test_an_environment_of_the_hosts_does_not_come_over_it() -> None:
    _, final = stages(service(INSTALL.strip(), "COPY . ."), {".venv/pyvenv.cfg": "", "app.py": ""})
    assert "/opt/venv" in final


@pytest.mark.parametrize(
    ("image", "option"), [("python:3.11-slim", "--system-site-packages "), ("python:3.13-slim", ""), ("python:3", "")]
)
def test_setuptools_of_an_older_image_stays_within_reach(image: str, option: str) -> None:
    assert f"RUN uv venv {option}/app/.venv\n" in stages(service(INSTALL.strip(), image=image))[0]


def test_an_environment_that_the_file_makes_stays_as_it_is() -> None:
    text = f"""\
FROM python:3.12-slim AS app
{UV}RUN uv venv /opt/venv
ENV VIRTUAL_ENV=/opt/venv PATH="/opt/venv/bin:$PATH"
RUN uv pip install flask
{START}"""
    made = split(text)
    assert made.endswith(f"""\
FROM python:3.12-slim AS app
COPY --from=builder /opt/venv /opt/venv
ENV VIRTUAL_ENV=/opt/venv PATH="/opt/venv/bin:$PATH"
{START}""")


def test_names_of_stages_do_not_clash() -> None:
    text = (
        f"FROM node:22 AS builder\nRUN npm run build\n\n{service(INSTALL.strip(), 'COPY --from=builder /dist static')}"
    )
    made = split(text)
    assert "\nFROM python:3.12-slim-bookworm AS build\n" in made
    assert made.count("COPY --from=builder /dist static") == 1


def test_a_uv_that_is_mounted_is_copied_to_the_builder() -> None:
    text = """\
FROM python:3.12-slim
RUN apt-get update && apt-get install -y gcc
RUN --mount=from=ghcr.io/astral-sh/uv:0.13.8,source=/uv,target=/bin/uv \\
    --mount=type=cache,target=/root/.cache/uv \\
    uv pip install --system -r /requirements.txt
CMD ["flask", "run"]
"""
    builder, _ = stages(text)
    assert "COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /bin/\n" in builder
    assert "RUN --mount=type=cache,target=/root/.cache/uv \\\n    uv pip install -r" in builder


def test_lines_end_as_in_the_file() -> None:
    text = service("# one", GCC.strip(), "COPY requirements.txt .", "RUN uv pip install --system -r requirements.txt")
    made = split(text.replace("\n", "\r\n"))
    assert made == split(text).replace("\n", "\r\n")


def test_the_last_line_may_be_open() -> None:
    text = service(INSTALL.strip(), end="")
    assert split(f"{text}CMD flask run").endswith("\nCMD flask run")
