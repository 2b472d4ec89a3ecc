"""Kill tests: whoever dies, nothing is left, and the client is told why. PBAAS_KILLS sets another number of rounds."""
import asyncio
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import processes
from cdp import Cdp
from processes import wait_until

KILLS = int(os.environ.get("PBAAS_KILLS", 50))
LIVE_SESSIONS = 4


def create_together(service, count, **options):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: service.create(**options), range(count)))


def test_kill_9_of_the_service_leaves_no_browser_and_no_folder(make_service):
    service = make_service(LOG_LEVEL="warn")
    for round_number in range(KILLS):
        if round_number:
            service.start()
        create_together(service, LIVE_SESSIONS)
        among = service.descendants()
        assert len(service.browser_pids()) == LIVE_SESSIONS
        assert service.profiles()
        service.kill()
        service.wait_nothing_left(2, among)


def test_kill_9_of_the_service_while_browsers_start(make_service):
    service = make_service(LOG_LEVEL="warn")
    for round_number in range(10):
        if round_number:
            service.start()
        with ThreadPoolExecutor(LIVE_SESSIONS) as pool:
            for _ in range(LIVE_SESSIONS):
                pool.submit(lambda: service.call("POST", "/session"))
            time.sleep(round_number * 0.02)  # The moment of the kill is what varies.
            among = service.descendants()
            service.kill()
        service.wait_nothing_left(2, among)


def test_kill_9_of_chromium_tells_the_client_and_frees_the_slot(make_service):
    service = make_service(LOG_LEVEL="error")

    async def one():
        session = await asyncio.to_thread(service.create)
        async with Cdp(session["connect_url"]) as cdp:
            await cdp.new_page()
            (pid,) = service.browser_pids()
            os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            assert await cdp.closed(1) == (1011, "browser_crashed")
            await asyncio.to_thread(wait_until, lambda: service.used() == 0, began + 2 - time.monotonic(), "slot back")
        ended = await asyncio.to_thread(service.session, session["id"])
        assert ended["end_reason"] == "browser_crashed" and ended["ended_at"]

    for _ in range(KILLS):
        asyncio.run(one())
    wait_until(lambda: not service.profiles() and not service.browser_pids(), 2, "no profile, no process")
    assert not processes.zombies(service.pid)


def test_a_stopped_chromium_is_found_to_hang(make_service):
    service = make_service()

    async def one():
        session = await asyncio.to_thread(service.create)
        async with Cdp(session["connect_url"]) as cdp:
            await cdp.new_page()
            (pid,) = service.browser_pids()
            os.kill(pid, signal.SIGSTOP)
            assert await cdp.closed(35) == (1011, "browser_hung")
        await asyncio.to_thread(service.wait_ended, session["id"], 2, "browser_hung")
    asyncio.run(one())
    service.wait_empty(2)
    wait_until(lambda: not service.browser_pids() and not service.profiles(), 2, "a stopped browser is killed too")


def test_a_crashed_renderer_alone_does_not_end_the_session(service):
    session = service.create()

    async def one():
        async with Cdp(session["connect_url"]) as cdp:
            page, _ = await cdp.new_page()
            await cdp.call("Inspector.enable", session=page)
            crash = asyncio.create_task(cdp.call("Page.crash", session=page))
            await cdp.event("Inspector.targetCrashed", page)
            assert (await cdp.call("Browser.getVersion"))["product"]
            crash.cancel()
    asyncio.run(one())
    assert service.end(session["id"])["end_reason"] == "client_request"


def test_the_log_survives_kill_9_and_ends_what_was_open(make_service):
    service = make_service()
    ended = service.create(metadata={"is": "ended"})
    before = service.end(ended["id"])
    live = create_together(service, 3, metadata={"is": "live"})
    wait_until(lambda: service.metric("pbaas_session_log_pending") == 0, 5, "the log is written")
    service.kill()
    service.wait_nothing_left(2)
    service.start()
    assert service.session(ended["id"]) == before
    for each in live:
        session = service.session(each["id"])
        assert session["status"] == "ended" and session["end_reason"] == "worker_lost" and session["ended_at"]
        assert session["metadata"] == {"is": "live"} and session["browser_guid"] == each["browser_guid"]
    listed = service.call("GET", "/session").json()["sessions"]
    assert {each["id"] for each in listed} == {each["id"] for each in [ended, *live]}
    assert service.used() == 0
    answer = service.call("GET", f"/session/{live[0]['id']}/json/version")
    assert answer.status_code == 410 and answer.json()["end_reason"] == "worker_lost"


def test_what_a_client_was_told_is_in_the_log_whenever_the_service_is_killed(make_service):
    service = make_service(LOG_LEVEL="warn")
    for round_number in range(10):
        if round_number:
            service.start()
        ended, open_one = create_together(service, 2)
        service.end(ended["id"])
        created = service.create() if round_number % 2 else None
        service.kill()
        service.wait_nothing_left(2)
        service.start()
        reasons = {"client_request": ended, "worker_lost": created or open_one}
        for reason, session in reasons.items():
            assert service.session(session["id"])["end_reason"] == reason
        service.kill()


def test_kill_9_of_the_launcher_ends_the_service_which_leaves_nothing(make_service):
    service = make_service(LOG_LEVEL="error")

    async def one():
        session = await asyncio.to_thread(service.create)
        async with Cdp(session["connect_url"]) as cdp:
            await cdp.new_page()
            among = service.descendants()
            (launcher,) = {pid for pid, _ in among if processes.parent(pid) == service.pid}
            os.kill(launcher, signal.SIGKILL)
            assert await cdp.closed(2) == (1011, "browser_crashed")
        return among
    among = asyncio.run(one())
    assert service.process.wait(5) == 1, "whoever started it is told to start it anew"
    service.wait_nothing_left(2, among)
