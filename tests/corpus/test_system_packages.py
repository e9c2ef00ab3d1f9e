"""The system packages of real Dockerfiles are in the table."""

from __future__ import annotations

import re
from collections import Counter

from loader import dockerfiles

from uvlint import calls, engine, packages
from uvlint.config import Settings

INSTALLS = {"apt-get": ("debian", "install"), "apk": ("alpine", "add"), "dnf": ("fedora", "install")}


def test_what_real_dockerfiles_install_is_known() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for source in dockerfiles():
        build = engine.read(source, Settings())
        for call in calls.find(build, *INSTALLS):
            family, verb = INSTALLS[call.program]
            if call.verb == verb:
                known = (one for one in call.args[1:] if one and re.fullmatch(r"[a-z0-9][\w.+-]*", one))
                counted.update((family, one) for one in known)
    headers = {one: count for one, count in counted.items() if re.search(r"-dev(el)?\Z", one[1])}
    unknown = {one for one in counted if packages.role(*one) is None}
    assert sum(headers.values()) > 300
    assert sum(count for one, count in headers.items() if one not in unknown) >= 0.95 * sum(headers.values())
    assert len([one for one, _ in counted.most_common(200) if one in unknown]) <= 5
