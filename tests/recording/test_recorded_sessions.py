"""Sessions of a real service with real browsers are recorded, however they end, and the API gives their files."""
import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
import requests

import processes
from pbaas_process import ROOT
from processes import wait_until
from recorded import (asked, check_har, check_video, drive, encoders, fetched, go, run, settled, states, stay,
                      visit)
from service import Service

BOTH = {"har": True, "video": {"width": 640, "height": 480, "fps_max": 5}}
HAR = {"har": True}
AWAY_SECONDS = float(os.environ.get("PBAAS_AWAY_SECONDS", 2))


def has_begun(data_dir, pattern):
    """Whether what is recorded is on disk already, which a busy machine takes a while for."""
    return any(file.stat().st_size > 0 for file in (data_dir / "recordings-spool").glob(f"*/{pattern}"))


def encoded(service):
    """A step that waits for the first of a video."""
    async def step(*_):
        wait_until(lambda: has_begun(service.data_dir, "*.part.webm"), 60, "the encoder writes")
    return step


def test_a_session_is_recorded_from_its_first_request_on(make_service, site, tmp_path):
    service = make_service()
    session = service.create(record=BOTH)
    assert states(service, session) == {"network.har": "recording", "video.webm": "recording"}
    visit(session, go(site.url("/plain?first")), run("fetch('/plain?fetched').then(r => r.text())"),
          go(site.url("/redirect?1")), go(site.url("/moving")), stay(2), encoded(service))
    service.end(session["id"])
    recordings = settled(service, session)
    assert {name: each["state"] for name, each in recordings.items()} == {"network.har": "stored",
                                                                          "video.webm": "stored"}
    entries = check_har(fetched(service, session, "network.har"), tmp_path)
    assert asked(entries, site) == {served: 1 for served in site.served}
    length = check_video(fetched(service, session, "video.webm"), tmp_path)
    assert 2 <= length <= 30 and abs(length - recordings["video.webm"]["duration"]) < 0.2


def test_a_recording_is_given_in_parts_to_its_owner_alone(make_service, site):
    service = make_service(API_KEYS="mine,other")
    service.headers = {"Authorization": "Bearer mine"}
    session = service.create(record=HAR)
    visit(session_of(session, "mine"), go(site.url("/plain")))
    service.end(session["id"])
    settled(service, session)
    whole = fetched(service, session, "network.har")
    path = f"/session/{session['id']}/recordings/network.har"
    parts = [service.call("GET", path, headers={"Range": f"bytes={at}-{at + 999}"}).content
             for at in range(0, len(whole), 1000)]
    assert b"".join(parts) == whole
    head = service.call("HEAD", path)
    assert int(head.headers["Content-Length"]) == len(whole) and head.content == b""
    named = service.call("GET", path + "?download=1").headers["Content-Disposition"]
    assert named == f'attachment; filename="{session["id"]}-network.har"'
    for headers, status in [({"Authorization": "Bearer other"}, 404), ({"Authorization": ""}, 401)]:
        for method, at in [("GET", path), ("DELETE", path), ("GET", path.rpartition("/")[0])]:
            assert service.call(method, at, headers=headers).status_code == status
    assert service.call("DELETE", path).status_code == 204
    assert service.recordings(session["id"]) == []
    assert not [file for file in (service.data_dir / "recordings").rglob("*") if file.is_file()]


def session_of(session, key):
    return {**session, "connect_url": session["connect_url"] + f"?token={key}"}


def test_a_session_that_ends_by_itself_is_recorded(make_service, site, tmp_path):
    service = make_service()
    session = service.create(record=HAR, idle_timeout=1)
    visit(session, go(site.url("/plain?idle")))
    wait_until(lambda: service.session(session["id"])["status"] == "ended", 15, "it is idle")
    assert settled(service, session)["network.har"]["state"] == "stored"
    entries = check_har(fetched(service, session, "network.har"), tmp_path)
    assert asked(entries, site)[("GET", "/plain?idle")] == 1


def test_a_session_whose_browser_is_killed_is_recorded(make_service, site, tmp_path):
    service = make_service()
    session = service.create(record=BOTH)
    visit(session, go(site.url("/moving?killed")), stay(1.5), encoded(service))
    for pid in service.browser_pids():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: service.session(session["id"])["status"] == "ended", 15, "it has crashed")
    assert {each["state"] for each in settled(service, session).values()} == {"stored"}
    entries = check_har(fetched(service, session, "network.har"), tmp_path)
    assert asked(entries, site)[("GET", "/moving?killed")] == 1
    assert check_video(fetched(service, session, "video.webm"), tmp_path) > 1


def test_a_video_outlives_its_encoder(make_service, site, tmp_path):
    service = make_service()
    session = service.create(record={"video": BOTH["video"]})

    async def kill_encoder(*_):
        before = encoders(service)
        assert before
        for pid in before:
            os.kill(pid, signal.SIGKILL)

    visit(session, go(site.url("/moving")), stay(1.5), encoded(service), kill_encoder, stay(2.5))
    service.end(session["id"])
    assert settled(service, session)["video.webm"]["state"] in ("stored", "truncated")
    assert check_video(fetched(service, session, "video.webm"), tmp_path) > 3
    assert not encoders(service)


