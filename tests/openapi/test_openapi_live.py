"""A running service answers as web/openapi.json says, with no status, field or reason that is not there."""
import json
import os
import uuid

import pytest
from document import DOCUMENT, OPERATIONS, SCHEMA_PROBLEM, check_json, operation
from processes import wait_until
from raw import RawConnection

NOBODY = "0" * 32
VIEWPORT = DOCUMENT["components"]["schemas"]["Viewport"]["properties"]


@pytest.fixture(scope="module")
def session(service):
    made = service.create()
    yield made
    service.end(made["id"])


@pytest.fixture(scope="module")
def ended(service):
    return service.end(service.create()["id"])


def make_recorded(service):
    """A session that has ended, with a HAR in the store."""
    made = service.create(record={"har": True})
    service.end(made["id"])
    wait_until(lambda: [each["state"] for each in service.recordings(made["id"])] == ["stored"], 20, "it is stored")
    return made


@pytest.fixture(scope="module")
def recorded(service):
    return make_recorded(service)


def names(service, session):
    """What the names in paths stand for; the target is a page of its own."""
    answer = service.call("PUT", f"/session/{session['id']}/json/new?about:blank")
    return {"id": session["id"], "guid": session["browser_guid"], "target": answer.json()["id"]}


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def key_header(service):
    return [f"{name}: {value}" for name, value in service.headers.items()]


def ask(service, each, path, **more):
    answer = service.call(each.method, path, **more)
    each.check(answer.status_code, lower(answer.headers), answer.content)
    return answer


def upgrade(service, each, path, headers=()):
    with RawConnection(service.url) as connection:
        answer = connection.upgrade(path, [*key_header(service), *headers])
    each.check(answer.status, answer.headers, answer.body)
    return answer


# A drain is not taken back, so the shared service must not get one.
KEPT_READY = [each for each in OPERATIONS
              if each.own["operationId"] != "drainWorker" and "recordings" not in each.own["tags"]]
OF_RECORDINGS = [each for each in OPERATIONS if "recordings" in each.own["tags"]]


@pytest.mark.parametrize("each", KEPT_READY, ids=repr)
def test_every_operation_answers_as_documented(service, session, each):
    made = service.create() if each.method == "DELETE" else None
    path = each.path.format(**names(service, made or session))
    if each.only_websocket:
        assert upgrade(service, each, path).status == 101
        return
    answer = ask(service, each, path)
    assert answer.status_code == each.success
    if answer.status_code == 201:
        assert answer.headers["Location"] == f"/session/{answer.json()['id']}"
        service.end(answer.json()["id"])
    if each.is_websocket:
        assert upgrade(service, each, path).status == 101


@pytest.mark.parametrize("each", OF_RECORDINGS, ids=repr)
def test_every_operation_of_recordings_answers_as_documented(service, recorded, each):
    made = make_recorded(service) if each.method == "DELETE" else recorded
    answer = ask(service, each, each.path.format(id=made["id"], name="network.har"))
    assert answer.status_code == each.success


GET_RECORDING = ("GET", "/session/{id}/recordings/{name}")
DELETE_RECORDING = ("DELETE", "/session/{id}/recordings/{name}")


@pytest.mark.parametrize("of, name, headers, status", [
    (GET_RECORDING, "network.har", {"Range": "bytes=0-9"}, 206),
    (GET_RECORDING, "network.har", {"Range": "bytes=999999999-"}, 416), (GET_RECORDING, "video.webm", {}, 404),
    (DELETE_RECORDING, "video.webm", {}, 404)], ids=str)
def test_a_recording_is_given_as_documented(service, recorded, of, name, headers, status):
    each = operation(*of)
    answer = ask(service, each, each.path.format(id=recorded["id"], name=name), headers=headers)
    assert answer.status_code == status


def test_a_recording_that_is_being_made_is_neither_given_nor_removed(service):
    made = service.create(record={"har": True})
    for of in (GET_RECORDING, DELETE_RECORDING):
        each = operation(*of)
        answer = ask(service, each, each.path.format(id=made["id"], name="network.har"))
        assert answer.json()["reason"] == "recording_not_ready"
    service.end(made["id"])


ALIASES = ["/sessions", "/sessions/{id}", "/sessions/{id}/json/version", "/session/{id}/", "/workers"]


@pytest.mark.parametrize("path", ALIASES)
def test_an_alias_answers_as_the_path_it_stands_for(service, session, path):
    template = path.replace("/sessions", "/session").replace("/workers", "/worker").rstrip("/")
    assert ask(service, operation("GET", template), path.format(id=session["id"])).status_code == 200


