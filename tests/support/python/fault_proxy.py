"""A TCP proxy that breaks connections on purpose: for the lines between gateway, worker and stores. With several
targets it is a front that gives each connection to the next of them."""
import contextlib
import itertools
import socket
import struct
import threading
import time

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: the close is a reset.


class FaultProxy:
    """Listens on `port` of the loopback from the start until remove(). What it does to bytes can change at any moment:
    every method says so from then on, heal() makes it a plain proxy again."""

    def __init__(self, *targets):
        self.targets = itertools.cycle(targets)  # (host, port)
        self.pairs = set()  # The ends of each connection: the client's alone until the target has taken it.
        self.lock = threading.Lock()
        self.flowing = threading.Event()
        self.flowing.set()
        self.delay_seconds = 0.0
        self.trickles = False
        self.listener = None
        self.port = 0
        self._listen()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    # ---- faults

    def cut(self):
        """Every connection is reset; new ones are taken."""
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            for end in pair:
                self._reset(end)

    def refuse(self):
        """Every connection is reset and nobody listens."""
        with self.lock:
            listener, self.listener = self.listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def blackhole(self):
        """Connections stay, and new ones are taken, but no byte arrives anywhere."""
        self.flowing.clear()

    def delay(self, seconds):
        self.delay_seconds = seconds

    def trickle(self):
        """One byte a second in each direction."""
        self.trickles = True

    def half_close(self):
        """Both ends are told that the other writes no more, while what they send still arrives."""
        with self.lock:
            ends = [end for pair in self.pairs for end in pair]
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR)

    def heal(self):
        self.delay_seconds, self.trickles = 0.0, False
        self.flowing.set()
        if self.listener is None:
            self._listen()
        return self

    def remove(self):
        self.heal()
        self.refuse()

    # ---- how it works: a thread accepts, and two carry each connection

    def _listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with self.lock:
                    is_refused = self.listener is not listener
                    if not is_refused:
                        self.pairs.add((client,))
                if is_refused:
                    self._reset(client)
                else:
                    threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _reset(end):
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.shutdown(socket.SHUT_RD)  # Wakes the thread that reads from it.
            end.close()

    def _serve(self, client):
        self.flowing.wait()
        try:
            server = socket.create_connection(next(self.targets), timeout=10)
        except OSError:
            with self.lock:
                self.pairs.discard((client,))
            self._reset(client)
            return
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self.lock:
            was_cut = (client,) not in self.pairs
            if not was_cut:
                self.pairs.remove((client,))
                self.pairs.add(pair)
        if was_cut:
            self._reset(server)
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=self._carry, args=(server, client), daemon=True)
        back.start()
        self._carry(client, server)
        back.join()
        with self.lock:
            self.pairs.discard(pair)
        for end in pair:
            end.close()

    def _carry(self, source, sink):
        """Until the source writes no more; a reset is passed on as one."""
        try:
            while chunk := source.recv(1 if self.trickles else 1 << 16):
                self.flowing.wait()
                pause = 1.0 if self.trickles else self.delay_seconds
                if pause:
                    time.sleep(pause)
                sink.sendall(chunk)
            self.flowing.wait()
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.shutdown(socket.SHUT_RDWR)
