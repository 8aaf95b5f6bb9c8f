"""A backfill on the server: submitted, and followed by its progress and its log until it ends."""

import json
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.progress import Progress, TaskID

from config.settings import Settings
from deployments import show
from deployments.backfill import Nights
from deployments.deploy import server_address
from deployments.progress import bars
from deployments.server import connected
from tasks.errors import Terminal
from tasks.ledger.played import Played

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import Artifact, FlowRun

_POLL_SECONDS = 1.0
_STRAGGLING = timedelta(seconds=15)
"""How much later than its time a log line may reach the server."""


@dataclass(frozen=True)
class Followed:
    """How a run on the server ended; `nights` is what it told of each."""

    run: str
    url: str
    state: str
    message: str
    nights: tuple[Played, ...]

    @property
    def exit_code(self) -> int:
        """0 when every night was played, 3 when a delivery was refused, else 1."""
        if self.state != "COMPLETED":
            return 1
        return 3 if any(night.refused for night in self.nights) else 0


@dataclass
class Run:
    """A run that is followed: what it logged is read once, late lines too."""

    client: "SyncPrefectClient"
    id: UUID
    url: str
    _told: set[UUID] = field(default_factory=set)
    _latest: datetime | None = None

    def now(self) -> "FlowRun":
        """The run as it is."""
        return self.client.read_flow_run(self.id)

    def log_lines(self) -> list[str]:
        """What it logged since this was asked last."""
        from prefect.client.schemas.filters import (
            LogFilter,
            LogFilterFlowRunId,
            LogFilterTimestamp,
        )
        from prefect.client.schemas.sorting import LogSort

        since = self._latest and self._latest - _STRAGGLING
        wanted = LogFilter(
            flow_run_id=LogFilterFlowRunId(any_=[self.id]),
            timestamp=LogFilterTimestamp(after_=since) if since else None,
        )
        lines: list[str] = []
        offset = 0
        while page := self.client.read_logs(wanted, 200, offset, LogSort.TIMESTAMP_ASC):
            offset += len(page)
            lines += [
                f"{log.timestamp:%H:%M:%S} {log.message}" for log in page if self._is_new(log.id)
            ]
            self._latest = page[-1].timestamp
        return lines

    def _is_new(self, log: UUID | None) -> bool:
        if log is None or log in self._told:
            return False
        self._told.add(log)
        return True

    def artifact(self, prefix: str) -> "Artifact | None":
        """What the run told under a key that begins like this."""
        from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self.id]))
        found = self.client.read_artifacts(artifact_filter=mine)
        return next((each for each in found if str(each.key).startswith(prefix)), None)


def play(nights: Nights, settings: Settings, as_json: bool) -> int:
    """Submit, follow, tell; the exit code. Ctrl-C stops following, and nothing else."""
    api = server_address(settings)
    with connected(settings, api) as client:
        run = _submitted(client, api, nights)
        try:
            show.aside(f"{nights.title}: {run.url}")
            with bars(hidden=as_json) as progress:
                _follow(run, progress, progress.add_task(nights.title, total=100))
        except KeyboardInterrupt:
            show.aside(f"not followed any more; the run goes on: {run.url}")
            return 130
        followed = _followed(run)
    show.result(followed, as_json)
    return followed.exit_code


def _submitted(client: "SyncPrefectClient", api: str, nights: Nights) -> Run:
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Scheduled

    name = f"backfill/{nights.pipeline}"
    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound as error:
        raise Terminal(f"{api} has no deployment {name}: run `ratchet deploy`") from error
    run = client.create_flow_run_from_deployment(
        deployment.id,
        parameters={
            **deployment.parameters,
            **nights.parameters,
            "first": nights.first.isoformat(),
            "last": nights.last.isoformat(),
            "steps": list(nights.steps),
        },
        state=Scheduled(),
    )
    return Run(client, run.id, f"{api.removesuffix('/api')}/runs/flow-run/{run.id}")


def _follow(run: Run, progress: Progress, bar: TaskID) -> None:
    """Until the run has ended: its state, how far it is, and every line that it logs."""
    over, state = False, ""
    while not over:
        now = run.now()
        over = now.state is not None and now.state.is_final()
        if (now.state_name or "") != state:
            state = now.state_name or ""
            _print(progress, [f"{now.name}: {state}"])
        _print(progress, run.log_lines())
        told = run.artifact("progress-")
        if told is not None:
            progress.update(bar, completed=float(str(told.data)))
        time.sleep(_POLL_SECONDS)
    _print(progress, run.log_lines())  # the last lines reach the server after the last state


def _print(progress: Progress, lines: list[str]) -> None:
    for line in lines:
        progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _followed(run: Run) -> Followed:
    now, table = run.now(), run.artifact("nights-")
    assert now.state is not None  # it has ended
    return Followed(
        run=now.name,
        url=run.url,
        state=now.state.type.value,
        message=now.state.message or "",
        nights=tuple(map(_night, json.loads(str(table.data)))) if table else (),
    )


def _night(row: dict[str, Any]) -> Played:
    steps = {name: tuple(row[name]) for name in ("done", "unplayed")}
    return Played(**{**row, **steps, "night": date.fromisoformat(row["night"])})


@show.told.register
def _(value: Followed) -> None:
    show.nights(value.nights)
    show.line(f"{value.run}: {value.state}")
    if value.state not in ("COMPLETED", "FAILED"):
        show.line(value.message)
