"""The proxy: one session's Chromium, driven through the relay, must feel like Chromium itself.

Run as `pytest -q test_cdp.py`, against PBAAS_URL where it is set, else against a service this suite starts.
"""
import asyncio
import hashlib
import json

import pytest
import websockets

from cdp import Cdp, CdpError
from raw import RawConnection, accept_is_right

UP_SIZES = [1, 125, 126, 65_535, 65_536, 1_000_000, 10_000_000, 90_000_000]
DOWN_SIZES = [1, 125, 126, 65_535, 65_536, 1_000_000, 10_000_000, 200_000_000]

# Text that is not the same anywhere, made in the page: seeded, so that both ends can name it by its hash.
MAKE_TEXT = """
(async size => {
  const alphabet = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
  const bytes = new Uint8Array(size);
  let state = 0x9E3779B9 ^ size;
  for (let i = 0; i < size; i++) {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    bytes[i] = alphabet[state & 63];
  }
  globalThis.text = new TextDecoder().decode(bytes);
  return await digest(bytes);
})(%d)"""

DIGEST = """globalThis.digest = async bytes => [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
  .map(b => b.toString(16).padStart(2, '0')).join(''); 1"""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def pattern(size):
    """`size` bytes of printable ASCII without quotes or backslashes, different at every place."""
    blocks, left, seed = [], size, 0
    while left > 0:
        block = hashlib.shake_256(b"%d" % seed).hexdigest(1 << 19)[:left]
        blocks.append(block)
        left -= len(block)
        seed += 1
    return "".join(blocks)


@pytest.fixture
def session(service):
    """A session that ends with the test."""
    made = service.create()
    yield made
    service.end(made["id"])


def drive(session, body, **options):
    """Runs `body(cdp)` with a client on the session."""
    async def run():
        async with Cdp(session["connect_url"], **options) as cdp:
            return await asyncio.wait_for(body(cdp), 120)
    return asyncio.run(run())


def drive_page(session, body):
    """Runs `body(cdp, page)` on a page of a secure origin that needs no network."""
    async def run(cdp):
        page, _ = await cdp.new_page()
        await cdp.open_secure(page)
        await cdp.evaluate(DIGEST, page)
        return await body(cdp, page)
    return drive(session, run)


def test_a_new_session_says_all_a_client_needs(service, session):
    assert session["status"] == "running"
    assert len(session["id"]) == 32
    assert session["connect_url"].endswith("/session/" + session["id"])
    assert session["connect_url"].startswith(("ws://", "wss://"))
    assert session["cdp_url"].startswith(("http://", "https://"))
    assert session["end_reason"] is None and session["ended_at"] is None
    assert session["debug_port"] > 0 and session["browser_guid"]
    assert session["timeout"] > 0 and session["idle_timeout"] > 0
    assert service.session(session["id"])["browser_guid"] == session["browser_guid"]


def test_the_handshake_is_rfc_6455(service, session):
    with RawConnection(service.url) as connection:
        answer = connection.upgrade("/session/" + session["id"],
                                    [f"{name}: {value}" for name, value in service.headers.items()])
        assert answer.status == 101
        assert accept_is_right(answer)
        assert answer.headers["upgrade"].lower() == "websocket"
        assert "upgrade" in answer.headers["connection"].lower()
        assert "sec-websocket-extensions" not in answer.headers


def test_deflate_offered_by_a_client_is_declined(session):
    async def body(cdp):
        assert cdp.ws.extensions == []
        assert (await cdp.call("Browser.getVersion"))["product"]
    drive(session, body, compression="deflate")


def test_a_command_gets_its_response(session):
    async def body(cdp):
        return await cdp.call("Browser.getVersion")
    version = drive(session, body)
    assert "Chrome/" in version["product"]


def test_an_unknown_command_gets_chromiums_own_error(session):
    async def body(cdp):
        with pytest.raises(CdpError, match="wasn't found"):
            await cdp.call("Nowhere.nothing")
    drive(session, body)