BAD_OPTIONS = [
    ({"timeout": 0}, 400, "invalid_field"), ({"timeout": "60"}, 400, "invalid_field"),
    ({"browser": "firefox"}, 400, "invalid_field"), ({"args": ["--no-sandbox"]}, 400, "invalid_field"),
    ({"viewport": {"width": 1, "height": 720}}, 400, "invalid_field"), ({"locale": "x"}, 400, "invalid_field"),
    ({"metadata": {"a": 1}}, 400, "invalid_field"), ({"colour": "red"}, 400, "unknown_field"),
    ({"viewport": {"width": 800, "height": 600, "depth": 24}}, 400, "unknown_field"),
    ({"proxy": {"server": "ftp://127.0.0.1:1"}}, 400, "invalid_field"), ({"proxy": {}}, 400, "invalid_field"),
    ({"record": {"har": {"bodies": "all of it"}}}, 400, "invalid_field"),
    ({"record": {"sound": True}}, 400, "unknown_field"),
    ({"record": {"video": {"width": 10}}}, 400, "invalid_field")]


@pytest.mark.parametrize("options, status, reason", BAD_OPTIONS, ids=str)
def test_bad_options_are_refused_by_the_service_and_by_the_schema(service, options, status, reason):
    answer = ask(service, operation("POST", "/session"), "/session", json=options)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    if status == 400:
        with pytest.raises(AssertionError):
            check_json(options, {"$ref": "#/components/schemas/SessionOptions"})


GOOD_OPTIONS = [
    {}, {"timeout": 600, "idle_timeout": 60.0, "queue_timeout": 0},
    {"viewport": {"width": 100, "height": 7680, "device_scale_factor": 8}},
    {"viewport": {"width": 7680, "height": 100, "device_scale_factor": VIEWPORT["device_scale_factor"]["minimum"]}},
    {"user_agent": "me", "locale": "zh-Hans-CN", "timezone": "America/Argentina/Buenos_Aires"},
    {"args": ["--hide-scrollbars", "--font-render-hinting=none", "--window-position=0,0"], "metadata": {"a": ""}},
    {"record": {"har": {"bodies": "text", "redact": []}, "video": {"width": 800, "fps_max": 5}}},
    {"browser": None, "viewport": None, "proxy": None, "record": None, "args": None}]


@pytest.mark.parametrize("options", GOOD_OPTIONS, ids=str)
def test_good_options_are_taken_by_the_service_and_by_the_schema(service, options):
    check_json(options, {"$ref": "#/components/schemas/SessionOptions"})
    answer = ask(service, operation("POST", "/session"), "/session", json=options)
    assert answer.status_code == 201
    service.end(answer.json()["id"])


