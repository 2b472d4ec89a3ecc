"""What no honest client sends: each bad request has its own status and its own `reason`, and harms nobody else."""
import json
import threading
import time
import uuid

import pytest

from processes import wait_until
from raw import CLIENT_KEY, RawConnection, decode_close, encode_frame, frame_length, server_frames

HEAD_SECONDS, BODY_SECONDS = 5, 10
MESSAGE_MAX = 100 << 20


def refused(answer, status, reason):
    """The answer is that problem document."""
    assert answer.status == status, (answer.status, answer.body[:500])
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status and problem["reason"] == reason, problem
    assert problem["title"] and problem["type"] and "detail" in problem
    return problem


def raw_request(service, data):
    with RawConnection(service.url) as connection:
        return connection.send(data).answer()


def post(service, body, headers=("Content-Type: application/json",)):
    body = body if isinstance(body, bytes) else body.encode()
    with RawConnection(service.url) as connection:
        connection.request("POST", "/session", [*headers, f"Content-Length: {len(body)}"], body)
        return connection.answer()


@pytest.fixture(autouse=True)
def nothing_was_made(service):
    """No refused request leaves a browser; whatever came in, the service answers the next."""
    before = service.used()
    yield
    assert service.call("GET", "/livez").status_code == 200
    wait_until(lambda: service.used() == before, 5, f"as many slots are used as before: {before}")


@pytest.mark.parametrize("body", ["{", "nonsense", '{"timeout": }', '{"a": 1} extra', "{'timeout': 1}", "[" * 5000,
                                  b'{"user_agent": "\xff\xfe"}', '{"timeout": 1,}'])
def test_malformed_json(service, body):
    refused(post(service, body), 400, "malformed_json")


@pytest.mark.parametrize("body", ["[]", "1", '"text"', "null", "true"])
def test_a_body_that_is_no_object(service, body):
    answer = post(service, body)
    assert answer.status == 400 and answer.reason in ("malformed_json", "invalid_field"), answer.body


@pytest.mark.parametrize("field, value", [
    ("browser", "firefox"), ("browser", 1), ("browser", ""),
    ("timeout", "60"), ("timeout", 0), ("timeout", -1), ("timeout", 1.5), ("timeout", 10 ** 9), ("timeout", 10 ** 30),
    ("timeout", True), ("idle_timeout", 0), ("idle_timeout", 10 ** 9), ("idle_timeout", []),
    ("queue_timeout", -1), ("queue_timeout", 10 ** 9), ("queue_timeout", {}),
    ("on_disconnect", "stay"), ("on_disconnect", False),
    ("viewport", "800x600"), ("viewport", {}), ("viewport", {"width": 0, "height": 600}),
    ("viewport", {"width": 800}), ("viewport", {"width": 10 ** 6, "height": 600}),
    ("viewport", {"width": 800, "height": 600, "device_scale_factor": 0}),
    ("user_agent", ""), ("user_agent", 5), ("user_agent", "a\r\nX: y"), ("user_agent", "x" * 10_000),
    ("locale", "not a locale"), ("locale", 5), ("timezone", "Mars/Olympus"), ("timezone", "../../etc/passwd"),
    ("args", "--mute-audio"), ("args", [1]), ("args", ["--no-sandbox"]), ("args", ["--user-data-dir=/etc"]),
    ("args", ["--remote-debugging-port=1"]), ("args", ["https://example.com"]), ("args", ["--renderer-cmd-prefix=sh"]),
    ("metadata", "text"), ("metadata", {"a": 1}), ("metadata", {"a": {"b": "c"}}),
])
def test_a_value_a_field_does_not_take(service, field, value):
    problem = refused(post(service, json.dumps({field: value})), 400, "invalid_field")
    assert problem["field"].startswith(field), problem


@pytest.mark.parametrize("field", ["timeOut", "headless", "__proto__", "viewport.width"])
def test_a_field_there_is_not(service, field):
    problem = refused(post(service, json.dumps({field: 1})), 400, "unknown_field")
    assert problem["field"] == field


def test_null_is_the_default(service):
    assert service.end(service.create(browser=None, viewport=None, timeout=None)["id"])["status"] == "ended"


def test_an_unknown_field_within_a_field(service):
    body = json.dumps({"viewport": {"width": 800, "height": 600, "depth": 3}})
    problem = refused(post(service, body), 400, "unknown_field")
    assert "depth" in problem["field"]


def test_a_body_of_another_type(service):
    refused(post(service, "a=b", ["Content-Type: application/x-www-form-urlencoded"]), 415, "unsupported_media_type")


def test_a_body_that_is_too_large(service):
    refused(post(service, '{"user_agent": "' + "x" * (4 << 20) + '"}'), 413, "body_too_large")


def test_a_body_announced_too_large_is_refused_before_it_is_sent(service):
    with RawConnection(service.url) as connection:
        connection.request("POST", "/session", ["Content-Type: application/json", "Content-Length: 999999999999"])
        refused(connection.answer(), 413, "body_too_large")


