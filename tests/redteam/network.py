"""A machine's network of the tests' own: two network namespaces, the machine's and that of everybody else, with a wire
between them, name servers and canaries. For root."""
import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import threading

CLONE_FS, CLONE_NEWNS, CLONE_NEWNET = 0x200, 0x20000, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE, ROUTER = "93.184.216.1", "93.184.216.34"
# Who is out there: a server that is public, and what no browser may reach.
PUBLIC = ROUTER
FORBIDDEN = ["169.254.169.254", "100.100.100.200", "10.77.0.1", "172.16.7.7", "192.168.7.7", "fd00:ec2::254"]


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Network:
    """Entered by the thread that makes it, and by all that it starts, until leave()."""

    def __init__(self, folder):
        self.kept = [os.open(f"/proc/thread-self/ns/{name}", os.O_RDONLY) for name in ("net", "mnt")]
        self.cwd = os.getcwd()
        self.outside = self._new_namespace()
        self.machine = self._new_namespace()
        self._lay_wire()
        self._point_resolver(folder)

    @staticmethod
    def _new_namespace():
        checked(LIBC.unshare(CLONE_NEWNET))
        ip("link", "set", "lo", "up")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def _lay_wire(self):
        outside = f"/proc/{os.getpid()}/fd/{self.outside}"
        ip("link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", outside)
        self._raise_wire("fe80::1/64", f"{MACHINE}/24", "fd77::1/64")
        with self.at(self.outside):
            self._raise_wire("fe80::34/64", f"{ROUTER}/24", "fd77::34/64")
            for address in FORBIDDEN:
                ip("address", "add", address, "dev", "lo")
        ip("route", "add", "default", "via", ROUTER)
        ip("-6", "route", "add", "default", "via", "fd77::34")

    @staticmethod
    def _raise_wire(*addresses):
        """All of them are there at once. The kernel's own link-local address would come up to 2 s later, and a browser
        whose machine gets an address gives up what it is just asking for."""
        ip("link", "set", "wire", "addrgenmode", "none")
        for address in addresses:
            ip("address", "add", address, "dev", "wire", *(["nodad"] if ":" in address else []))
        ip("link", "set", "wire", "up")

    @staticmethod
    def _point_resolver(folder):
        """In a mount namespace, where no other program sees it."""
        checked(LIBC.unshare(CLONE_NEWNS))
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        conf = folder / "resolv.conf"
        conf.write_text("nameserver 127.0.0.1\noptions timeout:2\n")
        subprocess.run(["mount", "--bind", str(conf), "/etc/resolv.conf"], check=True)

    @contextlib.contextmanager
    def at(self, namespace):
        """Sockets that are made meanwhile are of that namespace."""
        checked(LIBC.setns(namespace, CLONE_NEWNET))
        try:
            yield
        finally:
            checked(LIBC.setns(self.machine, CLONE_NEWNET))

    def leave(self):
        # Threads that were started meanwhile share the root folder and the like, which forbids the return.
        checked(LIBC.unshare(CLONE_FS))
        for descriptor, kind in zip(self.kept, (CLONE_NEWNET, CLONE_NEWNS)):
            checked(LIBC.setns(descriptor, kind))
        os.chdir(self.cwd)
        for descriptor in (*self.kept, self.outside, self.machine):
            os.close(descriptor)


class Canary:
    """Servers at a port of every address of the namespace they are made in, by TCP and UDP, that count who came.
    `answer` gives the status, type and body for a path."""

    def __init__(self, port=0, host="::", answer=lambda path: ("200 OK", "text/html", b"<!doctype html>canary")):
        self.answer = answer
        self.paths, self.packets = [], 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tcp = socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            for each in (self.tcp, self.udp):
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.tcp.bind((host, port))
        self.port = self.tcp.getsockname()[1]
        self.udp.bind((host, self.port))
        self.tcp.listen(256)
        for work in (self._accept, self._receive):
            threading.Thread(target=work, daemon=True).start()

    def came(self, path):
        return any(path in each for each in self.paths)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.tcp.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            client.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head and (more := client.recv(65536)):
                head += more
                # Whoever speaks something else than HTTP has come as well.
                if not head[:1].isalpha():
                    break
            words = head.decode("latin-1").split(" ", 2)
            path = words[1] if len(words) == 3 else ""
            self.paths.append(path)
            status, what, body = self.answer(path)
            client.sendall(f"HTTP/1.1 {status}\r\nContent-Type: {what}\r\nContent-Length: {len(body)}\r\n"
                           "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n"
                           "Connection: close\r\n\r\n".encode() + body)

    def _receive(self):
        with contextlib.suppress(OSError):
            while True:
                self.udp.recv(65536)
                self.packets += 1

    def close(self):
        for each in (self.tcp, self.udp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Names:
    """The name server of resolv.conf. A name has lists of addresses: each question for one kind of address takes the
    next, and the last one stays. All may be kept for 0 seconds."""

    def __init__(self, names):
        self.names = names
        self.asked = []  # (name, addresses it was given)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def given(self, name):
        return [addresses for each, addresses in self.asked if each == name and addresses]

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                question, client = self.udp.recvfrom(4096)
                self.udp.sendto(self._answer(question), client)

    def _answer(self, question):
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1:at + 1 + length].decode("latin-1").lower())
            at += 1 + length
        asked, kind = question[12:at + 5], struct.unpack(">H", question[at + 1:at + 3])[0]
        name = ".".join(labels)
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        addresses = self._take(name, family) if family else []
        self.asked.append((name, addresses))
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(packed)) + packed
            for packed in (socket.inet_pton(family, each) for each in addresses))
        status = 0x8180 if name in self.names else 0x8183
        return question[:2] + struct.pack(">HHHHH", status, 1, len(addresses), 0, 0) + asked + records

    def _take(self, name, family):
        steps = [[each for each in step if (":" in each) == (family == socket.AF_INET6)]
                 for step in self.names.get(name, [[]])]
        taken = sum(1 for each, addresses in self.asked if each == name and addresses)
        return steps[min(taken, len(steps) - 1)]

    def close(self):
        self.udp.close()
