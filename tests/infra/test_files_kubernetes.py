"""The manifests follow Kubernetes' schemas, hold together, and ask for no right too many."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate  # type: ignore[import-untyped]

from config.servers import POOL, Listening
from config.settings import Settings
from tests.infra.files import (
    IMAGE,
    KUBERNETES,
    UID,
    documents,
    image_environment,
    job_template,
    manifests,
    service_environment,
    walk,
)

KUSTOMIZATION = documents(KUBERNETES / "kustomization.yaml")[0]
APPLIED_BY_HAND = {"deploy.yaml", "secret.example.yaml"}
SERVERS = {"prefect": Listening().prefect_port, "mlflow": Listening().mlflow_port}
INTEGRATION = {  # of prefect-kubernetes, which is in Prefect's image and not in our lock
    "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_NAME",
    "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_KEY",
    "PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES",
}


def every(*kinds: str) -> Iterator[Any]:
    """Documents of these kinds, in all manifests."""
    return (each for found in manifests().values() for each in found if each["kind"] in kinds)


def run_job() -> Any:
    """The Job of a run, as the worker fills in the template with its defaults."""
    template = job_template()
    properties = template["variables"]["properties"]
    filled = {"command": ["prefect", "flow-run", "execute"], "name": "run", "env": []}
    values = {name: each.get("default", {}) for name, each in properties.items()} | filled

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each) for each in value]
        whole = re.fullmatch(r"\{\{ (\w+) \}\}", value) if isinstance(value, str) else None
        return values[whole[1]] if whole else value

    job = fill(template["job_configuration"]["job_manifest"])
    job["metadata"] |= {"name": "run", "generateName": "run-"}
    return job


def pods() -> dict[str, Any]:
    """Every pod that can come to run here, by name, that of a run among them."""
    found = {each["metadata"]["name"]: each["spec"]["template"] for each in every("Deployment")}
    jobs = {"deploy": next(every("Job")), "run": run_job()}
    return found | {name: job["spec"]["template"] for name, job in jobs.items()}


def containers() -> Iterator[tuple[str, Any]]:
    """Every container, with the name of its pod."""
    for name, pod in pods().items():
        for each in (*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]):
            yield name, each


def variables(name: str) -> dict[str, str]:
    """What the one container of a pod is told in plain text, or from where."""
    container = pods()[name]["spec"]["containers"][0]
    found = {each["name"]: each.get("value", "") for each in container.get("env", [])}
    for source in container.get("envFrom", []):
        kind = "ConfigMap" if "configMapRef" in source else "Secret"
        reference = source.get("configMapRef") or source["secretRef"]
        found |= dict.fromkeys(keys(kind, reference["name"]), "")
    return found


def keys(kind: str, name: str) -> set[str]:
    """The keys of a ConfigMap or a Secret."""
    found = next(each for each in every(kind) if each["metadata"]["name"] == name)
    return set(found.get("data", {})) | set(found.get("stringData", {}))


def test_schemas_accept() -> None:
    """Every manifest, and the Job of a run, follow Kubernetes' schemas strictly."""
    newest = kubernetes_validate.latest_version()
    for manifest in (*(each for found in manifests().values() for each in found), run_job()):
        named = {**manifest, "metadata": {"name": "made", **manifest["metadata"]}}
        kubernetes_validate.validate(named, newest, strict=True)


def test_kustomization_lists_every_manifest() -> None:
    """What is applied is what is here, except for what is applied by hand."""
    assert set(KUSTOMIZATION["resources"]) == set(manifests()) - APPLIED_BY_HAND
    generated = KUSTOMIZATION["configMapGenerator"]
    assert all((KUBERNETES / name).exists() for each in generated for name in each["files"])


def test_pods_are_locked_up() -> None:
    """Every pod is what the namespace enforces: no root, no right, a read-only file system."""
    namespace = next(every("Namespace"))["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["name"] == KUSTOMIZATION["namespace"]
    for name, pod in pods().items():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] == UID, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["spec"]["enableServiceLinks"] is False, name
        assert pod["spec"]["automountServiceAccountToken"] is (name == "worker"), name
    for name, container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert IMAGE.match(container["image"]), name
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name
        assert "/tmp" in {each["mountPath"] for each in container["volumeMounts"]}, name


def test_references_lead_somewhere() -> None:
    """Every ConfigMap, Secret, key, claim, volume and account that is named exists."""
    made = {each["metadata"]["name"] for each in every("ServiceAccount")}
    claims = {each["metadata"]["name"] for each in every("PersistentVolumeClaim")}
    generated = {each["name"] for each in KUSTOMIZATION["configMapGenerator"]}
    for name, pod in pods().items():
        assert pod["spec"].get("serviceAccountName", "ratchet-run") in made, name
        for volume in pod["spec"]["volumes"]:
            assert volume.get("persistentVolumeClaim", {}).get("claimName", "home") in claims
            assert volume.get("configMap", {}).get("name", "work-pool") in generated
        for each in walk(pod):
            for how, kind in {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}.items():
                if isinstance(each, dict) and how in each:
                    assert each[how]["key"] in keys(kind, each[how]["name"]), name
    for name, container in containers():
        volumes = {each["name"] for each in pods()[name]["spec"]["volumes"]}
        assert {each["name"] for each in container["volumeMounts"]} <= volumes, name


