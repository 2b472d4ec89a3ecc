"""What a taken-over browser can do to other processes of the machine: by a process put in its place."""
import ctypes
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

import processes
from looking import KEY, browser_pids, profile_of

INTRUDER = (Path(__file__).parent / "intruder.py").read_text(encoding="utf-8")
NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
SHARED_MEMORY_KEY = 0x70626161


def namespaces_of(pid):
    return {name: os.readlink(f"/proc/{pid}/ns/{name}") for name in NAMESPACES}


@pytest.fixture
def treasure(world, browser_user, tmp_path):
    """Things of others that an intruder looks for; each is there for whoever has no walls around him."""
    _, victim = browser_pids(world)
    abstract = f"redteam-{os.getpid()}"
    memory_file = Path(f"/dev/shm/redteam-{os.getpid()}")
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(SHARED_MEMORY_KEY, 4096, 0o1666)
    leaking = subprocess.Popen([*browser_user, "sleep", "100"], env={"LEAK": KEY})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("\0" + abstract)
        listener.listen(1)
        memory_file.write_text("another's")
        memory_file.chmod(0o644)
        yield {
            "victim": victim, "abstract": abstract, "debug_port": world.victim["debug_port"],
            "gateway": int(world.url.rpartition(":")[2]), "shared_memory": SHARED_MEMORY_KEY,
            "memory_file": str(memory_file), "machine_file": "/etc/debian_version",
            "profile": profile_of(victim), "secret": KEY}
    memory_file.unlink()
    libc.shmctl(segment, 0, None)
    leaking.kill()
    leaking.wait()


def test_a_taken_over_browser_finds_nothing_of_others(world, browser_user, treasure):
    attacker, _ = browser_pids(world)
    inside = ["nsenter", "-t", str(attacker), "-U", "-m", "-p", "-n", "-i", "-u", "--preserve-credentials"]
    entering = inside if world.isolation == "sandbox" else []
    said = subprocess.run([*browser_user, *entering, "/usr/bin/python3", "-c", INTRUDER],
                          input=json.dumps(treasure), capture_output=True, text=True, timeout=30, check=False)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    if world.isolation == "sandbox":
        assert not any(found.values()), found
    else:
        assert all(found.values()), found


def test_each_browser_has_namespaces_of_its_own(world):
    pids = [world.pid, *browser_pids(world)]
    for name in NAMESPACES:
        distinct = len({namespaces_of(pid)[name] for pid in pids})
        assert distinct == (3 if world.isolation == "sandbox" else 1), name


def test_no_command_line_and_no_environment_of_a_browser_has_a_secret(world):
    for pid, _ in processes.descendants(world.pid):
        for part in ("environ", "cmdline"):
            try:
                text = Path(f"/proc/{pid}/{part}").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            assert KEY.encode() not in text, (pid, part)
