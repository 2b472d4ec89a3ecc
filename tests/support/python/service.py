"""A running pbaas: one this test started, with folders of its own, or the one at PBAAS_URL."""
import re

import requests

import openapi
from pbaas_process import PbaasProcess
from processes import wait_until


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

    def recordings(self, session_id):
        answer = self.call("GET", f"/session/{session_id}/recordings")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()["recordings"]

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

    def spares(self):
        """Browsers that wait for a session, or start to."""
        return self.metric("pbaas_spares")

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


class Service(PbaasProcess, Api):
    """A `pbaas serve`, or another part that has the API, of this test's own."""

    def __init__(self, part="serve", **settings):
        PbaasProcess.__init__(self, part, **settings)
        Api.__init__(self, "http://127.0.0.1:0")

    def start(self):
        self.url = f"http://127.0.0.1:{self.begin()}"
        if keys := self.settings.get("API_KEYS"):
            self.headers = {"Authorization": f"Bearer {keys.split(',')[0]}"}
        return self

    def wait_no_sessions_browser(self, seconds=5):
        """No browser and no profile is left but those of spares."""
        def counts():
            return len(self.browser_pids()), len(list(self.run_dir.glob("*/b*"))), self.spares()
        wait_until(lambda: len(set(counts())) == 1, seconds, f"browsers and profiles are those of spares: {counts()}")
