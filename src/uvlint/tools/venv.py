"""What `python -m venv` and `virtualenv` ask for, and how `uv venv` spells it."""

from __future__ import annotations

from uvlint.tools.options import Table, table

VENV: Table = table("""
--system-site-packages               | - | system-site       | keep
--clear                              | - | clear             | keep
--prompt                             | = |                   | keep
--without-pip                        | - | without-pip       | drop
--upgrade-deps                       | - |                   | drop
--symlinks                           | - |                   | drop
--copies                             | - |                   | block  | | uv links to the interpreter, it doesn't copy it
--upgrade                            | - |                   | block  | | uv has no `--upgrade` for environments
--without-scm-ignore-files           | - |                   | block  | | uv always writes a `.gitignore`
-h --help                            | - |                   | block  | | it makes nothing
""")
"""The options of `python -m venv`."""

VIRTUALENV: Table = table("""
-p --python                          | = | python            | check
--system-site-packages               | - | system-site       | keep
--no-site-packages                   | - |                   | drop
--clear                              | - | clear             | keep
--prompt                             | = |                   | keep
--without-pip --no-pip               | - | without-pip       | drop
--no-setuptools --no-wheel           | - |                   | drop
--symlinks                           | - |                   | drop
--download --no-download --never-download --no-periodic-update --reset-app-data | - | | drop
-q --quiet                           | - |                   | keep
-v --verbose                         | - |                   | keep
--always-copy --copies               | - |                   | block  | | uv links to the interpreter, it doesn't copy it
--pip --setuptools --wheel           | = |                   | block  | | uv takes the newest release of what it seeds
--seeder --app-data --extra-search-dir --creator --activators --discovery --try-first-with | = | | block | | uv has no such option
--relocatable --no-vcs-ignore --symlink-app-data | - | | block | | uv has no such option
-h --help --version                  | - |                   | block  | | it makes nothing
""")
"""The options of `virtualenv`."""
