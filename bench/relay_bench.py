#!/usr/bin/env python3
"""Measures one hop: our front, HAProxy and nginx, each between the same client and the same echo server; and two of
ours in a row.

Rounds are interleaved and their order rotates, because two runs a minute apart cannot be compared. Each proxy has one
process or thread for its connections. Values are medians over the rounds.

    bench/relay_bench.py BUILD_DIR [--rounds 5] [--pin] [--quick]
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# name: payload bytes, round trips, pause before each in µs
LOADS = {
    "64 B hot": (64, 5_000, 0),
    "64 B paced": (64, 1_000, 500),
    "20 KB hot": (20_000, 3_000, 0),
    "1 MB": (1_000_000, 100, 0),
    "10 MB": (10_000_000, 10, 0),
}
IDLE_CONNECTIONS = 1_000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(500):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"{process.args[0]} does not listen on {port}")


class Server:
    """A process that is measured; its port is where the load goes."""

    def __init__(self, name, command, port=None):
        self.name = name
        output = subprocess.PIPE if port is None else subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, text=True)
        self.port = int(self.process.stdout.readline()) if port is None else port
        wait_for_port(self.port, self.process)

    def cpu_s(self):
        """Time on a core, user and system. schedstat counts nanoseconds where stat counts 10 ms."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def pss_kb(self):
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
        raise RuntimeError("no Pss in smaps_rollup")

    def pin(self, core):
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class TwoHops:
    """A gateway's relay and behind it a worker's: what a fleet puts between a client and its browser."""

    def __init__(self, gateway, worker):
        self.gateway, self.worker = gateway, worker
        self.name, self.port = f"{gateway.name}, two hops", gateway.port

    def cpu_s(self):
        return self.gateway.cpu_s() + self.worker.cpu_s()

    def pss_kb(self):
        return self.gateway.pss_kb() + self.worker.pss_kb()

    def pin(self, core):
        self.gateway.pin(core)
        self.worker.pin(core)

    def stop(self):
        self.gateway.stop()
        self.worker.stop()


def front(build, port, *path):
    return Server("pbaas", [str(build / "bench/relay_front"), str(port), *path])


def haproxy(folder, mode, echo_port):
    port = free_port()
    config = folder / f"haproxy_{port}.cfg"
    config.write_text(
        "global\n nbthread 1\n maxconn 8000\n"
        f"defaults\n mode {mode}\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n timeout tunnel 1h\n"
        f"frontend f\n bind 127.0.0.1:{port}\n default_backend b\n"
        f"backend b\n server s 127.0.0.1:{echo_port}\n"
    )
    return Server(f"HAProxy {mode}", ["haproxy", "-db", "-q", "-f", str(config)], port)


def nginx(folder, echo_port):
    port = free_port()
    config = folder / f"nginx_{port}.conf"
    config.write_text(
        f"daemon off; master_process off; worker_processes 1; pid {folder}/nginx_{port}.pid;\n"
        "error_log /dev/null crit;\n"
        "events { worker_connections 8192; }\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{\n"
        f" proxy_pass http://127.0.0.1:{echo_port}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;\n"
        " proxy_set_header Connection upgrade; proxy_read_timeout 1h; proxy_send_timeout 1h; } } }\n"
    )
    return Server("nginx", ["nginx", "-p", str(folder), "-c", str(config), "-e", "/dev/null"], port)


class Direct:
    """No proxy at all: what the others are compared with."""

    name = "direct"

    def __init__(self, port):
        self.port = port

    def cpu_s(self):
        return 0.0


