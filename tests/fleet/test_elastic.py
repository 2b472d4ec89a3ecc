"""Workers and gateways that are told to go, and those that may not come in."""
import asyncio
import os
import shutil
import signal
import subprocess
import time

import pytest
import requests

from clients import all_answer, connected, product
from fleet import HEARTBEAT_SECONDS, TTL_SECONDS, Worker
from pbaas_process import ROOT
from processes import wait_until

BINARY = os.environ.get("PBAAS_BINARY", str(ROOT / "build/release/pbaas"))


def test_a_copy_of_a_workers_folder_is_another_worker(make_fleet):
    fleet = make_fleet(capacities=(2,))
    (original,) = fleet.workers
    sessions = fleet.create_together(2)
    twin = Worker(**{**original.settings, "MAX_CONTEXTS": 4})
    shutil.copytree(original.data_dir, twin.data_dir)
    fleet.workers.append(twin)
    twin.start()
    assert twin.id != original.id and "data_dir_copied" in twin.errors()
    fleet.wait_for_workers()
    fleet.wait_agreement()
    more = fleet.create_together(2)
    assert {each["worker"] for each in more} == {twin.id}
    former = twin.id
    twin.stop()
    assert twin.start().id == former, "its own folder is no copy"
    assert {fleet.gateway().session(each["id"])["status"] for each in sessions} == {"running"}
    fleet.end_all(sessions)
    fleet.wait_empty()


def of_worker(worker, sessions):
    return [each for each in sessions if each["worker"] == worker.id]


def test_a_drained_worker_gets_no_more_sessions_and_ends_what_it_has_when_its_grace_is_over(make_fleet):
    fleet = make_fleet(capacities=(4, 4), DRAIN_TIMEOUT=4)
    victim, other = fleet.workers

    async def use():
        sessions = await asyncio.to_thread(fleet.create_together, 4)
        mine = of_worker(victim, sessions)
        async with connected([(fleet.gateways[0], each) for each in mine]) as clients:
            answer = await asyncio.to_thread(fleet.gateways[1].call, "POST", f"/worker/{victim.id}/drain")
            assert answer.status_code == 202 and answer.json()["state"] == "draining"
            began = time.monotonic()
            more = [await asyncio.to_thread(fleet.create) for _ in range(2)]
            assert {each["worker"] for each in more} == {other.id}
            await all_answer(clients)
            closes = await asyncio.gather(*(each.closed(10) for each in clients))
            assert closes == [(1001, "drained")] * 2
            assert 3.5 <= time.monotonic() - began <= 8
        await asyncio.to_thread(fleet.wait_reasons, mine, "drained", 5)
        await asyncio.to_thread(fleet.end_all, [*of_worker(other, sessions), *more])
    asyncio.run(use())
    fleet.wait_empty()


def test_a_worker_told_to_stop_drains_leaves_the_fleet_and_goes(make_fleet):
    fleet = make_fleet(capacities=(4, 4), DRAIN_TIMEOUT=3)
    victim, other = fleet.workers

    async def use():
        sessions = await asyncio.to_thread(fleet.create_together, 4)
        mine, among = of_worker(victim, sessions), victim.descendants()
        async with connected([(fleet.gateways[0], each) for each in mine]) as clients:
            victim.signal(signal.SIGTERM)
            closes = await asyncio.gather(*(each.closed(10) for each in clients))
            assert closes == [(1001, "drained")] * 2
        assert await asyncio.to_thread(victim.process.wait, 10) == 0
        victim.wait_nothing_left(2, among)
        await asyncio.to_thread(fleet.wait_for_workers, TTL_SECONDS + 2 * HEARTBEAT_SECONDS)
        await asyncio.to_thread(fleet.wait_reasons, mine, "drained", 5)
        await asyncio.to_thread(fleet.end_all, of_worker(other, sessions))
    asyncio.run(use())
    fleet.wait_empty()


def test_a_rolling_restart_of_the_workers_fails_no_create(make_fleet):
    fleet = make_fleet(capacities=(4, 4), DRAIN_TIMEOUT=1)
    for worker in fleet.workers:
        worker.signal(signal.SIGTERM)
        for _ in range(4):
            fleet.gateway().end(fleet.create()["id"])
        assert worker.process.wait(15) == 0
        worker.start()
        fleet.wait_for_workers()
    fleet.wait_empty()


