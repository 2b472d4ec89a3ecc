"""The manifests of deploy/kubernetes: every field is one that Kubernetes has, what they name is there, and what they
promise is so. Where kubectl is there, so is what each overlay makes of them."""
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from kubernetes import client

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
MODELS = {"autoscaling/v2 HorizontalPodAutoscaler": "V2beta2HorizontalPodAutoscaler"}
CUSTOM = {"ScaledObject"}
# Debian's python3-kubernetes knows Kubernetes 1.22; these are later: 1.27, 1.30, 1.33.
LATER = {"V1StatefulSetSpec.persistentVolumeClaimRetentionPolicy", "V1PodSecurityContext.appArmorProfile",
         "V1PodSpec.hostUsers"}
# What the worker cannot do without, or has its own value of.
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"]


def documents(path):
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


@cache
def files():
    """Every manifest as it is written; a patch has parts of one alone."""
    found = []
    for path in sorted(FOLDER.rglob("*.yaml")):
        if path.name not in ("kustomization.yaml", "adapter-rules.yaml", "workers.yaml", "stores.yaml") \
                or path.parent.name == "development" and path.name == "stores.yaml":
            found += documents(path)
    return found


@cache
def rendered(overlay):
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER / "overlays" / overlay)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def base(kind, name):
    (found,) = [each for path in sorted((FOLDER / "base").glob("*.yaml")) for each in documents(path)
                if each["kind"] == kind and each.get("metadata", {}).get("name") == name]
    return found


def pod(kind, name):
    return base(kind, name)["spec"]["template"]["spec"]


def model_of(manifest):
    group, kind = manifest["apiVersion"], manifest["kind"]
    return MODELS.get(f"{group} {kind}", group.rpartition("/")[2].capitalize() + kind)


