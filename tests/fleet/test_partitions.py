"""A worker cut off from Redis, from the gateways, or from both: it ends its own sessions after its lease and no sooner,
and nobody else ends what lives."""
import asyncio
import time

import pytest

from clients import all_answer, connected, product
from fleet import HEARTBEAT_SECONDS, TTL_SECONDS
from processes import wait_until
from rounds import chance, rounds

LEASE_SECONDS = 7


@pytest.fixture
def fleet(make_fleet):
    return make_fleet(capacities=(4, 4), proxied=True, WORKER_LEASE=LEASE_SECONDS)


def split(fleet, sessions, victim):
    return ([each for each in sessions if each["worker"] == victim.id],
            [each for each in sessions if each["worker"] != victim.id])


@pytest.mark.parametrize("way", ["blackhole", "refuse"])
def test_a_worker_cut_off_from_redis_ends_its_sessions_when_its_lease_runs_out(fleet, way):
    victim = fleet.workers[0]

    async def use():
        mine, others = split(fleet, await asyncio.to_thread(fleet.create_together, 4), victim)
        async with connected([(fleet.gateways[0], each) for each in mine]) as cut, \
                connected([(fleet.gateways[1], each) for each in others]) as kept:
            getattr(victim.to_redis, way)()
            began = time.monotonic()
            # Its key is long gone, but gateways can ask it: that it lives counts.
            await asyncio.sleep(TTL_SECONDS + HEARTBEAT_SECONDS)
            await all_answer(cut)
            assert set(await asyncio.to_thread(fleet.open_in_log)) >= {each["id"] for each in mine}
            closes = await asyncio.gather(*(each.closed(LEASE_SECONDS) for each in cut))
            assert closes == [(1014, "worker_lost")] * 2
            took = time.monotonic() - began
            assert LEASE_SECONDS - HEARTBEAT_SECONDS - 0.5 <= took <= LEASE_SECONDS + 1.5
            await all_answer(kept)
        await asyncio.to_thread(fleet.wait_reasons, mine, "worker_lost", 5)
        await asyncio.to_thread(wait_until, lambda: not victim.browser_pids(), 5, "its browsers are gone")
        assert victim.running
        victim.to_redis.heal()
        await asyncio.to_thread(fleet.wait_for_workers)
        more = []

        def takes_one():
            more.append(fleet.create())
            return more[-1]["worker"] == victim.id
        # What it said through the cut may reach the fleet before it hears that it has its lease again: until its next
        # heartbeat a create may be refused there, and is placed elsewhere.
        await asyncio.to_thread(wait_until, takes_one, 2 * HEARTBEAT_SECONDS, "it takes sessions again")
        await asyncio.to_thread(fleet.end_all, [*others, *more])
    asyncio.run(use())
    fleet.wait_empty()


def test_a_short_cut_between_worker_and_redis_ends_nothing(fleet):
    random = chance("short cuts")
    sessions = fleet.create_together(4)
    for _ in range(rounds(4)):
        victim = random.choice(fleet.workers)
        getattr(victim.to_redis, random.choice(["blackhole", "refuse", "cut", "half_close"]))()
        time.sleep(random.uniform(0, TTL_SECONDS + 1))
        victim.to_redis.heal()
        fleet.wait_for_workers()
    assert set(fleet.open_in_log()) == {each["id"] for each in sessions}
    fleet.wait_agreement()
    fleet.end_all(sessions)
    fleet.wait_empty()


@pytest.mark.parametrize("way", ["refuse", "blackhole"])
def test_a_worker_the_gateways_cannot_reach_keeps_its_sessions_and_gets_no_others(fleet, way):
    victim, other = fleet.workers
    mine, others = split(fleet, fleet.create_together(4), victim)
    getattr(victim.door, way)()
    began = time.monotonic()
    # Of two creates one is placed on it at first; where it refuses, both cost nothing.
    made = [fleet.create() for _ in range(2 if way == "refuse" else 1)]
    assert {each["worker"] for each in made} == {other.id}
    print(f"{len(made)} creates took {time.monotonic() - began:.1f} s while a worker could not be reached ({way})")
    time.sleep(TTL_SECONDS + HEARTBEAT_SECONDS)
    assert set(fleet.open_in_log()) == {each["id"] for each in [*mine, *others, *made]}, "Redis still hears of it"
    victim.door.heal()
    # A start that was on its way to it may arrive now: it must not leave a browser that nobody knows.
    fleet.wait_agreement(20)
    for each in mine:
        assert asyncio.run(product(fleet.gateway(), each, attempts=20))
    fleet.end_all([*mine, *others, *made])
    fleet.wait_empty()


def test_a_worker_cut_off_from_everybody_is_lost_and_closes_what_it_had(fleet):
    victim = fleet.workers[0]
    sessions = fleet.create_together(4)
    mine, others = split(fleet, sessions, victim)
    victim.door.refuse()
    victim.to_redis.blackhole()
    fleet.wait_reasons(mine, "worker_lost", TTL_SECONDS + 5 * HEARTBEAT_SECONDS)
    victim.door.heal()
    victim.to_redis.heal()
    fleet.wait_for_workers()
    wait_until(lambda: not victim.browser_pids(), 10, "what the log has ended is closed")
    fleet.wait_agreement()
    assert set(fleet.open_in_log()) == {each["id"] for each in others}
    fleet.end_all(others)
    fleet.wait_empty()


def test_slow_and_cut_lines_leave_nothing_behind(fleet):
    random = chance("lines")
    for _ in range(rounds(4)):
        victim = random.choice(fleet.workers)
        line = random.choice([victim.door, victim.to_redis])
        fault = random.choice(["cut", "half_close", "delay", "trickle"])
        getattr(line, fault)(*([random.uniform(0.05, 0.3)] if fault == "delay" else []))
        answers = [fleet.gateway().call("POST", "/session", timeout=120) for _ in range(3)]
        assert {each.status_code for each in answers} <= {201, 502, 503}
        line.heal()
        fleet.wait_for_workers()
        made = [each.json() for each in answers if each.status_code == 201]
        fleet.created.update(each["id"] for each in made)
        for each in made:
            fleet.gateway().call("DELETE", f"/session/{each['id']}")
        fleet.wait_empty(20)
