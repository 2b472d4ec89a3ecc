"""One pbaas process of a test's own, of any part: serve, gateway or worker. Its folders outlive a restart."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import processes
from processes import wait_until

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 30  # A sanitizer's binary takes a few seconds where an optimised one takes 50 ms.


class PbaasProcess:
    """`settings` are environment variables. It runs from start() to stop() or kill(), and may be started again."""

    def __init__(self, part, **settings):
        # Browsers run as another user, who must be able to walk to their profiles; pytest's own folders forbid it.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.part = part
        self.folder = Path(tempfile.mkdtemp(prefix="test-of-pbaas-", dir=memory))
        self.folder.chmod(0o755)
        self.run_dir = self.folder / "run"
        self.run_dir.mkdir(mode=0o755)
        self.data_dir = self.folder / "data"
        # Sessions a test leaves open must not hold up the end of its process; pages of tests are on loopback; and tests
        # count browsers, so that there are spares where a test asks for them, or whoever runs all of them does.
        self.settings = {"DRAIN_TIMEOUT": "0", "EGRESS_ALLOW": "127.0.0.0/8,[::1]",
                         "WARM_BROWSERS": os.environ.get("WARM_BROWSERS", "0"),
                         **{name: str(value) for name, value in settings.items()}}
        self.process = None
        self.own_folders = set()

    def begin(self):
        """Starts it and gives the port it says it listens on."""
        binary = os.environ.get("PBAAS_BINARY", str(ROOT / "build/release/pbaas"))
        environment = {**os.environ, "PORT": "0", "WORKER_PORT": "0", "HOST": "127.0.0.1",
                       "DATA_DIR": str(self.data_dir), "RUN_DIR": str(self.run_dir), **self.settings}
        said_before = len(self.errors(None))
        with open(self.folder / "stderr", "ab") as errors:
            self.process = subprocess.Popen([binary, self.part], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        said = []
        # Whatever it says later must not fill the pipe.
        threading.Thread(target=lambda lines: said.extend(lines), args=(self.process.stdout,), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            if port := greeted_port("".join(said)) or logged_port(self.errors(None)[said_before:], self.part):
                self.own_folders = folders_below(self.run_dir)
                return port
            if ended:
                break
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"pbaas {self.part} did not start: {''.join(said)}\n{self.errors()}")

    def errors(self, last=6000):
        path = self.folder / "stderr"
        text = path.read_text(errors="replace") if path.exists() else ""
        return text[-last:] if last else text

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def descendants(self):
        return processes.descendants(self.pid)

    def browser_pids(self):
        return processes.browsers(self.run_dir)

    def profiles(self):
        """What is below the run folder and was not there before the first session."""
        return sorted(folders_below(self.run_dir) - self.own_folders)

    def open_files(self):
        return processes.open_files(self.pid)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, seconds=20):
        """Ends the process politely, and insists where it does not go; gives its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"pbaas {self.part} ignored SIGTERM for {seconds} s\n{self.errors()}") from None

    def wait_nothing_left(self, seconds=2, among=frozenset()):
        """No process of ours and no profile folder is left; `among` are processes seen while it ran."""
        if self.process.poll() is not None:
            self.own_folders = set()

        def left():
            names = processes.naming(str(self.run_dir))
            if self.process.poll() is None:
                names.discard(self.pid)
            return names, processes.alive(among), self.profiles()

        try:
            wait_until(lambda: not any(left()), seconds, "nothing left")
        except AssertionError:
            named, known, folders = left()
            commands = {pid: processes.command_line(pid)[:200] for pid in named | {pid for pid, _ in known}}
            raise AssertionError(f"left after {seconds} s: {commands} {folders}") from None

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def greeted_port(said):
    """The port in the greeting for people."""
    match = re.search(r"pbaas(?: worker)? listens on (?:http://\S+?:|port )(\d+)", said)
    return int(match[1]) if match else None


def logged_port(said, part):
    """The port in the log's line for machines."""
    for line in said.splitlines():
        if '"listening"' in line:
            entry = json.loads(line)
            if entry.get("event") == "listening" and entry.get("part", part) == part:
                return int(entry["port"])
    return None


def folders_below(top):
    """Every folder below `top`; one that goes while it is looked at is not there."""
    return {os.path.join(folder, name) for folder, names, _ in os.walk(top) for name in names}
