"""Placement: sessions go where there is most room, whoever places them, and never more of them than a worker takes."""
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from processes import wait_until

SESSIONS = int(os.environ.get("FLEET_SESSIONS", 60))


def by_worker(fleet, sessions):
    counted = Counter(each["worker"] for each in sessions)
    return [counted[each.id] for each in fleet.workers]


def test_sessions_are_spread_evenly_over_equal_workers(make_fleet):
    share = SESSIONS // 3
    fleet = make_fleet(gateways=4, capacities=(share,) * 3, HEARTBEAT=5)
    sessions = fleet.create_together(3 * share)
    assert by_worker(fleet, sessions) == [share] * 3
    fleet.wait_agreement(20)
    answer = fleet.gateway().call("POST", "/session", json={"queue_timeout": 0})
    assert answer.status_code == 503 and answer.json()["reason"] == "no_capacity"
    fleet.end_all(sessions)
    fleet.wait_empty(20)


def test_sessions_are_spread_in_proportion_to_what_workers_take(make_fleet):
    fleet = make_fleet(capacities=(12, 6, 3), HEARTBEAT=5)
    sessions = fleet.create_together(14, threads=1)
    assert by_worker(fleet, sessions) == [8, 4, 2]
    sessions += fleet.create_together(7)
    assert by_worker(fleet, sessions) == [12, 6, 3]
    fleet.end_all(sessions)
    fleet.wait_empty(20)


def test_more_creates_than_slots_wait_their_turn_whichever_gateway_took_them(make_fleet):
    fleet = make_fleet(gateways=3, capacities=(2, 1), QUEUE_TIMEOUT=60)

    def use(number):
        session = fleet.create(metadata={"n": str(number)})
        used = fleet.gateway().used()
        fleet.gateway().end(session["id"])
        return used
    with ThreadPoolExecutor(12) as pool:
        most = max(pool.map(use, range(24)))
    assert most <= 3
    # The last end is on its way to the log for some milliseconds.
    wait_until(lambda: fleet.rows("SELECT count(*) FROM sessions WHERE end_reason = 'client_request'") == [(24,)], 5,
               "each create was served and ended once")
    fleet.wait_empty()


def test_a_worker_that_joins_gets_the_create_that_waits(make_fleet):
    fleet = make_fleet(capacities=(1,))
    held = fleet.create()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fleet.create, queue_timeout=30)
        wait_until(lambda: fleet.gateways[0].metric("pbaas_queue_waiting") +
                   fleet.gateways[1].metric("pbaas_queue_waiting") > 0, 5, "one waits")
        joined = fleet.add_worker(1)
        assert waiting.result(5)["worker"] == joined.id
    assert held["worker"] != joined.id
