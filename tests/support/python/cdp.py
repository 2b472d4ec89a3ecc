"""A CDP client: commands, events and flat sessions over one WebSocket, on asyncio and Debian's websockets."""
import asyncio
import base64
import contextlib
import itertools
import json

import websockets

PAGE_URL = "https://pbaas.test/"


class CdpError(Exception):
    pass


class Cdp:
    """Use as `async with Cdp(url) as cdp`. Message ids are this connection's own."""

    def __init__(self, url, **options):
        self.url = url
        # Nothing of the library's own may end the connection: no limit, and no ping of its own to time out.
        self.options = {"max_size": None, "ping_interval": None, "compression": None, "close_timeout": 5,
                        "open_timeout": 30, **options}
        self.events = asyncio.Queue()
        self.frames_seen = 0
        self._ids = itertools.count(1)
        self._waiting = {}

    async def __aenter__(self):
        self.ws = await websockets.connect(self.url, **self.options)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        await self.ws.close()
        with contextlib.suppress(asyncio.CancelledError):
            self._reader.cancel()
            await self._reader

    async def _read(self):
        try:
            async for text in self.ws:
                self.frames_seen += 1
                self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(CdpError(f"closed: {self.ws.close_code} {self.ws.close_reason}"))

    def _take(self, message):
        future = self._waiting.pop(message.get("id"), None)
        if future is None:
            self.events.put_nowait(message)
        elif future.done():
            pass  # Whoever asked has been told to stop.
        elif "error" in message:
            future.set_exception(CdpError(message["error"]["message"]))
        else:
            future.set_result(message["result"])

    async def call(self, method, params=None, session=None, timeout=30):
        message = {"id": next(self._ids), "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        return await self.send_text(message["id"], json.dumps(message), timeout)

    async def send_text(self, message_id, payload, timeout=30):
        """Sends a command as given, text or an iterable of fragments, and gives its result."""
        self._waiting[message_id] = asyncio.get_running_loop().create_future()
        future = self._waiting[message_id]
        await self.ws.send(payload)
        return await asyncio.wait_for(future, timeout)

    async def event(self, method, session=None, timeout=15):
        """The next event of that name; others that came before it are dropped."""
        async def find():
            while True:
                message = await self.events.get()
                if message.get("method") == method and session in (None, message.get("sessionId")):
                    return message["params"]
        return await asyncio.wait_for(find(), timeout)

    async def closed(self, seconds):
        """The (code, reason) the other side closed with."""
        await asyncio.wait_for(self.ws.wait_closed(), seconds)
        return self.ws.close_code, self.ws.close_reason

    async def new_page(self, context=None):
        """A page at about:blank; gives its flat session's id and its target's."""
        params = {"url": "about:blank", **({"browserContextId": context} if context else {})}
        target = (await self.call("Target.createTarget", params))["targetId"]
        attached = await self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        return attached["sessionId"], target

    async def open_secure(self, page, title="pbaas"):
        """Shows a page at PAGE_URL with no network: the answer is ours. A secure origin has all of storage."""
        await self.call("Page.enable", session=page)
        await self.call("Fetch.enable", {"patterns": [{"urlPattern": PAGE_URL + "*"}]}, page)
        going = asyncio.create_task(self.call("Page.navigate", {"url": PAGE_URL}, page))
        paused = await self.event("Fetch.requestPaused", page)
        body = f"<!doctype html><title>{title}</title><p id=p>{title}</p>".encode()
        await self.call("Fetch.fulfillRequest", {
            "requestId": paused["requestId"], "responseCode": 200, "body": _base64(body),
            "responseHeaders": [{"name": "Content-Type", "value": "text/html"}]}, page)
        await going
        await self.event("Page.loadEventFired", page)
        await self.call("Fetch.disable", session=page)
        return paused["request"]

    async def evaluate(self, expression, page, timeout=30):
        """The value of an expression, awaited where it is a promise."""
        result = await self.call("Runtime.evaluate", {
            "expression": expression, "returnByValue": True, "awaitPromise": True}, page, timeout)
        if "exceptionDetails" in result:
            raise CdpError(str(result["exceptionDetails"]))
        return result["result"].get("value")


def _base64(data):
    return base64.b64encode(data).decode()


def in_page(session, action):
    """The result of `action(cdp, page)` in a new page of the session."""
    async def run():
        async with Cdp(session["connect_url"]) as cdp:
            page, _ = await cdp.new_page()
            await cdp.call("Page.enable", session=page)
            return await action(cdp, page)
    return asyncio.run(run())
