"""Two services for the attacks: one with the walls, and one without, which shows that each attack can succeed."""
import os
import pwd
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from looking import KEY, REPORT  # noqa: E402
from service import Service  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    if REPORT:
        terminalreporter.section("red team")
        for line in REPORT:
            terminalreporter.write_line(line)


@pytest.fixture(scope="module", params=["none", "sandbox"])
def world(request):
    """A service with an attacker's and a victim's session, by isolation. Nothing private may be reached."""
    service = Service(ISOLATION=request.param, EGRESS_ALLOW="", API_KEYS=KEY, LOG_LEVEL="warn")
    service.isolation = request.param
    try:
        service.start()
        service.attacker = service.create()
        service.victim = service.create()
        yield service
    finally:
        service.remove()


@pytest.fixture(scope="session")
def browser_user():
    """Who browsers run as: what setpriv takes to become the same."""
    if os.geteuid() != 0:
        return []
    for name in ("pbaas", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    raise AssertionError("there is nobody that browsers could run as")
