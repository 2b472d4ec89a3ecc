"""deploy/seccomp.json lets browsers have their sandbox; a profile that forbids it is named at the start."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pbaas_process import ROOT

UNDER = [sys.executable, str(Path(__file__).parent / "under_seccomp.py"), str(ROOT / "deploy/seccomp.json")]
BINARY = os.environ.get("PBAAS_BINARY", str(ROOT / "build/release/pbaas"))


def run(tmp_path, refused, *words):
    command = [*UNDER, *refused, "--", BINARY, *words]
    environment = {**os.environ, "PORT": "0", "DATA_DIR": str(tmp_path / "data"), "LOG_LEVEL": "warn"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_profile_lets_a_browser_start_in_its_sandbox(tmp_path):
    said = run(tmp_path, [], "doctor")
    lines = {line.split()[1]: line for line in said.stdout.splitlines()}
    assert lines["namespaces"].startswith("ok"), said.stdout
    assert lines["headless-shell"].startswith("ok"), said.stdout


# What bwrap needs, and what Chromium's own sandbox needs inside: without its filter it would start, and be weaker.
FORBIDDEN = {"mount": "bwrap", "chroot": "a root of its own (chroot)", "seccomp": "a filter of system calls (seccomp)"}


@pytest.mark.parametrize("call", FORBIDDEN)
def test_a_profile_that_forbids_a_part_refuses_the_start_and_is_named(tmp_path, call):
    said = run(tmp_path, [call], "serve")
    assert said.returncode == 1
    assert FORBIDDEN[call] in said.stderr
    assert "deploy/seccomp.json" in said.stderr and "ISOLATION=none" in said.stderr


def test_the_doctor_names_the_part_that_is_forbidden(tmp_path):
    said = run(tmp_path, ["chroot"], "doctor")
    assert said.returncode == 1
    assert re.search(r"FAIL +namespaces .*a root of its own \(chroot\): Operation not permitted", said.stdout)
