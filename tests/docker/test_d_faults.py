"""Three workers: sessions are spread over them, and go on through the death or the restart of what they do not need."""
import asyncio
import os
import signal
import threading
import time
from collections import Counter

import requests

from cdp import Cdp
from clients import all_answer, connected
from processes import wait_until
from service import Api
from stack import run

SETTLED_SECONDS = 30


def create_spread(stack, count=6):
    """`count` sessions, once the fleet has three workers with as much room."""
    wait_until(lambda: [each["used"] for each in stack.workers() if each["state"] == "ready"] == [0, 0, 0],
               SETTLED_SECONDS, "three empty workers")
    return [stack.create() for _ in range(count)]


def end_all(stack, sessions):
    for each in sessions:
        stack.end(each["id"])
    stack.wait_empty(10)


def test_sessions_are_spread_evenly(three_workers):
    sessions = create_spread(three_workers)
    assert sorted(Counter(each["worker"] for each in sessions).values()) == [2, 2, 2]
    end_all(three_workers, sessions)


def test_kill_9_of_a_worker_ends_its_sessions_alone_and_it_comes_back(three_workers):
    stack = three_workers
    sessions = create_spread(stack)
    victim = stack.containers("worker")[0]
    victim_id = stack.execute(victim, "cat", "/data/worker_id").split()[0]
    lost = [each for each in sessions if each["worker"] == victim_id]
    kept = [each for each in sessions if each["worker"] != victim_id]
    assert len(lost) == 2

    async def kill():
        to = [[(stack, each) for each in some] for some in (lost, kept)]
        async with connected(to[0]) as cut, connected(to[1]) as others:
            await all_answer(cut + others)
            os.kill(stack.inspect(victim)["State"]["Pid"], signal.SIGKILL)
            closes = await asyncio.gather(*(each.closed(5) for each in cut))
            assert {code for code, _ in closes} <= {1014, 1006}
            await all_answer(others)
    asyncio.run(kill())
    for each in lost:
        stack.wait_ended(each["id"], 40, "worker_lost")
    # Its restart policy brings it back, under the same id, since its volume is the same.
    wait_until(lambda: stack.inspect(victim)["State"]["Running"], 20, "a restart")
    assert stack.inspect(victim)["RestartCount"] >= 1
    assert stack.execute(victim, "cat", "/data/worker_id").split()[0] == victim_id
    end_all(stack, kept)
    end_all(stack, create_spread(stack, 3))


def still_there(stack, sessions, restart):
    """`restart` happens under open connections; then each session answers, and is running in the log."""
    async def through():
        async with connected([(stack, each) for each in sessions]) as clients:
            await all_answer(clients)
            await asyncio.to_thread(restart)
            await all_answer(clients)
    asyncio.run(through())

    def listed():
        answer = requests.get(f"{stack.url}/session", params={"status": "running"}, timeout=10)
        return answer.ok and {each["id"] for each in sessions} <= {each["id"] for each in answer.json()["sessions"]}
    wait_until(listed, SETTLED_SECONDS, "the log")


def restarted(stack, service):
    (container,) = stack.containers(service)
    run("docker", "restart", "--time", "10", container)
    wait_until(lambda: stack.inspect(container)["State"]["Health"]["Status"] == "healthy", 60, f"a healthy {service}")


def test_redis_may_be_restarted(three_workers):
    sessions = create_spread(three_workers, 3)
    still_there(three_workers, sessions, lambda: restarted(three_workers, "redis"))
    wait_until(lambda: len(three_workers.workers()) == 3, SETTLED_SECONDS, "three workers in an empty Redis")
    sessions.append(three_workers.create())
    end_all(three_workers, sessions)


def test_postgres_may_be_restarted(three_workers):
    sessions = create_spread(three_workers, 3)
    still_there(three_workers, sessions, lambda: restarted(three_workers, "postgres"))
    end_all(three_workers, sessions)


class Users:
    """Threads that create a session, use it and end it, at whichever gateway answers, until told to stop."""

    def __init__(self, urls, threads=2):
        self.apis = [Api(url) for url in urls]
        self.served, self.problems = 0, []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _work(self, number):
        turn = number
        while not self.stopping.is_set():
            turn += 1
            try:
                self._use(f"{number}-{turn}", turn)
                self.served += 1
            except Exception as problem:  # Whatever it is, the test shows it.
                self.problems.append(repr(problem))

    def _use(self, key, turn):
        session = self._ask(turn, "POST", "/session", 201, headers={"Idempotency-Key": f"user-{key}"})
        product = asyncio.run(self._product(session, turn))
        assert "Chrome" in product
        assert self._ask(turn, "DELETE", f"/session/{session['id']}", 200)["end_reason"] == "client_request"

    def _ask(self, turn, method, path, status, **more):
        """At one gateway, then at the other: one of them is there."""
        end = time.monotonic() + 30
        while True:
            turn += 1
            try:
                answer = self.apis[turn % len(self.apis)].call(method, path, **more)
                if answer.status_code == status:
                    return answer.json()
                assert answer.status_code == 503 and time.monotonic() < end, answer.text
            except requests.ConnectionError:
                assert time.monotonic() < end, f"nobody answered {method} {path}"
            time.sleep(0.1)

    async def _product(self, session, turn):
        end = time.monotonic() + 30
        while True:
            turn += 1
            try:
                async with Cdp(f"{self.apis[turn % len(self.apis)].ws_url}/session/{session['id']}") as cdp:
                    return (await cdp.call("Browser.getVersion"))["product"]
            except Exception:  # The gateway that has this connection is the one that goes.
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.1)


def gateways_by_port(stack):
    found = {}
    for container in stack.containers("gateway"):
        bindings = stack.inspect(container)["NetworkSettings"]["Ports"]["8000/tcp"]
        found[int(bindings[0]["HostPort"])] = container
    return found


def test_gateways_restart_one_after_the_other_under_load_and_no_user_notices(three_workers):
    stack = three_workers
    stack.environment["GATEWAY_PORT"] = "8000-8001"
    stack.up("--scale", "worker=3", "--scale", "gateway=2")
    gateways = gateways_by_port(stack)
    assert set(gateways) == {8000, 8001}
    kept = stack.create()
    with Users([f"http://127.0.0.1:{port}" for port in gateways]) as users:
        for container in gateways.values():
            before = users.served
            run("docker", "restart", "--time", "40", container)
            wait_until(lambda c=container: stack.inspect(c)["State"]["Health"]["Status"] == "healthy", 60, "a gateway")
            wait_until(lambda b=before: users.served > b + 5, 60, "users who are served")
    assert not users.problems, users.problems[:5]
    assert stack.session(kept["id"])["status"] == "running"
    stack.end(kept["id"])
    stack.wait_empty(15)
    reasons = {each["end_reason"] for each in stack.call("GET", "/session?limit=100").json()["sessions"]}
    assert not reasons & {"browser_crashed", "browser_hung"}


def test_down_leaves_nothing(stack):
    stack.create()
    stack.down()
    assert not stack.left()
