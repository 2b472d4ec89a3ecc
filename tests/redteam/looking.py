"""Which processes are whose browser, and where their profiles are."""
import os
import re

from processes import wait_until

KEY = "key-that-no-browser-may-see"
# Lines for people, said at the end of the run.
REPORT = []


def pid_of(service, session):
    """The main process of a session's browser."""
    def found():
        return next((pid for pid in service.browser_pids() if listens(pid, session["debug_port"])), None)

    return wait_until(found, 5, "a browser that listens")


def browser_pids(service):
    """The attacker's browser and the victim's."""
    return pid_of(service, service.attacker), pid_of(service, service.victim)


def listens(pid, port):
    try:
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
            inodes = {f"socket:[{fields[9]}]" for fields in map(str.split, file.readlines()[1:])
                      if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port}
        return any(os.readlink(f"/proc/{pid}/fd/{name}") in inodes for name in os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return False  # A descriptor or a process that went while it was looked at.


def profile_of(pid):
    """The folder of a browser's profile, as it sees it."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return re.search(rb"--user-data-dir=([^ \0]+)", file.read())[1].decode()
