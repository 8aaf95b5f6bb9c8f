"""The automations on a server beside those that are wanted."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from deployments.automations import Automation
from deployments.plan import Change, Step, unchanged
from deployments.server import WEBHOOK, Found
from deployments.translation import automation

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

_NOTICED_SECONDS = 2
"""After which the server's triggers know of an automation that was just written."""


@dataclass(frozen=True)
class Reactions:
    """The steps that make the server's automations the wanted ones."""

    client: "SyncPrefectClient"
    found: Found
    ids: dict[str, UUID]
    """Of deployments and of the webhook; filled while earlier steps are carried out."""

    def steps(self, wanted: Iterable[Automation]) -> Iterator[Step]:
        """Removals first, and last the events without which no absence is ever noticed."""
        chosen = list(wanted)
        for name in sorted(set(self.found.automations) - {each.name for each in chosen}):
            yield self._removal(name)
        steps = [self._step(each) for each in chosen]
        yield from steps
        for each, step in zip(chosen, steps, strict=True):
            if each.absent and step.change.action != "unchanged":
                yield self._arming(each)

    def _removal(self, name: str) -> Step:
        there = self.found.automations[name].id
        return Step(
            Change("delete", "automation", name, "not wanted any more"),
            lambda: self.client.delete_automation(there),
        )

    def _step(self, wanted: Automation) -> Step:
        there = self.found.automations.get(wanted.name)
        if there is None:
            return Step(
                Change("create", "automation", wanted.name),
                lambda: self.client.create_automation(self._model(wanted, enabled=True)),
            )
        off = "" if there.enabled else f"automation {wanted.name!r} is off by a person: left so"
        why = self._difference(wanted)
        if not why:
            return unchanged("automation", wanted.name, off)
        return Step(
            Change("change", "automation", wanted.name, why),
            lambda: self.client.update_automation(there.id, self._model(wanted, there.enabled)),
            off,
        )

    def _difference(self, wanted: Automation) -> str:
        """Why it has to be written; empty: not at all, since an update forgets its cool-down."""
        there = self.found.automations[wanted.name]
        try:
            model = self._model(wanted, there.enabled)
        except KeyError as missing:
            return f"acts on what is created: {missing.args[0]}"
        if there.description != model.description:
            return "defined otherwise"
        edited = (there.trigger, there.actions) != (model.trigger, model.actions)
        return "edited on the server" if edited else ""

    def _model(self, wanted: Automation, enabled: bool) -> "AutomationCore":
        return automation(wanted, self.ids, self.ids.get(WEBHOOK), enabled)

    def _arming(self, wanted: Automation) -> Step:
        event, resource = wanted.expect[0], wanted.match["prefect.resource.id"]
        return Step(
            Change("create", "event", f"{event} of {resource}", "absence is noticed from now on"),
            lambda: self._arm(event, resource),
        )

    def _arm(self, event: str, resource: str) -> None:
        """Post one event of the kind whose absence is an alarm, as if a night had just ended."""
        from prefect.events.schemas.events import Event, Resource

        time.sleep(_NOTICED_SECONDS)
        name = resource.rpartition(".")[2]
        seed = Event(
            event=event,
            resource=Resource(
                {
                    "prefect.resource.id": resource,
                    "prefect.resource.name": name,
                    "ratchet.pipeline": name,
                }
            ),
            payload={"as_of": datetime.now(UTC).isoformat(), "told": "armed by `ratchet deploy`"},
        )
        self.client.request("POST", "/events", json=[seed.model_dump(mode="json")])
