"""Recordings in a fleet: workers bring them to the store, and any gateway gives them, if the worker is there or not."""


from processes import wait_until
from recorded import asked, check_har, fetched, go, settled, states, visit
from s3 import S3


def recording_fleet(make_fleet, object_store, bucket, **more):
    return make_fleet(MINIO_ENDPOINT=object_store.endpoint, MINIO_ACCESS_KEY=object_store.access_key,
                      MINIO_SECRET_KEY=object_store.secret_key, MINIO_BUCKET=bucket, **more)


def test_a_recording_is_given_by_every_gateway(make_fleet, object_store, bucket, site, tmp_path):
    fleet = recording_fleet(make_fleet, object_store, bucket)
    first, second = fleet.gateways
    sessions = [fleet.create(first, record={"har": True}) for _ in range(2)]
    assert len({each["worker"] for each in sessions}) == 2, "both workers make the bucket at once"
    for number, session in enumerate(sessions):
        visit(session, go(site.url(f"/plain?{number}")))
        assert states(second, session) == {"network.har": "recording"}
        first.end(session["id"])
    for number, session in enumerate(sessions):
        assert settled(second, session)["network.har"]["state"] == "stored"
        entries = check_har(fetched(second, session, "network.har"), tmp_path)
        assert asked(entries, site)[("GET", f"/plain?{number}")] == 1
    assert second.call("DELETE", f"/session/{sessions[0]['id']}/recordings").status_code == 204
    assert first.recordings(sessions[0]["id"]) == []
    assert S3(object_store, bucket).keys() == [f"{sessions[1]['id']}/network.har"]


def test_a_recording_of_a_killed_worker_comes_with_its_next_run(make_fleet, object_store, bucket, site, tmp_path):
    fleet = recording_fleet(make_fleet, object_store, bucket, gateways=1, capacities=(2,))
    (gateway,), (worker,) = fleet.gateways, fleet.workers
    session = fleet.create(record={"har": True})
    visit(session, go(site.url("/plain?killed")))
    worker.kill()
    wait_until(lambda: gateway.session(session["id"])["status"] == "ended", 20, "it is lost")
    assert states(gateway, session) == {"network.har": "recording"}
    worker.start()
    assert settled(gateway, session)["network.har"]["state"] == "truncated"
    entries = check_har(fetched(gateway, session, "network.har"), tmp_path)
    assert asked(entries, site)[("GET", "/plain?killed")] == 1


def test_what_became_of_a_recording_is_told_when_postgresql_is_back(make_fleet, object_store, bucket, site):
    fleet = recording_fleet(make_fleet, object_store, bucket, gateways=1, capacities=(2,))
    (gateway,) = fleet.gateways
    session = fleet.create(record={"har": True})
    visit(session, go(site.url("/plain")))
    fleet.postgres.stop()
    gateway.end(session["id"])
    wait_until(lambda: S3(object_store, bucket).keys(), 30, "it is stored")
    fleet.postgres.start()
    wait_until(lambda: gateway.call("GET", f"/session/{session['id']}/recordings").status_code == 200, 30, "it is back")
    assert settled(gateway, session)["network.har"]["state"] == "stored"


def test_a_fleet_without_a_store_says_that_it_does_not_record(make_fleet):
    fleet = make_fleet(gateways=1, capacities=(1,))
    answer = fleet.gateway().call("POST", "/session", json={"record": {"har": True}})
    assert (answer.status_code, answer.json()["reason"]) == (501, "not_implemented")
    session = fleet.create()
    assert fleet.gateway().call("GET", f"/session/{session['id']}/recordings").status_code == 501
