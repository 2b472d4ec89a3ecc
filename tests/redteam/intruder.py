"""What a process that runs as the browsers' user can do to others. Run inside a browser's namespaces, or outside of
them, by test_processes.py; reads a JSON object of what there is to find, and prints what it found."""
import ctypes
import glob
import json
import os
import socket
import sys


def succeeds(action):
    try:
        return bool(action())
    except OSError:
        return False


def signals(pid):
    os.kill(pid, 0)
    return True


def traces(pid):
    """PTRACE_SEIZE stops nothing, and ends with this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.ptrace(0x4206, pid, None, None) == 0


def connects(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect(address)
        return True


def shares_memory(key):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.shmget(key, 0, 0) >= 0


def reads(path):
    with open(path, "rb") as file:
        return file.read(16)


def environments_with(secret):
    found = 0
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                found += secret.encode() in file.read()
        except OSError:
            continue
    return found > 0


def main():
    there = json.load(sys.stdin)
    print(json.dumps({
        "signal": succeeds(lambda: signals(there["victim"])),
        "trace": succeeds(lambda: traces(there["victim"])),
        "see the process": os.path.exists(f"/proc/{there['victim']}/comm"),
        "abstract socket": succeeds(lambda: connects(socket.AF_UNIX, "\0" + there["abstract"])),
        "debug port": succeeds(lambda: connects(socket.AF_INET, ("127.0.0.1", there["debug_port"]))),
        "gateway": succeeds(lambda: connects(socket.AF_INET, ("127.0.0.1", there["gateway"]))),
        "shared memory": shares_memory(there["shared_memory"]),
        "file in /dev/shm": succeeds(lambda: reads(there["memory_file"])),
        "file of the machine": succeeds(lambda: reads(there["machine_file"])),
        "profile": succeeds(lambda: os.listdir(there["profile"])),
        "secret in /proc": environments_with(there["secret"]),
    }))


main()
