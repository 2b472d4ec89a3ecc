"""Fifty secrets of all kinds go through a recorded session: none is in its HAR, in the log, or in the database."""
import base64
import secrets
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recorded import fetched, go, run, settled, visit

KINDS = {"cookie": 8, "set_cookie": 6, "bearer": 6, "api_key": 4, "url_token": 8, "form": 6, "multipart": 4, "json": 6,
         "basic": 2}


def planted():
    """{kind: [secret, …]}, fifty in all, each found wherever it stands."""
    made = {kind: [f"{kind.replace('_', '')}{secrets.token_hex(12)}" for _ in range(count)]
            for kind, count in KINDS.items()}
    assert sum(map(len, made.values())) == 50
    return made


def scripts(made):
    """What the page does with them."""
    yield from (f"document.cookie = 'c{n}={value}'" for n, value in enumerate(made["cookie"]))
    yield from (f"fetch('/plain', {{headers: {{Authorization: 'Bearer {value}'}}}})" for value in made["bearer"])
    yield from (f"fetch('/plain', {{headers: {{'{name}': '{value}'}}}})" for name, value in zip(
        ["X-Api-Key", "X-Auth-Token", "X-CSRF-Token", "X-Amz-Security-Token"], made["api_key"]))
    yield from (f"fetch('/plain?a=1&{name}={value}')" for name, value in zip(
        ["token", "access_token", "api_key", "apikey", "password", "client_secret", "signature", "auth"],
        made["url_token"]))
    yield from (f"fetch('/plain', {{method: 'POST', body: new URLSearchParams({{user: 'me', {name}: '{value}'}})}})"
                for name, value in zip(["password", "passwd", "token", "secret", "pin", "otp"], made["form"]))
    yield from ("(() => { const f = new FormData(); f.append('%s', '%s'); "
                "return fetch('/plain', {method: 'POST', body: f}) })()" % pair
                for pair in zip(["password", "api_token", "secret", "authorization"], made["multipart"]))
    yield from ("fetch('/plain', {method: 'POST', headers: {'Content-Type': 'application/json'}, "
                "body: JSON.stringify({user: 'me', deep: [{%s: '%s'}]})})" % pair
                for pair in zip(["password", "apiToken", "accessToken", "clientSecret", "refresh_token", "privateKey"],
                                made["json"]))


class Proxy:
    """An HTTP proxy that wants a password, and remembers which it was given."""

    def __init__(self):
        self.given = set()
        proxy = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                proxy.given.add(self.headers.get("Proxy-Authorization"))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def proxy():
    made = Proxy()
    yield made
    made.close()


def stored_text(service):
    """All that the session log's database holds, as text."""
    with sqlite3.connect(service.data_dir / "sessions.db") as database:
        return "\n".join(database.iterdump())


def test_fifty_planted_secrets_are_nowhere(make_service, site):
    made = planted()
    service = make_service(LOG_LEVEL="debug")
    session = service.create(record={"har": True})
    site.cookies = [f"s{n}={value}; Path=/; HttpOnly" for n, value in enumerate(made["set_cookie"])]
    visit(session, go(site.url("/cookies")), go(site.url("/plain")),
          *(run(script) for script in scripts(made)),
          *(go(site.url("/plain").replace("//", f"//me:{value}@")) for value in made["basic"]))
    service.end(session["id"])
    settled(service, session)
    received = repr(site.served) + repr(site.bodies)
    assert all(value in received for kind in ("url_token", "form", "multipart", "json") for value in made[kind])
    places = {"HAR": fetched(service, session, "network.har").decode(), "log": service.errors(None),
              "database": stored_text(service)}
    for kind, values in made.items():
        for value in values:
            for place, text in places.items():
                assert value not in text, f"a {kind} is in the {place}"
                assert base64.b64encode(value.encode()).decode().rstrip("=")[:-2] not in text, f"{kind}, {place}"
    assert "[redacted]" in places["HAR"]


def test_the_password_of_a_proxy_is_nowhere(make_service, proxy):
    password = secrets.token_hex(12)
    service = make_service(LOG_LEVEL="debug", EGRESS_ALLOW="127.0.0.0/8")
    address = f"http://127.0.0.1:{proxy.server.server_port}"
    session = service.create(record={"har": True}, proxy={"server": address, "username": "me", "password": password})
    visit(session, go("http://site.test/plain"))
    service.end(session["id"])
    settled(service, session)
    encoded = base64.b64encode(f"me:{password}".encode()).decode()
    assert proxy.given == {f"Basic {encoded}"}
    for text in (fetched(service, session, "network.har").decode(), service.errors(None), stored_text(service)):
        assert password not in text and encoded not in text
