"""A real S3 server for tests: Ceph's radosgw over one monitor and one storage daemon in memory, with a folder and ports
of its own. As a module: RadosGateway. As a program it serves until its standard input ends, so that it cannot outlive
the test that started it: it prints one line of JSON (endpoint, access_key, secret_key, region) when it is ready, or
{"error"}, and then takes the lines kill, start, pause and resume (of the gateway alone; its data stays), answered
each."""
import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PROGRAMS = ("monmaptool", "ceph-authtool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin")
START_SECONDS_MAX = 60
PR_SET_PDEATHSIG = 1

CONFIGURATION = """\
[global]
fsid = {fsid}
keyring = {folder}/keyring
mon host = v2:127.0.0.1:{mon_port}/0
ms bind ipv4 = true
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1
mon osd down out interval = 0
paxos propose interval = 0.05
paxos min wait = 0.02
osd objectstore = memstore
memstore device bytes = 2G
# A gateway that was killed is not waited for by the next.
osd client watch timeout = 2
client notify timeout = 2
rgw cache enabled = false
osd max object name len = 256
osd max object namespace len = 64
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
rgw keyring = {folder}/keyring
rgw frontends = beast endpoint={address}:{port}
rgw thread pool size = 32
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """A test that is killed leaves no daemon behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class RadosGateway:
    def __init__(self, address="127.0.0.1", port=None, access_key=None, secret_key=None):
        self.folder = Path(tempfile.mkdtemp(prefix="pbaas-test-s3-"))
        self.address = address
        self.port = port or free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key = access_key or "A" + secrets.token_hex(8)
        self.secret_key = secret_key or secrets.token_hex(16)
        self.daemons = []
        self.gateway = None

    def start(self):
        try:
            missing = [name for name in PROGRAMS if not shutil.which(name)]
            if missing:
                raise RuntimeError(f"not installed: {', '.join(missing)}; scripts/setup test installs them")
            self._make_cluster()
            self.start_gateway()
            self._make_user()
        except Exception:
            self.stop()
            raise
        return self

    def stop(self):
        for each in [self.gateway, *reversed(self.daemons)]:
            if each and each.poll() is None:
                each.kill()
                each.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def describe(self):
        return {"endpoint": self.endpoint, "access_key": self.access_key, "secret_key": self.secret_key,
                "region": "us-east-1"}

    def start_gateway(self):
        self.gateway = self._daemon("radosgw", "-n", "client.rgw")
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.endpoint, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                if self.gateway.poll() is not None:
                    raise RuntimeError(f"radosgw ended: {self._log('client.rgw')}") from None
                time.sleep(0.05)
        raise RuntimeError(f"radosgw did not answer in {START_SECONDS_MAX} s: {self._log('client.rgw')}")

    def kill_gateway(self):
        self.gateway.kill()
        self.gateway.wait()

    def pause_gateway(self):
        self.gateway.send_signal(signal.SIGSTOP)

    def resume_gateway(self):
        self.gateway.send_signal(signal.SIGCONT)

    def _make_cluster(self):
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        fsid = Path("/proc/sys/kernel/random/uuid").read_text(encoding="ascii").strip()
        osd_id = Path("/proc/sys/kernel/random/uuid").read_text(encoding="ascii").strip()
        mon_port = free_port()
        self._configuration().write_text(CONFIGURATION.format(fsid=fsid, folder=self.folder, mon_port=mon_port,
                                                              address=self.address, port=self.port),
                                         encoding="ascii")
        keyring = str(self.folder / "keyring")
        monmap = str(self.folder / "monmap")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon_port}]", monmap)
        keys = {"mon.": ["mon", "allow *"], "client.admin": ["mon", "allow *", "osd", "allow *"],
                "client.rgw": ["mon", "allow rw", "osd", "allow rwx"],
                "osd.0": ["mon", "allow profile osd", "osd", "allow *"]}
        for number, (name, caps) in enumerate(keys.items()):
            pairs = [word for pair in zip(caps[::2], caps[1::2]) for word in ("--cap", *pair)]
            self._run("ceph-authtool", *(["-C"] if number == 0 else []), keyring, "--gen-key", "-n", name, *pairs)
        self._ceph("ceph-mon", "--keyring", keyring, "--mkfs", "-i", "a", "--monmap", monmap)
        self.daemons.append(self._daemon("ceph-mon", "-i", "a"))
        self._ceph("ceph", "osd", "new", osd_id, "0")
        self._ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_id)
        self.daemons.append(self._daemon("ceph-osd", "-i", "0"))

    def _make_user(self):
        # Its keys are this run's own and good for this server alone.
        self._ceph("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid=test", "--display-name=test",
                   f"--access-key={self.access_key}", f"--secret-key={self.secret_key}")

    def _configuration(self):
        return self.folder / "ceph.conf"

    def _ceph(self, program, *arguments):
        return self._run(program, "-c", str(self._configuration()), *arguments)

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _daemon(self, program, *arguments):
        return subprocess.Popen([program, "-c", str(self._configuration()), "-f", *arguments],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True, preexec_fn=die_with_parent)

    def _log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace")[-500:] if path.exists() else "(no log)"


def serve():
    gateway = RadosGateway()
    try:
        gateway.start()
    except Exception as problem:  # Whatever it is, whoever started this has to show it.
        print(json.dumps({"error": str(problem)}), flush=True)
        return 1
    calls = {"kill": gateway.kill_gateway, "start": gateway.start_gateway, "pause": gateway.pause_gateway,
             "resume": gateway.resume_gateway}
    try:
        print(json.dumps(gateway.describe()), flush=True)
        for line in sys.stdin:
            calls[line.strip()]()
            print("done", flush=True)
    finally:
        gateway.stop()
    return 0


if __name__ == "__main__":
    os.environ.pop("CEPH_CONF", None)
    sys.exit(serve())
