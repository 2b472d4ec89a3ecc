"""Inside the worker's container every browser has its sandbox, and pages reach nothing of the stack. What a page must
not reach is first shown to be there, from inside the container."""
import asyncio
import json
import os
import re

import pytest

from cdp import CdpError, in_page
from processes import wait_until
from stack import processes_of
from test_pages import SETTLE_SECONDS, WAYS, Canary, shown_at

NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts")
BRIDGE = "172.29.0.1"  # The engine's machine, as a container sees it.


@pytest.fixture(scope="module")
def worker(stack):
    (container,) = stack.containers("worker")
    return container


@pytest.fixture(scope="module")
def sessions(stack):
    made = [stack.create(), stack.create()]
    yield made
    for each in made:
        stack.end(each["id"])


@pytest.fixture(scope="module")
def canary():
    made = Canary()
    yield made
    made.server.shutdown()


def renderers(worker):
    return [pid for pid, command in processes_of(worker).items() if "--type=renderer" in command]


def namespaces_of(pid):
    return {name: os.readlink(f"/proc/{pid}/ns/{name}") for name in NAMESPACES}


def test_the_doctor_finds_nothing_to_mend(stack, worker):
    said = stack.execute(worker, "env", "PORT=0", "DATA_DIR=/tmp/doctor", "pbaas", "doctor")
    assert "FAIL" not in said, said
    assert re.search(r"^ok +namespaces +usable", said, re.M), said


def test_every_renderer_is_under_seccomp_and_in_namespaces_of_its_own(stack, worker, sessions):
    for each in sessions:
        in_page(each, lambda cdp, page: shown_at(cdp, page, "data:text/html,hello"))
    found = wait_until(lambda: renderers(worker), 5, "renderers")
    service = namespaces_of(stack.inspect(worker)["State"]["Pid"])
    for pid in found:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status)
        # Three filters: the container's, and Chromium's own.
        assert fields["Seccomp"] == "2" and int(fields["Seccomp_filters"]) >= 2, fields
        assert not {name for name, place in namespaces_of(pid).items() if place == service[name]}
    networks = {namespaces_of(pid)["net"] for pid in found}
    assert len(networks) >= 2, "two sessions share a network"


def test_no_command_line_of_a_container_has_a_secret(stack, worker):
    for command in processes_of(worker).values():
        for name in ("REDIS_PASSWORD", "POSTGRES_PASSWORD", "CLUSTER_SECRET", "MINIO_SECRET_KEY"):
            assert stack.environment[name] not in command


@pytest.mark.parametrize("target", ["http://127.0.0.1:9100/livez", "http://worker:9100/livez",
                                    "http://gateway:8000/livez", "http://minio:9000/",
                                    f"http://{BRIDGE}:{{canary}}/bridge",
                                    "http://127.0.0.1:{port}/json/version"])
def test_a_page_reaches_nothing_of_the_stack(stack, worker, sessions, canary, target):
    attacker, victim = sessions
    url = target.format(canary=canary.port, port=victim["debug_port"])
    if "{port}" not in target:
        stack.execute(worker, "curl", "-sS", "-o", "/dev/null", "--max-time", "5", url)
        canary.hits.clear()
    text = in_page(attacker, lambda cdp, page: shown_at(cdp, page, url))
    assert text == "" or "egress" in text.lower() or "ERR_" in text, text
    assert not canary.hits


@pytest.mark.parametrize("way", WAYS)
def test_a_page_reaches_the_machine_by_no_way(sessions, canary, way):
    name = f"/by-way-{way}"
    script = f"(() => {{ const url = {json.dumps(f'http://{BRIDGE}:{canary.port}{name}')}; {WAYS[way]}; }})()"

    async def run(cdp, page):
        try:
            await cdp.call("Runtime.evaluate", {"expression": script, "userGesture": True}, page)
        except CdpError:
            pass
        await asyncio.sleep(SETTLE_SECONDS)

    in_page(sessions[0], run)
    assert not canary.came(name)


@pytest.mark.parametrize("path", ["/etc/passwd", "/data/worker_id", "/proc/1/environ"])
def test_a_page_reads_no_file_of_the_container(stack, worker, sessions, path):
    there = stack.execute(worker, "cat", path).strip()
    text = in_page(sessions[0], lambda cdp, page: shown_at(cdp, page, "file://" + path))
    assert there and there not in text
