"""Recordings in a real S3 server: given by its URLs, and neither lost nor broken by anything that happens to it."""
import contextlib
import hashlib
import os
import shutil
import time

import pytest
import requests

from fault_proxy import FaultProxy
from processes import wait_until
from recorded import asked, check_har, fetched, go, run, settled, states, visit
from s3 import S3

HAR = {"har": True}
AWAY_SECONDS = float(os.environ.get("PBAAS_AWAY_SECONDS", 2))


@pytest.fixture
def line(object_store):
    """The line to the store, which can break."""
    made = FaultProxy(("127.0.0.1", object_store.port))
    yield made
    made.remove()


def settings(object_store, bucket, line=None):
    return {"MINIO_ENDPOINT": f"http://{line.address}" if line else object_store.endpoint,
            "MINIO_PUBLIC_ENDPOINT": object_store.endpoint, "MINIO_ACCESS_KEY": object_store.access_key,
            "MINIO_SECRET_KEY": object_store.secret_key, "MINIO_BUCKET": bucket}


def record(service, site, path="/plain", **har):
    session = service.create(record={"har": har or True})
    visit(session, go(site.url(path)))
    service.end(session["id"])
    return session


def waits(service, session):
    (recording,) = service.recordings(session["id"])
    return recording["state"] == "uploading" and recording["why"]


def test_a_recording_is_given_by_a_url_of_the_store(make_service, object_store, bucket, site, tmp_path):
    service = make_service(**settings(object_store, bucket))
    session = record(service, site, "/plain?in-s3")
    assert settled(service, session)["network.har"]["state"] == "stored"
    path = f"/session/{session['id']}/recordings/network.har"
    answer = service.call("GET", path + "?download=1")
    assert answer.status_code == 302 and answer.headers["Location"].startswith(object_store.endpoint)
    given = requests.get(answer.headers["Location"], timeout=10)
    assert given.headers["Content-Disposition"] == f'attachment; filename="{session["id"]}-network.har"'
    assert given.headers["Content-Type"] == "application/json"
    assert asked(check_har(given.content, tmp_path), site)[("GET", "/plain?in-s3")] == 1
    assert int(service.call("HEAD", path).headers["Content-Length"]) == len(given.content)
    assert S3(object_store, bucket).keys() == [f"{session['id']}/network.har"]
    assert requests.get(answer.headers["Location"].replace("network.har", "video.webm"), timeout=10).status_code == 403
    assert service.call("DELETE", path).status_code == 204
    assert S3(object_store, bucket).keys() == []
    assert object_store.secret_key not in service.errors(None)


def test_what_waits_for_a_store_that_is_away_is_stored_by_the_next_run(make_service, object_store, bucket, line, site):
    line.refuse()
    service = make_service(**settings(object_store, bucket, line))
    session = record(service, site)
    wait_until(lambda: waits(service, session), 20, "it waits")
    assert service.call("GET", f"/session/{session['id']}/recordings/network.har").status_code == 409
    assert service.metrics()[("pbaas_store_away", (("store", "objects"),))] == 1
    service.kill()
    line.heal()
    service.start()
    assert settled(service, session)["network.har"]["state"] == "stored"
    fetched(service, session, "network.har")
    assert service.metrics()[("pbaas_store_away", (("store", "objects"),))] == 0


def begin_upload(service, site):
    """A recording of three parts and more that has ended, and that a slow line is taking to the store."""
    session = service.create(record={"har": {"bodies": "all", "body_bytes_max": 10_000_000}})
    visit(session, go(site.url("/plain")), *[run("fetch('/bytes?9000000').then(r => r.text())") for _ in range(4)],
          run("new Promise(done => setTimeout(done, 2000))"))
    service.end(session["id"])
    wait_until(lambda: states(service, session) == {"network.har": "uploading"}, 30, "it is on its way")
    return session


def check_whole(service, session, object_store, bucket):
    told = settled(service, session, 120)["network.har"]
    assert told["state"] == "stored" and told["bytes"] > 32 << 20
    stored = S3(object_store, bucket).call("GET", f"{session['id']}/network.har").content
    assert hashlib.sha256(stored).hexdigest() == told["sha256"]
    assert S3(object_store, bucket).open_uploads() == []


def test_an_upload_that_is_cut_again_and_again_is_whole(make_service, object_store, bucket, line, site):
    service = make_service(**settings(object_store, bucket, line))
    line.delay(0.002)
    session = begin_upload(service, site)
    for _ in range(10):
        time.sleep(0.1)  # Wherever that hits it.
        line.cut()
    line.heal()
    check_whole(service, session, object_store, bucket)


