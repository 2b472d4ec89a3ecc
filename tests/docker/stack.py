"""The stack of docker-compose.yml, under a project name of the tests' own, in the engine that DOCKER_HOST names."""
import json
import os
import re
import subprocess
from pathlib import Path

from service import Api

ROOT = Path(__file__).resolve().parents[2]
PASSWORDS = {name: f"{name.lower()}-of-this-run" for name in ("REDIS_PASSWORD", "POSTGRES_PASSWORD", "CLUSTER_SECRET")}
PASSWORDS["MINIO_SECRET_KEY"] = "minio-of-this-run"


class Stack(Api):
    def __init__(self, project="pbaas-test", files=("docker-compose.yml",), **settings):
        super().__init__("http://127.0.0.1:8000")
        chosen = [word for file in files for word in ("-f", str(ROOT / file))]
        self.project = project
        self.command = ["docker", "compose", "--project-name", project, "--progress", "plain", *chosen]
        self.environment = {**os.environ, **PASSWORDS, "PBAAS_IMAGE": "pbaas:test", **settings}

    def compose(self, *words, seconds=300):
        return run(*self.command, *words, seconds=seconds, environment=self.environment)

    def up(self, *words):
        self.compose("up", "-d", "--wait", "--no-build", *words)
        return self

    def containers(self, service):
        return sorted(self.compose("ps", "-q", service).split())

    def execute(self, container, *command):
        return run("docker", "exec", container, *command)

    def inspect(self, container):
        return json.loads(run("docker", "inspect", container))[0]

    def published(self):
        """{(address, port)} of this machine that lead into the stack."""
        found = set()
        for container in self.compose("ps", "-q").split():
            for bindings in self.inspect(container)["NetworkSettings"]["Ports"].values():
                found |= {(each["HostIp"], int(each["HostPort"])) for each in bindings or []}
        return found

    def logs(self, service):
        return self.compose("logs", "--no-color", "--tail", "40", service)

    def down(self):
        self.compose("down", "-v", "--remove-orphans", "--timeout", "20")

    def left(self):
        """What carries the project's label: containers, volumes, networks."""
        mine = ["--filter", f"label=com.docker.compose.project={self.project}"]
        kinds = (["ps", "-aq"], ["volume", "ls", "-q"], ["network", "ls", "-q"])
        return " ".join(run("docker", *kind, *mine) for kind in kinds).split()


def run(*command, seconds=300, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment, check=False,
                          cwd=ROOT)
    said = done.stdout[-2000:] + done.stderr[-3000:]
    assert done.returncode == 0, f"{' '.join(command)} gave {done.returncode}:\n{said}"
    return done.stdout


def processes_of(container):
    """{pid: command line} of a container's processes, seen from this machine."""
    listed = run("docker", "top", container, "-eo", "pid,args").splitlines()[1:]
    rows = [re.match(r"\s*(\d+)\s+(.*)", line) for line in listed]
    return {int(row[1]): row[2] for row in rows}