def test_many_commands_in_flight_are_all_answered(session):
    async def body(cdp):
        answers = await asyncio.gather(*[cdp.call("Browser.getVersion") for _ in range(500)])
        assert len(answers) == 500
    drive(session, body)


def test_events_arrive(session):
    async def body(cdp):
        await cdp.call("Target.setDiscoverTargets", {"discover": True})
        _, target = await cdp.new_page()
        seen = set()
        while target not in seen:
            seen.add((await cdp.event("Target.targetCreated"))["targetInfo"]["targetId"])
    drive(session, body)


def test_flat_sessions_are_apart(session):
    async def body(cdp):
        pages = [(await cdp.new_page())[0] for _ in range(3)]
        for number, page in enumerate(pages):
            await cdp.evaluate(f"globalThis.mine = {number}", page)
        assert await asyncio.gather(*[cdp.evaluate("mine", page) for page in pages]) == [0, 1, 2]
        await cdp.call("Runtime.enable", session=pages[1])
        await cdp.evaluate("console.log('here')", pages[1])
        message = await cdp.event("Runtime.consoleAPICalled", pages[1])
        assert message["args"][0]["value"] == "here"
    drive(session, body)


@pytest.mark.parametrize("size", UP_SIZES)
def test_text_goes_up_byte_identical(session, size):
    async def body(cdp, page):
        text = pattern(size)
        expression = f'(t => digest(new TextEncoder().encode(t)))("{text}")'
        assert await cdp.evaluate(expression, page, timeout=90) == sha256(text.encode())
    drive_page(session, body)


@pytest.mark.parametrize("size", DOWN_SIZES)
def test_text_comes_down_byte_identical(session, size):
    async def body(cdp, page):
        expected = await cdp.evaluate(MAKE_TEXT % size, page, timeout=90)
        text = await cdp.evaluate("text", page, timeout=90)
        assert len(text) == size
        assert sha256(text.encode()) == expected
    drive_page(session, body)


@pytest.mark.parametrize("size", [124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 131_072])
def test_messages_at_the_edges_of_the_length_encoding_pass(session, size):
    async def body(cdp):
        frame = json.dumps({"id": 7, "method": "Browser.getVersion", "params": {"fill": ""}})
        message = frame.replace('""', '"' + "x" * (size - len(frame)) + '"')
        assert len(message) == size
        assert (await cdp.send_text(7, message))["product"]
    drive(session, body)


def test_text_beyond_ascii_passes_both_ways(session):
    async def body(cdp):
        page, _ = await cdp.new_page()
        text = "Grüße, 世界, 🌍, \u0000 \u2028"
        assert await cdp.evaluate(f"[...{json.dumps(text)}].reverse().reverse().join('')", page) == text
    drive(session, body)


@pytest.mark.parametrize("piece", [1, 7, 1024, 65_536])
def test_fragments_are_one_message(session, piece):
    async def body(cdp, page):
        text = pattern(2_000 if piece < 100 else 1_000_000)
        message = json.dumps({"id": 900, "method": "Runtime.evaluate", "sessionId": page, "params": {
            "expression": f'digest(new TextEncoder().encode("{text}"))', "returnByValue": True, "awaitPromise": True}})
        pieces = [message[at:at + piece] for at in range(0, len(message), piece)]
        result = await cdp.send_text(900, pieces)
        assert result["result"]["value"] == sha256(text.encode())
    drive_page(session, body)


def test_a_ping_between_fragments_is_answered_and_the_message_is_whole(service, session):
    with RawConnection(service.url) as connection:
        assert connection.upgrade("/session/" + session["id"],
                                  [f"{n}: {v}" for n, v in service.headers.items()]).status == 101
        message = b'{"id":1,"method":"Browser.getVersion"}'
        connection.frame(1, message[:10], fin=False)
        connection.frame(9, b"between")
        connection.frame(0, message[10:], fin=True)
        frames = read_frames(connection, 2)
        assert (10, b"between") in frames
        assert any(opcode == 1 and json.loads(payload)["id"] == 1 for opcode, payload in frames)


