"""Who may use the API, from where, under which URL, and what a repeated create does."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from raw import RawConnection

KEYS = "first-key-of-one,second-key-of-two"


@pytest.fixture(scope="module")
def guarded():
    from service import Service
    made = Service(API_KEYS=KEYS, ALLOWED_ORIGINS="https://allowed.test", PUBLIC_URL="https://browsers.test/base")
    try:
        yield made.start()
    finally:
        made.remove()


def plain(service, method, path, headers=(), upgrade=False):
    with RawConnection(service.url) as connection:
        if upgrade:
            return connection.upgrade(path, headers)
        return connection.request(method, path, [*headers, "Content-Length: 0"]).answer()


NOBODY = "/session/" + "0" * 32
ROUTES = [("POST", "/session"), ("GET", "/session"), ("GET", NOBODY), ("DELETE", NOBODY),
          ("GET", NOBODY + "/json/version"), ("GET", "/worker"), ("GET", "/json/version")]
WRONG = [[], ["Authorization: Bearer wrong"], ["Authorization: Bearer "], ["Authorization: Basic Zmlyc3Q6a2V5"],
         ["Authorization: Bearer first-key-of-on"], ["Authorization: Bearer first-key-of-onee"]]


@pytest.mark.parametrize("method, path", ROUTES)
def test_every_route_but_the_probes_needs_a_key(guarded, method, path):
    for headers in WRONG:
        answer = plain(guarded, method, path, headers)
        assert answer.status == 401 and answer.reason == "unauthorized", (headers, answer.body)
        assert "bearer" in answer.headers["www-authenticate"].lower()
    assert guarded.used() == 0


@pytest.mark.parametrize("path", ["/", "/session/" + "0" * 32])
def test_an_upgrade_needs_a_key_too(guarded, path):
    for headers in WRONG:
        answer = plain(guarded, "GET", path, headers, upgrade=True)
        assert answer.status == 401 and answer.reason == "unauthorized"
    assert plain(guarded, "GET", path + "?token=wrong", upgrade=True).status == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
def test_the_probes_need_none(guarded, path):
    assert plain(guarded, "GET", path).status in (200, 301, 302, 307, 308)


def test_a_key_in_the_query_is_as_good(guarded):
    assert plain(guarded, "GET", "/worker?token=second-key-of-two").status == 200
    session = guarded.create()
    path = f"/session/{session['id']}?token=first-key-of-one"
    assert plain(guarded, "GET", path, upgrade=True).status == 101
    guarded.end(session["id"])


def test_a_strangers_session_is_as_if_it_were_not(guarded):
    session = guarded.create()
    stranger = ["Authorization: Bearer second-key-of-two"]
    for method, path, upgrade in [("GET", "", False), ("DELETE", "", False), ("GET", "/json/version", False),
                                  ("GET", "", True)]:
        answer = plain(guarded, method, f"/session/{session['id']}{path}", stranger, upgrade)
        assert answer.status == 404 and answer.reason == "session_not_found"
    assert plain(guarded, "GET", "/session", stranger).json()["sessions"] == []
    assert guarded.session(session["id"])["status"] == "running"
    guarded.end(session["id"])


def test_no_key_is_ever_logged(guarded):
    plain(guarded, "GET", "/worker?token=second-key-of-two")
    plain(guarded, "GET", "/worker", ["Authorization: Bearer first-key-of-one"])
    plain(guarded, "GET", "/worker?token=wrong-key-canary")
    log = (guarded.folder / "stderr").read_text(errors="replace")
    for secret in [*KEYS.split(","), "wrong-key-canary"]:
        assert secret not in log


KEY = ["Authorization: Bearer first-key-of-one"]


@pytest.mark.parametrize("origin", ["https://evil.test", "http://allowed.test", "https://allowed.test.evil.test",
                                    "https://allowed.test:8443", "null"])
def test_another_origin_is_refused(guarded, origin):
    session = guarded.create()
    headers = [*KEY, "Origin: " + origin]
    for method, path, upgrade in [("GET", f"/session/{session['id']}", True), ("GET", "/", True),
                                  ("POST", "/session", False), ("GET", "/session", False)]:
        answer = plain(guarded, method, path, headers, upgrade)
        assert answer.status == 403 and answer.reason == "origin_not_allowed", (method, path, answer.body)
    guarded.end(session["id"])
    guarded.wait_empty()


def test_an_allowed_origin_passes_and_chromium_never_sees_it(guarded):
    session = guarded.create()
    answer = plain(guarded, "GET", f"/session/{session['id']}", [*KEY, "Origin: https://allowed.test"], upgrade=True)
    assert answer.status == 101
    guarded.end(session["id"])


def test_public_url_is_in_every_url(guarded):
    session = guarded.create()
    path = "/base/session/" + session["id"]
    assert session["connect_url"] == "wss://browsers.test" + path
    assert session["cdp_url"] == "https://browsers.test" + path
    version = guarded.call("GET", f"/session/{session['id']}/json/version").json()
    assert version["webSocketDebuggerUrl"].startswith("wss://browsers.test" + path)
    for target in guarded.call("GET", f"/session/{session['id']}/json/list").json():
        assert target["webSocketDebuggerUrl"].startswith("wss://browsers.test" + path + "/devtools/page/")
    guarded.end(session["id"])


def test_the_host_of_the_request_is_in_every_url(service):
    with RawConnection(service.url) as connection:
        connection.host = "some.host:1234"
        session = connection.request("POST", "/session", ["Content-Length: 0"]).answer().json()
    assert session["connect_url"] == f"ws://some.host:1234/session/{session['id']}"
    assert session["cdp_url"] == f"http://some.host:1234/session/{session['id']}"
    service.end(session["id"])


def test_forwarded_headers_are_believed_only_where_told(service, make_service):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "front.test"}
    session = service.create(headers=headers)
    assert session["connect_url"].startswith(service.ws_url)
    service.end(session["id"])
    trusting = make_service(TRUST_FORWARDED="true")
    session = trusting.create(headers=headers)
    assert session["connect_url"] == f"wss://front.test/session/{session['id']}"


def test_a_repeated_create_gives_the_same_session(service):
    first = service.create(headers={"Idempotency-Key": "repeat-1"}, metadata={"a": "b"})
    again = service.create(headers={"Idempotency-Key": "repeat-1"}, metadata={"a": "b"})
    assert again["id"] == first["id"]
    other = service.create(headers={"Idempotency-Key": "repeat-2"}, metadata={"a": "b"})
    assert other["id"] != first["id"]
    service.end(first["id"])
    service.end(other["id"])


def test_a_key_used_for_another_body_is_refused(service):
    session = service.create(headers={"Idempotency-Key": "other-body"}, metadata={"a": "b"})
    answer = service.call("POST", "/session", json={"metadata": {"a": "c"}}, headers={"Idempotency-Key": "other-body"})
    assert answer.status_code == 422 and answer.json()["reason"] == "idempotency_key_reused"
    service.end(session["id"])


def test_fifty_creates_with_one_key_are_one_session(service):
    service.wait_empty()
    with ThreadPoolExecutor(50) as pool:
        made = list(pool.map(lambda _: service.create(headers={"Idempotency-Key": "fifty"}), range(50)))
    assert len({each["id"] for each in made}) == 1
    assert {each["status"] for each in made} == {"running"}
    assert service.used() == 1
    service.end(made[0]["id"])
    service.wait_empty()


def test_keys_of_two_tenants_do_not_meet(guarded):
    first = guarded.create(headers={"Idempotency-Key": "mine"})
    second = guarded.call("POST", "/session", headers={"Idempotency-Key": "mine",
                                                       "Authorization": "Bearer second-key-of-two"}).json()
    assert first["id"] != second["id"]
    guarded.end(first["id"])
    guarded.call("DELETE", "/session/" + second["id"], headers={"Authorization": "Bearer second-key-of-two"})