def test_a_chunked_body_that_grows_too_large(service):
    with RawConnection(service.url) as connection:
        connection.request("POST", "/session", ["Content-Type: application/json", "Transfer-Encoding: chunked"])
        for _ in range(64):
            connection.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        refused(connection.answer(), 413, "body_too_large")


def test_a_head_that_is_too_large(service):
    with RawConnection(service.url) as connection:
        connection.request("GET", "/livez", [f"X-Filler-{n}: {'x' * 1000}" for n in range(200)])
        refused(connection.answer(), 431, "head_too_large")


def test_a_target_that_is_too_long(service):
    with RawConnection(service.url) as connection:
        connection.request("GET", "/session?cursor=" + "x" * 100_000)
        answer = connection.answer()
        assert (answer.status, answer.reason) in [(414, "uri_too_long"), (431, "head_too_large")]


@pytest.mark.parametrize("method, path, allowed", [
    ("PUT", "/session", {"GET", "POST"}), ("PATCH", "/session/" + "0" * 32, {"GET", "DELETE"}),
    ("POST", "/session/" + "0" * 32, {"GET", "DELETE"}), ("DELETE", "/worker", {"GET"}), ("POST", "/livez", {"GET"}),
    ("DELETE", "/metrics", {"GET"}), ("BREW", "/session", {"GET", "POST"})])
def test_a_method_a_path_does_not_take(service, method, path, allowed):
    with RawConnection(service.url) as connection:
        answer = connection.request(method, path, ["Content-Length: 0"]).answer()
    refused(answer, 405, "method_not_allowed")
    assert allowed <= {each.strip() for each in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ["/nothing", "/session/x/y/z", "/..", "/session/../livez", "/%2e%2e/etc",
                                  "/docs/../../etc/passwd", "/docs/%2e%2e/%2e%2e/etc/passwd"])
def test_a_path_with_nothing_at_it(service, path):
    with RawConnection(service.url) as connection:
        answer = connection.request("GET", path).answer()
    assert answer.status in (400, 404), answer.body
    assert b"root:" not in answer.body


SMUGGLING = {
    "a length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}  ",
    "two lengths in one field": b"Content-Length: 2, 4\r\n\r\n{}  ",
    "a negative length": b"Content-Length: -2\r\n\r\n{}",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a length in hexadecimal": b"Content-Length: 0x2\r\n\r\n{}",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"Content-Length : 2\r\n\r\n{}",
    "a folded line": b"X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
    "a bad chunk size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a bare line feed": b"X-A: b\nContent-Length: 2\r\n\r\n{}",
    "a zero byte": b"X-A: b\0c\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("case", SMUGGLING)
def test_a_request_with_two_readings(service, case):
    """One that reads it differently from us would let a second request hide inside."""
    hidden = b"GET /livez HTTP/1.1\r\nHost: hidden\r\n\r\n"
    with RawConnection(service.url) as connection:
        head = b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        connection.send(head + SMUGGLING[case] + hidden)
        refused(connection.answer(), 400, "malformed_http")
        assert connection.closed(), f"it went on reading: {connection.buffer[:200]!r}"


@pytest.mark.parametrize("data", [
    b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n", b"GET /livez HTTP/1.1\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    b"GET /liv ez HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ids=["garbage", "no target", "version", "no host", "two hosts", "tls", "blank in target", "http2"])
def test_what_is_not_http(service, data):
    with RawConnection(service.url) as connection:
        connection.send(data)
        refused(connection.answer(), 400, "malformed_http")
        assert connection.closed()


def slow(connect, first, drip, seconds):
    """Sends a byte now and then, and gives the answer and when it came."""
    with connect() as connection:
        connection.send(first)
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.5):
                connection.send(drip)
        dripping = threading.Thread(target=trickle)
        dripping.start()
        began = time.monotonic()
        try:
            answer = connection.answer()
        finally:
            stop.set()
            dripping.join()
        assert seconds - 1 <= time.monotonic() - began <= seconds + 2
        return answer


def test_a_slow_head(service):
    answer = slow(lambda: RawConnection(service.url), b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"x", HEAD_SECONDS)
    refused(answer, 408, "request_timeout")


def test_a_slow_body(service):
    head = b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    refused(slow(lambda: RawConnection(service.url), head, b" ", BODY_SECONDS), 408, "request_timeout")


def test_a_connection_that_says_nothing_is_closed(service):
    with RawConnection(service.url, timeout=90) as connection:
        began = time.monotonic()
        connection.rest()
        assert time.monotonic() - began < 80


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=100000", "status=gone", "cursor=zzz",
                                   "end_reason=gone", "worker=", "created_after=1", "created_before="])
def test_a_bad_query(service, query):
    with RawConnection(service.url) as connection:
        problem = refused(connection.request("GET", "/session?" + query).answer(), 400, "invalid_query")
    assert problem["field"] == query.split("=")[0]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("session_id", [uuid.uuid4().hex, "short", "A" * 32, "%e4%b8%96"])
