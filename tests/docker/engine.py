"""A private Docker engine from Debian's packages, for tests: `engine.py run DIR COMMAND…` runs a command beside it.

It lives in namespaces of its own. Its network leads out through slirp4netns, so neither bridges nor firewall rules nor
ports of this machine are touched; the end of its first process is the end of all the others. The command runs in these
namespaces: what the engine publishes on port 8000 is at 127.0.0.1:8000 there. DIR keeps images and the builds' cache
for the next run; nothing else of it is left.

Compose and Buildx are not in Debian 12. The packages of Debian 13 are unpacked below DIR and installed nowhere.
"""
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
IMAGES = TESTS / "docker/images"
BASE = "debian:bookworm-slim"
STAND_INS = {"postgres": "postgres:15", "redis": "redis:7",
             "minio": "minio/minio:RELEASE.2025-04-22T22-12-26Z"}
TOOLS = ("dockerd", "debootstrap", "slirp4netns", "tini", "iptables", "unshare", "nsenter")
NAMESPACES = """
set -e
mount --make-rprivate /
mkdir -p "$DIR/cgroup" && mount --rbind /sys/fs/cgroup "$DIR/cgroup"
mount -t sysfs sysfs /sys && mount --rbind "$DIR/cgroup" /sys/fs/cgroup
mount --bind "$DIR/resolv.conf" /etc/resolv.conf
ip link set lo up
exec tini -- dockerd -H "unix://$DIR/docker.sock" --data-root "$DIR/root" --exec-root "$DIR/run" -p "$DIR/docker.pid" \
  --cgroup-parent "$CGROUP" --bip 172.29.0.1/24 --default-address-pool base=172.29.128.0/17,size=24
"""


class CannotRun(Exception):
    """Why no engine can run here: nobody's fault."""


