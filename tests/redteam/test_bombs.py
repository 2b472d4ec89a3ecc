"""A session that takes all it can ends by name, alone, and its neighbour goes on."""
import asyncio
import contextlib
import os
import time

import pytest

from cdp import Cdp, CdpError
from looking import pid_of, profile_of

MEMORY_MIB, PIDS, DISK_MIB = 400, 160, 64
# A neighbour's answer while the bomb goes off.
ANSWER_SECONDS_MAX = 2

MEMORY = "const all = []; for (;;) all.push(new Uint8Array(16 << 20).fill(all.length + 1));"
PROCESSES = """const source = URL.createObjectURL(new Blob(['']));
    for (let i = 0; i < 500; ++i) new Worker(source);"""
# Large files, then small ones: what does not fit is given up and leaves its room.
DISK = """(async () => {
    for (let i = 0; i < 50; ++i) {
        const blob = new Blob([new Uint8Array(i < 14 ? 4 << 20 : 1 << 19).fill(7)]);
        const link = {href: URL.createObjectURL(blob), download: 'file' + i};
        Object.assign(document.createElement('a'), link).click();
        await new Promise(done => setTimeout(done, 100));
    }
})()"""

can_limit = os.access("/sys/fs/cgroup/memory", os.W_OK) or os.access("/sys/fs/cgroup/cgroup.subtree_control", os.W_OK)
needs_cgroups = pytest.mark.skipif(not can_limit, reason="no cgroups can be made here")


@pytest.mark.parametrize("script, limit", [
    pytest.param(MEMORY, "SESSION_MEMORY_MAX", marks=needs_cgroups),
    pytest.param(PROCESSES, "SESSION_PIDS_MAX", marks=needs_cgroups),
    pytest.param(DISK, "SESSION_DISK_MAX"),
], ids=["memory", "processes", "disk"])
def test_a_bomb_ends_its_own_session_alone(make_service, script, limit):
    service = make_service(SESSION_MEMORY_MAX=MEMORY_MIB, SESSION_PIDS_MAX=PIDS, SESSION_DISK_MAX=DISK_MIB,
                           LOG_LEVEL="warn")
    neighbour, bomber = service.create(), service.create()
    slowest = asyncio.run(explode(service, neighbour, bomber, script))
    ended = service.wait_ended(bomber["id"], 5, "out_of_memory")
    assert limit in ended["end_detail"], ended
    assert service.session(neighbour["id"])["status"] == "running"
    assert slowest < ANSWER_SECONDS_MAX


async def explode(service, neighbour, bomber, script):
    """Seconds of the slowest answer of the neighbour's, until the bomber has ended."""
    slowest = 0
    async with Cdp(neighbour["connect_url"]) as calm, Cdp(bomber["connect_url"]) as cdp:
        page, _ = await cdp.new_page()
        home = os.path.dirname(profile_of(pid_of(service, bomber)))
        await cdp.call("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": home})
        going = asyncio.create_task(cdp.call("Runtime.evaluate", {"expression": script, "userGesture": True}, page, 60))
        deadline = time.monotonic() + 30
        while not cdp.ws.closed and time.monotonic() < deadline:
            began = time.monotonic()
            await calm.call("Browser.getVersion")
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.05)
        going.cancel()
        with contextlib.suppress(asyncio.CancelledError, CdpError):
            await going
    return slowest
