"""What the benchmarks of sessions share: both sides, the service and Chromium started by hand with the same flags, and
a client that is quick enough not to be what is measured."""
import base64
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

BURST = 10


class WebSocket:
    """As much of a client as a few commands need; quicker to set up than any library."""

    def __init__(self, port, path):
        self.port, self.path = port, path
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        self.buffer = b""
        self.last_id = 0
        head = self.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head

    def read_until(self, end):
        while end not in self.buffer:
            self.receive()
        head, self.buffer = self.buffer.split(end, 1)
        return head

    def read_exactly(self, size):
        while len(self.buffer) < size:
            self.receive()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def receive(self):
        got = self.socket.recv(65536)
        assert got, "the connection was closed"
        self.buffer += got

    def send(self, payload):
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + payload)

    def read(self):
        """The payload of the next frame."""
        head = self.read_exactly(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(self.read_exactly(2 if size == 126 else 8), "big")
        return self.read_exactly(size)

    def ask_version(self):
        self.send(b'{"id":1,"method":"Browser.getVersion"}')
        assert b'"product"' in self.read()

    def send_command(self, method, session=None, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        self.send(json.dumps({**message, "sessionId": session} if session else message).encode())

    def call(self, method, session=None, **params):
        self.send_command(method, session, **params)
        while (answer := json.loads(self.read())).get("id") != self.last_id:
            pass
        assert "result" in answer, answer
        return answer["result"]

    def load_a_page(self):
        """Opens a page and waits until it has loaded."""
        self.load_in(self.call("Target.createTarget", url="about:blank")["targetId"])

    def load_in_first_page(self):
        """The same, in the page that is there from the start."""
        targets = self.call("Target.getTargets")["targetInfos"]
        self.load_in(next(each["targetId"] for each in targets if each["type"] == "page"))

    def load_in(self, target):
        page = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable", page)
        self.call("Page.navigate", page, url="data:text/html,<title>a page</title><p>of a benchmark</p>")
        # Its load may have come before the answer, so the page itself is asked.
        ready = "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        ready += ".then(() => true)"
        self.call("Runtime.evaluate", page, expression=ready, awaitPromise=True)

    def close(self):
        self.socket.close()


class Service:
    """`pbaas serve` on a free port, with folders of its own, and without spares unless it is told to have them."""

    def __init__(self, binary, **settings):
        self.folder = tempfile.mkdtemp(prefix="pbaas-bench-")
        environment = {**os.environ, "PORT": "0", "HOST": "127.0.0.1", "DATA_DIR": self.folder, "LOG_LEVEL": "warn",
                       "WARM_BROWSERS": "0", **settings}
        self.process = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])

    def create(self):
        """The id of a new session. By hand, as a client library would take longer than the service does."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n"
                               b"Connection: close\r\n\r\n")
            answer = b""
            while got := connection.recv(65536):
                answer += got
        assert b'"status":"running"' in answer, answer
        return re.search(rb'"id":"(\w+)"', answer)[1].decode()

    def call(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def start_one(self):
        session = self.create()
        web_socket = WebSocket(self.port, "/session/" + session)
        web_socket.ask_version()
        return session, web_socket

    def end_one(self, started):
        session, web_socket = started
        web_socket.close()
        self.call("DELETE", "/session/" + session)

    def wait_until_empty(self):
        while self.call("GET", "/worker")["workers"][0]["used"] > 0:
            time.sleep(0.01)

    def spares(self, state="ready"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return int(re.search(rf'^pbaas_spares\{{state="{state}"\}} (\d+)', text, re.MULTILINE)[1])

    def wait_for_spares(self, count):
        while self.spares() < count or self.spares("starting") > 0:
            time.sleep(0.01)

    def pids(self):
        """The service and its launcher, without the browsers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid] + [int(child) for child in children]

    def memory_kb(self, kind):
        return sum(memory_kb(pid, kind) for pid in self.pids())

    def stop(self):
        for _ in range(2):
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def memory_kb(pid, kind):
    """`Rss` counts every page in memory, shared ones too; `Anonymous` what the process itself has allocated."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(kind + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"no {kind} of {pid}")


def tree_of(pid):
    """A process and all below it."""
    children = " ".join(task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")).split()
    return [pid, *(each for child in children for each in tree_of(int(child)))]


def command_of(service):
    """The command line of the browser that the service runs. Chromium rewrites it as one string, its title."""
    process = service.pids()[1]
    words = []
    # In a sandbox bwrap and the first process inside are between.
    while not words or "chrom" not in words[0]:
        process = Path(f"/proc/{process}/task/{process}/children").read_text().split()[0]
        words = Path(f"/proc/{process}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode().split()
    # By hand all are in one network namespace.
    return [re.sub(r"(--remote-debugging-port=)\d+", r"\g<1>0", word) for word in words]


def environment_in(folder):
    """What src/browser/command_line.cc gives a browser; its title has overwritten what the kernel shows of it."""
    return {"HOME": folder, "TMPDIR": folder + "/tmp", "XDG_CONFIG_HOME": folder + "/config",
            "XDG_CACHE_HOME": folder + "/cache", "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8",
            "LANGUAGE": "en-US", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null",
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/dev/null"}


class ByHand:
    """Chromium started with the same flags, environment and user as the service starts it; and with its niceness, where
    what is measured is who gets the processor."""

    def __init__(self, command, niceness=0):
        self.niceness = niceness
        profile = next(part for part in command if part.startswith("--user-data-dir="))
        self.old_folder = profile.removeprefix("--user-data-dir=").rsplit("/", 1)[0]
        self.command = command
        self.user = pwd.getpwnam("pbaas") if os.geteuid() == 0 else None

    def start_one(self):
        folder = tempfile.mkdtemp(prefix="pbaas-byhand-", dir="/dev/shm")
        os.mkdir(folder + "/tmp")
        if self.user:
            for each in (folder, folder + "/tmp"):
                os.chown(each, self.user.pw_uid, self.user.pw_gid)
        commands_out, commands_in = os.pipe()
        answers_out, answers_in = os.pipe()

        def in_child():
            os.nice(self.niceness)
            os.dup2(os.dup(commands_out), 3)
            os.dup2(os.dup(answers_in), 4)
            for fd in (3, 4):
                os.set_inheritable(fd, True)

        identity = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        process = subprocess.Popen([part.replace(self.old_folder, folder) for part in self.command],
                                   env=environment_in(folder),
                                   preexec_fn=in_child, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
                                   cwd=folder, **identity)
        os.close(commands_out)
        os.close(answers_in)
        for line in process.stderr:
            if b"DevTools listening on" in line:
                break
        authority, path = line.decode().split("ws://")[1].strip().split("/", 1)
        web_socket = WebSocket(int(authority.split(":")[1]), "/" + path)
        web_socket.ask_version()
        return process, folder, web_socket, (commands_in, answers_out)

    def end_one(self, started):
        process, folder, web_socket, pipes = started
        web_socket.close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
        for fd in pipes:
            os.close(fd)
        shutil.rmtree(folder, ignore_errors=True)


def web_socket_of(started):
    """The second of what the service's start_one gives, the third of what is started by hand."""
    return next(each for each in started if isinstance(each, WebSocket))


def timed(start_one):
    began = time.perf_counter()
    started = start_one()
    return (time.perf_counter() - began) * 1000, started


def burst(start_one, end_one):
    """Sessions a second when BURST of them are asked for at once."""
    results = [None] * BURST

    def run(index):
        results[index] = start_one()

    began = time.perf_counter()
    threads = [threading.Thread(target=run, args=(index,)) for index in range(BURST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    for started in results:
        end_one(started)
    return BURST / taken


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