def unknown_fields(value, kind, at):
    """Fields that a type of Kubernetes does not have, and values of the wrong type."""
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [each for number, one in enumerate(value) for each in unknown_fields(one, inner[1], f"{at}[{number}]")]
    if inner := re.fullmatch(r"dict\(str, (.*)\)", kind):
        if not isinstance(value, dict):
            return [f"{at} is no map"]
        return [each for name, one in value.items() for each in unknown_fields(one, inner[1], f"{at}.{name}")]
    simple = {"str": str, "int": int, "bool": bool}
    if kind in simple:
        right = isinstance(value, simple[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if right else [f"{at} is {value!r}, and no {kind}"]
    if kind == "object" or kind == "datetime":
        return []
    known = getattr(client, kind)
    wire = {name: known.openapi_types[attribute] for attribute, name in known.attribute_map.items()}
    found = []
    for name, one in value.items():
        if name in wire:
            found += unknown_fields(one, wire[name], f"{at}.{name}")
        elif f"{kind}.{name}" not in LATER:
            found.append(f"{at} has no field {name}")
    return found


def check_schema(manifests):
    problems = [problem for each in manifests if each["kind"] not in CUSTOM
                for problem in unknown_fields(each, model_of(each), each["kind"])]
    assert not problems, problems


def test_the_check_of_fields_can_fail():
    wrong = {"apiVersion": "v1", "kind": "Service", "spec": {"selektor": {}, "ports": [{"port": "8000"}]}}
    assert len(unknown_fields(wrong, model_of(wrong), "Service")) == 2


def test_every_field_is_one_of_kubernetes():
    check_schema(files())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_an_overlay_makes_has_only_fields_of_kubernetes(overlay):
    check_schema(rendered(overlay))


def selected(manifests, selector):
    """Pod templates that carry the labels."""
    wanted = (selector.get("matchLabels", selector) or {}).items()
    return [each for each in manifests if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet")
            and wanted <= each["spec"]["template"]["metadata"]["labels"].items()]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_name_and_selector_of_an_overlay_leads_to_something(overlay):
    made = rendered(overlay)
    there = {(each["kind"], each["metadata"]["name"]) for each in made}
    for each in made:
        spec = each.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector:
            assert len(selected(made, selector)) == 1, (each["kind"], each["metadata"]["name"])
        if target := spec.get("scaleTargetRef"):
            assert (target["kind"], target["name"]) in there
        for container in spec.get("template", {}).get("spec", {}).get("containers", []):
            for source in container.get("envFrom", []):
                if name := source.get("configMapRef", {}).get("name"):
                    assert ("ConfigMap", name) in there
    scaled = [spec["scaleTargetRef"]["name"] for each in made if "scaleTargetRef" in (spec := each.get("spec", {}))]
    assert len(scaled) == len(set(scaled)), "two autoscalers pull at one"


def settings():
    source = (ROOT / "src/base/config.cc").read_text(encoding="utf-8")
    plain = re.sub(r'"\s*\n\s*"', "", source)
    return dict(re.findall(r'setting\("(\w+)",\s*"[^"]*",\s*"([^"]*)"', plain))


def test_settings_are_those_of_the_program_with_their_defaults():
    lines = (FOLDER / "base/settings.env").read_text(encoding="utf-8").splitlines()
    written = dict(line.split("=", 1) for line in lines)
    known = settings()
    for name, value in written.items():
        if name in known:
            assert value == known[name], name


def test_a_worker_is_given_longer_than_it_drains():
    drain = int(settings()["DRAIN_TIMEOUT"])
    assert pod("StatefulSet", "worker")["terminationGracePeriodSeconds"] >= drain + 60
    # A gateway's last answers and relays take 32 s, after its pause.
    assert pod("Deployment", "gateway")["terminationGracePeriodSeconds"] >= 32 + 5


@pytest.mark.parametrize("kind, name", [("Deployment", "gateway"), ("StatefulSet", "worker")])
def test_pods_have_no_privilege_and_their_limits(kind, name):
    spec = pod(kind, name)
    assert spec["securityContext"]["runAsNonRoot"] and not spec["automountServiceAccountToken"]
    (container,) = spec["containers"]
    own = container["securityContext"]
    assert own["readOnlyRootFilesystem"] and own["capabilities"] == {"drop": ["ALL"]}
    assert own["allowPrivilegeEscalation"] is False and "privileged" not in own
    assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] in {port["name"] for port in container["ports"]}
    mounted = {each["name"] for each in container["volumeMounts"]}
    claims = {each["metadata"]["name"] for each in base(kind, name)["spec"].get("volumeClaimTemplates", [])}
    assert mounted == {each["name"] for each in spec["volumes"]} | claims


def test_a_worker_may_make_sandboxes():
    spec = pod("StatefulSet", "worker")
    assert spec["securityContext"]["seccompProfile"] == {"type": "Localhost", "localhostProfile": "pbaas.json"}
    assert spec["securityContext"]["appArmorProfile"] == {"type": "Unconfined"}
    assert spec["containers"][0]["securityContext"]["procMount"] == "Unmasked" and spec["hostUsers"] is False


def egress_of(manifests):
    (policy,) = [each for each in manifests if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == "worker"]
    return policy["spec"]["egress"]


def check_way_out(rules):
    """A worker reaches names, stores and what is public, and nothing else."""
    for rule in rules:
        ports = {each["port"] for each in rule.get("ports", [])}
        for peer in rule["to"]:
            block = peer.get("ipBlock")
            if block and block["cidr"] == "0.0.0.0/0":
                assert set(PRIVATE) <= set(block["except"])
            elif block and block["cidr"] == "2000::/3":
                continue
            else:
                assert ports and ports <= {53, 6379, 5432, 9000}, rule


def test_workers_reach_no_more_than_they_need():
    check_way_out(egress_of(documents(FOLDER / "base/network.yaml")))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_workers_of_an_overlay_reach_no_more_than_they_need(overlay):
    check_way_out(egress_of(rendered(overlay)))


def test_autoscalers_ask_for_metrics_that_there_are():
    source = (ROOT / "src/base/metrics.cc").read_text(encoding="utf-8")
    (scaled,) = documents(FOLDER / "overlays/keda/scaledobject.yaml")
    rules = yaml.safe_load((FOLDER / "overlays/hpa/adapter-rules.yaml").read_text(encoding="utf-8"))["externalRules"]
    queries = [each["metadata"]["query"] for each in scaled["spec"]["triggers"]]
    queries += [each["metricsQuery"] for each in rules]
    for query in queries:
        named = set(re.findall(r"pbaas_\w+", query))
        assert {"pbaas_slots", "pbaas_queue_waiting"} <= named
        assert all(f'"{name}"' in source for name in named)
    (autoscaler,) = documents(FOLDER / "overlays/hpa/autoscaler.yaml")
    asked = [each["external"]["metric"]["name"] for each in autoscaler["spec"]["metrics"]]
    assert asked == [each["name"]["as"] for each in rules]


def test_the_profile_that_is_installed_is_the_one_in_the_repository():
    profile = json.loads((ROOT / "deploy/seccomp.json").read_text(encoding="utf-8"))
    assert profile["syscalls"]
    (installer,) = documents(FOLDER / "components/seccomp-installer/daemonset.yaml")
    command = installer["spec"]["template"]["spec"]["initContainers"][0]["command"]
    assert command[-2:] == ["/usr/share/pbaas/seccomp.json", "/seccomp/pbaas.json"]
    assert "deploy/seccomp.json DESTINATION share/pbaas" in (ROOT / "cmake/install.cmake").read_text(encoding="utf-8")
