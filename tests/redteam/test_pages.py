"""What a session's client can reach of others through CDP and pages. Each attack runs without walls first, where it
succeeds, so that its failure with walls says something."""
import asyncio
import base64
import http.server
import json
import socket
import threading
from pathlib import Path

import pytest

from cdp import Cdp, CdpError
from looking import KEY, browser_pids, profile_of

# All of them are this machine to Chromium.
LOOPBACK = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.255.255.254", "0.0.0.0",
            "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost.", "any.localhost"]
# Chromium's debug port listens at 127.0.0.1 alone.
NOT_ITS_NAME = ["127.255.255.254", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost."]
SETTLE_SECONDS = 1.5


class Canary:
    """A web server on every address of this machine that counts who came."""

    def __init__(self):
        canary = self
        self.hits = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802  The library's name.
                canary.hits.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>canary</title>")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6

        self.server = Server(("::", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def came(self, name):
        return any(name in path for path in self.hits)


@pytest.fixture(scope="module")
def canary():
    made = Canary()
    yield made
    made.server.shutdown()


def attack(world, action):
    """The result of `action(cdp, page)` in a new page of the attacker's."""
    async def run():
        async with Cdp(world.attacker["connect_url"] + "?token=" + KEY) as cdp:
            page, target = await cdp.new_page()
            await cdp.call("Page.enable", session=page)
            try:
                return await action(cdp, page)
            finally:
                await cdp.call("Target.closeTarget", {"targetId": target})
    return asyncio.run(run())


def expect(world, breached):
    assert breached == (world.isolation == "none")


async def shown_at(cdp, page, url):
    """The text of a page; empty where it does not come."""
    try:
        await cdp.call("Page.navigate", {"url": url}, page, timeout=10)
        await asyncio.sleep(0.3)
        return await cdp.evaluate("document.documentElement.innerText", page) or ""
    except (CdpError, asyncio.TimeoutError):
        return ""


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_server_of_this_machine_by_every_name(world, canary, host):
    name = f"/by-name-{world.isolation}-{LOOPBACK.index(host)}"
    attack(world, lambda cdp, page: shown_at(cdp, page, f"http://{host}:{canary.port}{name}"))
    expect(world, canary.came(name))


def test_the_debug_port_of_a_neighbour_by_every_name(world):
    """Chromium answers to addresses and to "localhost", however they are written."""
    async def look(cdp, page):
        texts = {}
        for host in LOOPBACK:
            texts[host] = await shown_at(cdp, page, f"http://{host}:{world.victim['debug_port']}/json/version")
        return texts

    reached = {host: "webSocketDebuggerUrl" in text for host, text in attack(world, look).items()}
    if world.isolation == "none":
        assert sum(reached.values()) >= len(LOOPBACK) - len(NOT_ITS_NAME) and reached["127.0.0.1"], reached
    else:
        assert not any(reached.values()), reached


def test_its_own_debug_port(world):
    url = f"http://127.0.0.1:{world.attacker['debug_port']}/json/version"
    text = attack(world, lambda cdp, page: shown_at(cdp, page, url))
    expect(world, "webSocketDebuggerUrl" in text)


def test_the_gateway(world):
    text = attack(world, lambda cdp, page: shown_at(cdp, page, world.url + "/livez"))
    expect(world, text != "" and "egress" not in text.lower())


WAYS = {
    "fetch": "fetch(url, {mode: 'no-cors'})",
    "image": "new Image().src = url",
    "frame": "document.body.append(Object.assign(document.createElement('iframe'), {src: url}))",
    "script": "document.body.append(Object.assign(document.createElement('script'), {src: url}))",
    "style": "document.head.append(Object.assign(document.createElement('link'), {rel: 'stylesheet', href: url}))",
    "prefetch": "document.head.append(Object.assign(document.createElement('link'), {rel: 'prefetch', href: url}))",
    "socket": "new WebSocket(url.replace('http', 'ws'))",
    "popup": "window.open(url)",
    "location": "location.href = url",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_server_of_this_machine_by_every_way_of_a_page(world, canary, way):
    name = f"/by-way-{world.isolation}-{way}"
    url = f"http://127.0.0.1:{canary.port}{name}"

    async def run(cdp, page):
        # The permission that Chromium asks people for is the attacker's own to give.
        for permission in ("local-network-access", "local-network", "loopback-network"):
            try:
                await cdp.call("Browser.setPermission", {"permission": {"name": permission}, "setting": "granted"})
            except CdpError:
                continue
        try:
            script = f"(() => {{ const url = {json.dumps(url)}; {WAYS[way]}; }})()"
            await cdp.call("Runtime.evaluate", {"expression": script, "userGesture": True}, page)
        except CdpError:
            pass
        await asyncio.sleep(SETTLE_SECONDS)

    attack(world, run)
    expect(world, canary.came(name))


@pytest.mark.parametrize("url, sign", [
    ("file:///etc/passwd", "root:"),
    ("view-source:file:///etc/passwd", "root:"),
    ("file:///etc/debian_version", "."),
    ("file:///sys/kernel/mm/transparent_hugepage/enabled", "never"),
])
def test_files_of_the_machine(world, url, sign):
    text = attack(world, lambda cdp, page: shown_at(cdp, page, url))
    expect(world, sign in text)


def test_the_profile_of_a_neighbour(world):
    """Chromium writes its debug port and the secret path of its endpoint there."""
    _, victim = browser_pids(world)
    url = f"file://{profile_of(victim)}/DevToolsActivePort"
    text = attack(world, lambda cdp, page: shown_at(cdp, page, url))
    expect(world, world.victim["browser_guid"] in text)


def test_processes_of_others_by_their_files(world):
    """That they are there: the files of /proc have no size, which for a file: URL is no content."""
    paths = [f"/proc/{pid}/{name}" for pid in (browser_pids(world)[1], world.pid) for name in ("status", "cmdline")]

    async def look(cdp, page):
        answers = [await cdp.call("Page.navigate", {"url": "file://" + path}, page) for path in paths]
        return ["errorText" not in answer or answer["isDownload"] for answer in answers]

    assert attack(world, look) == [world.isolation == "none"] * len(paths)


async def read_by_input(cdp, page, path):
    """The text of a file, as a page has it that was given it as an upload; empty where it is not there."""
    document = await cdp.call("DOM.getDocument", session=page)
    await cdp.evaluate("document.body.innerHTML = '<input type=file id=f>'", page)
    node = await cdp.call("DOM.querySelector", {"nodeId": document["root"]["nodeId"], "selector": "#f"}, page)
    try:
        await cdp.call("DOM.setFileInputFiles", {"files": [path], "nodeId": node["nodeId"]}, page)
        return await cdp.evaluate("document.querySelector('#f').files[0].text()", page)
    except CdpError:
        return ""


def test_the_profile_of_a_neighbour_by_setting_an_input(world):
    _, victim = browser_pids(world)
    path = f"{profile_of(victim)}/DevToolsActivePort"
    text = attack(world, lambda cdp, page: read_by_input(cdp, page, path))
    expect(world, world.victim["browser_guid"] in text)


def test_a_file_of_the_machine_by_setting_an_input(world):
    expect(world, "root:" in attack(world, lambda cdp, page: read_by_input(cdp, page, "/etc/passwd")))


def shared_folder(world):
    drop = world.folder / "drop"
    drop.mkdir(exist_ok=True)
    drop.chmod(0o777)
    return drop


FOLDERS = {
    "a folder that all may write to": shared_folder,
    "a neighbour's profile": lambda world: Path(profile_of(browser_pids(world)[1])),
    "one that is made for it": lambda world: shared_folder(world) / "a" / "b",
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_download_to_a_folder_of_the_machine(world, folder):
    drop = FOLDERS[folder](world)

    async def download(cdp, page):
        await cdp.call("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(drop)})
        content = base64.b64encode(b"dropped").decode()
        link = f"Object.assign(document.createElement('a'), {{href: 'data:x/y;base64,{content}', download: 'dropped'}})"
        await cdp.call("Runtime.evaluate", {"expression": link + ".click()", "userGesture": True}, page)
        await asyncio.sleep(SETTLE_SECONDS)

    attack(world, download)
    # A browser in a sandbox has the folder of its own by that path, if any.
    seen = Path(f"/proc/{world.pid}/root/{drop}") / "dropped"
    victims = Path(f"/proc/{browser_pids(world)[1]}/root/{drop}") / "dropped"
    expect(world, seen.exists() or victims.exists())
    for each in (seen, victims):
        each.unlink(missing_ok=True)


def test_a_port_that_it_opens_itself(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def bind(cdp, page):
        try:
            await cdp.call("Tethering.bind", {"port": port})
        except CdpError:
            return False
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    expect(world, attack(world, bind))
