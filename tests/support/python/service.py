"""A running pbaas: one this test started, with folders of its own, or the one at PBAAS_URL."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import requests

import openapi
import processes
from processes import wait_until

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 30  # A sanitizer's binary takes a few seconds where an optimised one takes 50 ms.


class Api:
    """The REST API at a URL. Every call is a connection of its own, so that none is left to count as leaked."""

    def __init__(self, url, token=None):
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    @property
    def ws_url(self):
        return "ws" + self.url.removeprefix("http")

    def call(self, method, path, *, headers=None, timeout=60, **more):
        both = {**self.headers, "Connection": "close", **(headers or {})}
        answer = requests.request(method, self.url + path, headers=both, timeout=timeout,
                                  allow_redirects=False, **more)
        openapi.check(self.url, method, path, answer)
        return answer

    def create(self, headers=None, **options):
        answer = self.call("POST", "/session", json=options, headers=headers)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        return answer.json()

    def session(self, session_id):
        answer = self.call("GET", f"/session/{session_id}")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def end(self, session_id):
        answer = self.call("DELETE", f"/session/{session_id}")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def workers(self):
        answer = self.call("GET", "/worker")
        assert answer.status_code == 200, answer.text
        return answer.json()["workers"]

    def used(self):
        return sum(worker["used"] for worker in self.workers())

    def capacity(self):
        return sum(worker["capacity"] for worker in self.workers())

    def metrics(self):
        """{(name, ((label, value), …)): number} of the Prometheus text at /metrics."""
        answer = self.call("GET", "/metrics")
        assert answer.status_code == 200, answer.text
        return parse_metrics(answer.text)

    def metric(self, name):
        """The sum of a metric over its labels."""
        return sum(value for (each, _), value in self.metrics().items() if each == name)

    def wait_ended(self, session_id, seconds, reason):
        ended = wait_until(lambda: self._if_ended(session_id), seconds, f"{session_id} ended")
        assert ended["end_reason"] == reason, ended
        return ended

    def _if_ended(self, session_id):
        session = self.session(session_id)
        return session if session["status"] == "ended" else None

    def wait_empty(self, seconds=5):
        wait_until(lambda: self.used() == 0, seconds, "every slot is free")


METRIC_LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+0-9.eEInNaf]+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')


def parse_metrics(text):
    values = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = METRIC_LINE.match(line)
        assert match, f"not a Prometheus line: {line!r}"
        labels = tuple(sorted(LABEL.findall(match[2] or "")))
        values[(match[1], labels)] = float(match[3])
    return values


class Service(Api):
    """A `pbaas serve` of this test's own. `settings` are environment variables; folders outlive a restart."""

    def __init__(self, **settings):
        # Browsers run as another user, who must be able to walk to their profiles; pytest's own folders forbid it.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="test-of-pbaas-", dir=memory))
        self.folder.chmod(0o755)
        self.run_dir = self.folder / "run"
        self.run_dir.mkdir(mode=0o755)
        self.data_dir = self.folder / "data"
        # Sessions a test leaves open must not hold up the end of its service.
        self.settings = {"DRAIN_TIMEOUT": "0", **{name: str(value) for name, value in settings.items()}}
        self.process = None
        self.own_folders = set()
        super().__init__("http://127.0.0.1:0")

    def start(self):
        binary = os.environ.get("PBAAS_BINARY", str(ROOT / "build/release/pbaas"))
        environment = {**os.environ, "PORT": "0", "HOST": "127.0.0.1", "DATA_DIR": str(self.data_dir),
                       "RUN_DIR": str(self.run_dir), **self.settings}
        with open(self.folder / "stderr", "ab") as errors:
            self.process = subprocess.Popen([binary, "serve"], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        self.url = self._read_url()
        self.own_folders = folders_below(self.run_dir)
        if keys := self.settings.get("API_KEYS"):
            self.headers = {"Authorization": f"Bearer {keys.split(',')[0]}"}
        return self

    def _read_url(self):
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        said = []
        for line in self.process.stdout:
            said.append(line)
            if match := re.search(r"pbaas listens on (http://\S+)", line):
                watchdog.cancel()
                # Whatever it says later must not fill the pipe.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return match[1].rstrip("/")
        watchdog.cancel()
        raise AssertionError(f"pbaas did not start: {''.join(said)}\n{self.errors()}")

    def errors(self):
        path = self.folder / "stderr"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    @property
    def pid(self):
        return self.process.pid

    def descendants(self):
        return processes.descendants(self.pid)

    def browser_pids(self):
        return processes.browsers(self.run_dir)

    def profiles(self):
        """What is below the run folder and was not there before the first session."""
        return sorted(folders_below(self.run_dir) - self.own_folders)

    def open_files(self):
        return processes.open_files(self.pid)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, seconds=20):
        """Ends the service politely, and insists where it does not go; gives its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"pbaas ignored SIGTERM for {seconds} s\n{self.errors()}") from None

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



def folders_below(top):
    """Every folder below `top`; one that goes while it is looked at is not there."""
    return {os.path.join(folder, name) for folder, names, _ in os.walk(top) for name in names}
