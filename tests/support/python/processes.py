"""What a process leaves behind, read from /proc: its descendants, their start times, its open files."""
import os
import time


def _stat(pid):
    """(parent, state, start time) of a process, or None where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), fields[0], int(fields[19])


def _all():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = _stat(int(name))
            if stat:
                found[int(name)] = stat
    return found


def parent(pid):
    stat = _stat(pid)
    return stat[0] if stat else None


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descendants(root):
    """Every process below `root` as {(pid, start time)}: a pid that is used again is not the same process."""
    table = _all()
    below, grew = {root}, True
    while grew:
        more = {pid for pid, (parent, _, _) in table.items() if parent in below} - below
        below |= more
        grew = bool(more)
    return {(pid, table[pid][2]) for pid in below - {root} if pid in table}


def alive(processes):
    """Those of {(pid, start time)} that still run. A zombie has ended; whose child it is then decides who reaps."""
    left = set()
    for pid, started in processes:
        stat = _stat(pid)
        if stat and stat[2] == started and stat[1] not in "ZX":
            left.add((pid, started))
    return left


def zombies(root):
    return {pid for pid, _ in descendants(root) if (_stat(pid) or (0, "?", 0))[1] == "Z"}


def naming(text):
    """Processes whose command line names `text`, such as a folder only one service uses."""
    return {pid for pid in _all() if pid != os.getpid() and text in command_line(pid)}


def browsers(run_dir):
    """The main processes of the browsers whose profile is below `run_dir`."""
    found = {pid for pid in naming(str(run_dir))
             if "--user-data-dir=" in command_line(pid) and "--type=" not in command_line(pid)
             and "chrom" in command_line(pid).split(" ")[0]}
    # A child that Chromium has forked looks like its parent until it becomes something else.
    return {pid for pid in found if parent(pid) not in found}


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def wait_until(condition, seconds, what):
    """Polls until `condition()` is true and gives its value; fails naming `what` and the last value seen."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)
