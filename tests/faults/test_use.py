"""What a session's browser took: bytes of the network, processor time, memory. While it runs, at its end, and null
where nothing counts it."""
import asyncio
import contextlib
import http.server
import os
import signal
import threading

import pytest

from cdp import CdpError, in_page
from processes import wait_until

SIZE = 5_000_000
# One request, its answer's head, and what Chromium asks for beside it, such as an icon.
HEADS_MAX = 4_096
USE = ("egress_bytes_up", "egress_bytes_down", "cpu_seconds", "peak_memory_bytes")
MIB = 1 << 20

can_limit = os.access("/sys/fs/cgroup/memory", os.W_OK) or os.access("/sys/fs/cgroup/cgroup.subtree_control", os.W_OK)
needs_cgroups = pytest.mark.skipif(not can_limit, reason="no cgroups can be made here")


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802  The library's name.
        body = os.urandom(SIZE) if self.path == "/large" else b"<!doctype html><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def use_of(session):
    return {name: session[name] for name in USE}


def download(site):
    async def action(cdp, page):
        await cdp.call("Page.navigate", {"url": site + "/"}, page)
        await cdp.event("Page.loadEventFired", page)
        return await cdp.evaluate("fetch('/large').then(answer => answer.arrayBuffer()).then(all => all.byteLength)",
                                  page)
    return action


def start_in_page(session, script):
    """Runs a script that does not end."""
    async def action(cdp, page):
        await cdp.call("Runtime.evaluate", {"expression": script}, page)
    return in_page(session, action)


def test_the_bytes_of_a_download_are_counted(service, site):
    session = service.create()
    before = use_of(service.session(session["id"]))
    assert in_page(session, download(site)) == SIZE
    after = use_of(service.session(session["id"]))
    service.end(session["id"])
    assert SIZE <= after["egress_bytes_down"] - before["egress_bytes_down"] <= SIZE + HEADS_MAX
    assert 100 < after["egress_bytes_up"] - before["egress_bytes_up"] <= HEADS_MAX


def test_an_ended_session_keeps_what_it_took(service, site):
    session = service.create()
    in_page(session, download(site))
    running = use_of(service.session(session["id"]))
    ended = use_of(service.end(session["id"]))
    service.wait_empty()
    assert all(ended[name] is None or ended[name] >= running[name] for name in USE)
    assert use_of(service.session(session["id"])) == ended
    listed = service.call("GET", "/session", params={"limit": 200}).json()["sessions"]
    assert use_of(next(each for each in listed if each["id"] == session["id"])) == ended


@needs_cgroups
def test_a_page_that_burns_shows_while_it_runs(service):
    session = service.create()
    first = service.session(session["id"])
    assert first["cpu_seconds"] > 0
    # It lets go now and then, or its browser would be taken for hung.
    start_in_page(session, "setInterval(() => { const end = Date.now() + 50; while (Date.now() < end); }, 60)")
    wait_until(lambda: service.session(session["id"])["cpu_seconds"] > first["cpu_seconds"] + 1, 20, "a second more")
    service.end(session["id"])


@needs_cgroups
def test_the_peak_of_memory_stays_when_the_memory_is_given_back(service):
    session = service.create()
    first = service.session(session["id"])["peak_memory_bytes"]
    assert first > 10 * MIB
    start_in_page(session, "{ const all = new Uint8Array(150 << 20).fill(1); all.length; }")
    peak = wait_until(lambda: more_than(service.session(session["id"])["peak_memory_bytes"], first + 100 * MIB), 10,
                      "100 MiB more")
    in_page(session, lambda cdp, page: cdp.call("HeapProfiler.collectGarbage", session=page))
    assert service.end(session["id"])["peak_memory_bytes"] >= peak


def more_than(number, bound):
    return number if number > bound else None


@needs_cgroups
def test_a_crashed_browser_leaves_what_it_took(make_service, site):
    service = make_service(LOG_LEVEL="warn")
    session = service.create()
    in_page(session, download(site))
    running = use_of(service.session(session["id"]))
    os.kill(service.browser_pids().pop(), signal.SIGKILL)
    ended = use_of(service.wait_ended(session["id"], 5, "browser_crashed"))
    assert all(ended[name] >= running[name] > 0 for name in USE)


@needs_cgroups
def test_a_browser_that_ran_out_of_memory_leaves_what_it_took(make_service):
    service = make_service(LOG_LEVEL="warn", SESSION_MEMORY_MAX=300)
    session = service.create()
    with contextlib.suppress(CdpError, asyncio.TimeoutError):
        start_in_page(session, "const all = []; for (;;) all.push(new Uint8Array(16 << 20).fill(all.length + 1));")
    ended = service.wait_ended(session["id"], 20, "out_of_memory")
    assert 250 * MIB < ended["peak_memory_bytes"] <= 300 * MIB
    assert ended["cpu_seconds"] > 0


def test_what_nothing_counts_is_null(make_service):
    service = make_service(LOG_LEVEL="warn", ISOLATION="none", SESSION_MEMORY_MAX=0, SESSION_PIDS_MAX=0)
    session = service.create()
    assert set(use_of(service.session(session["id"])).values()) == {None}
    assert set(use_of(service.end(session["id"])).values()) == {None}


def test_a_fleet_shows_the_same(make_fleet, site):
    fleet = make_fleet(gateways=1, capacities=(1,))
    gateway, session = fleet.gateway(), fleet.create()
    in_page(session, download(site))
    running = use_of(gateway.session(session["id"]))
    assert SIZE <= running["egress_bytes_down"] <= SIZE + 2 * HEADS_MAX
    ended = use_of(gateway.end(session["id"]))
    assert ended["egress_bytes_down"] >= running["egress_bytes_down"]
    fleet.wait_empty()
    assert use_of(gateway.session(session["id"])) == ended