def test_a_gateway_told_to_stop_sends_its_clients_to_another(make_fleet):
    fleet = make_fleet(capacities=(4,))
    victim, other = fleet.gateways

    async def use():
        sessions = await asyncio.to_thread(fleet.create_together, 3)
        async with connected([(victim, each) for each in sessions]) as clients:
            await all_answer(clients)
            victim.signal(signal.SIGTERM)
            closes = await asyncio.gather(*(each.closed(10) for each in clients))
            assert {code for code, _ in closes} == {1012}
        assert await asyncio.to_thread(victim.process.wait, 10) == 0
        for each in sessions:
            assert await product(other, each)
        await asyncio.to_thread(fleet.end_all, sessions)
    asyncio.run(use())
    fleet.wait_empty()


def test_a_worker_obeys_nobody_without_the_secret(make_fleet):
    fleet = make_fleet(gateways=1, capacities=(2,))
    worker = fleet.workers[0]
    session = fleet.create()
    refused = [("GET", "/session"), ("POST", "/session"), ("DELETE", f"/session/{session['id']}?reason=client_request"),
               ("GET", "/status"), ("POST", "/drain"), ("GET", f"/session/{session['id']}/json/version")]
    for authorization in (None, "Bearer ", "Bearer wrong", "Bearer " + fleet.settings["CLUSTER_SECRET"]):
        headers = {"Authorization": authorization} if authorization else {}
        for method, path in refused:
            answer = requests.request(method, worker.url + path, headers=headers, timeout=5)
            assert answer.status_code == 401, f"{method} {path} with {authorization}: {answer.status_code}"
    for path in ("/livez", "/readyz", "/metrics"):
        assert requests.get(worker.url + path, timeout=5).status_code == 200
    assert asyncio.run(product(fleet.gateway(), session))


def test_a_gateway_with_another_secret_gets_nothing_from_the_workers(make_fleet):
    fleet = make_fleet(gateways=1, capacities=(2,))
    session = fleet.create()
    stranger = fleet.add_gateway(CLUSTER_SECRET="another-secret-of-some-length")
    assert stranger.call("POST", "/session", json={"queue_timeout": 1}).status_code in (502, 503)
    with pytest.raises(Exception, match="50[0-9]|HTTP"):
        asyncio.run(product(stranger, session))
    # It cannot ask the workers, and must not take them for lost.
    time.sleep(TTL_SECONDS + 2 * HEARTBEAT_SECONDS)
    assert asyncio.run(product(fleet.gateways[0], session))
    fleet.gateways[0].end(session["id"])
    fleet.wait_agreement(12)


@pytest.mark.parametrize("part", ["gateway", "worker"])
@pytest.mark.parametrize("missing", ["CLUSTER_SECRET", "REDIS_URL", "DATABASE_URL"])
def test_neither_part_starts_without_what_it_needs(part, missing, tmp_path):
    settings = {"CLUSTER_SECRET": "a-secret-of-some-length", "REDIS_URL": "redis://127.0.0.1:1",
                "DATABASE_URL": "postgresql://postgres@127.0.0.1:1/postgres", "PORT": "0", "WORKER_PORT": "0",
                "DATA_DIR": str(tmp_path)}
    del settings[missing]
    inherited = {name: value for name, value in os.environ.items() if name not in settings and name != missing}
    ended = subprocess.run([BINARY, part], env={**inherited, **settings}, capture_output=True, text=True, timeout=20,
                           check=False)
    assert ended.returncode != 0
    assert missing in ended.stderr + ended.stdout


def test_workers_and_gateways_may_start_before_their_stores(make_fleet):
    fleet = make_fleet(gateways=1, capacities=(1,))
    fleet.redis.stop()
    fleet.postgres.stop()
    worker, gateway = fleet.add_worker(1), fleet.add_gateway()
    assert gateway.call("GET", "/livez").status_code == 200
    assert gateway.call("GET", "/readyz").status_code == 503
    fleet.redis.start()
    fleet.postgres.start()
    fleet.wait_for_workers()
    wait_until(lambda: gateway.call("GET", "/readyz").status_code == 200, 5, "ready when its stores are")
    sessions = fleet.create_together(2)
    assert worker.id in {each["worker"] for each in sessions}
    fleet.end_all(sessions)
    fleet.wait_empty()
