"""The document at /openapi.json is true. conftest.py runs this file last, so that every answer of the run was held
against it."""
import json

import pytest

import openapi

ROUTES = {
    "/session": {"get", "post"}, "/session/{id}": {"get", "delete"}, "/session/{id}/json/version": {"get"},
    "/session/{id}/json/list": {"get"}, "/session/{id}/json": {"get"}, "/session/{id}/json/protocol": {"get"},
    "/session/{id}/json/new": {"put"}, "/session/{id}/devtools/browser/{guid}": {"get"},
    "/session/{id}/devtools/page/{target}": {"get"}, "/json/version": {"get"}, "/": {"get"}, "/worker": {"get"},
    "/livez": {"get"}, "/readyz": {"get"}, "/metrics": {"get"}, "/openapi.json": {"get"}, "/docs": {"get"},
}


@pytest.fixture(scope="module")
def spec(service):
    answer = service.call("GET", "/openapi.json")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    return answer.json()


def test_every_route_is_documented(spec):
    assert spec["openapi"].startswith("3.1")
    for path, methods in ROUTES.items():
        assert path in spec["paths"], f"{path} is missing"
        assert methods <= set(spec["paths"][path]), path


def test_every_reference_leads_somewhere(spec):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert openapi.resolve(spec, node) is not None
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)
    walk(spec)


def test_every_answer_an_operation_can_give_is_described(spec):
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete"):
                assert operation.get("summary"), f"{method} {path}"
                for status, response in operation["responses"].items():
                    assert openapi.resolve(spec, response).get("description"), f"{method} {path} {status}"


def test_the_words_for_errors_and_endings_are_all_there(spec):
    text = json.dumps(spec)
    for word in ["malformed_json", "invalid_field", "unknown_field", "unauthorized", "origin_not_allowed",
                 "session_not_found", "session_ended", "queue_full", "no_capacity", "draining", "launch_failed",
                 "idempotency_key_reused", "use_connect_over_cdp", "client_request", "browser_closed", "disconnected",
                 "idle_timeout", "session_timeout", "drained", "browser_crashed", "out_of_memory", "browser_hung",
                 "worker_lost", "abandoned"]:
        assert f'"{word}"' in text, word


def test_the_reference_is_served_from_our_own_files(service):
    answer = service.call("GET", "/docs")
    if answer.status_code in (301, 302, 307, 308):
        answer = service.call("GET", answer.headers["Location"].removeprefix(service.url))
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert "https://" not in answer.text and "http://" not in answer.text, "a page that needs another host"


def test_every_answer_of_this_run_fits_the_document(service):
    assert openapi.checked, "nothing was held against it"
    print(f"{len(openapi.checked)} kinds of answer were held against /openapi.json")
    assert not openapi.violations, "\n".join(sorted(set(openapi.violations)))