def run_load(load, hop, size, count, pause_us):
    """CPU is counted from after the handshake and the warm-up, so that it is the relay's alone."""
    command = [str(load), "rounds", str(hop.port), str(size), str(count), str(pause_us)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        expect_ready(client, hop)
        cpu_before = hop.cpu_s()
        client.stdin.write("go\n")
        client.stdin.flush()
        result = json.loads(client.stdout.readline())
        cpu_s = hop.cpu_s() - cpu_before
    result["cpu_us"] = cpu_s / count * 1e6
    result["cpu_s_per_gb"] = cpu_s / (2 * size * count / 1e9)
    return result


def expect_ready(client, hop):
    if client.stdout.readline() != "ready\n":
        raise RuntimeError(f"{hop.name} does not take the connections")


def idle_kb(load, server):
    """PSS per idle connection: what the process's own memory grows by, the kernel's buffers aside."""
    run_load(load, server, 64, 100, 0)
    before = server.pss_kb()
    command = [str(load), "idle", str(server.port), str(IDLE_CONNECTIONS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        expect_ready(holder, server)
        grown = server.pss_kb() - before
        holder.stdin.close()
    return grown / IDLE_CONNECTIONS


def start_all(build, folder, echo):
    worker = front(build, echo.port)
    servers = [front(build, echo.port), TwoHops(front(build, worker.port, "/echo"), worker)]
    if shutil.which("haproxy"):
        servers += [haproxy(folder, "tcp", echo.port), haproxy(folder, "http", echo.port)]
        inner = haproxy(folder, "tcp", echo.port)
        servers.append(TwoHops(haproxy(folder, "tcp", inner.port), inner))
    else:
        print("haproxy is not installed, so it is left out")
    if shutil.which("nginx"):
        inner = nginx(folder, echo.port)
        servers += [nginx(folder, echo.port), TwoHops(nginx(folder, inner.port), inner)]
    else:
        print("nginx is not installed, so it is left out")
    return servers


def measure(load, loads, hops, rounds, scale):
    """results[load name][hop name]: the medians of each number over all rounds."""
    samples = {}
    for turn in range(rounds):
        for name, (size, count, pause_us) in loads.items():
            shift = turn % len(hops)
            for hop in hops[shift:] + hops[:shift]:
                result = run_load(load, hop, size, max(count // scale, 10), pause_us)
                samples.setdefault(name, {}).setdefault(hop.name, []).append(result)
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr)
    return {
        name: {
            hop: {key: statistics.median(s[key] for s in each) for key in each[0]} for hop, each in by_hop.items()
        }
        for name, by_hop in samples.items()
    }


def print_table(results, hops, idle):
    columns = [(name, LOADS[name][0] < 1_000_000) for name in results]
    print("|  | " + " | ".join(
        f"{n} p50 · p99 µs (each × direct) | {n} CPU µs" if small else f"{n} MB/s (× direct) | {n} CPU s/GB"
        for n, small in columns) + " | KB per idle |")
    print("|---" * (2 * len(columns) + 2) + "|")
    for hop in hops:
        cells = []
        for name, small in columns:
            own, direct = results[name][hop.name], results[name]["direct"]
            if small:
                ratios = f"{own['p50_us'] / direct['p50_us']:.2f} · {own['p99_us'] / direct['p99_us']:.2f}"
                cells.append(f"{own['p50_us']:.1f} · {own['p99_us']:.1f} ({ratios})")
                cells.append(f"{own['cpu_us']:.2f}")
            else:
                cells.append(f"{own['mb_s']:.0f} ({own['mb_s'] / direct['mb_s']:.2f})")
                cells.append(f"{own['cpu_s_per_gb']:.3f}")
        cells.append(f"{idle[hop.name]:.2f}" if hop.name in idle else "")
        print(f"| {hop.name} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, help="a release build, such as build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=LOADS, action="append", help="this load alone; may be repeated")
    parser.add_argument("--pin", action="store_true",
                        help="client and echo server on the first core, proxies on the last: steadier numbers")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages, to see that it works")
    arguments = parser.parse_args()
    load = arguments.build / "bench/load"
    loads = {name: LOADS[name] for name in arguments.only or LOADS}
    with tempfile.TemporaryDirectory() as folder:
        started = []
        try:
            echo = Server("echo", [str(arguments.build / "bench/echo_server")])
            started.append(echo)
            servers = start_all(arguments.build, Path(folder), echo)
            started += servers
            if arguments.pin:
                for server in servers:
                    server.pin(os.cpu_count() - 1)
                echo.pin(0)
                os.sched_setaffinity(0, {0})  # and so the clients it starts
            idle = {server.name: idle_kb(load, server) for server in servers}
            hops = [Direct(echo.port)] + servers
            results = measure(load, loads, hops, arguments.rounds, 10 if arguments.quick else 1)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, medians of {arguments.rounds} rounds;"
                  " CPU is the proxy's alone, per round trip and per GB both ways")
            print_table(results, hops, idle)
        finally:
            for server in started:
                server.stop()


if __name__ == "__main__":
    main()
