"""Many at once: sweepers that race for the same sessions, creates whose client hangs up, the same create repeated at
every gateway. Each session has one end, each key one session."""
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from processes import wait_until
from raw import RawConnection
from rounds import chance, rounds

REPEATS = int(os.environ.get("FLEET_REPEATS", 300))
ABORTS = int(os.environ.get("FLEET_ABORTS", 60))


def test_four_gateways_end_each_expired_session_once(make_fleet):
    fleet = make_fleet(gateways=4, capacities=(12, 12))
    for _ in range(rounds(2)):
        sessions = fleet.create_together(24, idle_timeout=1)
        fleet.wait_reasons(sessions, "idle_timeout", 20)
        fleet.wait_empty()
    ended = sum(each.metric("pbaas_sessions_ended_total") for each in [*fleet.workers, *fleet.gateways])
    assert ended == 24 * rounds(2), "and each is counted once"


def test_a_session_that_is_used_is_ended_by_no_sweeper(make_fleet):
    import asyncio
    from clients import connected
    fleet = make_fleet(gateways=4, capacities=(4,))
    sessions = fleet.create_together(4, idle_timeout=2)

    async def use():
        async with connected(zip(fleet.gateways, sessions)) as clients:
            until = time.monotonic() + 8
            while time.monotonic() < until:
                await asyncio.gather(*(each.call("Browser.getVersion") for each in clients))
                await asyncio.sleep(0.5)
    asyncio.run(use())
    assert len(fleet.open_in_log()) == 4
    fleet.wait_reasons(sessions, "idle_timeout", 10)
    fleet.wait_empty()


def test_a_create_whose_client_hangs_up_at_any_moment_leaves_nothing(make_fleet):
    random = chance("aborts")
    fleet = make_fleet(capacities=(3, 3), IDLE_TIMEOUT=3)

    def abort(wait):
        with RawConnection(fleet.gateway().url) as connection:
            connection.request("POST", "/session", ["Content-Length: 0"])
            time.sleep(wait)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(abort, [random.uniform(0, 0.4) for _ in range(ABORTS)]))
    # Those that ran before their client left end as idle.
    fleet.wait_empty(15)
    reasons = Counter(dict(fleet.rows("SELECT end_reason, count(*) FROM sessions GROUP BY end_reason")))
    print(dict(reasons))
    assert set(reasons) <= {"abandoned", "idle_timeout"}
    assert reasons["abandoned"] > 0


def test_the_same_key_at_every_gateway_makes_one_session(make_fleet):
    fleet = make_fleet(gateways=3, capacities=(4, 4))
    for number in range(rounds(2)):
        headers = {"Idempotency-Key": f"key-{number}"}
        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda _, headers=headers: fleet.create(headers=headers), range(REPEATS)))
        assert len({each["id"] for each in answers}) == 1
        assert {each["status"] for each in answers} == {"running"}
        assert fleet.rows("SELECT count(*) FROM sessions") == [(number + 1,)]
        assert sum(fleet.browsers_by_worker().values()) == 1
        fleet.gateway().end(answers[0]["id"])
        fleet.wait_empty()


def test_an_end_at_every_gateway_at_once_is_one_end(make_fleet):
    fleet = make_fleet(gateways=3, capacities=(4,))
    sessions = fleet.create_together(4)
    with ThreadPoolExecutor(12) as pool:
        ended = list(pool.map(lambda each: fleet.gateway().end(each["id"]), sessions * 6))
    for session in sessions:
        answers = [each for each in ended if each["id"] == session["id"]]
        assert {each["ended_at"] for each in answers} == {answers[0]["ended_at"]}
        assert {each["end_reason"] for each in answers} == {"client_request"}
    fleet.wait_empty()


def test_every_gateway_shows_the_same_sessions_whoever_made_them(make_fleet):
    fleet = make_fleet(gateways=3, capacities=(4, 4))
    sessions = [fleet.create(through=each) for each in fleet.gateways * 2]

    def listed(gateway):
        return {each["id"] for each in gateway.call("GET", "/session?status=running").json()["sessions"]}
    for gateway in fleet.gateways:
        wait_until(lambda gateway=gateway: listed(gateway) == {each["id"] for each in sessions}, 5, "the same list")
        for each in sessions:
            assert gateway.session(each["id"])["browser_guid"] == each["browser_guid"]
    fleet.end_all(sessions)
    fleet.wait_empty()
