"""What the service says about itself: the list of sessions, the numbers at /metrics, the settings at its start."""
import asyncio
import os
import subprocess

import pytest

from cdp import Cdp
from pbaas_process import ROOT

BINARY = os.environ.get("PBAAS_BINARY", str(ROOT / "build/release/pbaas"))


def test_the_list_is_newest_first_and_paged(make_service):
    service = make_service()
    made = []
    for number in range(7):
        made.append(service.create(metadata={"number": str(number)})["id"])
        if number % 2:
            service.end(made[-1])

    seen, cursor = [], None
    for _ in range(10):
        query = "/session?limit=3" + (f"&cursor={cursor}" if cursor else "")
        page = service.call("GET", query).json()
        assert set(page) == {"sessions", "next_cursor"}
        seen += [each["id"] for each in page["sessions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    running = service.call("GET", "/session?status=running").json()["sessions"]
    assert [each["id"] for each in running] == made[::-1][0::2]
    ended = service.call("GET", "/sessions?status=ended&limit=100").json()["sessions"]
    assert [each["id"] for each in ended] == made[::-1][1::2]
    assert ended[0] == service.session(ended[0]["id"])


def listed(service, **params):
    return [each["id"] for each in service.call("GET", "/session", params=params).json()["sessions"]]


def test_a_list_is_narrowed_by_all_that_is_given(make_service):
    service = make_service()
    made = [service.create(metadata={"team": team, "n": str(n)}) for n, team in enumerate(["red", "blue", "blue"])]
    red, one, two = [each["id"] for each in made]
    service.end(one)
    assert listed(service, **{"metadata.team": "blue"}) == [two, one]
    assert listed(service, **{"metadata.team": "blue", "end_reason": "client_request"}) == [one]
    assert listed(service, **{"metadata.blue": "team"}) == []
    assert listed(service, worker=made[0]["worker"]) == [two, one, red]
    assert listed(service, worker="another") == []
    assert one in listed(service, created_after=made[1]["created_at"])
    assert one not in listed(service, created_before=made[1]["created_at"])
    assert red in listed(service, created_before=made[1]["created_at"].replace("Z", "+00:00")) or \
        made[0]["created_at"] == made[1]["created_at"]


def test_a_page_is_not_shifted_by_a_new_session(make_service):
    service = make_service()
    made = [service.create()["id"] for _ in range(4)]
    first = service.call("GET", "/session?limit=2").json()
    service.create()
    second = service.call("GET", f"/session?limit=2&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in first["sessions"] + second["sessions"]] == made[::-1]


def test_the_worker_says_what_it_has(service):
    (worker,) = service.workers()
    assert worker["state"] == "ready" and worker["capacity"] == 20 and worker["id"]


def test_the_metrics_are_prometheus_and_count(make_service):
    service = make_service()
    session = service.create()

    async def use():
        async with Cdp(session["connect_url"]) as cdp:
            for _ in range(5):
                await cdp.call("Browser.getVersion")
            values = await asyncio.to_thread(service.metrics)
            assert values[("pbaas_sessions", (("status", "running"),))] == 1
            assert values[("pbaas_relays_open", ())] == 1
            assert values[("pbaas_slots", (("state", "used"),))] == 1
            assert values[("pbaas_slots", (("state", "free"),))] == service.capacity() - 1
    asyncio.run(use())
    service.end(session["id"])
    service.wait_empty()
    values = service.metrics()
    assert values[("pbaas_sessions_created_total", (("browser", "headless-shell"),))] == 1
    assert values[("pbaas_sessions_ended_total", (("end_reason", "client_request"),))] == 1
    for phase in ["queue", "launch", "connect"]:
        assert values[("pbaas_create_seconds_count", (("phase", phase),))] == 1
    assert values[("pbaas_relay_messages_total", (("direction", "up"),))] == 5
    assert values[("pbaas_relay_messages_total", (("direction", "down"),))] == 5
    assert values[("pbaas_relay_bytes_total", (("direction", "up"),))] > 0
    assert values[("pbaas_workers", (("state", "ready"),))] == 1
    assert values[("process_resident_memory_bytes", ())] > 1 << 20
    assert values[("process_open_fds", ())] > 5
    assert sum(value for (name, labels), value in values.items()
               if name == "pbaas_sessions" and ("status", "ended") not in labels) == 0


@pytest.mark.parametrize("variable, value", [
    ("PORT", "99999"), ("SESSION_TIMEOUT", "soon"), ("IDLE_TIMEOUT", "0"), ("MAX_CONTEXTS", "-1"),
    ("DEFAULT_BROWSER", "firefox"), ("PUBLIC_URL", "browsers.test"), ("ISOLATION", "maybe"), ("LOG_LEVEL", "loud")])
def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path, variable, value):
    started = subprocess.run([BINARY, "serve"], capture_output=True, text=True, timeout=20, check=False,
                             env={**os.environ, "PORT": "0", "DATA_DIR": str(tmp_path), variable: value})
    assert started.returncode != 0
    assert variable in started.stderr + started.stdout and value in started.stderr + started.stdout


def test_the_version_is_said():
    said = subprocess.run([BINARY, "--version"], capture_output=True, text=True, timeout=20, check=True)
    assert any(character.isdigit() for character in said.stdout)


def test_the_doctor_finds_this_machine_well(tmp_path):
    said = subprocess.run([BINARY, "doctor"], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "PORT": "0", "DATA_DIR": str(tmp_path)})
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.count("ok") >= 5
