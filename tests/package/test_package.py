"""The package of `make package`: installed by dpkg into a copy of this machine's files, run as its user, removed."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL_RUN_REMOVE = r"""
set -eu
say() { echo "== $1"; }
userdel pbaas 2>/dev/null || true
dpkg -i /tmp/pbaas.deb
dpkg --verify pbaas
say installed
pbaas --version
getent passwd pbaas
stat -c '%a %U:%G' /etc/pbaas
install -d -o pbaas -g pbaas -m 0700 /var/lib/pbaas
cd /
set -a; . /usr/share/doc/pbaas/examples/pbaas.env; DRAIN_TIMEOUT=0; set +a
HOME=/nonexistent DATA_DIR=/var/lib/pbaas PORT=0 setpriv --reuid=pbaas --regid=pbaas --clear-groups --no-new-privs \
  --bounding-set=-all pbaas serve >/tmp/greeting 2>/tmp/log &
service=$!
for _ in $(seq 100); do grep -q '"listening"\|listens on' /tmp/greeting /tmp/log && break; sleep 0.1; done
say running
cat /tmp/greeting /tmp/log
url=$(grep -oh 'http://[0-9.]*:[0-9]*' /tmp/greeting | head -1)
curl -sS -X POST "$url/session"; echo
curl -sS -o /dev/null -w 'reference %{http_code}\n' "$url/docs/swagger-ui-bundle.js"
curl -sS -o /dev/null -w 'openapi %{http_code}\n' "$url/openapi.json"
kill -TERM $service; wait $service || true
say removed
dpkg -r pbaas
! command -v pbaas
ls /var/lib/pbaas
dpkg -P pbaas
say purged
ls -d /var/lib/pbaas* /etc/pbaas /usr/share/pbaas /usr/share/doc/pbaas 2>/dev/null || true
say end
"""


@pytest.fixture(scope="module")
def package():
    """Made anew of the release build, as `make package` does."""
    folder = ROOT / "build/package"
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run(["cpack", "--config", "build/release/CPackConfig.cmake", "-B", str(folder)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    (found,) = folder.glob("*.deb")
    return found


def field(package, name):
    said = subprocess.run(["dpkg-deb", "-f", str(package), name], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def test_the_package_has_what_it_should(package):
    listed = subprocess.run(["dpkg-deb", "-c", str(package)], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 5) for line in listed.splitlines()]
    files = {row[5].lstrip("."): row for row in rows}
    for wanted in ("/usr/bin/pbaas", "/usr/share/pbaas/seccomp.json", "/usr/share/pbaas/openapi.json",
                   "/usr/lib/systemd/system/pbaas.service", "/usr/lib/systemd/system/pbaas-worker.service",
                   "/usr/share/doc/pbaas/README.md", "/usr/share/doc/pbaas/copyright"):
        assert wanted in files, wanted
    assert {row[1] for row in rows} == {"root/root"}
    assert not [row for row in rows if row[0][8] == "w"], "somebody else may write"
    assert (ROOT / "docs/operations.md").exists() and "/usr/share/doc/pbaas/operations.md" in files


def test_the_package_names_what_it_needs(package):
    needs = field(package, "Depends")
    for each in ("bubblewrap", "chromium-headless-shell", "libpq5", "libboost-json1.81.0", "libhiredis0.14"):
        assert each in needs
    version = re.search(r"project\(pbaas VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
    assert field(package, "Version") == version and field(package, "Package") == "pbaas"


@pytest.mark.skipif(os.getuid() != 0, reason="dpkg needs root")
def test_the_package_installs_runs_and_goes(package):
    command = [str(ROOT / "tests/support/own_root"), "copy", "sh", "-c", "cat >/tmp/pbaas.deb && exec sh -c \"$0\"",
               INSTALL_RUN_REMOVE]
    with open(package, "rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=120, check=False)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said + done.stderr.decode(errors="replace")
    part = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", said, re.M | re.S))
    assert re.search(r"^pbaas:x:", part["installed"], re.M) and "750 root:pbaas" in part["installed"]
    assert '"status":"running"' in part["running"].replace(" ", ""), part["running"]
    assert "reference 200" in part["running"] and "openapi 200" in part["running"]
    assert "sessions" in part["removed"], "a removal keeps the session log"
    assert part["purged"].strip() == ""
