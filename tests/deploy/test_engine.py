"""Where no Docker engine can run, the step that needs one is passed over and says why."""
import os
import subprocess
import sys

import pytest

from pbaas_process import ROOT


def step(tmp_path, *before, **environment):
    command = [*before, sys.executable, str(ROOT / "tests/docker/run")]
    return subprocess.run(command, env={**os.environ, "PBAAS_ENGINE": str(tmp_path / "engine"), **environment},
                          capture_output=True, text=True, check=False)


def test_without_its_packages_the_step_is_skipped_and_names_them(tmp_path):
    if os.getuid() != 0:
        pytest.skip("without root that is the reason it gives")
    done = step(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 77
    assert "SKIPPED: these are not installed: dockerd, " in done.stdout and "scripts/setup test" in done.stdout


def test_without_root_the_step_is_skipped_and_says_so(tmp_path):
    if os.getuid() != 0:
        pytest.skip("only root can become another")
    done = step(tmp_path, "setpriv", "--reuid=65534", "--clear-groups", "--")
    assert done.returncode == 77 and "SKIPPED: an engine needs root" in done.stdout
    assert not (tmp_path / "engine").exists()