def test_variables_refer_backwards() -> None:
    """A `$(NAME)` in a value stands after NAME: Kubernetes leaves it as it is otherwise."""
    for _, container in containers():
        known: set[str] = set()
        for each in container.get("env", []):
            assert set(re.findall(r"\$\((\w+)\)", each.get("value", ""))) <= known, each["name"]
            known.add(each["name"])


def test_servers_are_told_what_compose_tells_them() -> None:
    """Pods get the variables of the compose file's services, save what AWS gives by itself."""
    store = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    given = {name: set(service_environment(name, {})) - store for name in (*SERVERS, "deploy")}
    assert set(variables("prefect")) == given["prefect"]
    assert set(variables("mlflow")) == given["mlflow"] | {"RATCHET_STORAGE"}
    assert set(variables("deploy")) == given["deploy"] | {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY"}
    deploying = {"PREFECT_API_AUTH_STRING", "RATCHET_WEBHOOK_URL"}
    assert set(variables("run")) == set(variables("deploy")) - deploying
    unknown = set(variables("worker")) - {*image_environment(), *INTEGRATION, *given["deploy"]}
    assert unknown == {"PREFECT_WORKER_QUERY_SECONDS", "PREFECT_WORKER_WEBSERVER_PORT"}


def test_ports_and_addresses_agree() -> None:
    """Services lead to pods at the ports of `ratchet up`, and addresses to services."""
    ports = {each["metadata"]["name"]: each["spec"] for each in every("Service")}
    assert {name: spec["ports"][0]["port"] for name, spec in ports.items()} == SERVERS
    for name, spec in ports.items():
        template = pods()[name]
        assert spec["selector"].items() <= template["metadata"]["labels"].items()
        port = template["spec"]["containers"][0]["ports"][0]
        assert (port["name"], port["containerPort"]) == ("http", SERVERS[name])
    settings = next(each for each in every("ConfigMap"))["data"]
    for key, name in {"PREFECT_API_URL": "prefect", "MLFLOW_TRACKING_URI": "mlflow"}.items():
        address = urlsplit(settings[key])
        assert (address.hostname, address.port) == (name, SERVERS[name])
        assert settings[key] == service_environment("worker", {})[key]
    assert variables("worker")["PREFECT_API_URL"] == settings["PREFECT_API_URL"]
    assert Settings.from_environment(settings).artifacts == "s3://your-bucket/mlartifacts"


def test_network_lets_in_who_has_to_come() -> None:
    """Nobody comes in by default; to each server come the worker, runs and `ratchet deploy`."""
    policies = {each["metadata"]["name"]: each["spec"] for each in every("NetworkPolicy")}
    assert policies.pop("nobody-comes-in") == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert len(policies) == len(SERVERS)
    for spec in policies.values():
        to = [name for name, pod in pods().items() if _selected(pod, spec["podSelector"])]
        (rule,) = spec["ingress"]
        (source,) = rule["from"]
        coming = {name for name, pod in pods().items() if _selected(pod, source["podSelector"])}
        assert rule["ports"] == [{"port": SERVERS[to[0]]}]
        assert coming == {"worker", "deploy", "run"}
        # Prefect's worker writes these labels into the pods of runs, whatever the template says.
        assert not any(key.startswith("app.kubernetes.io") for key in
                       source["podSelector"]["matchLabels"])  # fmt: skip


def _selected(pod: Any, selector: Any) -> bool:
    labels = pod["metadata"]["labels"]
    return bool(selector["matchLabels"].items() <= labels.items())


def test_worker_may_do_little() -> None:
    """Only the worker may call Kubernetes, in its namespace, for jobs and their pods."""
    assert not list(every("ClusterRole", "ClusterRoleBinding"))
    (role,), (binding,) = every("Role"), every("RoleBinding")
    assert [each["name"] for each in binding["subjects"]] == ["ratchet-worker"]
    allowed = {each["resources"][0]: set(each["verbs"]) for each in role["rules"]}
    assert set(allowed) == {"jobs", "pods", "pods/log"}
    assert "*" not in json.dumps(role)
    assert allowed["pods"] | allowed["pods/log"] == {"get", "list", "watch"}


def test_secrets_hold_nothing() -> None:
    """The example of the Secrets has empty values only, and nothing else holds a Secret."""
    found = {name: each for name, docs in manifests().items() for each in docs
             if each["kind"] == "Secret"}  # fmt: skip
    assert set(found) == {"secret.example.yaml"}
    assert not any(value for each in every("Secret") for value in each["stringData"].values())


def test_job_template_says_what_it_asks() -> None:
    """The work pool's template uses the variables that it describes, and no other."""
    template = job_template()
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    properties = template["variables"]["properties"]
    assert used == set(properties)
    assert all(each["title"] and each["description"] for each in properties.values())
    command = pods()["worker"]["spec"]["containers"][0]["args"]
    assert command[:5] == ["prefect", "worker", "start", "--pool", POOL]
    (mounted,) = (each for each in KUSTOMIZATION["configMapGenerator"][0]["files"])
    assert command[-1] == f"/etc/ratchet/{mounted}"
