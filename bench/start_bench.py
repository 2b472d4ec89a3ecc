#!/usr/bin/env python3
"""Measures cold sessions from creation to the first CDP answer, beside Chromium started by hand with the same flags, in
one interleaved run; ten at once; and the memory of the service itself. No spares are kept: see spare_bench.py.

    bench/start_bench.py PBAAS_BINARY [--rounds 15] [--bursts 9]

Run it as root, as CI does, or as an ordinary user: both sides start browsers the same way.
"""

import argparse
import statistics
import sys
import time

from sessions import BURST, ByHand, Service, burst, command_of, memory_kb, percentile, timed, tree_of

SESSIONS_FOR_MEMORY = 20
SETTLE_SECONDS = 2.0


def measure_starts(service, by_hand, rounds):
    sides = [("pbaas", service), ("by hand", by_hand)]
    times = {name: [] for name, _ in sides}
    for index in range(-2, rounds):  # Two rounds warm the page cache and do not count.
        for name, side in sides if index % 2 else reversed(sides):
            taken, started = timed(side.start_one)
            side.end_one(started)
            service.wait_until_empty()
            if index >= 0:
                times[name].append(taken)
    return times


def measure_bursts(service, by_hand, bursts):
    sides = [("pbaas", service), ("by hand", by_hand)]
    rates = {name: [] for name, _ in sides}
    for index in range(bursts):
        for name, side in sides if index % 2 else reversed(sides):
            time.sleep(SETTLE_SECONDS)  # The kernel ends the browsers of the one before, whose side they were.
            rates[name].append(burst(side.start_one, side.end_one))
            service.wait_until_empty()
    return rates


def measure_memory(service):
    resident, allocated = service.memory_kb("Rss"), service.memory_kb("Anonymous")
    started = [service.start_one() for _ in range(SESSIONS_FOR_MEMORY)]
    busy = service.memory_kb("Anonymous")
    for each in started:
        service.end_one(each)
    service.wait_until_empty()
    return resident, (busy - allocated) / SESSIONS_FOR_MEMORY


def measure_browsers(service):
    """MB (PSS) of each of ten sessions side by side, their sandboxes among it: as started, and with a page."""
    launcher = service.pids()[1]

    def all_mb():
        return sum(memory_kb(pid, "Pss") for pid in tree_of(launcher)) / 1024

    time.sleep(SETTLE_SECONDS)
    before = all_mb()
    started = [service.start_one() for _ in range(BURST)]
    time.sleep(SETTLE_SECONDS)
    blank = all_mb() - before
    for _, web_socket in started:
        web_socket.load_in_first_page()
    time.sleep(SETTLE_SECONDS)
    with_page = all_mb() - before
    for each in started:
        service.end_one(each)
    service.wait_until_empty()
    return blank / BURST, with_page / BURST


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bursts", type=int, default=9)
    options = parser.parse_args()

    fresh = Service(options.binary)
    idle_kb, per_session_kb = measure_memory(fresh)
    fresh.stop()

    service = Service(options.binary)
    try:
        first = service.start_one()
        by_hand = ByHand(command_of(service))
        service.end_one(first)
        service.wait_until_empty()
        times = measure_starts(service, by_hand, options.rounds)
        rates = measure_bursts(service, by_hand, options.bursts)
        blank_mb, with_page_mb = measure_browsers(service)
    finally:
        service.stop()

    ours, theirs = times["pbaas"], times["by hand"]
    print(f"\n| cold start to the first CDP answer, n = {options.rounds} | p50 ms | p90 ms |\n|---|---|---|")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.1f} | {percentile(values, 90):.1f} |")
    print(f"| more than by hand (goal: at most 15 ms) | {statistics.median(ours) - statistics.median(theirs):.1f} "
          f"| {percentile(ours, 90) - percentile(theirs, 90):.1f} |")
    print(f"\n| {BURST} at once, median of {options.bursts} | sessions a second |\n|---|---|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):.1f} |")
    ratio = statistics.median(rates["pbaas"]) / statistics.median(rates["by hand"])
    print(f"| ratio (goal: at least 0.9) | {ratio:.3f} |")
    print(f"\n| memory of each of {BURST} browsers side by side (goal: at most 62 MB) | |\n|---|---|")
    print(f"| as started | {blank_mb:.1f} MB |\n| with a page | {with_page_mb:.1f} MB |")
    print("\n| memory of the service and its launcher | |\n|---|---|")
    print(f"| idle, resident (goal: under 30 MB) | {idle_kb / 1024:.1f} MB |")
    print(f"| per running, connected session, allocated (goal: under 100 KB) | {per_session_kb:.0f} KB |")


if __name__ == "__main__":
    sys.exit(main())
