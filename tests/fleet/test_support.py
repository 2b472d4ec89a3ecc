"""The fault proxy and the stores do what the tests of the fleet count on."""
import contextlib
import socket
import threading
import time

import pytest

from fault_proxy import FaultProxy
from stores import Postgres, Redis


@pytest.fixture
def echo():
    """(host, port) of a server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                connection.sendall(data)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()
    listener.close()


@pytest.fixture
def proxy(echo):
    made = FaultProxy(echo)
    yield made
    made.remove()


def connect(proxy, timeout=5):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout)


def says(connection, data=b"hello"):
    connection.sendall(data)
    return connection.recv(4096)


def test_the_proxy_carries_bytes_and_the_end(proxy):
    with connect(proxy) as line:
        assert says(line) == b"hello"
        line.shutdown(socket.SHUT_WR)
        assert line.recv(10) == b""


def test_a_cut_resets_what_is_and_takes_what_comes(proxy):
    with connect(proxy) as line, pytest.raises(ConnectionResetError):
        assert says(line) == b"hello"
        proxy.cut()
        line.recv(10)
    with connect(proxy) as line:
        assert says(line) == b"hello"


def test_a_proxy_that_refuses_takes_nobody_until_it_is_healed(proxy):
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.heal()
    with connect(proxy) as line:
        assert says(line) == b"hello"


def test_a_black_hole_keeps_connections_and_holds_the_bytes_back(proxy):
    with connect(proxy) as line:
        assert says(line) == b"hello"
        proxy.blackhole()
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            says(line, b"later")
        with connect(proxy, 0.3) as other, pytest.raises(TimeoutError):
            says(other)
        proxy.heal()
        line.settimeout(5)
        assert line.recv(10) == b"later"


def test_a_delay_holds_the_bytes_back_both_ways(proxy):
    with connect(proxy) as line:
        proxy.delay(0.2)
        began = time.monotonic()
        assert says(line) == b"hello"
        assert time.monotonic() - began >= 0.4


def test_a_trickle_carries_one_byte_at_a_time(proxy):
    with connect(proxy) as line:
        proxy.trickle()
        assert says(line, b"a") == b"a", "who waits for bytes already takes what comes first as before"
        began = time.monotonic()
        assert says(line, b"bcd") == b"b"
        assert line.recv(10) == b"c"
        assert time.monotonic() - began >= 2


def test_a_half_close_tells_both_ends_that_nothing_more_comes(proxy):
    with connect(proxy) as line:
        assert says(line) == b"hello"
        proxy.half_close()
        assert line.recv(10) == b""


def test_a_front_gives_connections_to_its_targets_in_turn(echo):
    listener = socket.create_server(("127.0.0.1", 0))
    front = FaultProxy(echo, listener.getsockname())
    listener.settimeout(5)
    with connect(front) as first, connect(front) as second:
        assert listener.accept()[0].fileno() > 0
        first.sendall(b"x")
        second.sendall(b"x")
    front.remove()
    listener.close()


def test_redis_forgets_when_it_is_started_anew():
    store = Redis().start()
    try:
        store.client().set("a", "1")
        port = store.port
        store.restart_empty()
        assert store.port == port and store.client().get("a") is None
        store.freeze()
        with pytest.raises(TimeoutError), socket.create_connection(("127.0.0.1", port), timeout=0.3) as line:
            says(line, b"PING\r\n")
        store.thaw()
        assert store.client().ping()
    finally:
        store.remove()


def test_postgres_keeps_what_it_was_told_over_a_stop_and_answers_after_a_freeze():
    store = Postgres().start()
    try:
        store.query("CREATE TABLE kept (n int)")
        store.stop()
        store.start()
        assert store.query("SELECT count(*) FROM kept") == [(0,)]
        store.freeze()
        store.thaw()
        assert store.query("SELECT 1") == [(1,)]
    finally:
        store.remove()