def quiet(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        said = done.stdout[-3000:] + done.stderr[-3000:]
        raise RuntimeError(f"{' '.join(map(str, command))} gave {done.returncode}:\n{said}")
    return done.stdout


class Engine:
    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.cgroup = f"/pbaas-engine-{os.getpid()}"
        self.processes = []
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
                            "DOCKER_CONFIG": str(self.folder / "config"), "DOCKER_BUILDKIT": "1",
                            "PATH": "/usr/bin:" + os.environ["PATH"]}

    def start(self):
        self._check()
        for each in ("config", "root", "run"):
            (self.folder / each).mkdir(parents=True, exist_ok=True)
        self._unpack_plugins()
        self._start_daemon()
        self._make_base()
        for name, tag in STAND_INS.items():
            quiet("docker", "build", "-q", "-t", tag, "-f", IMAGES / name / "Dockerfile", TESTS, env=self.environment)
        return self

    def run(self, command):
        """The command's status, run in the engine's namespaces."""
        inside = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--pid", "--", *command]
        return subprocess.run(inside, env=self.environment, check=False).returncode

    def stop(self):
        for process in reversed(self.processes):
            self._end(process)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        for each in Path("/sys/fs/cgroup").glob("**" + self.cgroup):
            for inner in sorted((path for path in each.rglob("*") if path.is_dir()), reverse=True):
                inner.rmdir()
            each.rmdir()

    @staticmethod
    def _check():
        if os.getuid() != 0:
            raise CannotRun("an engine needs root")
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing:
            raise CannotRun(f"these are not installed: {', '.join(missing)} (scripts/setup test installs them)")
        if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            raise CannotRun("/dev/net/tun is not there")
        trial = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True,
                               text=True, check=False)
        if trial.returncode:
            raise CannotRun(f"no namespaces can be made: {trial.stderr.strip()}")

    def _unpack_plugins(self):
        plugins = self.folder / "config/cli-plugins"
        if (plugins / "docker-compose").exists():
            return
        apt = self.folder / "apt"
        for each in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial",
                     "unpacked"):
            (apt / each).mkdir(parents=True, exist_ok=True)
        (apt / "status").touch()
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (apt / "etc/sources.list").write_text(f"deb [signed-by={keyring}] {mirror()} trixie main\n")
        settings = {"Dir::Etc": apt / "etc", "Dir::State": apt / "state", "Dir::State::status": apt / "status",
                    "Dir::Cache": apt / "cache", "Acquire::Languages": "none", "APT::Sandbox::User": "root"}
        (apt / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
        environment = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
        quiet("apt-get", "update", "-q", env=environment)
        quiet("apt-get", "download", "-q", "docker-compose", "docker-buildx", env=environment, cwd=apt / "unpacked")
        for package in (apt / "unpacked").glob("*.deb"):
            quiet("dpkg-deb", "-x", str(package), str(apt / "unpacked"))
        shutil.copytree(apt / "unpacked/usr/libexec/docker/cli-plugins", plugins, dirs_exist_ok=True)
        shutil.rmtree(apt)

    def _start_daemon(self):
        (self.folder / "resolv.conf").write_text("nameserver 10.0.2.3\n")
        (self.folder / "docker.pid").unlink(missing_ok=True)
        with open(self.folder / "dockerd.log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                                       "bash", "-c", NAMESPACES], stdout=log, stderr=log, start_new_session=True,
                                      env={**os.environ, "DIR": str(self.folder), "CGROUP": self.cgroup})
        self.processes.append(daemon)
        self.pid = wait_for(lambda: first_child(daemon.pid), 5, "the engine's first process")
        wait_for(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != os.readlink("/proc/self/ns/net"), 5, "its network")
        with open(self.folder / "network.log", "w", encoding="utf-8") as log:
            self.processes.append(subprocess.Popen(
                ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", str(self.pid), "tap0"],
                stdout=log, stderr=log, start_new_session=True))
        wait_for(lambda: self._answers() or self._ended(daemon), 60, "the engine to answer")

    def _answers(self):
        return self._succeeds("docker", "info")

    def _succeeds(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, check=False).returncode == 0

    def _ended(self, daemon):
        if daemon.poll() is not None:
            tail = (self.folder / "dockerd.log").read_text(encoding="utf-8", errors="replace")[-1500:]
            raise CannotRun(f"the engine ended at once:\n{tail}")

    def _make_base(self):
        """The public base image cannot be fetched everywhere: debootstrap makes one of the same packages."""
        if self._succeeds("docker", "image", "inspect", BASE):
            return
        root = self.folder / "base"
        quiet("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(root), mirror())
        for each in ("var/lib/apt/lists", "var/cache/apt"):
            shutil.rmtree(root / each)
            (root / each).mkdir()
        copy_sources(root)
        copy_authorities(root)
        tar = subprocess.Popen(["tar", "-C", str(root), "--numeric-owner", "-c", "."], stdout=subprocess.PIPE)
        # Node reads no store of the system's unless it is told to.
        changes = ['CMD ["bash"]', "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"]
        quiet("docker", "import", *[word for each in changes for word in ("--change", each)], "-", BASE,
              stdin=tar.stdout, env=self.environment)
        if tar.wait():
            raise RuntimeError("tar could not read the base system")
        shutil.rmtree(root)

    @staticmethod
    def _end(process):
        """An orderly end; else, since its first process is its namespace's, that of all the others."""
        child = first_child(process.pid) or process.pid
        if process.poll() is None:
            os.kill(child, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.kill(child, signal.SIGKILL)
            process.wait(10)


def first_child(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = children.read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(found[0]) if found else None


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.1)
    return value


def mirror():
    """Where this machine gets its own packages from."""
    for line in quiet("apt-get", "indextargets", "--format", "$(SITE)|$(RELEASE)|$(IDENTIFIER)").splitlines():
        site, release, kind = line.split("|")
        if release == "bookworm" and kind == "Packages":
            return site
    raise CannotRun("apt has no source for bookworm")


def copy_sources(root):
    """The base image's packages come from where this machine's come from, by its rules."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    if sources.exists():
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
        shutil.copy(sources, root / "etc/apt/sources.list.d")
    rules = [path for path in Path("/etc/apt/apt.conf.d").iterdir() if "Acquire::Check" in path.read_text()]
    for each in rules:
        shutil.copy(each, root / "etc/apt/apt.conf.d")


def copy_authorities(root):
    """Where this machine reaches the network through a proxy that it trusts, the images do so, too."""
    own = list(Path("/usr/local/share/ca-certificates").glob("*.crt"))
    for each in own:
        shutil.copy(each, root / "usr/local/share/ca-certificates")
    if own:
        quiet("chroot", str(root), "update-ca-certificates")


def main():
    if len(sys.argv) < 4 or sys.argv[1] != "run":
        sys.exit("usage: engine.py run DIR COMMAND...")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    engine = Engine(sys.argv[2])
    try:
        try:
            began = time.monotonic()
            engine.start()
            print(f"the engine took {time.monotonic() - began:.0f} s to start", flush=True)
        except CannotRun as reason:
            print(f"SKIPPED: {reason}", flush=True)
            return 77
        return engine.run(sys.argv[3:])
    finally:
        engine.stop()


if __name__ == "__main__":
    sys.exit(main())
