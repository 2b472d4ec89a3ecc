"""Browsers that are started before anybody asks: who gets one, who does not, and that nothing of them is left."""
import asyncio
import glob
import http.server
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import processes
from cdp import Cdp
from processes import wait_until

FRENCH = {"locale": "fr-FR", "viewport": {"width": 1920, "height": 1080}}


def spares(service, state="ready"):
    return service.metrics().get(("pbaas_spares", (("state", state),)), 0)


def ended(service, why):
    return service.metrics().get(("pbaas_spares_ended_total", (("why", why),)), 0)


def wait_for_spares(service, count):
    wait_until(lambda: spares(service) == count and spares(service, "starting") == 0, 20, f"{count} spares")


def folders(service):
    """Those of browsers."""
    return set(service.run_dir.glob("*/b*"))


def launcher_of(service):
    (launcher,) = {pid for pid, _ in service.descendants() if processes.parent(pid) == service.pid}
    return launcher


def ask(session, *steps):
    """What a client of the session gets for each step, a function of its connection and its page."""
    async def all_steps():
        async with Cdp(session["connect_url"]) as cdp:
            page, _ = await cdp.new_page()
            return [await step(cdp, page) for step in steps]
    return asyncio.run(all_steps())


def value_of(expression):
    return lambda cdp, page: cdp.evaluate(expression, page)


def nothing_is_left(service, among, instances):
    service.wait_nothing_left(2, among)
    groups = [path for name in instances for path in glob.glob(f"/sys/fs/cgroup/**/{name}", recursive=True)]
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = [line for line in file if str(service.run_dir) in line]
    return not groups and not mounts


def test_the_first_create_finds_a_browser(make_service):
    service = make_service(WARM_BROWSERS=2)
    wait_for_spares(service, 2)
    session = service.create()
    assert session["warm"] is True
    assert service.session(session["id"])["warm"] is True
    version = service.call("GET", f"/session/{session['id']}/json/version").json()
    assert session["browser_guid"] in version["webSocketDebuggerUrl"]
    assert ask(session, value_of("1 + 1")) == [2]
    assert service.end(session["id"])["warm"] is True
    assert service.metrics()[("pbaas_warm_creates_total", (("result", "hit"),))] == 1


def test_a_session_that_begins_with_its_connection_finds_one_too(make_service):
    service = make_service(WARM_BROWSERS=1)
    wait_for_spares(service, 1)

    async def one():
        async with Cdp(service.ws_url) as cdp:
            return (await cdp.call("Browser.getVersion"))["product"]
    assert asyncio.run(one())
    assert [each["warm"] for each in service.call("GET", "/session").json()["sessions"]] == [True]


def test_who_always_asks_for_the_same_is_warm_from_the_third_create(make_service):
    service = make_service(WARM_BROWSERS=2)
    wait_for_spares(service, 2)
    for _ in range(2):
        session = service.create(**FRENCH)
        assert session["warm"] is False
        service.end(session["id"])
    wait_until(lambda: ended(service, "unwanted") == 1, 20, "the place of a plain one is taken")
    wait_for_spares(service, 2)
    third = service.create(**FRENCH)
    assert third["warm"] is True
    assert ask(third, value_of("navigator.language"), value_of("[screen.width, screen.height]"),
               value_of("new Intl.NumberFormat().format(1.5)")) == ["fr-FR", [1920, 1080], "1,5"]
    assert service.create()["warm"] is True, "and so is who asks for nothing"


def test_what_differs_for_the_session_alone_does_not_matter(make_service):
    service = make_service(WARM_BROWSERS=1)
    wait_for_spares(service, 1)
    assert service.create(timeout=60, idle_timeout=30, metadata={"is": "mine"})["warm"] is True


def test_a_spare_that_was_killed_is_given_to_nobody(make_service):
    service = make_service(WARM_BROWSERS=2, LOG_LEVEL="error")
    wait_for_spares(service, 2)
    for pid in service.browser_pids():
        os.kill(pid, signal.SIGKILL)
    session = service.create()
    assert ask(session, value_of("1 + 1")) == [2]
    wait_until(lambda: ended(service, "died") + ended(service, "silent") == 2, 5, "both are counted")
    wait_for_spares(service, 2)


def test_a_spare_that_does_not_answer_is_given_to_nobody(make_service):
    service = make_service(WARM_BROWSERS=2)
    wait_for_spares(service, 2)
    stopped = service.browser_pids()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    for silent in (1, 2):
        session = service.create()
        assert session["warm"] is False
        assert ended(service, "silent") == silent, "no create waits for more than one"
    assert ask(session, value_of("1 + 1")) == [2]
    wait_until(lambda: not stopped & service.browser_pids(), 5, "they are killed")


