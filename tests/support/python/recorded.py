"""What the tests of recordings share: a web site that knows what it served, a client that drives a session on it, and
what a HAR and a video must be."""
import asyncio
import hashlib
import json
import re
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

from cdp import Cdp
from pbaas_process import ROOT
from processes import wait_until

NODE = ROOT / "tests/e2e/node_modules/.bin/node"
STORED_SECONDS = 30

MOVING = """<!doctype html><link rel=icon href=data:,><canvas id=c width=600 height=400></canvas><script>
let n = 0; const c = document.getElementById('c').getContext('2d');
(function draw() { c.fillStyle = `hsl(${n++ % 360} 90% 50%)`; c.fillRect(0, 0, 600, 400);
  c.fillStyle = '#000'; c.font = '80px sans-serif'; c.fillText(n, 40, 220); requestAnimationFrame(draw) })()</script>"""
PLAIN = "<!doctype html><link rel=icon href=data:,><title>plain</title><p>plain</p>"


class Site:
    """`served` has (method, path with query) of every request, in order of arrival."""

    def __init__(self):
        self.served, self.bodies = [], []
        self.cookies = []  # What /cookies sets.
        site = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.served.append((self.command, self.path))
                site.bodies.append(body)
                status, headers, content = site.page(self.path)
                self.send_response(status)
                for name, value in [("Content-Type", "text/html; charset=utf-8"), *headers]:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def page(self, path):
        name, _, query = path.partition("?")
        if name == "/moving":
            return 200, [], MOVING.encode()
        if name == "/bytes":
            return 200, [("Content-Type", "text/plain")], b"0123456789abcdef" * (int(query) // 16)
        if name == "/redirect":
            return 302, [("Location", "/plain?after")], b""
        if name == "/cookies":
            return 200, [("Set-Cookie", value) for value in self.cookies], PLAIN.encode()
        return 200, [], PLAIN.encode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


async def drive(session, *steps):
    """Runs each of `steps`, coroutines of (cdp, page), in one page of the session."""
    async with Cdp(session["connect_url"]) as cdp:
        page, _ = await cdp.new_page()
        await cdp.call("Page.enable", session=page)
        for step in steps:
            await step(cdp, page)


def go(url):
    async def step(cdp, page):
        await cdp.call("Page.navigate", {"url": url}, page)
        await cdp.event("Page.loadEventFired", page)
    return step


def run(expression):
    async def step(cdp, page):
        await cdp.evaluate(expression, page, timeout=60)
    return step


def stay(seconds):
    async def step(*_):
        await asyncio.sleep(seconds)
    return step


def visit(session, *steps):
    asyncio.run(drive(session, *steps))


def states(api, session):
    return {each["name"]: each["state"] for each in api.recordings(session["id"])}


def settled(api, session, seconds=STORED_SECONDS):
    """The session's recordings by name, once nothing more happens to them."""
    wait_until(lambda: {"recording", "uploading"}.isdisjoint(states(api, session).values()), seconds,
               f"recordings are settled: {api.recordings(session['id'])}")
    return {each["name"]: each for each in api.recordings(session["id"])}


def fetched(api, session, name):
    """The bytes of a recording, as a client gets them, which are what the list says."""
    answer = api.call("GET", f"/session/{session['id']}/recordings/{name}")
    if answer.status_code == 302:
        answer = requests.get(answer.headers["Location"], timeout=30)
    assert answer.status_code == 200, answer.text[:300]
    (told,) = [each for each in api.recordings(session["id"]) if each["name"] == name]
    assert len(answer.content) == told["bytes"]
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    return answer.content


def check_har(content, folder):
    """The entries of a HAR that is valid by its schema and makes sense."""
    path = folder / "checked.har"
    path.write_bytes(content)
    script = ("import { checkHar } from './tests/e2e/support/har_check.js'; import fs from 'node:fs';"
              f"await checkHar(JSON.parse(fs.readFileSync({json.dumps(str(path))}, 'utf8')))")
    done = subprocess.run([str(NODE), "--input-type=module", "-e", script], cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(content)["log"]["entries"]


def asked(entries, site):
    """How often each (method, path with query) of the site is in a HAR."""
    host = urlsplit(site.url("")).netloc
    urls = [(each["request"]["method"], urlsplit(each["request"]["url"])) for each in entries]
    return Counter((method, url.path + (f"?{url.query}" if url.query else ""))
                   for method, url in urls if url.netloc == host)


def check_video(content, folder):
    """A video that decodes to its end without a word; gives its length in seconds."""
    path = folder / "checked.webm"
    path.write_bytes(content)
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"], capture_output=True,
                             text=True, check=True, timeout=60)
    assert decoded.stderr == ""
    probed = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)],
                            capture_output=True, text=True, check=True, timeout=60)
    assert probed.stderr == ""
    return float(probed.stdout)


def encoders(service):
    """The ffmpeg processes of a service."""
    folder = re.escape(str(service.data_dir))
    found = subprocess.run(["pgrep", "-f", f"ffmpeg.*{folder}"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]
