"""Whoever is killed, nothing of a browser is left: no process, mount, cgroup or folder. PBAAS_KILLS sets another number
of rounds."""
import contextlib
import glob
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import processes
from looking import REPORT
from processes import wait_until

KILLS = int(os.environ.get("PBAAS_KILLS", 20))
SESSIONS, SPARES = 8, 4
LEFT_SECONDS = 2


def cgroups_of(instances):
    return [path for name in instances for path in glob.glob(f"/sys/fs/cgroup/**/{name}", recursive=True)]


def mounts_below(folder):
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return [line for line in file if str(folder) in line]


def end_what_is_ready(service):
    """The sandboxes that wait for a browser, where there is none."""
    for pid, _ in service.descendants():
        if processes.parent(pid) != service.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_kill_9_of_the_service_leaves_no_process_mount_cgroup_or_folder(make_service):
    service = make_service(LOG_LEVEL="warn", WARM_BROWSERS=SPARES)
    taken = []
    for round_number in range(KILLS):
        if round_number:
            service.start()
        instances = [path.name for path in service.run_dir.iterdir()]
        with ThreadPoolExecutor(SESSIONS) as pool:
            list(pool.map(lambda _: service.create(), range(SESSIONS)))
        among = service.descendants()
        # bwrap, its child and at least five of Chromium's.
        assert len(among) > SESSIONS * 6
        service.kill()
        killed = time.monotonic()
        service.wait_nothing_left(LEFT_SECONDS, among)
        wait_until(lambda: not cgroups_of(instances), LEFT_SECONDS, "no cgroup")
        taken.append(time.monotonic() - killed)
        assert not mounts_below(service.run_dir)
    REPORT.append(f"kill -9 of a service with {SESSIONS} sessions, {KILLS} times: nothing was left after "
                  f"{max(taken):.2f} s at the most")


@pytest.mark.skipif(not os.access("/sys/fs/cgroup/memory", os.W_OK), reason="cgroups of version 1 cannot be made here")
def test_no_browser_starts_without_its_limits(make_service):
    service = make_service(LOG_LEVEL="warn")
    (instance,) = [path.name for path in service.run_dir.iterdir()]
    mine = cgroups_of([instance])
    end_what_is_ready(service)
    wait_until(lambda: not any(glob.glob(each + "/*/") for each in mine), 5, "no sandbox is ready")
    for each in mine:
        os.rmdir(each)
    answer = service.call("POST", "/session")
    assert (answer.status_code, answer.json()["reason"]) == (502, "launch_failed"), answer.text
    assert "memory and processes" in answer.json()["detail"]
    assert "session_limits_failed" in service.errors()
    service.wait_nothing_left(2, set())


def test_cgroups_are_there_while_browsers_are(make_service):
    """What the test above looks for can be seen at all."""
    service = make_service(LOG_LEVEL="warn")
    service.create()
    writable = os.access("/sys/fs/cgroup/memory", os.W_OK)
    instances = [path.name for path in service.run_dir.iterdir()]
    assert bool(cgroups_of(instances)) == writable
