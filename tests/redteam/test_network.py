"""What a session's pages can reach of a whole fleet's network: every kind of request to every kind of address that is
not public, in a network of the test's own with a metadata server on its link-local address, name servers and canaries.
With ISOLATION=none first, where each of them succeeds."""
import asyncio
import json
import os
import time
import urllib.parse

import pytest

from cdp import Cdp, CdpError
from fleet import Fleet
from looking import KEY
from network import FORBIDDEN, MACHINE, PUBLIC, Canary, Names, Network
from processes import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own takes root")

NAMES = {
    "loopback.test": [["127.0.0.1"]], "six.test": [["::1"]], "private.test": [["10.77.0.1"]],
    "metadata.google.internal": [["169.254.169.254"]], "public.test": [[PUBLIC]],
    # Where the first does not answer a browser takes the second.
    "both.test": [[PUBLIC, "127.0.0.1"]],
    # Another answer at each look-up: the one that was checked must be the one that is connected to.
    "rebind.test": [[PUBLIC], ["127.0.0.1"]],
}
# Where a canary of the machine's listens: {port}; the others listen at port 80.
TARGETS = {
    "127.0.0.1:{port}", "127.1:{port}", "2130706433:{port}", "0x7f.0.0.1:{port}", "0177.0.0.1:{port}",
    "127.255.255.254:{port}", "0.0.0.0:{port}", "[::1]:{port}", "[::ffff:127.0.0.1]:{port}", "localhost:{port}",
    "localhost.:{port}", "any.localhost:{port}", MACHINE + ":{port}", "[fd77::1]:{port}", "loopback.test:{port}",
    "six.test:{port}", "both.test:{port}",
    *(f"[{address}]" if ":" in address else address for address in FORBIDDEN),
    "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "private.test",
    "metadata.google.internal",
}
APPEND = "document.body.append(Object.assign(document.createElement('{tag}'), {properties}))"
LINK = "document.head.append(Object.assign(document.createElement('link'), {rel: '%s', href: url, as: '%s'}))"


def element(tag, properties="{src: url}"):
    return APPEND.replace("{tag}", tag).replace("{properties}", properties)


# What a page does with `url`. `site` is the attacker's own, which is allowed and sends on to where it is told.
WAYS = {
    "fetch": "fetch(url, {mode: 'no-cors'}).catch(() => 0)",
    "request": "{ const all = new XMLHttpRequest(); all.open('GET', url); all.send(); }",
    "beacon": "navigator.sendBeacon(url)",
    "image": "new Image().src = url",
    "frame": element("iframe"),
    "script": element("script"),
    "video": element("video"),
    "object": element("object", "{data: url}"),
    "style": LINK % ("stylesheet", ""),
    "prefetch": LINK % ("prefetch", ""),
    "preload": LINK % ("preload", "image"),
    "module": LINK % ("modulepreload", ""),
    "socket": "new WebSocket(url.replace('http', 'ws'))",
    "events": "new EventSource(url)",
    "form": "{ const form = document.createElement('form'); form.action = url; form.target = 'f' + number;"
            + element("iframe", "{name: 'f' + number}") + "; document.body.append(form); form.submit(); }",
    "popup": "window.open(url)",
    "refresh": element("iframe", "{srcdoc: `<meta http-equiv=refresh content='0;url=${url}'>`}"),
    "worker": "new Worker(URL.createObjectURL(new Blob([`importScripts('${url}')`])))",
    "service worker": "navigator.serviceWorker.ready.then(it => it.active.postMessage(url))",
    "redirected fetch": "fetch(site + encodeURIComponent(url), {mode: 'no-cors'}).catch(() => 0)",
    "redirected image": "new Image().src = site + encodeURIComponent(url)",
    "redirected frame": element("iframe", "{src: site + encodeURIComponent(url)}"),
    "redirected worker": "navigator.serviceWorker.ready.then(it => it.active.postMessage("
                         "site + encodeURIComponent(url)))",
}
PAGE = b"""<!doctype html><link rel=icon href=data:,><title>site</title><body>
<script>navigator.serviceWorker.register('/worker.js')</script>"""
SERVICE_WORKER = b"""oninstall = () => skipWaiting();
onmessage = event => event.waitUntil(fetch(event.data, {mode: 'no-cors'}).catch(() => 0));"""


def site_answer(path):
    if path.startswith("/to?"):
        return f"302 Found\r\nLocation: {urllib.parse.unquote(path[4:])}", "text/plain", b""
    if path == "/worker.js":
        return "200 OK", "text/javascript", SERVICE_WORKER
    return "200 OK", "text/html", PAGE


