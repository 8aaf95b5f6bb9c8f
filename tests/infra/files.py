"""The files of infra/ as they are read: YAML without doubled keys, the Dockerfile's parts."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
KUBERNETES = INFRA / "kubernetes"
DOCKERFILE = (INFRA / "docker" / "Dockerfile").read_text(encoding="utf-8")
COMPOSE_FILE = INFRA / "compose" / "compose.yaml"
WORKFLOW_FILE = ROOT / ".github" / "workflows" / "ratchet.yaml"
IMAGE = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+[\w.-]*$")
UID = 10001


class OnceLoader(yaml.SafeLoader):
    """YAML in which no mapping says the same key twice: the first would silently be lost."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # Before the keys of others are merged in, which may well be the same, and once only.
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled and id(node) not in self._flattened:
            raise ValueError(f"{sorted(doubled)} twice in the mapping at {node.start_mark}")
        self._flattened.add(id(node))
        super().flatten_mapping(node)

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._flattened: set[int] = set()


def documents(path: Path) -> list[Any]:
    """Every document of a YAML file."""
    loaded = yaml.load_all(path.read_text(encoding="utf-8"), OnceLoader)
    return [each for each in loaded if each is not None]


@cache
def services() -> dict[str, Any]:
    """The services of the compose file, anchors and merges resolved."""
    found: dict[str, Any] = documents(COMPOSE_FILE)[0]["services"]
    return found


def service_environment(name: str, given: dict[str, str]) -> dict[str, str]:
    """What a service finds in its environment when .env says what is given."""

    def value(match: re.Match[str]) -> str:
        return given.get(match["name"], "")

    pattern = re.compile(r"\$\{(?P<name>\w+)(:[?-][^}]*)?\}")
    environment = services()[name].get("environment", {})
    return {key: pattern.sub(value, str(text)) for key, text in environment.items()}


def image_environment() -> dict[str, str]:
    """What the final stage of the Dockerfile sets."""
    final = DOCKERFILE.partition(" AS final")[2].replace("\\\n", " ")
    pairs = [
        word.partition("=")
        for line in final.splitlines()
        if line.startswith("ENV ")
        for word in shlex.split(line)[1:]
    ]
    return {name: text for name, _, text in pairs}


@cache
def manifests() -> dict[str, list[Any]]:
    """The documents of every Kubernetes manifest, by file name."""
    paths = sorted(KUBERNETES.glob("*.yaml"))
    return {path.name: documents(path) for path in paths if path.name != "kustomization.yaml"}


def job_template() -> dict[str, Any]:
    """The work pool's base job template."""
    text = (KUBERNETES / "base-job-template.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def walk(value: Any) -> Iterator[Any]:
    """A value and everything inside it."""
    yield value
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from walk(each)
