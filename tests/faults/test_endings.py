"""Every way a session can end: the right close code and reason, the same word in the API, and a byte stream that is
valid RFC 6455 to its last byte, twenty times each."""
import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cdp import Cdp
from raw import RawConnection, close_of

TIMES = 20


def stream_of(service, session, act):
    """Everything a busy client is sent after the 101, while `act(session, connection)` ends the session."""
    with RawConnection(service.url, timeout=30) as connection:
        assert connection.upgrade("/session/" + session["id"]).status == 101
        connection.command(1, "Target.setDiscoverTargets", discover=True)
        for number in range(2, 30):
            connection.command(number, "Browser.getVersion")
        act(session, connection)
        return connection.rest()


def kill_browser_of(service):
    def act(session, _):
        mine = next(pid for pid in service.browser_pids() if listens(pid, session["debug_port"]))
        os.kill(mine, signal.SIGKILL)
    return act


def listens(pid, port):
    """Whether the process holds the listening socket of that port, in the network namespace that it is in."""
    inodes = set()
    # Browsers of other sessions, and descriptors, may go while they are looked at.
    try:
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
        names = os.listdir(f"/proc/{pid}/fd")
    except (FileNotFoundError, ProcessLookupError):
        return False
    for name in names:
        try:
            if os.readlink(f"/proc/{pid}/fd/{name}") in inodes:
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False


def wait(_, __):
    """Nothing is done: the session's own clock ends it."""


def busy(_, connection):
    """A client that keeps talking, so that only the hard limit can end the session."""
    def talk():
        for number in range(100, 140):
            connection.command(number, "Browser.getVersion")
            time.sleep(0.05)
    threading.Thread(target=talk, daemon=True).start()


ENDINGS = {
    "client_request": (1000, {}, lambda service: lambda session, _: service.end(session["id"])),
    "browser_closed": (1000, {}, lambda service: lambda _, connection: connection.command(99, "Browser.close")),
    "idle_timeout": (4000, {"idle_timeout": 1}, lambda service: wait),
    "session_timeout": (4001, {"timeout": 1}, lambda service: busy),
    "browser_crashed": (1011, {}, kill_browser_of),
}


@pytest.fixture(scope="module")
def own_service():
    from service import Service
    made = Service(LOG_LEVEL="error")
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.mark.parametrize("reason", ENDINGS)
def test_the_stream_is_valid_to_its_close(own_service, reason):
    service = own_service
    code, options, act = ENDINGS[reason]

    def one(_):
        session = service.create(**options)
        closed = close_of(stream_of(service, session, act(service)))
        assert closed == (code, reason), service.session(session["id"])["end_detail"]
        service.wait_ended(session["id"], 5, reason)
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(one, range(TIMES)))
    service.wait_empty()
    ended = service.metrics()[("pbaas_sessions_ended_total", (("end_reason", reason),))]
    assert ended == TIMES


def test_the_stream_is_valid_when_the_service_drains(make_service):
    service = make_service(DRAIN_TIMEOUT=1, LOG_LEVEL="error")
    with ThreadPoolExecutor(TIMES) as pool:
        sessions = list(pool.map(lambda _: service.create(), range(TIMES)))
        connected = threading.Barrier(TIMES + 1)
        streams = [pool.submit(stream_of, service, each, lambda _, __: connected.wait(20)) for each in sessions]
        connected.wait(20)
        service.process.send_signal(signal.SIGTERM)
        for stream in streams:
            assert close_of(stream.result()) == (1001, "drained")
    assert service.process.wait(10) == 0
    service.wait_nothing_left(2)


def test_a_client_that_leaves_ends_a_session_made_to_end_with_it(service):
    session = service.create(on_disconnect="end")

    async def use():
        async with Cdp(session["connect_url"]) as first:
            async with Cdp(session["connect_url"]) as second:
                await second.call("Browser.getVersion")
            assert (await first.call("Browser.getVersion"))["product"], "it ends with the last client, not the first"
    asyncio.run(use())
    service.wait_ended(session["id"], 5, "disconnected")


def test_a_client_that_breaks_off_ends_a_session_made_to_end_with_it(service):
    session = service.create(on_disconnect="end")
    with RawConnection(service.url) as connection:
        assert connection.upgrade("/session/" + session["id"]).status == 101
    service.wait_ended(session["id"], 5, "disconnected")


def test_a_session_nobody_connects_to_ends_as_idle(service):
    session = service.create(idle_timeout=1)
    service.wait_ended(session["id"], 5, "idle_timeout")


def test_a_pages_own_events_and_pings_do_not_keep_a_session_alive(service):
    session = service.create(idle_timeout=2)

    async def use():
        async with Cdp(session["connect_url"]) as cdp:
            page, _ = await cdp.new_page()
            await cdp.call("Runtime.enable", session=page)
            await cdp.evaluate("setInterval(() => console.log('alive'), 50); 1", page)
            began = time.monotonic()

            async def ping():
                while True:
                    await cdp.ws.ping()
                    await asyncio.sleep(0.2)
            pinging = asyncio.create_task(ping())
            assert await cdp.closed(10) == (4000, "idle_timeout")
            assert 1.5 <= time.monotonic() - began < 5
            await asyncio.gather(pinging, return_exceptions=True)
    asyncio.run(use())


def test_commands_keep_a_session_alive(service):
    session = service.create(idle_timeout=1)

    async def use():
        async with Cdp(session["connect_url"]) as cdp:
            for _ in range(12):
                await cdp.call("Browser.getVersion")
                await asyncio.sleep(0.25)
    asyncio.run(use())
    assert service.end(session["id"])["end_reason"] == "client_request"


def test_sigterm_drains_and_then_says_so(make_service):
    service = make_service(DRAIN_TIMEOUT=2)
    session = service.create()
    among = service.descendants()

    async def use():
        async with Cdp(session["connect_url"]) as cdp:
            service.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            await asyncio.to_thread(wait_unready, service)
            refusal = await asyncio.to_thread(service.call, "POST", "/session")
            assert refusal.status_code == 503 and refusal.json()["reason"] == "draining"
            assert (await cdp.call("Browser.getVersion"))["product"], "a drain lets sessions go on"
            assert await cdp.closed(10) == (1001, "drained")
            assert 1.5 <= time.monotonic() - began < 5
    asyncio.run(use())
    assert service.process.wait(10) == 0
    service.wait_nothing_left(2, among)
    service.start()
    assert service.session(session["id"])["end_reason"] == "drained"


def wait_unready(service):
    from processes import wait_until
    wait_until(lambda: service.call("GET", "/readyz").status_code == 503, 5, "not ready while it drains")


def test_a_drain_ends_with_its_last_session(make_service):
    service = make_service(DRAIN_TIMEOUT=300)
    session = service.create()
    service.process.send_signal(signal.SIGTERM)
    wait_unready(service)
    service.end(session["id"])
    assert service.process.wait(10) == 0
    service.wait_nothing_left(2)


def test_sigterm_with_no_session_leaves_at_once(make_service):
    service = make_service(DRAIN_TIMEOUT=300)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(3) == 0


def test_a_second_sigterm_leaves_at_once(make_service):
    service = make_service(DRAIN_TIMEOUT=300)
    session = service.create()
    among = service.descendants()

    async def use():
        async with Cdp(session["connect_url"]) as cdp:
            service.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(wait_unready, service)
            service.process.send_signal(signal.SIGTERM)
            return await cdp.closed(5)
    code, _ = asyncio.run(use())
    assert code == 1001
    assert service.process.wait(5) == 0
    service.wait_nothing_left(2, among)
