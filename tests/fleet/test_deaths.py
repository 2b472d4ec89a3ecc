"""kill -9 of a worker and of a gateway at random moments: who is told what, and that nothing is left or lost."""
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import websockets

from clients import all_answer, connected, product, url_through
from cdp import Cdp
from fleet import HEARTBEAT_SECONDS, TTL_SECONDS
from processes import wait_until
from rounds import chance, rounds

TOLD_SECONDS = 1


def through(fleet, random, sessions):
    return [(random.choice(fleet.gateways), each) for each in sessions]


def test_kill_9_of_a_worker_tells_its_clients_ends_its_sessions_and_no_others(make_fleet):
    random = chance("worker")
    fleet = make_fleet(capacities=(4, 4, 4))

    async def one():
        victim = random.choice(fleet.workers)
        sessions = await asyncio.to_thread(fleet.create_together, 6)
        among = victim.descendants()
        lost = [each for each in sessions if each["worker"] == victim.id]
        others = [each for each in sessions if each["worker"] != victim.id]
        assert len(lost) == 2
        async with connected(through(fleet, random, lost)) as cut, connected(through(fleet, random, others)) as kept:
            await all_answer(cut + kept)
            await asyncio.sleep(random.uniform(0, 0.3))
            victim.kill()
            closes = await asyncio.gather(*(each.closed(TOLD_SECONDS) for each in cut))
            assert closes == [(1014, "worker_lost")] * 2
            await all_answer(kept)
            victim.wait_nothing_left(2, among)
            if random.random() < 0.5:
                await asyncio.to_thread(victim.start)
            await asyncio.to_thread(fleet.wait_reasons, lost, "worker_lost", TTL_SECONDS + 5 * HEARTBEAT_SECONDS)
            await all_answer(kept)
        if not victim.running:
            await asyncio.to_thread(victim.start)
        await asyncio.to_thread(fleet.wait_for_workers)
        await asyncio.to_thread(fleet.end_all, others)
        await asyncio.to_thread(fleet.wait_empty)
    for _ in range(rounds(4)):
        asyncio.run(one())


def test_kill_9_of_a_worker_while_sessions_start(make_fleet):
    random = chance("starting")
    fleet = make_fleet(capacities=(6, 6))
    for _ in range(rounds(4)):
        victim = random.choice(fleet.workers)
        with ThreadPoolExecutor(6) as pool:
            creates = [pool.submit(fleet.gateway().call, "POST", "/session") for _ in range(6)]
            time.sleep(random.uniform(0, 0.25))
            victim.kill()
        victim.wait_nothing_left(2)
        # Whoever was to be on the worker that died is elsewhere, or was told that it failed.
        answers = [each.result() for each in creates]
        made = [each.json() for each in answers if each.status_code == 201]
        assert {each.status_code for each in answers} <= {201, 502, 503}
        victim.start()
        fleet.wait_for_workers()
        fleet.wait_agreement(TTL_SECONDS + 5 * HEARTBEAT_SECONDS)
        kept = [each for each in made if each["worker"] != victim.id]
        lost = [each for each in made if each["worker"] == victim.id]
        assert set(fleet.open_in_log()) == {each["id"] for each in kept}
        fleet.wait_reasons(lost, "worker_lost", 1)
        fleet.end_all(kept)
        fleet.wait_empty()


def test_kill_9_of_a_gateway_leaves_every_session_to_be_reached_through_another(make_fleet):
    random = chance("gateway")
    fleet = make_fleet(capacities=(4, 4))

    async def one():
        victim, other = random.sample(fleet.gateways, 2)
        sessions = await asyncio.to_thread(fleet.create_together, 4)
        async with connected([(victim, each) for each in sessions]) as clients:
            targets = [(await each.new_page())[1] for each in clients]
            await asyncio.sleep(random.uniform(0, 0.2))
            victim.kill()
            for each in clients:
                code, _ = await each.closed(TOLD_SECONDS)
                assert code == 1006, "nobody is left to say more"
        async with connected([(other, each) for each in sessions]) as clients:
            for client, target in zip(clients, targets):
                found = await client.call("Target.getTargets")
                assert target in {each["targetId"] for each in found["targetInfos"]}, "it is the same browser"
        await asyncio.to_thread(victim.start)
        await asyncio.to_thread(fleet.end_all, sessions)
        await asyncio.to_thread(fleet.wait_empty)
    for _ in range(rounds(4)):
        asyncio.run(one())


def test_sessions_that_end_with_their_client_outlive_a_gateway_for_a_while(make_fleet):
    fleet = make_fleet(capacities=(4,))
    victim, other = fleet.gateways

    async def use():
        back, gone = [await asyncio.to_thread(fleet.create, on_disconnect="end") for _ in range(2)]
        async with connected([(victim, back), (victim, gone)]) as clients:
            await all_answer(clients)
            victim.kill()
            began = time.monotonic()
            for each in clients:
                await each.closed(TOLD_SECONDS)
        await asyncio.sleep(3)
        async with Cdp(url_through(other, back)) as client:
            await client.call("Browser.getVersion")
            # Whoever does not come back within 30 s has left.
            await asyncio.to_thread(other.wait_ended, gone["id"], 45, "disconnected")
            assert 25 <= time.monotonic() - began
            await client.call("Browser.getVersion")
        await asyncio.to_thread(other.wait_ended, back["id"], 5, "disconnected")
    asyncio.run(use())
    fleet.wait_empty()


def test_a_create_whose_gateway_dies_leaves_nothing_that_nobody_knows(make_fleet):
    random = chance("creating")
    fleet = make_fleet(capacities=(6,), IDLE_TIMEOUT=5)
    for _ in range(rounds(4)):
        victim = fleet.gateways[0]
        with ThreadPoolExecutor(4) as pool:
            creates = [pool.submit(lambda: victim.call("POST", "/session")) for _ in range(4)]
            time.sleep(random.uniform(0, 0.2))
            victim.kill()
        told = [each.result().json()["id"] for each in creates if not each.exception()]
        victim.start()
        # A session whose client was not told of it ends as abandoned, or as idle where it was already running.
        wait_until(lambda told=told: set(fleet.open_in_log()) <= set(told), 20, "those nobody knows have ended")
        for each in told:
            fleet.gateway().call("DELETE", f"/session/{each}")
        fleet.wait_empty(20)


def test_a_session_of_a_dead_worker_is_gone_for_who_connects(make_fleet):
    fleet = make_fleet(capacities=(2,))
    session = fleet.create()
    fleet.workers[0].kill()
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        asyncio.run(product(fleet.gateway(), session))
    assert refused.value.status_code in (410, 502, 503)
    fleet.wait_reasons([session], "worker_lost", TTL_SECONDS + 5 * HEARTBEAT_SECONDS)
    answer = fleet.gateway().call("GET", f"/session/{session['id']}/json/version")
    assert answer.status_code == 410 and answer.json()["end_reason"] == "worker_lost"
    fleet.wait_agreement()