def test_a_session_there_never_was(service, method, session_id):
    with RawConnection(service.url) as connection:
        refused(connection.request(method, "/session/" + session_id).answer(), 404, "session_not_found")


@pytest.mark.parametrize("target", ["/session/%00", "/session?cursor=%00", "/session/..%2f..%2fetc", "/session/%zz",
                                    "/session/%"])
def test_an_escape_that_hides_something(service, target):
    with RawConnection(service.url) as connection:
        refused(connection.request("GET", target).answer(), 400, "malformed_http")


@pytest.mark.parametrize("path", ["", "/devtools/browser/x", "/devtools/page/x"])
def test_an_upgrade_to_a_session_there_never_was(service, path):
    with RawConnection(service.url) as connection:
        refused(connection.upgrade("/session/" + uuid.uuid4().hex + path), 404, "session_not_found")


def test_an_upgrade_to_an_ended_session_says_how_it_ended(service):
    session = service.create()
    service.end(session["id"])
    for path in ["", "/json/version", "/json/list"]:
        with RawConnection(service.url) as connection:
            target = f"/session/{session['id']}{path}"
            answer = connection.request("GET", target).answer() if path else connection.upgrade(target)
        problem = refused(answer, 410, "session_ended")
        assert problem["end_reason"] == "client_request"


@pytest.fixture
def session(service, nothing_was_made):
    made = service.create()
    yield made
    service.end(made["id"])


@pytest.mark.parametrize("headers", [
    ["Sec-WebSocket-Version: 13"],
    ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: short"],
    ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: "],
    ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + CLIENT_KEY, "Sec-WebSocket-Key: " + CLIENT_KEY]],
    ids=["no key", "short key", "empty key", "two keys"])
def test_a_bad_handshake(service, session, headers):
    with RawConnection(service.url) as connection:
        connection.request("GET", "/session/" + session["id"], ["Connection: Upgrade", "Upgrade: websocket", *headers])
        refused(connection.answer(), 400, "bad_upgrade")


@pytest.mark.parametrize("version", [[], ["Sec-WebSocket-Version: 8"]], ids=["no version", "old version"])
def test_a_handshake_of_another_version_is_told_ours(service, session, version):
    with RawConnection(service.url) as connection:
        connection.request("GET", "/session/" + session["id"], [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: " + CLIENT_KEY, *version])
        answer = connection.answer()
    refused(answer, 426, "upgrade_required")
    assert answer.headers["sec-websocket-version"] == "13"  # RFC 6455 §4.4


def test_playwrights_own_protocol_is_told_what_to_call(service, session):
    with RawConnection(service.url) as connection:
        answer = connection.upgrade("/session/" + session["id"],
                                    ["User-Agent: Playwright/1.65.1", "x-playwright-browser: chromium"])
    assert "connectOverCDP" in refused(answer, 400, "use_connect_over_cdp")["detail"]


def closing(service, session, send):
    """The (code, reason) of the Close a client gets for what `send(connection)` sends."""
    with RawConnection(service.url) as connection:
        assert connection.upgrade("/session/" + session["id"]).status == 101
        send(connection)
        frames = server_frames(connection.rest())
    assert frames[-1][0] == 8
    assert service.session(session["id"])["status"] == "running", "a client's mistake ends its connection alone"
    return decode_close(frames[-1][1])


COMMAND = b'{"id":1,"method":"Browser.getVersion"}'


@pytest.mark.parametrize("data", [
    encode_frame(1, COMMAND, masked=False),
    bytes([0xF1]) + encode_frame(1, COMMAND)[1:],
    encode_frame(3, b"x"), encode_frame(11, b"x"),
    encode_frame(9, b"x", fin=False),
    bytes([0x89, 0xFE, 0x00, 0x7E]) + bytes(4 + 126),
    encode_frame(0, b"nothing to continue"),
    encode_frame(1, b"{", fin=False) + encode_frame(1, b"}"),
    bytes([0x81, 0xFF]) + b"\xff" * 8 + bytes(4),
], ids=["unmasked", "reserved bits", "opcode 3", "opcode 11", "a cut ping", "a long ping", "a lone continuation",
        "a message within a message", "a length with its top bit"])
def test_a_frame_rfc_6455_forbids(service, session, data):
    assert closing(service, session, lambda connection: connection.send(data))[0] == 1002


def test_a_frame_above_100_mib_is_refused_at_its_head(service, session):
    def send(connection):
        connection.send(b"\x81" + frame_length(MESSAGE_MAX + 1) + b"\0\0\0\0" + b"x" * 1000)
    assert closing(service, session, send)[0] == 1009


def test_a_message_above_100_mib_in_fragments_is_refused(service, session):
    def send(connection):
        part = b"x" * (8 << 20)
        connection.frame(1, part, fin=False)
        for _ in range(12):
            connection.frame(0, part, fin=False)
    assert closing(service, session, send)[0] == 1009