class World:
    """A gateway, a worker, Redis and PostgreSQL on the machine, with an attacker's and a victim's session."""

    def __init__(self, network, isolation):
        self.isolation = isolation
        self.walls = isolation == "sandbox"
        self.site = Canary(answer=site_answer)
        self.canary = Canary()
        with network.at(network.outside):
            self.outside = Canary(80)
            self.public = Canary(self.canary.port)
            # What both.test has at this port is on the machine alone.
        self.second = Canary(host="127.0.0.1")
        self.fleet = Fleet(gateways=1, capacities=(2,), ISOLATION=isolation, API_KEYS=KEY,
                           EGRESS_ALLOW=f"localhost:{self.site.port}")

    def start(self):
        self.fleet.start()
        self.attacker, self.victim = self.fleet.create(), self.fleet.create()
        return self

    def hits(self):
        return self.canary.paths + self.outside.paths + self.second.paths

    def urls(self, way):
        """Each target's URL, which names way and target."""
        for number, target in enumerate(sorted(TARGETS)):
            port = self.second.port if target.startswith("both.test") else self.canary.port
            yield target, f"http://{target.format(port=port)}/{WAY_NAMES.index(way)}-{number}-hit"

    def close(self):
        self.fleet.remove()
        for each in (self.site, self.canary, self.outside, self.public, self.second):
            each.close()


WAY_NAMES = [*WAYS, "navigation"]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    made = Network(tmp_path_factory.mktemp("network"))
    names = Names(NAMES)
    made.names = names
    yield made
    names.close()
    made.leave()


@pytest.fixture(scope="module", params=["none", "sandbox"])
def world(network, request):
    network.names.asked.clear()
    made = World(network, request.param)
    try:
        yield made.start()
    finally:
        made.close()


def attack(world, action):
    """The result of `action(cdp, page)` in a page of the attacker's site, which is a secure context by its name."""
    async def run():
        async with Cdp(world.attacker["connect_url"] + "?token=" + KEY) as cdp:
            page, _ = await cdp.new_page()
            await cdp.call("Page.enable", session=page)
            # What Chromium asks people for is the attacker's own to give.
            for permission in ("local-network-access", "local-network", "loopback-network"):
                try:
                    await cdp.call("Browser.setPermission", {"permission": {"name": permission}, "setting": "granted"})
                except CdpError:
                    continue
            await cdp.call("Page.navigate", {"url": f"http://localhost:{world.site.port}/"}, page)
            await cdp.event("Page.loadEventFired", page)
            return await action(cdp, page)
    return asyncio.run(run())


def page_script(world, way):
    targets = [url for _, url in world.urls(way)]
    # Last the attacker's own site: it is reached by this way, walls or not.
    control = f"http://localhost:{world.site.port}/control-{WAY_NAMES.index(way)}-"
    return f"""(() => {{
        const site = 'http://localhost:{world.site.port}/to?';
        {json.dumps([*targets, control])}.forEach((url, number) => {{ {WAYS[way]}; }});
    }})()"""


async def try_all(cdp, page, world):
    for way in WAYS:
        await cdp.call("Runtime.evaluate", {"expression": page_script(world, way), "userGesture": True}, page)
    for _, url in world.urls("navigation"):
        await cdp.call("Target.createTarget", {"url": url})
    controls = [f"control-{WAY_NAMES.index(way)}-" for way in WAYS]
    await asyncio.to_thread(wait_until, lambda: all(world.site.came(each) for each in controls), 20,
                            "every way leads to the attacker's own site")
    if not world.walls:
        await asyncio.to_thread(wait_until, lambda: not missed(world), 20, "every way leads everywhere")


def missed(world):
    """What did not lead where it should without walls: a form adds a question mark."""
    hits = {path.rstrip("?") for path in world.hits()}
    return {(way, target) for way in WAY_NAMES for target, url in world.urls(way)
            if "/" + url.rpartition("/")[2] not in hits}


def test_no_kind_of_request_leads_to_an_address_that_is_not_public(world):
    try:
        attack(world, lambda cdp, page: try_all(cdp, page, world))
    except AssertionError as error:
        raise AssertionError(f"{error}: {sorted(missed(world))}") from None
    if not world.walls:
        return
    refused = wait_quiet(world)
    assert world.hits() == []
    # They did ask, and were refused by the one way out; Chromium keeps some of them from asking twice.
    assert refused > len(TARGETS) * len(WAY_NAMES) / 2, refused


def wait_quiet(world):
    """Waits until for a second no request was refused any more, and gives how many were."""
    seen = [world.fleet.workers[0].metric("pbaas_egress_refused_total")]
    quiet_since = time.monotonic()

    def is_quiet():
        nonlocal quiet_since
        now = world.fleet.workers[0].metric("pbaas_egress_refused_total")
        if now != seen[0]:
            seen[0], quiet_since = now, time.monotonic()
        return time.monotonic() - quiet_since > 1

    wait_until(is_quiet, 30, "no more requests")
    return seen[0]