def test_none_is_started_while_a_create_waits(make_service):
    service = make_service(WARM_BROWSERS=1)
    wait_for_spares(service, 1)
    launcher = launcher_of(service)
    os.kill(launcher, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            cold = pool.submit(service.create, **FRENCH)
            misses = ("pbaas_warm_creates_total", (("result", "miss"),))
            wait_until(lambda: service.metrics().get(misses) == 1, 5, "a create waits for its browser")
            assert service.create()["warm"] is True
            until = time.monotonic() + 1.5  # Several times the quarter of a second after which one would be started.
            while time.monotonic() < until:
                assert spares(service) == 0 and spares(service, "starting") == 0
            os.kill(launcher, signal.SIGCONT)
            assert cold.result()["warm"] is False
    finally:
        os.kill(launcher, signal.SIGCONT)
    wait_for_spares(service, 1)


def test_spares_take_no_slot_and_give_none(make_service):
    service = make_service(WARM_BROWSERS=2, MAX_CONTEXTS=1, HEARTBEAT=1)
    wait_for_spares(service, 2)
    wait_until(lambda: service.workers()[0]["warm"] == 2, 5, "the worker tells of them")
    assert service.used() == 0
    assert service.create()["warm"] is True
    assert service.call("POST", "/session", json={"queue_timeout": 0}).status_code == 503


def test_no_profile_is_used_twice(make_service):
    service = make_service(WARM_BROWSERS=1)
    used, guids = set(), set()
    for _ in range(4):
        wait_for_spares(service, 1)
        profile = folders(service)
        assert len(profile) == 1 and not profile & used
        used |= profile
        session = service.create()
        assert session["warm"] is True and session["browser_guid"] not in guids
        guids.add(session["browser_guid"])
        assert ask(session, lambda cdp, page: cdp.open_secure(page), value_of("localStorage.getItem('left')"),
                   value_of("localStorage.setItem('left', 'here')"))[1] is None
        service.end(session["id"])
        wait_until(lambda old=profile: not old & folders(service), 5, "the profile is gone")


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers for every site, and remembers who asked."""
    asked = []

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Proxy-Authorization")))
        body = b"<title>by the proxy</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_warm_session_goes_out_by_its_own_proxy(make_service):
    service = make_service(WARM_BROWSERS=1)
    wait_for_spares(service, 1)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        session = service.create(proxy={"server": f"http://127.0.0.1:{proxy.server_port}", "username": "ann",
                                        "password": "secret"})
        assert session["warm"] is True

        async def go(cdp, page):
            await cdp.call("Page.enable", session=page)
            await cdp.call("Page.navigate", {"url": "http://site.test/"}, page)
            await cdp.event("Page.loadEventFired", page)
            return await cdp.evaluate("document.title", page)
        assert ask(session, go) == ["by the proxy"]
        proxy.shutdown()
    assert ("http://site.test/", "Basic YW5uOnNlY3JldA==") in Proxy.asked


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_nothing_of_spares_is_left(make_service, how):
    service = make_service(WARM_BROWSERS=3)
    instances = [path.name for path in service.run_dir.iterdir()]
    # At any moment: also while the second or third one starts.
    for count in (1, 2, 3):
        wait_until(lambda wanted=count: spares(service) >= wanted, 20, "spares")
        among = service.descendants()
        service.signal(getattr(signal, how))
        code = service.process.wait(10)
        assert code == 0 or how == "SIGKILL"
        wait_until(lambda seen=among, of=instances: nothing_is_left(service, seen, of), 3, "nothing is left")
        service.start()
        instances = [path.name for path in service.run_dir.iterdir()]


def test_a_drain_ends_spares_and_starts_no_more(make_service):
    service = make_service(WARM_BROWSERS=2, DRAIN_TIMEOUT=30)
    wait_for_spares(service, 2)
    session = service.create()
    (worker,) = service.workers()
    assert service.call("POST", f"/worker/{worker['id']}/drain").status_code == 202
    wait_until(lambda: len(service.browser_pids()) == 1, 5, "the session's browser alone is left")
    assert spares(service) == 0 and spares(service, "starting") == 0
    assert ask(session, value_of("1 + 1")) == [2]
    service.end(session["id"])
    wait_until(lambda: not service.browser_pids() and not folders(service), 5, "nothing is left")


def test_spares_die_with_the_launcher_process(make_service):
    service = make_service(WARM_BROWSERS=2, LOG_LEVEL="error")
    wait_for_spares(service, 2)
    among = service.descendants()
    os.kill(launcher_of(service), signal.SIGKILL)
    assert service.process.wait(5) == 1
    service.wait_nothing_left(2, among)


def test_0_turns_them_off(make_service):
    service = make_service(WARM_BROWSERS=0)
    for _ in range(3):
        session = service.create()
        assert session["warm"] is False
        service.end(session["id"])
    service.wait_empty()
    assert spares(service) == 0 and not service.browser_pids()


def test_workers_of_a_fleet_have_them_and_the_log_knows(make_fleet):
    fleet = make_fleet(gateways=1, capacities=(2,), WARM_BROWSERS=1)
    (gateway,), (worker,) = fleet.gateways, fleet.workers
    wait_until(lambda: worker.metric("pbaas_spares") == 1 and worker.browser_pids(), 20, "a spare")
    wait_until(lambda: gateway.workers()[0]["warm"] == 1, 5, "the fleet knows of it")
    assert gateway.workers()[0]["used"] == 0
    session = fleet.create()
    assert session["warm"] is True
    fleet.end_all([session])
    wait_until(lambda: fleet.rows("SELECT warm FROM sessions WHERE status = 'ended'") == [(1,)], 10, "it is in the log")
    assert gateway.session(session["id"])["warm"] is True
