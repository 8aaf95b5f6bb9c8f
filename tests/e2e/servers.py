"""A server that pipelines are deployed to, and what is on it, read past our own code."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from config.settings import Settings
from deployments import deploy
from deployments.plan import Plan
from deployments.wanted import Wanted
from tests.servers.prefect import RealPrefect
from tests.shop import NAME, Changes, define

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """An installation and the server that it is deployed to."""

    server: RealPrefect
    settings: Settings

    def define(self, changes: Changes | None = None, name: str = NAME) -> None:
        """Write a shop's definition, perhaps under another name."""
        folder = define(self.settings.pipelines, {**(changes or {}), "name": name})
        if name != NAME:
            folder.rename(folder.with_name(name))

    def deploy(self) -> Plan:
        """What `ratchet up` does."""
        return deploy.apply(self.settings, self.server.api)

    def carry_out(self, chosen: Wanted) -> Plan:
        """Deploy what no configuration says."""
        return deploy.deploy(self.settings, self.server.api, chosen)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers."""
        user, _, password = self.settings.access.prefect.partition(":")
        with httpx.Client(base_url=self.server.api, auth=(user, password), timeout=60) as client:
            me = uuid4().hex  # a token is good for the last who asked for it under a name
            token = client.get("/csrf-token", params={"client": me})
            headers = {"Prefect-Csrf-Client": me}
            if token.status_code == 200:
                headers["Prefect-Csrf-Token"] = token.json()["token"]
            answer = client.request(method, path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def deployments(self) -> dict[str, dict[str, Any]]:
        """By flow and pipeline."""
        flows = {each["id"]: each["name"] for each in self.ask("POST", "/flows/filter", {})}
        return {
            f"{flows[each['flow_id']]}/{each['name']}": each
            for each in self.ask("POST", "/deployments/filter", {})
        }

    def automations(self) -> dict[str, dict[str, Any]]:
        """By name."""
        return {each["name"]: each for each in self.ask("POST", "/automations/filter", {})}

    def runs(self, deployment: str, **state: list[str]) -> list[dict[str, Any]]:
        """Runs of a deployment, some of them by `type=[...]` or `name=[...]` of their state."""
        asked: dict[str, Any] = {
            "deployment_id": {"any_": [self.deployments()[deployment]["id"]]},
        }
        for kind, names in state.items():
            asked.setdefault("state", {})[kind] = {"any_": names}
        found: list[dict[str, Any]] = self.ask("POST", "/flow_runs/filter", {"flow_runs": asked})
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        """The newest of a kind."""
        asked = {"filter": {"event": {"name": [name]}}, "limit": 50}
        found: list[dict[str, Any]] = self.ask("POST", "/events/filter", asked)["events"]
        return found

    def state(self) -> str:
        """Everything that a deploy could have written, with the moments of the last change."""
        blocks = self.ask("POST", "/block_documents/filter", {"include_secrets": True})
        mine = [
            {"updated": each["updated"], "data": each["data"]}
            for each in blocks
            if each["name"] == "ratchet-notifications"
        ]
        kept = {"updated", "schedules", "id", "name"}
        deployments = {
            name: {key: value for key, value in each.items() if key in kept}
            for name, each in self.deployments().items()
        }
        return json.dumps([deployments, self.automations(), mine], sort_keys=True)

    def clear(self) -> None:
        """Delete all deployments, automations and webhooks, whoever made them."""
        for each in self.deployments().values():
            self.ask("DELETE", f"/deployments/{each['id']}")
        for each in self.automations().values():
            self.ask("DELETE", f"/automations/{each['id']}")
        for each in self.ask("POST", "/block_documents/filter", {}):
            self.ask("DELETE", f"/block_documents/{each['id']}")


def until(look: Callable[[], T | None], seconds: float = 90, every: float = 0.5) -> T:
    """The first true answer within a deadline."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} seconds"
        time.sleep(every)
    return found


def site(server: RealPrefect, home: Path) -> Site:
    """An installation of its own under a home, deployed to a server that others use as well."""
    environment = {
        "RATCHET_HOME": str(home),
        "RATCHET_PIPELINES": str(home / "pipelines"),
        "PREFECT_API_URL": server.api,
        "PREFECT_API_AUTH_STRING": server.settings.access.prefect,
    }
    return Site(server, Settings.from_environment(environment))


def contents(home: Path) -> dict[str, bytes]:
    """The bytes of every file under a folder, but of those that go while they are read."""
    found = {}
    for path in filter(Path.is_file, home.rglob("*")):
        with suppress(FileNotFoundError):
            found[str(path)] = path.read_bytes()
    return found
