"""A whole fleet of a test's own: gateways and workers as real processes over a real Redis and a real PostgreSQL, and
what must be equal in all of them once it is calm."""
import contextlib
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import requests

import processes
from fault_proxy import FaultProxy
from pbaas_process import PbaasProcess
from processes import wait_until
from service import Service, parse_metrics
from stores import Postgres, Redis, free_port

# A second apart, so that what is told by three missed heartbeats takes no longer than a test should.
HEARTBEAT_SECONDS = 1
TTL_SECONDS = 3 * HEARTBEAT_SECONDS


class Worker(PbaasProcess):
    """Two proxies are in its lines where it is made so: gateways reach it through `door`, and it reaches Redis through
    `to_redis`."""

    def __init__(self, door=None, to_redis=None, **settings):
        super().__init__("worker", **settings)
        self.door, self.to_redis = door, to_redis
        self.port = None

    def start(self):
        self.port = self.begin()
        return self

    @property
    def id(self):
        return (self.data_dir / "worker_id").read_text().split()[0]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def metric(self, name):
        text = requests.get(self.url + "/metrics", timeout=5).text
        return sum(value for (each, _), value in parse_metrics(text).items() if each == name)

    def remove(self):
        for proxy in filter(None, (self.door, self.to_redis)):
            proxy.heal()
        try:
            super().remove()
        finally:
            for proxy in filter(None, (self.door, self.to_redis)):
                proxy.remove()


