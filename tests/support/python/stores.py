"""Real Redis 7 and PostgreSQL 15 of a test's own, in temporary folders on free ports, which can be stopped, killed,
frozen and emptied. A port is kept over a restart."""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

import psycopg2
import redis

import processes
from processes import wait_until

START_SECONDS = 30
POSTGRES_BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1:]
# Nothing here has to survive a power cut, and tests must not wait for a disk.
POSTGRES_OPTIONS = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
                    "-c", "shared_buffers=32MB", "-c", "max_connections=100"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Store:
    """A server process in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="test-of-pbaas-store-")
        self.port = free_port()
        self.process = None

    def _run(self, command):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder)
        wait_until(self._answers, START_SECONDS, f"{command[0]} answers")
        return self

    def _signal_family(self, number):
        """The server first, which is the one that makes new processes; those it has may end at any time."""
        os.kill(self.process.pid, number)
        for pid, _ in processes.descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _end(self, number, seconds=20):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(seconds)

    def kill(self):
        """As by the kernel: nothing is written, nobody is told."""
        self._end(signal.SIGKILL)

    def freeze(self):
        """It keeps its connections and answers nothing; connections to it are taken by the kernel."""
        self._signal_family(signal.SIGSTOP)

    def thaw(self):
        self._signal_family(signal.SIGCONT)

    def remove(self):
        with contextlib.suppress(ProcessLookupError):
            if self.process and self.process.poll() is None:
                self.thaw()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Store):
    def start(self):
        return self._run(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder,
                          "--save", "", "--appendonly", "no"])

    def _answers(self):
        try:
            return self.client().ping()
        except redis.exceptions.RedisError:
            return False

    def client(self):
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=5)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def stop(self):
        self._end(signal.SIGTERM)

    def restart_empty(self):
        self.kill()
        return self.start()

    def flush(self):
        with self.client() as client:
            client.flushall()


def as_postgres():
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return [], pwd.getpwuid(os.getuid()).pw_name
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--inh-caps=-all", "--"], "postgres"


class Postgres(Store):
    def __init__(self):
        super().__init__()
        self.prefix, owner = as_postgres()
        shutil.chown(self.folder, owner)
        self.data = os.path.join(self.folder, "pg")
        subprocess.run([*self.prefix, f"{POSTGRES_BIN[0]}/initdb", "-D", self.data, "-U", "postgres", "-A", "trust",
                        "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"], check=True,
                       stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self):
        return self._run([*self.prefix, f"{POSTGRES_BIN[0]}/postgres", "-D", self.data, "-p", str(self.port),
                          "-h", "127.0.0.1", "-k", self.folder, *POSTGRES_OPTIONS])

    def _answers(self):
        try:
            return self.query("SELECT 1") == [(1,)]
        except psycopg2.Error:
            return False

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def query(self, sql, *values):
        with contextlib.closing(psycopg2.connect(self.url, connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []

    def stop(self):
        """As an operator does: clients are cut off at once, and nothing is lost."""
        self._end(signal.SIGINT)