def test_what_a_killed_service_recorded_is_there_after_its_next_start(make_service, site, tmp_path):
    service = make_service()
    session = service.create(record=BOTH)
    visit(session, go(site.url("/moving?before-the-kill")), stay(2), encoded(service))
    service.kill()
    service.start()
    recordings = settled(service, session)
    assert {each["state"] for each in recordings.values()} == {"truncated"}, recordings
    assert {each["why"] for each in recordings.values()} == {"the service was killed"}
    entries = check_har(fetched(service, session, "network.har"), tmp_path)
    assert asked(entries, site)[("GET", "/moving?before-the-kill")] == 1
    assert check_video(fetched(service, session, "video.webm"), tmp_path) > 0.5
    assert not list((service.data_dir / "recordings-spool").rglob("*.part.webm"))
    # Once is enough: the next start finds nothing to do.
    told = service.errors(None).count("recording_left_over")
    service.stop()
    service.start()
    assert settled(service, session) == recordings
    assert service.errors(None).count("recording_left_over") == told == 2


def test_a_service_that_is_stopped_has_stored_what_it_recorded(make_service, site):
    service = make_service()
    session = service.create(record=HAR)
    visit(session, go(site.url("/plain")))
    service.stop()
    assert (service.data_dir / "recordings" / session["id"] / "network.har").exists()
    service.start()
    assert settled(service, session)["network.har"]["state"] == "stored"


def test_a_stopped_encoder_changes_nothing_for_the_client(make_service, site):
    service = make_service()
    # More than the line to the encoder holds.
    session = service.create(record={"video": {"width": 1280, "height": 720, "fps_max": 25}})

    async def use(cdp, page):
        wait_until(lambda: encoders(service), 10, "it encodes")
        for pid in encoders(service):
            os.kill(pid, signal.SIGSTOP)
        frames = await cdp.evaluate("n", page)
        until = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < until:
            assert await cdp.evaluate("6 * 7", page, timeout=5) == 42
        assert await cdp.evaluate("n", page) > frames

    visit(session, go(site.url("/moving")), use)
    began = time.monotonic()
    service.end(session["id"])
    service.wait_empty()
    assert time.monotonic() - began < 8, "the slot waits for no encoder"
    assert service.call("GET", "/livez").status_code == 200
    for pid in encoders(service):
        os.kill(pid, signal.SIGKILL)
    settled(service, session)
    assert not encoders(service)


def test_six_megabytes_are_given_without_holding_them(make_service, site):
    service = make_service()
    session = service.create(record={"har": {"bodies": "all", "body_bytes_max": 10_000_000}})
    visit(session, go(site.url("/plain")),
          run("fetch('/bytes?6000000').then(r => r.text())"), stay(1))
    service.end(session["id"])
    told = settled(service, session)["network.har"]
    assert told["bytes"] > 6_000_000
    with requests.get(service.url + f"/session/{session['id']}/recordings/network.har", stream=True,
                      timeout=30) as some:
        taken = len(some.raw.read(100_000))
    assert taken == 100_000 and len(fetched(service, session, "network.har")) == told["bytes"]


SMALL_DISK = """#!/bin/sh
exec unshare --mount --propagation private \\
  sh -c 'mount -t tmpfs -o size=100m tmpfs "$DATA_DIR" && exec {} "$@"' pbaas "$@"
"""


class OnSmallDisk(Service):
    """Its data is on a small disk, which is mounted in a namespace of its own: tests see it through its process."""

    def start(self):
        self.data_dir.mkdir(exist_ok=True)
        program = self.folder / "on-small-disk"
        binary = os.environ.get("PBAAS_BINARY", str(ROOT / "build/release/pbaas"))
        program.write_text(SMALL_DISK.format(Path(binary).resolve()), encoding="utf-8")
        program.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PBAAS_BINARY", str(program))
            return super().start()

    @property
    def filling(self):
        return Path(f"/proc/{self.pid}/root{self.data_dir}/filling")

    def fill(self):
        with open(self.filling, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))


def test_a_full_disk_cuts_the_recording_and_not_the_session(site, tmp_path):
    service = OnSmallDisk()
    try:
        service.start()
        session = service.create(record={"har": {"bodies": "all"}})

        async def fill(*_):
            wait_until(lambda: has_begun(service.filling.parent, "*.spool"), 30, "something is recorded")
            service.fill()

        visit(session, go(site.url("/plain?room")), fill,
              *[run("fetch('/bytes?800000').then(r => r.text())") for _ in range(3)], go(site.url("/plain?no-room")))
        wait_until(lambda: service.call("POST", "/session", json={"record": HAR}).status_code == 503, 10, "it is full")
        service.end(session["id"])
        wait_until(lambda: not has_begun(service.filling.parent, "*.spool"), 60, "its file is made")
        service.filling.unlink()
        told = settled(service, session)["network.har"]
        assert told["state"] == "truncated" and "No space left on device" in told["why"], told
        entries = check_har(fetched(service, session, "network.har"), tmp_path)
        assert asked(entries, site)[("GET", "/plain?room")] == 1
    finally:
        service.remove()


def test_the_recorder_leaves_nothing_behind(make_service, site):
    service = make_service()
    before = service.open_files()
    for _ in range(3):
        session = service.create(record=BOTH)
        asyncio.run(drive(session, go(site.url("/plain"))))
        service.end(session["id"])
        settled(service, session)
    wait_until(lambda: service.open_files() <= before + 2, 10, "descriptors are closed")
    assert not processes.zombies(service.pid)
    assert not [file for file in (service.data_dir / "recordings-spool").rglob("*")
                if file.is_file() and not file.name.endswith(".manifest")]
