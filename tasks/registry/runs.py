"""MLflow runs: one for a retrain, and below it one for each candidate that was tried."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlflow.entities import Metric, Param, RunTag
from mlflow.entities.run_status import RunStatus
from mlflow.tracking import MlflowClient

from tasks.records import Failure, Fit
from tasks.registry.submission import Submission

_MAX_VALUE = 5000
_NO_NAME = re.compile(r"[^\w\-. /]")


@contextmanager
def retrain(client: MlflowClient, experiment: str, submission: Submission) -> Iterator[str]:
    """The id of a run that ends with the block: finished, or failed when the block raises."""
    run = client.create_run(experiment, run_name=submission.name, tags=submission.all_tags)
    run_id = str(run.info.run_id)
    try:
        yield run_id
    except BaseException:
        client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED))
        raise
    client.set_terminated(run_id)


def record(client: MlflowClient, experiment: str, run_id: str, submission: Submission) -> None:
    """Writes numbers, parameters, evidence and every attempt down; undefined stays nan."""
    _measure(client, run_id, submission.metrics, submission.params)
    client.log_text(run_id, submission.evidence_text(), "evidence.json")
    for tried in submission.attempts:
        attempt(client, experiment, run_id, tried)


def attempt(client: MlflowClient, experiment: str, parent: str, tried: Fit | Failure) -> None:
    """A nested run for a candidate: its scores and cost, or why it did not make it."""
    run = client.create_run(
        experiment, run_name=tried.candidate, tags={"mlflow.parentRunId": parent}
    )
    if isinstance(tried, Fit):
        _fit(client, run.info.run_id, tried)
        client.set_terminated(run.info.run_id)
    else:
        _failure(client, run.info.run_id, tried)
        client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.FAILED))


def close_abandoned(client: MlflowClient, experiment: str) -> None:
    """Ends what killed processes left running, whatever attempts they were at."""
    running = RunStatus.to_string(RunStatus.RUNNING)
    for run in client.search_runs([experiment], f"attributes.status = '{running}'"):
        client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))


def _measure(
    client: MlflowClient, run_id: str, metrics: Mapping[str, float], params: Mapping[str, object]
) -> None:
    client.log_batch(
        run_id,
        metrics=[Metric(_named(name), float(value), 0, 0) for name, value in metrics.items()],
        params=[Param(_named(name), str(value)[:_MAX_VALUE]) for name, value in params.items()],
    )


def _fit(client: MlflowClient, run_id: str, fit: Fit) -> None:
    costs = {"seconds": fit.seconds, "cpu_seconds": fit.cpu_seconds, "peak_mb": fit.peak_mb}
    _measure(client, run_id, {**costs, "trials": fit.trials, "score": fit.score}, fit.params)
    if fit.reused:
        client.set_tag(run_id, "ratchet.reused_from", fit.reused)
    if fit.parent is not None:
        client.set_tag(run_id, "ratchet.parent_version", str(fit.parent.version))
        client.set_tag(run_id, "ratchet.parent_digest", fit.parent.digest)
    if fit.folds:
        folds = [Metric("fold_score", score, 0, step) for step, score in enumerate(fit.folds)]
        client.log_batch(run_id, metrics=folds)


def _failure(client: MlflowClient, run_id: str, failure: Failure) -> None:
    tags = {"ratchet.failure": failure.kind, "mlflow.note.content": failure.reason[:_MAX_VALUE]}
    costs = {
        "seconds": failure.seconds,
        "cpu_seconds": failure.cpu_seconds,
        "peak_mb": failure.peak_mb,
    }
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, 0, 0) for name, value in costs.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )


def _named(name: str) -> str:
    return _NO_NAME.sub("_", name)[:250]
