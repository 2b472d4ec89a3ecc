#!/usr/bin/env python3
"""Measures the control plane without Chromium: creates and ends a second through one gateway on one core, over a real
Redis and a real PostgreSQL, on a worker whose browsers are made up (fake_worker). Beside it what Redis itself spends on
the same commands, by its own count, and so how many creates one Redis could take.

    bench/control_bench.py BUILD_DIR [--seconds 5] [--connections 32]
"""
import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support/python"))

from stores import Postgres, Redis  # noqa: E402  The path above comes first.

CREATE = ('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
          'wrk.body = "{\\"queue_timeout\\": 5}"\n')


def cpu_s(pid):
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def redis_us(client):
    """What Redis has spent on commands so far, in µs; a script's own commands are within its EVALSHA."""
    stats = client.info("commandstats")
    return sum(stats[name]["usec"] for name in ("cmdstat_evalsha", "cmdstat_eval") if name in stats)


def start(command, environment, core=None):
    if core is not None and os.cpu_count() > 1:
        command = ["taskset", "-c", str(core), *command]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline()


def wait_for_worker(port):
    for _ in range(200):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/worker")
        if '"id":"fake"' in connection.getresponse().read().decode():
            return
        time.sleep(0.05)
    raise SystemExit("the made-up worker did not come")


def creates(port, seconds, connections, folder):
    script = Path(folder) / "create.lua"
    script.write_text(CREATE)
    said = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script),
                           f"http://127.0.0.1:{port}/session"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"some creates were refused:\n{said}")
    lines = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    count = next(int(line.split()[0]) for line in said.splitlines() if "requests in" in line)
    return count, lines["50%"][1], lines["99%"][1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    arguments = parser.parse_args()
    stores = Redis(), Postgres()
    started = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for store in stores:
                store.start()
            environment = {"REDIS_URL": stores[0].url, "DATABASE_URL": stores[1].url,
                           "CLUSTER_SECRET": secrets.token_hex(16), "DATA_DIR": folder + "/gateway", "PORT": "0",
                           "HOST": "127.0.0.1", "RELAY_THREADS": "1", "LOG_LEVEL": "error"}
            worker, _ = start([str(arguments.build / "bench/fake_worker"), folder + "/spool"], environment)
            started.append(worker)
            gateway, line = start([str(arguments.build / "pbaas"), "gateway"], environment, core=0)
            started.append(gateway)
            port = int(line.rpartition(":")[2])
            wait_for_worker(port)
            creates(port, 1, arguments.connections, folder)
            client = redis.Redis.from_url(stores[0].url)
            cpu_before, redis_before = cpu_s(gateway.pid), redis_us(client)
            count, p50, p99 = creates(port, arguments.seconds, arguments.connections, folder)
            gateway_us = (cpu_s(gateway.pid) - cpu_before) / count * 1e6
            in_redis_us = (redis_us(client) - redis_before) / count
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {arguments.connections} connections, "
                  f"{arguments.seconds} s, one gateway on one core")
            print("| creates a second | p50 | p99 | gateway's CPU µs each | Redis's µs each | Redis's limit a second |")
            print("|---|---|---|---|---|---|")
            print(f"| {count / arguments.seconds:.0f} | {p50} | {p99} | {gateway_us:.0f} | {in_redis_us:.0f} | "
                  f"{1e6 / in_redis_us:.0f} |")
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(10)
            for store in stores:
                store.remove()


if __name__ == "__main__":
    main()
