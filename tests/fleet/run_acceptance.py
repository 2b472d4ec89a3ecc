#!/usr/bin/env python3
"""The acceptance suite, unchanged, against two gateways and three workers: calls go to the gateways in turn. Arguments
are pytest's; without any, the whole suite. Fails too where the fleet does not agree with itself afterwards."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITE = ["test_cdp.py", "test_parallel_validate.py", "test_parallel.py"]

sys.path.insert(0, str(ROOT / "tests/support/python"))

from fleet import Fleet  # noqa: E402  The path above comes first.


def main():
    fleet = Fleet(gateways=2, capacities=(20, 20, 20), HEARTBEAT=5)
    try:
        url = fleet.start().add_front()
        print(f"two gateways and three workers, behind {url}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *(sys.argv[1:] or SUITE)]
        failed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PBAAS_URL": url}, check=False).returncode
        open_rows = fleet.open_in_log()
        assert not open_rows, f"the suite ended and these did not: {open_rows}"
        fleet.wait_empty(30)
        by_worker = dict(fleet.rows("SELECT worker, count(*) FROM sessions WHERE worker IS NOT NULL GROUP BY worker"))
        print(f"sessions by worker: {sorted(by_worker.values())}", flush=True)
        assert len(by_worker) == 3, "every worker had sessions"
        return failed
    finally:
        fleet.remove()


if __name__ == "__main__":
    sys.exit(main())
