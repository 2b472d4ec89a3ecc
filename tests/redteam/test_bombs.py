"""A session that takes all it can ends by name, alone, and its neighbours go on. PBAAS_BOMBS=full sets off the whole
sizes; without it they are such that they go off in seconds. How much slower the neighbours' answers became is said at
the end of the run: a machine that does other things at the time would make a limit for it fail by chance."""
import asyncio
import contextlib
import os
import time
import urllib.request

import pytest

from cdp import Cdp, CdpError
from flood import flood
from looking import REPORT, pid_of, profile_of

FULL = os.environ.get("PBAAS_BOMBS") == "full"
MIB = 1 << 20
# Limits of each session, and what the attacker tries to take.
MEMORY_MIB, PIDS, DISK_MIB = (2048, 1024, 512) if FULL else (400, 160, 64)
BUFFER_MIB = 8192 if FULL else 1024
WORKERS = 2000 if FULL else 500
DOWNLOAD_BYTES = 10 * 1024 * MIB if FULL else 512 * MIB
NEIGHBOURS = 3
# Round trips of each neighbour before, by which those under fire are measured.
CALM_ROUNDS = 200
# The slowest answer, on a machine that does other things besides.
ANSWER_SECONDS_MAX = 2
END_SECONDS = 120 if FULL else 30

MEMORY = f"""const all = [];
    for (let mib = 0; mib < {BUFFER_MIB}; mib += 16) all.push(new Uint8Array(16 << 20).fill(mib + 1));"""
PROCESSES = f"""const source = URL.createObjectURL(new Blob(['setInterval(() => 0, 1000)']));
    for (let i = 0; i < {WORKERS}; ++i) new Worker(source);"""
# Each opens the next, also when its opener is gone.
TABS = """{
    const fork = 'const next = () => { open(location.href); open(location.href); setTimeout(next, 50); }; next();';
    const page = `<script>const all = new Uint8Array(4 << 20).fill(1); ${fork}</` + 'script>';
    open(URL.createObjectURL(new Blob([page], {type: 'text/html'}))); }"""
# Large files, then small ones: what does not fit is given up and leaves its room.
FILES = f"""(async () => {{
    for (let i = 0; i < {DISK_MIB // 2}; ++i) {{
        const blob = new Blob([new Uint8Array(i < {DISK_MIB // 4 - 2} ? 4 << 20 : 1 << 19).fill(7)]);
        const link = {{href: URL.createObjectURL(blob), download: 'file' + i}};
        Object.assign(document.createElement('a'), link).click();
        await new Promise(done => setTimeout(done, 100));
    }}
}})()"""
DATABASE = """(async () => {
    const opening = indexedDB.open('bomb', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('store');
    await new Promise(done => opening.onsuccess = done);
    for (let key = 0; ; ++key) {
        const bytes = new Uint8Array(256 << 10);
        for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
        const change = opening.result.transaction('store', 'readwrite');
        change.objectStore('store').put(bytes, key);
        await new Promise(done => change.oncomplete = change.onabort = change.onerror = done);
    }
})()"""

can_limit = os.access("/sys/fs/cgroup/memory", os.W_OK) or os.access("/sys/fs/cgroup/cgroup.subtree_control", os.W_OK)
needs_cgroups = pytest.mark.skipif(not can_limit, reason="no cgroups can be made here")


@pytest.fixture
def service(make_service):
    return make_service(SESSION_MEMORY_MAX=MEMORY_MIB, SESSION_PIDS_MAX=PIDS, SESSION_DISK_MAX=DISK_MIB,
                        LOG_LEVEL="warn")


BOMBS = [
    pytest.param(MEMORY, {"SESSION_MEMORY_MAX"}, marks=needs_cgroups, id="buffers"),
    pytest.param(PROCESSES, {"SESSION_PIDS_MAX", "SESSION_MEMORY_MAX"}, marks=needs_cgroups, id="workers"),
    pytest.param(TABS, {"SESSION_PIDS_MAX", "SESSION_MEMORY_MAX"}, marks=needs_cgroups, id="tabs"),
    pytest.param(FILES, {"SESSION_DISK_MAX"}, id="files"),
    pytest.param(DATABASE, {"SESSION_DISK_MAX"}, id="database"),
]


