"""The units of deploy/systemd: systemd takes them, they drain, and nothing in them takes the browsers' sandbox away.
That browsers start under them is not tried here: it needs a machine whose first process is systemd."""
import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
WITH_BROWSERS = ["pbaas.service", "pbaas-worker.service"]
# Each of these hides or forbids something that a browser's sandbox needs: docs/sandbox.md.
BREAKS_THE_SANDBOX = ["RestrictNamespaces", "SystemCallFilter", "PrivateDevices", "ProtectKernelTunables",
                      "PrivateUsers", "ProtectControlGroups", "ProtectKernelLogs", "ProtectProc", "ProcSubset",
                      "ProtectHostname",
                      "MemoryDenyWriteExecute", "RestrictAddressFamilies", "PrivateNetwork", "ProtectKernelModules"]


class Repeated(dict):
    """Keys that are given more than once keep all their values."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def service(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None, dict_type=Repeated)
    parser.optionxform = str
    parser.read(ROOT / "deploy/systemd" / name)
    return parser["Service"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_a_unit(unit, tmp_path):
    """With a program that is there in the place of ours, which may not be installed."""
    copied = tmp_path / unit.name
    text = unit.read_text(encoding="utf-8").replace("/usr/bin/pbaas", "/bin/true").replace("User=pbaas", "User=daemon")
    copied.write_text(text, encoding="utf-8")
    verify = ["systemd-analyze", "verify", "--man=no", str(copied)]
    said = subprocess.run(verify, capture_output=True, text=True, check=False)
    ours = [line for line in said.stderr.splitlines() if unit.name in line]
    assert said.returncode == 0 and not ours, said.stderr


@pytest.mark.parametrize("name", WITH_BROWSERS)
def test_a_unit_with_browsers_leaves_them_their_sandbox_and_their_drain(name):
    unit = service(name)
    assert not [key for key in BREAKS_THE_SANDBOX if key in unit]
    assert unit["KillMode"] == "mixed" and "Delegate" in unit and unit["User"] == "pbaas"
    config = (ROOT / "src/base/config.cc").read_text(encoding="utf-8")
    drain = int(re.search(r'setting\("DRAIN_TIMEOUT", "[^"]*", "(\d+)"', config)[1])
    assert int(unit["TimeoutStopSec"]) >= drain + 60


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_has_no_capability_and_writes_to_its_own_folder_alone(unit):
    found = service(unit.name)
    assert found["CapabilityBoundingSet"] == "" and found["NoNewPrivileges"] == "yes"
    assert found["ProtectSystem"] == "strict" and found["ProtectHome"] == "yes"
    assert found["Environment"] == f"DATA_DIR=/var/lib/{found['StateDirectory']}"


def test_the_gateways_unit_is_closed():
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20",
               str(ROOT / "deploy/systemd/pbaas-gateway.service")]
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout[-300:]