BAD_REQUESTS = [
    ("POST", "/session", {"data": "{", "headers": {"Content-Type": "application/json"}}, 400, "malformed_json"),
    ("POST", "/session", {"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported_media_type"),
    ("POST", "/session", {"data": b" " * (2 << 20), "headers": {"Content-Type": "application/json"}},
     413, "body_too_large"),
    ("POST", "/session", {"headers": {"Idempotency-Key": "k" * 256}}, 400, "invalid_field"),
    ("GET", "/session", {"params": {"limit": "0"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"status": "dead"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"cursor": "x"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"colour": "red"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"end_reason": "boredom"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"created_after": "yesterday"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"created_before": "2026-02-30T00:00:00Z"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"metadata.a": "1", "metadata.b": "2"}}, 400, "invalid_query"),
    ("GET", "/session", {"params": {"metadata.": "1"}}, 400, "invalid_query"),
    ("GET", "/session/{id}", {"nobody": True}, 404, "session_not_found"),
    ("DELETE", "/session/{id}", {"nobody": True}, 404, "session_not_found"),
    ("GET", "/session/{id}/json/version", {"nobody": True}, 404, "session_not_found"),
    ("POST", "/worker/{id}/drain", {"nobody": True}, 404, "worker_not_found"),
    ("GET", "/session/{id}/json/close/{target}", {"target": "none"}, 404, "target_not_found"),
    ("GET", "/session/{id}/devtools/page/{target}", {}, 426, "upgrade_required"),
    ("GET", "/", {}, 426, "upgrade_required"),
    ("GET", "/livez", {"headers": {"Upgrade": "websocket"}}, 400, "bad_upgrade"),
    ("GET", "/livez", {"headers": {"Origin": "https://elsewhere.example"}}, 403, "origin_not_allowed"),
    ("GET", "/session", {"headers": {"Padding": "x" * 20_000}}, 431, "head_too_large"),
    ("GET", "/session", {"params": {"cursor": "x" * 9_000}}, 414, "uri_too_long")]


@pytest.mark.parametrize("method, path, more, status, reason", BAD_REQUESTS, ids=lambda value: str(value)[:40])
def test_a_bad_request_gets_its_documented_reason(service, session, method, path, more, status, reason):
    more = dict(more)
    target = more.pop("target", "none")
    chosen = NOBODY if more.pop("nobody", False) else session["id"]
    answer = ask(service, operation(method, path), path.format(id=chosen, target=target), **more)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


BAD_HANDSHAKES = [
    ("/session/{id}", {"id": NOBODY}, [], 404, "session_not_found"),
    ("/session/{id}", {}, ["x-playwright-browser: chromium"], 400, "use_connect_over_cdp"),
    ("/session/{id}", {}, ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 400, "bad_upgrade"),
    ("/session/{id}/devtools/browser/{guid}", {"guid": "other"}, [], 404, "target_not_found"),
    ("/session/{id}/devtools/page/{target}", {"target": "other"}, [], 404, "target_not_found")]


@pytest.mark.parametrize("path, changed, headers, status, reason", BAD_HANDSHAKES, ids=str)
def test_a_bad_handshake_gets_its_documented_reason(service, session, path, changed, headers, status, reason):
    filled = path.format(**{**names(service, session), **changed})
    answer = upgrade(service, operation("GET", path), filled, headers)
    assert (answer.status, answer.reason) == (status, reason)


@pytest.mark.parametrize("query, reason", [("?timeout=0", "invalid_field"), ("?colour=red", "unknown_field")])
def test_bad_options_in_a_url_are_refused_before_the_handshake(service, query, reason):
    answer = upgrade(service, operation("GET", "/"), "/" + query)
    assert (answer.status, answer.reason) == (400, reason)


def test_an_ended_session_is_gone_for_clients_and_there_to_be_read(service, ended):
    path = f"/session/{ended['id']}"
    shown = ask(service, operation("GET", "/session/{id}"), path).json()
    assert (shown["status"], shown["end_reason"], shown["connect_url"]) == ("ended", "client_request", None)
    assert upgrade(service, operation("GET", "/session/{id}"), path).reason == "session_ended"
    discovered = ask(service, operation("GET", "/session/{id}/json/version"), path + "/json/version")
    assert discovered.status_code == 410


def test_an_idempotency_key_names_one_session(service):
    create, headers = operation("POST", "/session"), {"Idempotency-Key": str(uuid.uuid4())}
    first = ask(service, create, "/session", json={}, headers=headers)
    again = ask(service, create, "/session", json={}, headers=headers)
    other = ask(service, create, "/session", json={"timeout": 5}, headers=headers)
    service.end(first.json()["id"])
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["reason"]) == (422, "idempotency_key_reused")


def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_does(service):
    answer = service.call("PATCH", "/session")
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    check_json(answer.json(), SCHEMA_PROBLEM)
    assert answer.json()["reason"] == "method_not_allowed"


def test_without_a_key_only_what_is_open_answers(make_service):
    locked = make_service(API_KEYS="open sesame", LOG_LEVEL="warn")
    locked.headers = {}
    for each in OPERATIONS:
        answer = ask(locked, each, each.path.format(id=NOBODY, guid="x", target="x", name="x"))
        assert (answer.status_code == 401) != each.is_open, each


def test_a_drain_is_answered_with_the_worker_that_drains(make_service):
    service = make_service(LOG_LEVEL="warn")
    drain = operation("POST", "/worker/{id}/drain")
    worker = service.workers()[0]
    for _ in range(2):
        answer = ask(service, drain, f"/worker/{worker['id']}/drain")
        assert answer.status_code == 202
        assert answer.json() == {**worker, "state": "draining"}


def test_a_full_service_says_when_to_come_back(make_service):
    full = make_service(MAX_CONTEXTS=1, QUEUE_LIMIT=1, LOG_LEVEL="warn")
    create = operation("POST", "/session")
    kept = full.create()
    late = ask(full, create, "/session", json={"queue_timeout": 0})
    assert (late.status_code, late.json()["reason"]) == (503, "no_capacity")
    assert int(late.headers["Retry-After"]) > 0
    full.end(kept["id"])


def test_a_full_queue_says_when_to_come_back(make_service):
    full = make_service(MAX_CONTEXTS=1, QUEUE_LIMIT=0, LOG_LEVEL="warn")
    kept = full.create()
    refused = ask(full, operation("POST", "/session"), "/session", json={})
    assert (refused.status_code, refused.json()["reason"]) == (429, "queue_full")
    assert int(refused.headers["Retry-After"]) > 0
    full.end(kept["id"])


def test_the_service_serves_this_very_document(service):
    served = service.call("GET", "/openapi.json").json()
    assert served["openapi"] == DOCUMENT["openapi"]
    # A service elsewhere may be another version's.
    if "PBAAS_URL" not in os.environ:
        assert json.dumps(served) == json.dumps(DOCUMENT)
