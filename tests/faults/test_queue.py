"""A full house: who waits, who is refused, and what a client that hangs up leaves behind, which is nothing."""
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from processes import wait_until
from raw import RawConnection

ABORTS = 100


@pytest.fixture
def small(make_service):
    return make_service(MAX_CONTEXTS=2, QUEUE_LIMIT=2, QUEUE_TIMEOUT=30, LOG_LEVEL="error")


def waiting(service):
    return service.metric("pbaas_queue_waiting")


def test_a_full_queue_is_429_with_retry_after(small):
    sessions = [small.create() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        queued = [pool.submit(small.create) for _ in range(2)]
        wait_until(lambda: waiting(small) == 2, 5, "two wait")
        answer = small.call("POST", "/session")
        assert answer.status_code == 429 and answer.json()["reason"] == "queue_full"
        assert int(answer.headers["Retry-After"]) >= 1
        for each in sessions:
            small.end(each["id"])
        for each in queued:
            small.end(each.result()["id"])
    small.wait_empty()


def test_no_time_to_wait_is_503_at_once(small):
    for _ in range(2):
        small.create()
    began = time.monotonic()
    answer = small.call("POST", "/session", json={"queue_timeout": 0})
    assert answer.status_code == 503 and answer.json()["reason"] == "no_capacity"
    assert int(answer.headers["Retry-After"]) >= 1
    assert time.monotonic() - began < 1


def test_a_browser_that_dies_gives_its_slot_to_who_waits(small):
    import os
    import signal
    for _ in range(2):
        small.create()
    with ThreadPoolExecutor(1) as pool:
        queued = pool.submit(small.create)
        wait_until(lambda: waiting(small) == 1, 5, "one waits")
        os.kill(next(iter(small.browser_pids())), signal.SIGKILL)
        assert queued.result(10)["status"] == "running"


def post_and_wait(service, seconds):
    connection = RawConnection(service.url)
    connection.request("POST", "/session", ["Content-Length: 0"])
    time.sleep(seconds)
    return connection


def test_a_client_that_hangs_up_in_the_queue_leaves_it(make_service):
    service = make_service(MAX_CONTEXTS=1, LOG_LEVEL="error")
    session = service.create()
    generator = random.Random(1)

    def abort(_):
        post_and_wait(service, generator.uniform(0, 0.3)).socket.close()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(abort, range(ABORTS)))
    wait_until(lambda: waiting(service) == 0, 5, "the queue is empty")
    listed = service.call("GET", "/session?limit=100").json()["sessions"]
    assert {each["end_reason"] for each in listed if each["id"] != session["id"]} <= {"abandoned"}
    assert {each["status"] for each in listed if each["id"] != session["id"]} <= {"ended"}
    service.end(session["id"])
    assert service.create()["status"] == "running"


def hang_up_and_drain(connection):
    """Says that no more will come, and reads what the service had already said: a session it made is then ours."""
    connection.socket.shutdown(socket.SHUT_WR)
    data = connection.rest()
    connection.socket.close()
    return data


def test_a_client_that_hangs_up_while_its_browser_starts_leaves_none(make_service):
    service = make_service(MAX_CONTEXTS=8, LOG_LEVEL="error")
    generator = random.Random(2)
    kept = []

    def abort(number):
        if number % 2:
            # No browser answers within 20 ms, so the client is gone before its session runs.
            post_and_wait(service, generator.uniform(0, 0.02)).socket.close()
            return
        connection = post_and_wait(service, generator.uniform(0, 0.3))
        if b" 201 " in hang_up_and_drain(connection)[:20]:
            connection.buffer and kept.append(RawConnection.answer(connection).json()["id"])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(abort, range(ABORTS)))
    for each in kept:
        service.end(each)
    service.wait_empty(5)
    wait_until(lambda: not service.browser_pids() and not service.profiles(), 2, "no browser, no profile")
    listed = service.call("GET", "/session?limit=100").json()["sessions"]
    assert {each["status"] for each in listed} == {"ended"}
    assert {each["end_reason"] for each in listed} <= {"abandoned", "client_request"}
    assert sum(each["end_reason"] == "client_request" for each in listed) == len(kept)


def test_a_browser_that_does_not_start_says_why(make_service):
    # A program that takes none of a browser's flags, and says so before it leaves.
    service = make_service(HEADLESS_SHELL="/bin/ls")
    answer = service.call("POST", "/session")
    assert answer.status_code == 502 and answer.json()["reason"] == "launch_failed"
    assert "option" in answer.json()["detail"]
    (session,) = service.call("GET", "/session").json()["sessions"]
    assert session["status"] == "ended" and session["end_reason"] == "launch_failed"
    service.wait_empty()
