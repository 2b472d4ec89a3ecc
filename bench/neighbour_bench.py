#!/usr/bin/env python3
"""Measures what sessions notice of one beside them that takes all it can: their CDP round trips before and meanwhile,
beside the same browsers started by hand with the same niceness, in turns. What two cores cannot give to all
that want them, no limit can: the side by hand has none, and shows how much of it is the machine's.

    bench/neighbour_bench.py PBAAS_BINARY [--rounds 5] [--seconds 4]
"""
import argparse
import contextlib
import os
import statistics
import sys
import time
from pathlib import Path

from sessions import ByHand, Service, command_of, percentile, web_socket_of

sys.path.append(str(Path(__file__).parent.parent / "tests/redteam"))
from flood import flood  # noqa: E402

NEIGHBOURS = 3
ROOM_MIB = 8192  # of memory and of the profile: no limit ends a bomb here
TABS = 60
PAUSE_SECONDS = 0.01
NICENESS = 5  # of browsers: src/browser/spawn.cc

SPIN = """const source = URL.createObjectURL(new Blob(['for (;;);']));
    for (let i = 0; i < 8; ++i) new Worker(source);"""
FILL = """(async () => {
    const all = [];
    for (let at = 0; at < 1024; ++at) {
        all.push(new Uint8Array(1 << 20).fill(at + 1));
        await new Promise(done => setTimeout(done));
    }
    globalThis.all = all;
})()"""

READ = f"""(async () => {{
    const reader = (await fetch('/{1 << 50}')).body.getReader();
    while (!(await reader.read()).done);
}})()"""


class Bomb:
    def __init__(self, attacker):
        self.cdp = attacker
        target = self.cdp.call("Target.createTarget", url="about:blank")["targetId"]
        self.page = self.cdp.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def run(self, script):
        """Without waiting: the answer may never come."""
        self.cdp.send_command("Runtime.evaluate", self.page, expression=script, userGesture=True)


def spin(bomb, _):
    bomb.run(SPIN)


def fill(bomb, _):
    bomb.run(FILL)


def tabs(bomb, _):
    for _ in range(TABS):
        bomb.cdp.send_command("Target.createTarget", url="data:text/html,<script>for(;;);</script>")


def read(bomb, address):
    bomb.cdp.call("Page.navigate", bomb.page, url=address + "/sent")  # Of the same origin.
    bomb.run(READ)


BOMBS = {"8 workers that spin": spin, "a page that fills 1 GiB": fill, f"{TABS} tabs that spin": tabs,
         "a page that reads from loopback": read}


def processor_seconds():
    """Of all that runs on this machine."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def round_trips(neighbours, seconds):
    """Milliseconds of each, and how many cores all that ran took meanwhile."""
    taken = []
    began_all, busy = time.perf_counter(), processor_seconds()
    until = began_all + seconds
    while time.perf_counter() < until:
        for each in neighbours:
            began = time.perf_counter()
            each.ask_version()
            taken.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_SECONDS)
    return taken, (processor_seconds() - busy) / (time.perf_counter() - began_all)


def measure(side, bomb, address, seconds):
    """What round_trips gives, before and meanwhile. `address` is that of flood.py."""
    with contextlib.ExitStack() as stack:
        def start_one():
            started = side.start_one()
            stack.callback(side.end_one, started)
            return web_socket_of(started)

        neighbours = [start_one() for _ in range(NEIGHBOURS)]
        attacker = Bomb(start_one())
        time.sleep(1)  # Chromium goes on working for a while.
        before = round_trips(neighbours, seconds)
        bomb(attacker, address)
        meanwhile = round_trips(neighbours, seconds)
        attacker.cdp.call("Browser.getVersion")  # No limit has ended it.
        return before, meanwhile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()

    room = {"SESSION_MEMORY_MAX": str(ROOM_MIB), "SESSION_DISK_MAX": str(ROOM_MIB)}
    service = Service(options.binary, EGRESS_ALLOW="127.0.0.0/8", **room)
    try:
        first = service.start_one()
        # By hand nothing serves the proxy of the sandbox.
        by_hand = ByHand([word for word in command_of(service) if not word.startswith("--proxy-")], NICENESS)
        service.end_one(first)
        sides = [("pbaas", service), ("by hand", by_hand)]
        rounds = {(bomb, name): [] for bomb in BOMBS for name, _ in sides}
        with flood() as address:
            for index in range(options.rounds):
                for bomb, explode in BOMBS.items():
                    for name, side in sides if index % 2 else reversed(sides):
                        rounds[bomb, name].append(measure(side, explode, address, options.seconds))
                        service.wait_until_empty()
    finally:
        service.stop()

    print(f"\n| {NEIGHBOURS} neighbours' round trips, p50 · p99 ms | | before | meanwhile | p99, times | cores taken |")
    print("|---|---|---|---|---|---|")
    for (bomb, name), measured in rounds.items():
        before, meanwhile = ([each for taken, _ in phase for each in taken] for phase in zip(*measured))
        columns = [f"{percentile(each, 50):.2f} · {percentile(each, 99):.1f}" for each in (before, meanwhile)]
        columns.append(f"{percentile(meanwhile, 99) / percentile(before, 99):.1f}")
        cores = [statistics.mean(taken for _, taken in phase) for phase in zip(*measured)]
        columns.append(f"{cores[0]:.1f} → {cores[1]:.1f}")
        print(f"| {bomb} | {name} | {' | '.join(columns)} |")


if __name__ == "__main__":
    sys.exit(main())
