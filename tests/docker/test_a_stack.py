"""The stack as it comes: who can reach it, what it runs as, and that it serves."""
import os
import subprocess
import sys

import pytest

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


def test_the_log_is_in_postgres(stack):
    (postgres,) = stack.containers("postgres")
    counted = stack.execute(postgres, "env", "PGPASSWORD=" + stack.environment["POSTGRES_PASSWORD"], "psql", "-h",
                            "127.0.0.1", "-U", "pbaas", "-d", "pbaas", "-Atc",
                            "SELECT count(*) > 0, count(*) FILTER (WHERE ended_at IS NULL) FROM sessions")
    assert counted.strip() == "t|0"