def read_frames(connection, count):
    """The first `count` frames from the server, each shorter than 64 KiB."""
    data, frames = connection.buffer, []
    while len(frames) < count:
        if len(data) >= 2:
            length, head = data[1] & 127, 2
            if length == 126 and len(data) >= 4:
                length, head = int.from_bytes(data[2:4], "big"), 4
            if len(data) >= head + length and not (data[1] & 127 == 126 and head == 2):
                frames.append((data[0] & 15, data[head:head + length]))
                data = data[head + length:]
                continue
        more = connection.socket.recv(65_536)
        assert more, "closed early"
        data += more
    return frames


@pytest.mark.parametrize("payload", [b"", b"hello", b"x" * 125])
def test_a_ping_gets_its_pong(session, payload):
    async def body(cdp):
        await asyncio.wait_for(await cdp.ws.ping(payload), 5)
    drive(session, body)


def test_a_client_that_closes_leaves_the_session_running(service, session):
    async def body(cdp):
        await cdp.call("Browser.getVersion")
        await cdp.ws.close(1000, "bye")
        assert cdp.ws.close_code == 1000
    drive(session, body)
    assert service.session(session["id"])["status"] == "running"


def test_delete_closes_with_1000_and_says_why(service):
    session = service.create()

    async def body(cdp):
        await cdp.call("Browser.getVersion")
        await asyncio.to_thread(service.end, session["id"])
        assert await cdp.closed(5) == (1000, "client_request")
    drive(session, body)
    assert service.session(session["id"])["end_reason"] == "client_request"


def test_an_idle_session_closes_with_4000(service):
    session = service.create(idle_timeout=1)

    async def body(cdp):
        await cdp.call("Browser.getVersion")
        assert await cdp.closed(10) == (4000, "idle_timeout")
    drive(session, body)


def test_a_session_at_its_limit_closes_with_4001(service):
    session = service.create(timeout=2)

    async def body(cdp):
        async def keep_busy():
            while True:
                await cdp.call("Browser.getVersion")
                await asyncio.sleep(0.1)
        busy = asyncio.create_task(keep_busy())
        assert await cdp.closed(10) == (4001, "session_timeout")
        await asyncio.gather(busy, return_exceptions=True)
    drive(session, body)


def test_browser_close_closes_with_1000_and_ends_the_session(service):
    session = service.create()

    async def body(cdp):
        await cdp.call("Browser.close")
        assert await cdp.closed(5) == (1000, "browser_closed")
    drive(session, body)
    service.wait_ended(session["id"], 5, "browser_closed")


def test_two_clients_use_the_same_ids_and_do_not_meet(session):
    async def run():
        async with Cdp(session["connect_url"]) as first, Cdp(session["connect_url"]) as second:
            page_one, target_one = await first.new_page()
            page_two, target_two = await second.new_page()
            await asyncio.gather(first.evaluate("globalThis.who = 'first'", page_one),
                                 second.evaluate("globalThis.who = 'second'", page_two))
            assert await asyncio.gather(first.evaluate("who", page_one), second.evaluate("who", page_two)) == [
                "first", "second"]
            with pytest.raises(CdpError):
                await second.evaluate("who", page_one)
            targets = {each["targetId"] for each in (await first.call("Target.getTargets"))["targetInfos"]}
            assert {target_one, target_two} <= targets
    asyncio.run(run())


def test_one_client_leaves_and_the_other_does_not_notice(session):
    async def run():
        async with Cdp(session["connect_url"]) as stays:
            async with Cdp(session["connect_url"]) as leaves:
                await leaves.call("Browser.getVersion")
            assert (await stays.call("Browser.getVersion"))["product"]
    asyncio.run(run())