def test_an_upload_in_which_the_store_falls_silent_is_whole(make_service, object_store, bucket, line, site):
    service = make_service(**settings(object_store, bucket, line))
    line.delay(0.002)
    session = begin_upload(service, site)
    wait_until(lambda: S3(object_store, bucket).open_uploads(), 30, "parts are on their way")
    line.blackhole()
    time.sleep(AWAY_SECONDS)
    assert service.end(service.create()["id"])["status"] == "ended", "sessions go on"
    assert states(service, session) == {"network.har": "uploading"}
    line.heal()
    line.cut()
    check_whole(service, session, object_store, bucket)


def test_a_wrong_secret_is_told_and_mended_without_a_loss(make_service, object_store, bucket, site):
    right = settings(object_store, bucket)
    service = make_service(**{**right, "MINIO_SECRET_KEY": "a-wrong-secret-of-this-test"})
    session = record(service, site)
    wait_until(lambda: waits(service, session), 20, "it waits")
    assert "SignatureDoesNotMatch" in waits(service, session)
    assert "a-wrong-secret-of-this-test" not in service.errors(None)
    service.stop(60)
    service.settings.update(right)
    service.start()
    assert settled(service, session)["network.har"]["state"] == "stored"
    fetched(service, session, "network.har")


def test_a_full_spool_refuses_recordings_and_nothing_else(make_service, object_store, bucket, line, site):
    line.refuse()
    service = make_service(RECORDING_SPOOL_MAX=1 << 20, **settings(object_store, bucket, line))
    session = service.create(record={"har": {"bodies": "all"}})
    visit(session, go(site.url("/plain")), *[run("fetch('/bytes?900000').then(r => r.text())") for _ in range(2)],
          run("new Promise(done => setTimeout(done, 500))"))
    service.end(session["id"])
    wait_until(lambda: waits(service, session), 20, "it waits")
    refused = service.call("POST", "/session", json={"record": HAR})
    assert (refused.status_code, refused.json()["reason"]) == (503, "recordings_full")
    assert "RECORDING_SPOOL_MAX is 1048576" in refused.json()["detail"] and refused.headers["Retry-After"]
    service.end(service.create()["id"])
    assert service.metrics()[("pbaas_recording_spool_bytes", ())] > 1 << 20
    line.heal()
    assert settled(service, session, 90)["network.har"]["state"] == "stored"
    assert settled(service, record(service, site))["network.har"]["state"] == "stored"


def was_stored_before(file):
    """Whether it is the manifest of a recording that, on a busy machine, was stored just before it was removed."""
    with contextlib.suppress(OSError):
        text = file.read_text(encoding="utf-8")
        return '"state":"stored"' in text and '"removed":false' in text
    return False


def test_a_recording_that_waits_is_removed_at_once(make_service, object_store, bucket, line, site):
    service = make_service(**settings(object_store, bucket, line))
    line.refuse()
    session = record(service, site)
    wait_until(lambda: waits(service, session), 20, "it waits")
    line.heal()
    assert service.call("DELETE", f"/session/{session['id']}/recordings").status_code == 204
    assert service.recordings(session["id"]) == []
    spool = service.data_dir / "recordings-spool"
    wait_until(lambda: all(was_stored_before(file) for file in spool.glob("*/*"))
               and S3(object_store, bucket).keys() == [], 70, "it has left spool and store")


def test_recordings_are_kept_for_their_time(make_service, object_store, bucket, site):
    service = make_service(RECORDING_TTL=2, **settings(object_store, bucket))
    session = record(service, site)
    wait_until(lambda: S3(object_store, bucket).keys(), 20, "it is stored")
    wait_until(lambda: not service.recordings(session["id"]), 20, "its time is over")
    wait_until(lambda: not S3(object_store, bucket).keys(), 5, "it is gone")


def test_what_a_worker_brought_that_has_forgotten_it_is_kept_for_its_time(make_service, object_store, bucket, site):
    service = make_service(**settings(object_store, bucket))
    session = record(service, site)
    assert settled(service, session)["network.har"]["state"] == "stored"
    service.stop()
    shutil.rmtree(service.data_dir / "recordings-spool")
    service.settings["RECORDING_TTL"] = "1"
    service.start()
    wait_until(lambda: not S3(object_store, bucket).keys(), 20, "it is gone")
    wait_until(lambda: not service.recordings(session["id"]), 5, "nobody finds it")
    assert "recordings_outlived" in service.errors(None)
