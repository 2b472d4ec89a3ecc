"""Clients of many sessions at once: who stays connected, who notices what, and a load of creates and ends."""
import asyncio
import contextlib
import threading
import time
from collections import Counter

import requests

from cdp import Cdp


def url_through(gateway, session):
    """A session's URL at another gateway than the one that made it."""
    return f"{gateway.ws_url}/session/{session['id']}"


async def product(gateway, session, attempts=1):
    """What the session's browser says it is, over a connection of its own."""
    for attempt in range(attempts):
        try:
            async with Cdp(url_through(gateway, session)) as cdp:
                return (await cdp.call("Browser.getVersion"))["product"]
        except Exception:
            if attempt == attempts - 1:
                raise
            await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def connected(pairs):
    """[(gateway, session)] -> the Cdp connections, all open together."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Cdp(url_through(*pair))) for pair in pairs]


async def all_answer(connections):
    answers = await asyncio.gather(*(each.call("Browser.getVersion", timeout=10) for each in connections))
    assert all(each["product"] for each in answers)


class Talker:
    """Keeps asking each connection until told to stop, so that a gap in what a relay carries is seen."""

    def __init__(self, connections, pause=0.05):
        self.connections, self.pause = connections, pause
        self.answers, self.longest = 0, 0.0
        self.stopping = False

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self._talk(each)) for each in self.connections]
        return self

    async def _talk(self, connection):
        while not self.stopping:
            began = time.monotonic()
            await connection.call("Browser.getVersion", timeout=30)
            self.longest = max(self.longest, time.monotonic() - began)
            self.answers += 1
            await asyncio.sleep(self.pause)

    async def __aexit__(self, *_):
        # Not cancelled: before Python 3.12 wait_for loses that where the answer comes at the same moment.
        self.stopping = True
        await asyncio.gather(*self.tasks)


class Load:
    """Threads that create sessions and end them again, through every gateway, and count what they are told."""

    def __init__(self, fleet, threads=4):
        self.fleet = fleet
        self.answers = Counter()
        self.ended, self.left = [], []
        self.slowest = 0.0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def start(self):
        for each in self.threads:
            each.start()
        return self

    def stop(self):
        self.stopping.set()
        for each in self.threads:
            each.join(60)

    def count(self, what):
        with self.lock:
            return self.answers[what]

    def _note(self, what, seconds):
        with self.lock:
            self.answers[what] += 1
            self.slowest = max(self.slowest, seconds)

    def _work(self):
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                answer = self.fleet.gateway().call("POST", "/session", json={"queue_timeout": 5}, timeout=30)
            except (requests.ConnectionError, IndexError, ZeroDivisionError):
                self._note("no gateway", time.monotonic() - began)
                time.sleep(0.05)
                continue
            self._note(answer.status_code, time.monotonic() - began)
            if answer.status_code == 201:
                self._end(answer.json())
            else:
                assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1, answer.text
                time.sleep(0.1)

    def _end(self, session):
        """A session that could not be ended now is ended by the test, once what was away is back."""
        self.fleet.created.add(session["id"])
        try:
            ended = self.fleet.gateway().call("DELETE", f"/session/{session['id']}", timeout=30).status_code == 200
        except requests.ConnectionError:
            ended = False
        with self.lock:
            (self.ended if ended else self.left).append(session)