def test_a_client_comes_back_to_the_same_browser(session):
    async def before(cdp):
        page, target = await cdp.new_page()
        await cdp.evaluate("globalThis.kept = 42", page)
        return target

    async def after(cdp):
        page = (await cdp.call("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
        return await cdp.evaluate("kept", page)
    target = drive(session, before)
    assert drive(session, after) == 42


def test_a_client_whose_connection_breaks_comes_back(service, session):
    with RawConnection(service.url) as connection:
        assert connection.upgrade("/session/" + session["id"],
                                  [f"{n}: {v}" for n, v in service.headers.items()]).status == 101
        connection.command(1, "Browser.getVersion")

    async def body(cdp):
        return await cdp.call("Browser.getVersion")
    assert drive(session, body)["product"]


def discovery(service, session, path):
    answer = service.call("GET", f"/session/{session['id']}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["/json/version", "/json/version/", "/json/version/json/version/"])
def test_discovery_names_our_url(service, session, path):
    version = discovery(service, session, path)
    assert version["webSocketDebuggerUrl"].startswith(f"{service.ws_url}/session/{session['id']}")
    assert "Chrome/" in version["Browser"]

    async def run():
        async with Cdp(version["webSocketDebuggerUrl"]) as cdp:
            return await cdp.call("Browser.getVersion")
    assert asyncio.run(run())["product"] == version["Browser"]


@pytest.mark.parametrize("path", ["/json/list", "/json/list/", "/json", "/json/"])
def test_the_page_endpoint_speaks_to_one_page(service, session, path):
    async def body(cdp):
        page, target = await cdp.new_page()
        await cdp.evaluate("document.title = 'one page'", page)
        listed = {each["id"]: each for each in await asyncio.to_thread(discovery, service, session, path)}
        url = listed[target]["webSocketDebuggerUrl"]
        assert url == f"{service.ws_url}/session/{session['id']}/devtools/page/{target}"
        async with Cdp(url) as one:
            assert await one.evaluate("document.title", None) == "one page"
    drive(session, body)


def test_the_page_endpoint_of_no_page_is_404(service, session):
    with pytest.raises(websockets.InvalidStatusCode) as refusal:
        drive({"connect_url": f"{session['connect_url']}/devtools/page/{'0' * 32}"}, lambda cdp: None)
    assert refusal.value.status_code == 404


def test_the_browser_endpoint_takes_its_guid(service, session):
    async def body(cdp):
        return await cdp.call("Browser.getVersion")
    url = f"{session['connect_url']}/devtools/browser/{session['browser_guid']}"
    assert drive({"connect_url": url}, body)["product"]


def test_a_page_can_be_made_by_http(service, session):
    answer = service.call("PUT", f"/session/{session['id']}/json/new?about:blank")
    assert answer.status_code == 200, answer.text
    assert answer.json()["webSocketDebuggerUrl"].startswith(f"{service.ws_url}/session/{session['id']}/devtools/page/")


def test_the_protocol_is_chromiums_own(service, session):
    domains = {each["domain"] for each in discovery(service, session, "/json/protocol")["domains"]}
    assert {"Browser", "Target", "Page", "Runtime", "Network"} <= domains


def test_traffic_is_counted_by_message_and_byte(service, session):
    async def body(cdp):
        for _ in range(10):
            await cdp.call("Browser.getVersion")
    drive(session, body)
    after = service.session(session["id"])
    assert after["messages_up"] == 10 and after["messages_down"] == 10
    assert after["bytes_up"] > 300 and after["bytes_down"] > 300


def test_a_connection_at_the_root_is_a_session_of_its_own(service):
    version = service.call("GET", "/json/version").json()
    assert version["webSocketDebuggerUrl"].startswith(service.ws_url)

    async def body(cdp):
        return await cdp.call("Browser.getVersion")
    used = service.used()
    assert drive({"connect_url": service.ws_url + "/"}, body)["product"]
    deadline = asyncio.run(until(lambda: service.used() <= used, 5))
    assert deadline, "the session outlived its connection"


async def until(condition, seconds):
    for _ in range(int(seconds * 50)):
        if await asyncio.to_thread(condition):
            return True
        await asyncio.sleep(0.02)
    return False
