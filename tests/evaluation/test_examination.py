"""What only the model itself can tell, asked before the gate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config.gate import Behaviour, Churn, Gate, Serving
from tasks.data import artifact
from tasks.evaluation.examination import examined
from tasks.evaluation.gate import judge
from tasks.features.cohort import digest
from tasks.features.splits import Split
from tasks.records import Check, Choice, Severity, Status
from tests.evaluation.test_churn import FOREST, LOGISTIC, Bench, bench, rows

RULES = Gate(
    resamples=200,
    churn=Churn(),
    serving=Serving(max_latency_ms=5000, max_size_mb=5, max_memory_mb=500, max_slowdown=50),
    behaviour={
        "dearer": Behaviour(column="amount", by=1.0, expect="up"),
        "any_store": Behaviour(column="store", to="north", expect="same", tolerance=0.2),
    },
)


@pytest.fixture
def split() -> Split:
    training, holdout = rows(1, 10), rows(11, 6).assign(order_id=range(480))
    return Split(training, holdout, digest(training), digest(holdout))


def judged(found: Bench, split: Split, gate: Gate = RULES) -> dict[str, Check]:
    """The checks by code, the challenger as its own champion's heir."""
    pipeline = found.definition.pipeline.model_copy(update={"gate": gate})
    definition = replace(found.definition, pipeline=pipeline)
    checks = examined(definition, split, found.challenger, found.champion, found.trial)
    return {check.code: check for check in checks}


def with_folder(found: Bench) -> Bench:
    """The same where the champion's files are at hand: those of the challenger."""
    folder = Path(found.challenger.folder)
    version = replace(found.champion.version, manifest=artifact.manifest(folder))
    return replace(found, champion=replace(found.champion, version=version, folder=folder))


def test_a_good_challenger(tmp_path: Path, split: Split) -> None:
    """It loads, answers the same, within budget and as declared; nothing stands against it."""
    checks = judged(with_folder(bench(tmp_path, LOGISTIC)), split)
    assert list(checks) == [
        "load",
        "serving:latency",
        "serving:size",
        "serving:memory",
        "serving:slowdown",
        "behaviour:dearer",
        "behaviour:any_store",
        "churn",
    ]
    churn = checks.pop("churn")
    assert (churn.status, churn.severity) == (Status.NOT_APPLICABLE, Severity.WARNING)
    assert {check.status for check in checks.values()} == {Status.PASS}, checks
    assert checks["load"].numbers["rows"] == len(split.holdout)


def test_swapped_after_it_was_judged(tmp_path: Path, split: Split) -> None:
    """Another model in the folder than the one that was judged is refused by the gate."""
    found = bench(tmp_path, FOREST)
    other = bench(tmp_path / "other", FOREST.model_copy(update={"seed": 8}))
    swapped = replace(found, trial=other.trial)
    checks = judged(swapped, split, Gate(resamples=200))
    assert checks["load"].blocks
    assert "what was judged is not what would serve" in checks["load"].reason
    verdict = judge(found.trial, Gate(resamples=200), "log_loss", list(checks.values()))
    assert verdict.choice is Choice.KEEP
    assert checks["load"].reason in verdict.reason


def test_a_bare_pipeline(tmp_path: Path, split: Split) -> None:
    """Without rules the model still has to load and answer the same; costs are told."""
    checks = judged(bench(tmp_path, LOGISTIC), split, Gate())
    assert checks["load"].status is Status.PASS
    assert not any(check.blocks for check in checks.values())
    assert not np.isnan(checks["serving:latency"].numbers["value"])
    assert {check.severity for code, check in checks.items() if code != "load"} == {Severity.NOTE}


def test_a_champion_out_of_reach(tmp_path: Path, split: Split) -> None:
    """A slowdown that is limited and cannot be measured keeps the champion."""
    checks = judged(bench(tmp_path, LOGISTIC), split)
    assert checks["serving:slowdown"].status is Status.NO_EVIDENCE
    assert checks["serving:slowdown"].blocks
