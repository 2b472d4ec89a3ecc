"""HTTP and WebSocket by hand over a plain socket, for what no client library would send, and for reading every byte
that comes back as RFC 6455 demands."""
import base64
import contextlib
import json
import os
import socket
import struct
from urllib.parse import urlsplit

CLIENT_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT_KEY = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 §1.3


class RawAnswer:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = lines[0].split(" ")
        assert version == "HTTP/1.1", lines[0]
        self.status = int(status)
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        return self.json().get("reason")


class RawConnection:
    def __init__(self, url, timeout=20):
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        # A server that has already refused may have closed: what it said is still there to be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
        return self

    def request(self, method, path, headers=(), body=b""):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *headers]
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def _more(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self):
        while b"\r\n\r\n" not in self.buffer:
            assert self._more(), f"closed without an answer; had {self.buffer[:200]!r}"
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        answer = RawAnswer(head, b"")
        length = int(answer.headers.get("content-length", 0))
        while len(rest) < length:
            assert self._more(), "closed within a body"
            rest = self.buffer[len(head) + 4:]
        answer.body, self.buffer = rest[:length], rest[length:]
        return answer

    def rest(self):
        """Everything until the other side closes."""
        while self._more():
            pass
        return self.buffer

    def closed(self):
        return self.rest() == b""

    def upgrade(self, path, headers=()):
        self.request("GET", path, ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                                   f"Sec-WebSocket-Key: {CLIENT_KEY}", *headers])
        return self.answer()

    def frame(self, opcode, payload=b"", fin=True, masked=True):
        return self.send(encode_frame(opcode, payload, fin, masked))

    def command(self, message_id, method, **params):
        return self.frame(1, json.dumps({"id": message_id, "method": method, "params": params}).encode())


def encode_frame(opcode, payload=b"", fin=True, masked=True):
    head = bytes([(0x80 if fin else 0) | opcode]) + frame_length(len(payload), masked)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    both = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + both.to_bytes(len(payload), "big")


def frame_length(length, masked=True):
    bit = 0x80 if masked else 0
    if length < 126:
        return bytes([bit | length])
    if length < 1 << 16:
        return bytes([bit | 126]) + struct.pack(">H", length)
    return bytes([bit | 127]) + struct.pack(">Q", length)


def server_frames(data):
    """The frames of a whole server-to-client byte stream; asserts all that RFC 6455 §5 asks of them."""
    frames, at, open_message = [], 0, False
    while at < len(data):
        assert len(data) - at >= 2, "a head is cut"
        first, second = data[at], data[at + 1]
        assert first & 0x70 == 0, f"reserved bits at {at}: {data[at:at + 16]!r}"
        assert second & 0x80 == 0, f"a masked frame from the server at {at}"
        fin, opcode, length, head = bool(first & 0x80), first & 0x0F, second & 0x7F, 2
        assert opcode in (0, 1, 2, 8, 9, 10), f"opcode {opcode} at {at}: {data[at:at + 16]!r}"
        if length == 126:
            (length,), head = struct.unpack(">H", data[at + 2:at + 4]), 4
            assert length >= 126, "a length not in its shortest form"
        elif length == 127:
            (length,), head = struct.unpack(">Q", data[at + 2:at + 10]), 10
            assert length >= 1 << 16, "a length not in its shortest form"
        payload = data[at + head:at + head + length]
        assert len(payload) == length, f"frame of {length} bytes is cut after {len(payload)}"
        if opcode >= 8:
            assert fin and length <= 125, "a control frame must be whole and short"
        else:
            assert (opcode == 0) == open_message, "a message begins in the middle of another, or continues none"
            open_message = not fin
        assert not frames or frames[-1][0] != 8, "bytes after a Close frame"
        frames.append((opcode, payload))
        at += head + length
    return frames


def close_of(data):
    """(code, reason) of the Close frame a whole stream must end with."""
    frames = server_frames(data)
    assert frames and frames[-1][0] == 8, f"no Close frame at the end: {frames[-1:]}"
    return decode_close(frames[-1][1])


def decode_close(payload):
    if not payload:
        return 1005, ""
    return struct.unpack(">H", payload[:2])[0], payload[2:].decode("utf-8")


def accept_is_right(answer):
    return answer.headers.get("sec-websocket-accept") == ACCEPT_KEY


def unique_key():
    return base64.b64encode(os.urandom(16)).decode()