@pytest.mark.parametrize("script, limits", BOMBS)
def test_a_bomb_ends_its_own_session_alone(service, request, script, limits):
    neighbours, bomber = [service.create() for _ in range(NEIGHBOURS)], service.create()
    slowest = asyncio.run(under_fire(neighbours, explode(service, bomber, script), request.node.callspec.id))
    ended = service.wait_ended(bomber["id"], 5, "out_of_memory")
    assert any(limit in ended["end_detail"] for limit in limits), ended
    assert all(service.session(each["id"])["status"] == "running" for each in neighbours)
    assert slowest < ANSWER_SECONDS_MAX


def test_a_download_without_end_takes_its_own_room_alone(service):
    """Chromium gives it up when there is no more room, or the full profile ends the session, whichever is first."""
    neighbours, bomber = [service.create() for _ in range(NEIGHBOURS)], service.create()
    with flood() as url:
        slowest = asyncio.run(
            under_fire(neighbours, download(service, bomber, f"{url}/{DOWNLOAD_BYTES}"), "download"))
        sent = int(urllib.request.urlopen(url + "/sent", timeout=5).read())
    ended = service.session(bomber["id"])
    assert ended["status"] == "running" or "SESSION_DISK_MAX" in ended["end_detail"]
    assert 0 < sent < (DISK_MIB + 128) * MIB
    assert all(service.session(each["id"])["status"] == "running" for each in neighbours)
    assert slowest < ANSWER_SECONDS_MAX


async def open_bomber(service, cdp, bomber):
    page, _ = await cdp.new_page()
    await cdp.open_secure(page)
    home = os.path.dirname(profile_of(pid_of(service, bomber)))
    await cdp.call("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": home, "eventsEnabled": True})
    # What a page may store is the attacker's own to raise.
    await cdp.call("Storage.overrideQuotaForOrigin", {"origin": "https://pbaas.test", "quotaSize": 1 << 40}, page)
    return page


async def explode(service, bomber, script):
    """Done when the bomber's connection is over."""
    async with Cdp(bomber["connect_url"]) as cdp:
        page = await open_bomber(service, cdp, bomber)
        yield
        going = asyncio.create_task(cdp.call("Runtime.evaluate", {"expression": script, "userGesture": True}, page,
                                             END_SECONDS))
        with contextlib.suppress(asyncio.TimeoutError):
            await cdp.closed(END_SECONDS)
        going.cancel()
        with contextlib.suppress(asyncio.CancelledError, CdpError):
            await going


async def download(service, bomber, url):
    """Done when the download is over, or the connection is."""
    async with Cdp(bomber["connect_url"]) as cdp:
        page = await open_bomber(service, cdp, bomber)
        yield
        with contextlib.suppress(CdpError):  # A navigation that becomes a download is aborted.
            await cdp.call("Page.navigate", {"url": url}, page)
        closed = asyncio.create_task(cdp.closed(END_SECONDS))
        over = asyncio.create_task(download_over(cdp))
        await asyncio.wait({closed, over}, return_when=asyncio.FIRST_COMPLETED, timeout=END_SECONDS)
        assert closed.done() or over.done(), "the download goes on for ever"
        for each in (closed, over):
            each.cancel()


async def download_over(cdp):
    while (await cdp.event("Browser.downloadProgress", timeout=END_SECONDS))["state"] == "inProgress":
        pass


async def under_fire(neighbours, bomb, name):
    """Reports how the neighbours' round trips changed while the bomb went off; gives seconds of the slowest."""
    async with contextlib.AsyncExitStack() as stack:
        calm = [await stack.enter_async_context(Cdp(each["connect_url"])) for each in neighbours]
        await anext(bomb)  # It is ready, and waits.
        before = await round_trips(calm, rounds=CALM_ROUNDS)
        going = asyncio.create_task(anext(bomb, None))
        during = await round_trips(calm, until=going)
        await going
    REPORT.append(f"{name}: p99 of neighbours' round trips {1e3 * p99(before):.1f} ms before, "
                  f"{1e3 * p99(during):.1f} ms meanwhile ({p99(during) / p99(before):.1f} x), "
                  f"slowest {1e3 * max(during):.0f} ms, of {len(during)}")
    return max(during)


async def round_trips(connections, rounds=None, until=None):
    taken = []

    async def ask(cdp):
        while until is None or not until.done():
            began = time.monotonic()
            await cdp.call("Browser.getVersion")
            taken.append(time.monotonic() - began)
            await asyncio.sleep(0.01)
            if rounds is not None and len(taken) >= rounds * len(connections):
                return

    await asyncio.gather(*map(ask, connections))
    return taken


def p99(times):
    return sorted(times)[int(0.99 * (len(times) - 1))]
