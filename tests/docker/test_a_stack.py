"""The stack as it comes: who can reach it, what it runs as, and that it serves."""
import asyncio
import hashlib
import json
import os
import subprocess
import sys

import pytest
import requests

from cdp import Cdp
from processes import wait_until
from stack import ROOT, run

SUITE = ["test_cdp.py", "test_parallel_validate.py", "test_parallel.py"]
OURS = ["gateway", "worker"]


def test_every_service_is_up_and_healthy(stack):
    for service in ("gateway", "worker", "redis", "postgres", "minio"):
        (container,) = stack.containers(service)
        assert stack.inspect(container)["State"]["Health"]["Status"] == "healthy", stack.logs(service)


def test_only_the_gateway_can_be_reached_from_elsewhere(stack):
    assert {port for address, port in stack.published() if address != "127.0.0.1"} == {8000}
    assert {port for address, port in stack.published() if address == "127.0.0.1"} == {6379, 5432, 9000, 9001}


@pytest.mark.parametrize("service", OURS)
def test_a_container_has_no_privilege(stack, service):
    (container,) = stack.containers(service)
    host = stack.inspect(container)["HostConfig"]
    assert not host["Privileged"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"]
    assert host["ReadonlyRootfs"] and "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0 and host["PidsLimit"] > 0 and host["RestartPolicy"]["Name"] == "unless-stopped"
    status = stack.execute(container, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == ["10001"] * 4
    assert int(fields["CapEff"], 16) == 0 and int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"


@pytest.mark.parametrize("service", OURS)
def test_nothing_but_its_own_folders_can_be_written_to(stack, service):
    (container,) = stack.containers(service)
    wrote = subprocess.run(["docker", "exec", container, "sh", "-c", "touch /usr/bin/x /etc/x /x"], check=False,
                           capture_output=True, text=True)
    assert wrote.returncode != 0 and wrote.stderr.count("Read-only file system") == 3


def test_the_image_has_no_password_in_it(stack):
    (container,) = stack.containers("gateway")
    image = run("docker", "image", "inspect", stack.inspect(container)["Image"])
    history = run("docker", "history", "--no-trunc", "pbaas:test")
    for word in ("REDIS_URL", "DATABASE_URL", "CLUSTER_SECRET", "PASSWORD", "SECRET_KEY"):
        assert word not in image and word not in history


def test_the_acceptance_suite_passes(stack):
    environment = {**os.environ, "PBAAS_URL": stack.url}
    suite = subprocess.run([sys.executable, "-m", "pytest", "-q", *SUITE], cwd=ROOT, env=environment, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print("\n".join(suite.stdout.splitlines()[-3:]))
    assert suite.returncode == 0, suite.stdout[-6000:] + stack.logs("worker")
    stack.wait_empty()


def recorded(stack, page):
    """A session that has shown the page, and what came of its recordings."""
    session = stack.create(record={"har": True, "video": True})

    async def show():
        async with Cdp(session["connect_url"]) as cdp:
            target, _ = await cdp.new_page()
            await cdp.call("Page.navigate", {"url": page}, session=target)
            await cdp.call("Runtime.evaluate", {"expression": "new Promise(done => setTimeout(done, 1500))",
                                                "awaitPromise": True}, session=target)
    asyncio.run(show())
    stack.end(session["id"])
    path = f"/session/{session['id']}/recordings"
    listed = lambda: stack.call("GET", path).json()["recordings"]
    wait_until(lambda: {each["state"] for each in listed()} == {"stored"}, 60, "they are stored")
    return path, {each["name"]: each for each in listed()}


def test_recordings_are_fetched_back_from_the_store(stack):
    path, recordings = recorded(stack, "data:text/html,<title>recorded</title><h1>recorded</h1>")
    assert set(recordings) == {"network.har", "video.webm"}
    for name, each in recordings.items():
        answer = stack.call("GET", f"{path}/{name}")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("http://localhost:9000/recordings/")
        content = requests.get(answer.headers["Location"], timeout=10).content
        assert hashlib.sha256(content).hexdigest() == each["sha256"] and len(content) == each["bytes"]
        if name == "network.har":
            assert json.loads(content)["log"]["version"] == "1.2"
        else:
            assert content.startswith(b"\x1a\x45\xdf\xa3") and each["duration"] > 0
    assert stack.call("DELETE", path).status_code == 204
    assert stack.call("GET", path).json()["recordings"] == []


def test_the_log_is_in_postgres(stack):
    (postgres,) = stack.containers("postgres")
    counted = stack.execute(postgres, "env", "PGPASSWORD=" + stack.environment["POSTGRES_PASSWORD"], "psql", "-h",
                            "127.0.0.1", "-U", "pbaas", "-d", "pbaas", "-Atc",
                            "SELECT count(*) > 0, count(*) FILTER (WHERE ended_at IS NULL) FROM sessions")
    assert counted.strip() == "t|0"
