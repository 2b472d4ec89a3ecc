"""The stack's file: passwords are made by scripts/make-env, settings have the program's defaults. What it runs is
tested by tests/docker."""
import re
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def settings():
    plain = re.sub(r'"\s*\n\s*"', "", (ROOT / "src/base/config.cc").read_text(encoding="utf-8"))
    return dict(re.findall(r'setting\("(\w+)",\s*"[^"]*",\s*"([^"]*)"', plain))


def test_settings_have_the_defaults_of_the_program():
    given = yaml.safe_load(COMPOSE)["x-settings"]
    known = settings()
    for name, value in given.items():
        default = re.fullmatch(r"\$\{" + name + r":-(.*)\}", str(value))
        if name in known and default and not name.startswith(("MINIO_", "CLUSTER_")):
            assert default[1] == known[name], name


def test_only_the_gateway_is_not_on_loopback():
    services = yaml.safe_load(COMPOSE)["services"]
    open_ports = [port for name, service in services.items() if name != "gateway" for port in service.get("ports", [])
                  if not port.startswith("127.0.0.1:")]
    assert not open_ports


def test_no_service_has_more_rights_than_it_needs():
    for service in yaml.safe_load(COMPOSE)["services"].values():
        assert not service.get("privileged") and "cap_add" not in service
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["restart"] == "unless-stopped" and service["deploy"]["resources"]["limits"]["memory"]


def make_env(folder):
    return subprocess.run([str(folder / "scripts/make-env")], capture_output=True, text=True, check=False)


def test_make_env_writes_passwords_of_its_own_and_touches_none_that_are_there(tmp_path):
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/make-env", tmp_path / "scripts")
    shutil.copy(ROOT / ".env.example", tmp_path)
    assert make_env(tmp_path).returncode == 0
    written = tmp_path / ".env"
    values = dict(line.split("=", 1) for line in written.read_text().splitlines() if line and line[0] != "#")
    secrets = [values[name] for name in ("REDIS_PASSWORD", "POSTGRES_PASSWORD", "MINIO_SECRET_KEY", "CLUSTER_SECRET")]
    assert len(set(secrets)) == 4 and all(re.fullmatch("[0-9a-f]{40}", each) for each in secrets)
    assert written.stat().st_mode & 0o777 == 0o600
    before = written.read_text()
    assert make_env(tmp_path).returncode == 1 and written.read_text() == before


def test_the_example_names_only_what_the_stack_reads():
    names = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    for name in names:
        assert re.search(r"\$\{" + name + r"\b", COMPOSE), name