class Fleet:
    """`capacities` has one number for each worker. `settings` are for every process. Sessions made with create() are
    remembered, so that none of them can get lost unseen."""

    def __init__(self, gateways=2, capacities=(4, 4), proxied=False, **settings):
        self.settings = {"CLUSTER_SECRET": secrets.token_hex(16), "HEARTBEAT": HEARTBEAT_SECONDS,
                         "LOG_LEVEL": "info", **settings}
        self.redis, self.postgres = Redis(), Postgres()
        self.gateways, self.workers, self.created = [], [], set()
        self.proxied = proxied
        self.front = None
        self._turn = 0
        self._wanted = gateways, capacities

    def start(self):
        gateways, capacities = self._wanted
        self.redis.start()
        self.postgres.start()
        with ThreadPoolExecutor(8) as pool:
            workers = [pool.submit(self.add_worker, capacity) for capacity in capacities]
            fronts = [pool.submit(self.add_gateway) for _ in range(gateways)]
            # In the order that was asked for, whichever was made first.
            self.workers, self.gateways = ([each.result() for each in started] for started in (workers, fronts))
        self.wait_for_workers()
        return self

    def _stores(self, to_redis=None):
        url = f"redis://{to_redis.address}" if to_redis else self.redis.url
        return {"REDIS_URL": url, "DATABASE_URL": self.postgres.url}

    def add_worker(self, capacity, **settings):
        door = to_redis = None
        lines = {}
        if self.proxied:
            port = free_port()
            door, to_redis = FaultProxy(("127.0.0.1", port)), FaultProxy(("127.0.0.1", self.redis.port))
            lines = {"WORKER_PORT": port, "WORKER_ADDRESS": door.address}
        worker = Worker(door, to_redis, **{**self.settings, **self._stores(to_redis), "MAX_CONTEXTS": capacity,
                                           **lines, **settings})
        self.workers.append(worker)
        return worker.start()

    def add_gateway(self, **settings):
        gateway = Service("gateway", **{**self.settings, **self._stores(), **settings})
        self.gateways.append(gateway)
        return gateway.start()

    def add_front(self):
        """A port whose connections go to the gateways in turn."""
        self.front = FaultProxy(*((("127.0.0.1", int(each.url.rpartition(":")[2]))) for each in self.gateways))
        return f"http://{self.front.address}"

    # ---- use

    def gateway(self):
        """The next of those that run."""
        running = [each for each in self.gateways if each.running]
        self._turn += 1
        return running[self._turn % len(running)]

    def create(self, through=None, **options):
        session = (through or self.gateway()).create(**options)
        self.created.add(session["id"])
        return session

    def create_together(self, count, threads=8, **options):
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda _: self.create(**options), range(count)))

    def end_all(self, sessions):
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda each: self.gateway().end(each["id"]), sessions))

    def worker_of(self, session):
        return next(each for each in self.workers if each.id == session["worker"])

    def wait_for_workers(self, seconds=20):
        """Every running worker is in the fleet, and no other, as each gateway shows it; Redis may be away still."""
        def seen(gateway):
            answer = gateway.call("GET", "/worker")
            if answer.status_code == 503:
                return False
            shown = {each["id"] for each in answer.json()["workers"]}
            return shown == {each.id for each in self.workers if each.running}
        for gateway in (each for each in self.gateways if each.running):
            wait_until(lambda gateway=gateway: seen(gateway), seconds, "the workers that run are in the fleet")

    def rows(self, sql, *values):
        return self.postgres.query(sql, *values)

    # ---- what must be equal

    def open_in_log(self):
        """{session: worker} of the rows that have not ended."""
        return dict(self.rows("SELECT id, worker FROM sessions WHERE status <> 'ended'"))

    def placed_in_redis(self):
        """{session: worker} of the slots that are counted in."""
        placed = {}
        with self.redis.client() as client:
            for key in client.scan_iter("pbaas:slots:*"):
                worker = key.split(":")[2]
                placed.update({session: worker for session in client.zrange(key, 0, -1)})
        return placed

    def published_in_redis(self):
        with self.redis.client() as client:
            return set(client.zrange("pbaas:deadlines", 0, -1))

    def browsers_by_worker(self):
        return {each.id: len(each.browser_pids()) for each in self.workers if each.running and each.browser_pids()}

    def differences(self):
        """Where log, Redis, workers and gateways do not agree; empty where they do."""
        log, placed = self.open_in_log(), self.placed_in_redis()
        found = {}
        if log != placed:
            found["log and slots"] = {"log": log, "slots": placed}
        if set(log) != self.published_in_redis():
            found["log and deadlines"] = set(log) ^ self.published_in_redis()
        browsers = self.browsers_by_worker()
        if browsers != dict(Counter(log.values())):
            found["browsers"] = {"browsers": browsers, "log": dict(Counter(log.values()))}
        for gateway in (each for each in self.gateways if each.running):
            used = {each["id"]: each["used"] for each in gateway.workers() if each["used"]}
            if used != browsers:
                found["slots as a gateway shows them"] = used
        return found

    def wait_agreement(self, seconds=4 * HEARTBEAT_SECONDS):
        """Redis = workers = PostgreSQL; every session has its one row, and every ended one its one end."""
        last = {}

        def agree():
            last.clear()
            last.update(self.differences())
            return not last
        try:
            wait_until(agree, seconds, "agreement")
        except AssertionError:
            raise AssertionError(f"no agreement after {seconds} s: {last}") from None
        assert self.bad_ends() == []
        assert not self.lost_rows(), "sessions without a row"

    def bad_ends(self):
        """Sessions that have not exactly the ends their row says."""
        return self.rows("""
            SELECT sessions.id, sessions.status, count(ends.*) FROM sessions
            LEFT JOIN session_events ends ON ends.session_id = sessions.id AND ends.status = 'ended'
            GROUP BY sessions.id HAVING count(ends.*) <> (sessions.status = 'ended')::int""")

    def lost_rows(self):
        return self.created - {row[0] for row in self.rows("SELECT id FROM sessions")}

    def wait_empty(self, seconds=4 * HEARTBEAT_SECONDS):
        """No session is open, and nothing of any is left: no process, no profile, no slot, no place."""
        wait_until(lambda: not self.open_in_log(), seconds, f"every session has ended: {self.open_in_log()}")
        self.wait_agreement(seconds)
        for worker in self.workers:
            if worker.running:
                wait_until(lambda each=worker: not each.browser_pids() and not each.profiles(), 5, "browsers are gone")
                assert not processes.zombies(worker.pid)
            else:
                worker.wait_nothing_left(2)

    def end_reasons(self, sessions):
        ids = [each["id"] for each in sessions]
        return Counter(row[0] for row in self.rows("SELECT end_reason FROM sessions WHERE id = ANY(%s)", ids))

    def wait_reasons(self, sessions, expected, seconds):
        """Every one of these has ended for that reason."""
        wait_until(lambda: self.end_reasons(sessions) == Counter({expected: len(sessions)}), seconds,
                   f"ended as {expected}: {self.end_reasons(sessions)}")

    def remove(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self.redis.remove)
            stack.callback(self.postgres.remove)
            for each in [*self.workers, *self.gateways]:
                stack.callback(each.remove)
            if self.front:
                stack.callback(self.front.remove)