GATHER = """(async () => {
    const servers = %s.flatMap(host => [
        {urls: `stun:${host}`}, ...['udp', 'tcp'].map(kind => (
            {urls: `turn:${host}?transport=${kind}`, username: 'u', credential: 'c'}))]);
    const found = [];
    for (const server of servers) {
        const peer = new RTCPeerConnection({iceServers: [server]});
        peer.createDataChannel('c');
        peer.onicecandidate = event => event.candidate && found.push(event.candidate.candidate);
        await peer.setLocalDescription();
    }
    await new Promise(done => setTimeout(done, %d));
    return found;
})()"""


def test_webrtc_finds_no_route(world, network):
    here = Canary()
    with network.at(network.outside):
        outside = Canary()
    hosts = [f"127.0.0.1:{here.port}", f"{MACHINE}:{here.port}", f"169.254.169.254:{outside.port}",
             f"loopback.test:{here.port}", f"{PUBLIC}:{outside.port}"]
    try:
        found = attack(world, lambda cdp, page: cdp.evaluate(GATHER % (json.dumps(hosts), 2_000), page))
        for canary in (here, outside):
            if world.walls:
                # TURN by TCP is a connection like others: what is public may be reached by it, and nothing else.
                assert canary.packets == 0 and (canary is outside or not canary.paths)
            else:
                assert canary.packets > 0 and canary.paths
        assert not any(MACHINE in each for each in found) or not world.walls
    finally:
        here.close()
        outside.close()


async def shown(cdp, url):
    """The text that is at a URL; empty where it is not reached."""
    target = (await cdp.call("Target.createTarget", {"url": url}))["targetId"]
    page = (await cdp.call("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
    for _ in range(40):
        try:
            if await cdp.evaluate(f"document.readyState === 'complete' && location.href !== 'about:blank'", page, 5):
                return await cdp.evaluate("document.documentElement.innerText", page, 5) or ""
        except (CdpError, asyncio.TimeoutError):
            pass
        await asyncio.sleep(0.05)
    return ""


def test_the_fleets_own_ports(world):
    """The gateway, the worker's control API, and a neighbour's debug port."""
    gateway, worker = world.fleet.gateways[0].url, world.fleet.workers[0].url
    ports = {gateway.rpartition(":")[2]: "ok", worker.rpartition(":")[2]: "ok"}

    async def look(cdp, _):
        urls = [(f"http://{host}:{port}/livez", sign) for host in ("127.0.0.1", "2130706433", "loopback.test")
                for port, sign in ports.items()]
        urls += [(f"http://{host}:{world.victim['debug_port']}/json/version", "webSocketDebuggerUrl")
                 for host in ("127.0.0.1", "2130706433", "[::ffff:127.0.0.1]")]
        texts = await asyncio.gather(*(shown(cdp, url) for url, _ in urls))
        return {url: f'"{sign}"' in text for (url, sign), text in zip(urls, texts)}

    reached = attack(world, look)
    assert set(reached.values()) == {not world.walls}, reached


# What each of them writes to its log of a client that speaks HTTP to it, and of no other.
def said_of_http(store):
    with open(os.path.join(store.folder, "log"), encoding="utf-8", errors="replace") as file:
        text = file.read()
    return text.count("SECURITY ATTACK") + text.count("invalid length of startup packet")


def test_the_stores(world):
    """Redis and PostgreSQL on loopback, where they ask for no password."""
    stores = [world.fleet.redis, world.fleet.postgres]
    before = [said_of_http(each) for each in stores]

    async def knock(cdp, page):
        for store in stores:
            for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "loopback.test"):
                url = f"http://{host}:{store.port}/"
                post = "{method: 'POST', body: 'x', mode: 'no-cors'}"
                await cdp.evaluate(f"fetch('{url}', {post}).catch(() => 0)", page)

    attack(world, knock)
    if world.walls:
        assert [said_of_http(each) for each in stores] == before
    else:
        wait_until(lambda: all(said_of_http(each) > old for each, old in zip(stores, before)), 5, "both were reached")


def test_a_name_that_changes_its_address_between_look_ups(world, network):
    """The attacker's server is public, and so is what it loads first; then its name is that of loopback."""
    port = world.canary.port
    fetches = """(async () => {
        for (let n = 0; n < 10; ++n) await fetch('/rebound-' + n).catch(() => 0);
        return location.host;
    })()"""

    async def rebind(cdp, page):
        await cdp.call("Page.navigate", {"url": f"http://rebind.test:{port}/first"}, page)
        await cdp.event("Page.loadEventFired", page)
        return await cdp.evaluate(fetches, page)

    if not world.walls:
        # Chromium keeps an address for a minute; both.test stands in for the wait: its first address does not answer.
        both = f"http://both.test:{world.second.port}/rebound"
        assert "canary" in attack(world, lambda cdp, _: shown(cdp, both))
        return
    assert attack(world, rebind) == f"rebind.test:{port}"
    assert world.public.came("/first")
    assert [PUBLIC] in network.names.given("rebind.test") and ["127.0.0.1"] in network.names.given("rebind.test")
    assert not world.canary.came("rebound")
