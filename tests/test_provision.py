"""uv and its settings, as all rules together bring them into a file."""

from __future__ import annotations

import re

import pytest

from uvlint import engine, rules
from uvlint.config import Settings
from uvlint.source import Source

ALL = Settings(select=("ALL", *rules.load()), ignore=("uv-in-final-image",))
CASES = {
    "pip brings uv and more": "RUN pip install --no-cache-dir uv poetry\nRUN uv pip install --system flask\n",
    "pip brings uv": "RUN pip install uv\nRUN uv pip install --system flask\nRUN uv pip install --system django\n",
    "pip brings uv and is used again": "RUN pip install uv && pip install flask\nRUN uv pip install --system django\n",
    "the script brings uv": "RUN curl -LsSf https://astral.sh/uv/install.sh | sh\n"
    "ENV PATH=/root/.local/bin:$PATH\nRUN uv venv\nRUN uv pip install flask\n",
    "pip alone": "RUN pip install wheel\nWORKDIR /app\nCOPY a.txt .\nRUN pip install -r a.txt\n",
    "a step that has to stay pip": "RUN pip install uv && pip download flask\nRUN uv pip install --system django\n",
}


def test_uv_is_mounted_wherever_unsafe_fixes_come_to_use_it() -> None:
    text = "FROM python:3.12\nCOPY a.txt .\nRUN pip install -r a.txt\nCOPY . .\nRUN pip install -e a\nRUN pip install -e b\n"
    fixed = engine.fix(Source(text + 'CMD ["python", "a.py"]\n'), Settings(), unsafe=True)
    steps = re.findall(r"^RUN(?:.*\\\n)*.*", fixed.source.text, re.MULTILINE)
    assert [("uv pip install" in one, "source=/uv,target=/bin/uv" in one) for one in steps] == [(True, True)] * 3
    assert fixed.source.text.count("UV_COMPILE_BYTECODE") == 1


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in CASES.items()])
def test_uv_comes_once_and_one_env_has_its_settings(text: str, *, unsafe: bool) -> None:
    fixed = engine.fix(Source(f'FROM python:3.12\n{text}CMD ["python", "a.py"]\n'), ALL, unsafe=unsafe)
    assert fixed.error is None
    written = fixed.source.text
    assert len(re.findall("^COPY --from=ghcr.io/astral-sh/uv", written, re.MULTILINE)) == 1
    assert len(re.findall("^ENV UV_", written, re.MULTILINE)) == 1
    assert "COMPILE_BYTECODE=1" in written
    assert "LINK_MODE=copy" in written
