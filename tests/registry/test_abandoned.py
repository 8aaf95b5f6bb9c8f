"""What a killed registration left running in MLflow is ended by the next one."""

from dataclasses import replace
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from tasks.registry.registry import Registry
from tasks.registry.submission import Submission


def states(client: MlflowClient, pipeline: str) -> list[str]:
    """How the runs of a pipeline ended, or that they did not."""
    found = client.get_experiment_by_name(pipeline)
    assert found is not None
    return sorted(run.info.status for run in client.search_runs([found.experiment_id]))


class KilledError(Exception):
    """Instead of -9, after which nothing is cleared up either."""


def dies_in(function: str, registry: Registry, submission: Submission) -> None:
    """Register, and be gone in place of a call of MLflow's client; the dead end no run."""
    ends, gone = MlflowClient.set_terminated, []

    def dead(*_: object, **__: object) -> None:
        gone.append(function)
        raise KilledError

    def ended(*arguments: Any, **named: Any) -> None:
        if gone:
            raise KilledError
        ends(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MlflowClient, function, dead)
        patch.setattr(MlflowClient, "set_terminated", ended)
        with pytest.raises(KilledError):
            registry.register(submission)


def test_the_next_attempt_has_other_rows(
    registry: Registry, submission: Submission, client: MlflowClient
) -> None:
    """Deliveries that came meanwhile make it another attempt: it ends the dead one's runs too."""
    dies_in("log_model_artifacts", registry, submission)
    assert "RUNNING" in states(client, submission.pipeline)
    registry.register(replace(submission, key="retrain 2013-03-15, more rows"))
    assert "RUNNING" not in states(client, submission.pipeline)


def test_killed_after_the_version_was_there(
    registry: Registry, submission: Submission, client: MlflowClient
) -> None:
    """The version is found and taken, and its run does not run for ever."""
    dies_in("set_logged_model_tags", registry, submission)
    assert "RUNNING" in states(client, submission.pipeline)
    assert registry.has(submission.pipeline, 1)
    assert registry.register(submission).number == 1
    assert "RUNNING" not in states(client, submission.pipeline)
