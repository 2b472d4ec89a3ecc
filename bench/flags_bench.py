#!/usr/bin/env python3
"""Measures what Chromium's launch flags buy: start to the first CDP answer, and memory (PSS) of 1 and of 10 side by
side, with all of the service's flags and with one group of them left out, interleaved.

    bench/flags_bench.py PBAAS_BINARY [--browser headless-shell] [--rounds 9]
"""

import argparse
import statistics
import sys
import time

from sessions import BURST, ByHand, Service, command_of, memory_kb, timed, tree_of

NETWORK = "--enable-features=NetworkServiceInProcess2,NetworkServiceInProcess"
LEFT_OUT = {
    "all": [],
    "without `--in-process-gpu`": ["--in-process-gpu"],
    "without the network service in process": [NETWORK],
    "without `--disable-software-rasterizer`": ["--disable-software-rasterizer"],
    "without `--disable-breakpad`, `--disable-crash-reporter`": ["--disable-breakpad", "--disable-crash-reporter"],
}
SETTLE_SECONDS = 1.0


def pss_mb(started):
    time.sleep(SETTLE_SECONDS)
    return sum(memory_kb(pid, "Pss") for process, *_ in started for pid in tree_of(process.pid)) / 1024 / len(started)


def measure(sides, rounds):
    times = {name: [] for name in sides}
    for index in range(-1, rounds):
        for name, side in sides.items():
            taken, started = timed(side.start_one)
            side.end_one(started)
            if index >= 0:
                times[name].append(taken)
    return times


def memory_of(side, count):
    started = [side.start_one() for _ in range(count)]
    try:
        return pss_mb(started)
    finally:
        for each in started:
            side.end_one(each)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--browser", default="headless-shell", choices=["headless-shell", "chromium"])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    service = Service(options.binary, DEFAULT_BROWSER=options.browser)
    first = service.start_one()
    command = command_of(service)
    service.end_one(first)
    service.stop()
    sides = {name: ByHand([word for word in command if word not in gone]) for name, gone in LEFT_OUT.items()}
    times = measure(sides, options.rounds)
    print(f"| {options.browser} | start, ms | MB, 1 | MB each, {BURST} |\n|---|---|---|---|")
    for name, side in sides.items():
        alone, beside = memory_of(side, 1), memory_of(side, BURST)
        print(f"| {name} | {statistics.median(times[name]):.0f} | {alone:.0f} | {beside:.0f} |", flush=True)


if __name__ == "__main__":
    main()
