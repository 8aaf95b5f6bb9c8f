"""What is wanted beside what is there: the steps from one to the other."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from config.servers import POOL
from deployments.automations import Automation
from deployments.plan import Change, Step, unchanged
from deployments.reactions import Reactions
from deployments.server import WEBHOOK, Found, pages
from deployments.translation import answered, fields, schedule
from deployments.wanted import OURS, Deployment, Recurrence, Wanted
from tasks.errors import Terminal

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import DeploymentSchedule
    from prefect.client.schemas.responses import DeploymentResponse


@dataclass(frozen=True)
class Comparison:
    """The steps, in an order in which each finds what it needs.

    Ids of what a step creates are kept for the steps behind it.
    """

    client: "SyncPrefectClient"
    wanted: Wanted
    found: Found
    ids: dict[str, UUID]
    """Of deployments by `<flow>/<pipeline>`, and of the webhook by its name."""

    @classmethod
    def of(cls, client: "SyncPrefectClient", wanted: Wanted, found: Found) -> "Comparison":
        ids = {name: each.id for name, each in found.deployments.items()}
        if found.webhook is not None:
            ids[WEBHOOK] = found.webhook.id
        return cls(client, wanted, found, ids)

    @property
    def posting(self) -> bool:
        """Whether notifications have somewhere to go."""
        return bool(self.wanted.webhook) or self.found.webhook is not None

    @property
    def automations(self) -> list[Automation]:
        """Those that can work: without a webhook nothing is posted."""
        chosen = self.wanted.automations
        if self.posting:
            return list(chosen)
        return [silent for each in chosen if (silent := each.silent) is not None]

    def steps(self) -> list[Step]:
        """Everything that is looked after. Raises `Terminal` when others use a name of ours."""
        names = {each.name for each in self.wanted.deployments}
        if used := sorted(names & self.found.taken):
            raise Terminal(
                f"{len(used)} deployments exist and were not made by `ratchet deploy`: "
                f"{', '.join(used)}. Delete or rename them, or give them the tags `ratchet` and "
                "`pipeline:<name>` to hand them over"
            )
        listed = [*self._pool(), *self._webhook()]
        for each in self.wanted.deployments:
            listed += [*self._deployment(each), *self._schedules(each)]
        left = sorted(set(self.found.deployments) - names)
        reactions = Reactions(self.client, self.found, self.ids).steps(self.automations)
        return [*listed, *(self._removed(name) for name in left), *reactions]

    def _pool(self) -> Iterator[Step]:
        pool = self.found.pool
        if pool is None:
            yield Step(Change("create", "work pool", POOL, "of type process"), self._create_pool)
            return
        notes = [f"work pool {POOL} is of type {pool.type} and used as it is"]
        if pool.type == "process":
            notes.clear()
        if pool.is_paused:
            notes.append(f"work pool {POOL} is paused by a person: no run starts")
        yield unchanged("work pool", POOL, "; ".join(notes))

    def _create_pool(self) -> None:
        from prefect.client.schemas.actions import WorkPoolCreate
        from prefect.exceptions import ObjectAlreadyExists
        from prefect.workers.process import ProcessWorker

        template = ProcessWorker.get_default_base_job_template()
        with suppress(ObjectAlreadyExists):  # a worker that starts meanwhile makes the same pool
            self.client.create_work_pool(
                WorkPoolCreate(name=POOL, type="process", base_job_template=template)
            )

    def _webhook(self) -> Iterator[Step]:
        there, address = self.found.webhook, self.wanted.webhook
        if there is None and not address:
            return
        if there is None:
            told = Change("create", "webhook", WEBHOOK, "the address in RATCHET_WEBHOOK_URL")
            yield Step(told, self._create_webhook)
        elif address and there.data.get("url") != address:
            told = Change("change", "webhook", WEBHOOK, "another address")
            yield Step(told, self._change_webhook)
        else:
            yield unchanged("webhook", WEBHOOK)

    def _create_webhook(self) -> None:
        from prefect.client.schemas.actions import BlockDocumentCreate

        kind = self.client.read_block_type_by_slug("webhook")
        schema = self.client.get_most_recent_block_schema_for_block_type(kind.id)
        if schema is None:
            raise Terminal("the Prefect server knows no block of type webhook")
        data = {"url": self.wanted.webhook, "headers": {"Content-Type": "application/json"}}
        document = BlockDocumentCreate(
            name=WEBHOOK, data=data, block_schema_id=schema.id, block_type_id=kind.id
        )
        self.ids[WEBHOOK] = self.client.create_block_document(document).id

    def _change_webhook(self) -> None:
        from prefect.client.schemas.actions import BlockDocumentUpdate

        change = BlockDocumentUpdate(data={"url": self.wanted.webhook})
        self.client.update_block_document(self.ids[WEBHOOK], change)

    def _deployment(self, wanted: Deployment) -> Iterator[Step]:
        there = self.found.deployments.get(wanted.name)
        chosen = fields(wanted)
        if there is None:
            told = Change("create", "deployment", wanted.name)
            yield Step(told, lambda: self._create_deployment(wanted, chosen))
            return
        as_is = answered(there)
        changed = {name: value for name, value in chosen.items() if as_is[name] != value}
        paused = f"deployment {wanted.name} is paused by a person: left so" if there.paused else ""
        if changed:
            told = Change("change", "deployment", wanted.name, ", ".join(changed))
            yield Step(told, lambda: self._change_deployment(there, changed), paused)
        else:
            yield unchanged("deployment", wanted.name, paused)

    def _create_deployment(self, wanted: Deployment, chosen: dict[str, Any]) -> None:
        flow = self.client.create_flow_from_name(wanted.flow)
        created = self.client.create_deployment(flow, wanted.pipeline, **chosen)
        self.ids[wanted.name] = created

    def _change_deployment(self, there: "DeploymentResponse", changed: dict[str, Any]) -> None:
        from prefect.client.schemas.actions import DeploymentUpdate

        self.client.update_deployment(there.id, DeploymentUpdate(**changed))

    def _schedules(self, wanted: Deployment) -> Iterator[Step]:
        there = self.found.deployments.get(wanted.name)
        ours = {
            each.slug: each
            for each in (there.schedules if there else [])
            if each.slug and each.slug.startswith(OURS)
        }
        if wanted.recurrence is not None:
            existing = ours.pop(wanted.recurrence.slug, None)
            yield self._schedule(wanted.name, wanted.recurrence, existing)
        for slug, each in ours.items():
            told = Change("delete", "schedule", f"{wanted.name} {slug}", "left config/")
            yield Step(told, lambda each=each: self._delete_schedule(wanted.name, each))  # type: ignore[misc]

    def _schedule(
        self, deployment: str, wanted: Recurrence, there: "DeploymentSchedule | None"
    ) -> Step:
        from prefect.client.schemas.actions import DeploymentScheduleCreate

        name, chosen = f"{deployment} {wanted.slug}", schedule(wanted)
        parameters = dict(wanted.parameters)
        if there is None:
            new = DeploymentScheduleCreate(schedule=chosen, slug=wanted.slug, parameters=parameters)
            told = Change("create", "schedule", name, wanted.told)
            return Step(
                told, lambda: self.client.create_deployment_schedules(self.ids[deployment], [new])
            )
        paused = "" if there.active else f"schedule {name} is paused by a person: left so"
        if (there.schedule, there.parameters) == (chosen, parameters):
            return unchanged("schedule", name, paused)
        told = Change("change", "schedule", name, f"now {wanted.told}")
        return Step(
            told,
            lambda: self.client.update_deployment_schedule(
                self.ids[deployment], there.id, schedule=chosen, parameters=parameters
            ),
            paused,
        )

    def _delete_schedule(self, deployment: str, there: "DeploymentSchedule") -> None:
        self.client.delete_deployment_schedule(self.ids[deployment], there.id)

    def _removed(self, name: str) -> Step:
        there = self.found.deployments[name]
        told = Change("delete", "deployment", name, "left config/, with what it had scheduled")
        return Step(told, lambda: self._remove(there))

    def _remove(self, there: "DeploymentResponse") -> None:
        """Prefect deletes what never started; what waits for another attempt or for a slot stays.

        It would wait for ever.
        """
        from prefect.client.schemas.filters import FlowRunFilter
        from prefect.client.schemas.objects import State
        from prefect.states import Cancelled

        waiting = FlowRunFilter.model_validate(
            {
                "deployment_id": {"any_": [there.id]},
                "state": {"type": {"any_": ["SCHEDULED"]}},
            }
        )
        self.client.delete_deployment(there.id)
        for run in list(
            pages(lambda at: self.client.read_flow_runs(flow_run_filter=waiting, offset=at))
        ):
            why: State[None] = Cancelled(message="its deployment left config/")
            self.client.set_flow_run_state(run.id, why, force=True)
