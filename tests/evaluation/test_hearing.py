"""A version is registered with everything that its verdict rests on."""

import json
import math
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from config.schema import Candidate
from tasks.evaluation.hearing import retrain_key, submission
from tasks.evaluation.refit import fingerprint
from tasks.ledger.text import canonical
from tasks.records import Choice, Interval
from tasks.registry.lineage import code_version
from tests.evaluation.hearings import AS_OF, definition, hearing, snapshot


def test_reference() -> None:
    """What a version promises is its value of the pipeline's metric on the holdout."""
    assert hearing(Choice.PROMOTE).reference == Interval(0.72, 0.70, 0.74)


def test_evidence() -> None:
    """Rows by digest and number, every attempt, every check, configuration and code."""
    told = hearing(Choice.KEEP).evidence()
    assert (told["choice"], told["labels_needed"], told["champion"]) == ("KEEP", 120, 1)
    assert told["trained_through"] == "2013-03-08"
    split = hearing(Choice.KEEP).split
    assert told["training"] == {"digest": split.training_digest, "rows": 32}
    assert told["holdout"] == {"digest": split.holdout_digest, "rows": 16}
    plain = json.loads(canonical(told))
    assert [each["candidate"] for each in plain["attempts"]] == ["logistic", "forest"]
    assert plain["checks"][0]["code"] == "champion"
    assert plain["measured"]["dummy"]["roc_auc"] == {"value": None, "low": None, "high": None}
    assert plain["snapshot"]["versions"] == {"orders": 4}
    assert plain["config_hash"] == "c0nf19"
    assert len(plain["code_version"]) == len(plain["environment"]) == 12
    assert plain["sources"] == {}
    assert plain["cpu_seconds"].keys() == {"spent", "reused"}


def test_evidence_is_the_same_again() -> None:
    """An attempt that is resumed in another folder has the same evidence."""
    one, other = (hearing(Choice.KEEP, folder=folder).evidence() for folder in ("a", "b"))
    assert canonical(one) == canonical(other)


def test_key() -> None:
    """The same rows, moment, configuration and code are one attempt; any other is another."""
    key = retrain_key(definition(), snapshot())
    elsewhere = AS_OF.astimezone(timezone(timedelta(hours=-4)))
    assert retrain_key(definition(), snapshot(elsewhere)) == key
    others = [
        retrain_key(definition("other"), snapshot()),
        retrain_key(definition(), snapshot(AS_OF + timedelta(seconds=1))),
        retrain_key(definition(), snapshot(content="other rows")),
        retrain_key(
            replace(
                definition(),
                pipeline=definition().pipeline.model_copy(update={"name": "other"}),
            ),
            snapshot(),
        ),
    ]
    assert len({key, *others}) == 5
    assert key.isalnum()


def test_other_code_or_libraries_are_another_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edited sources, ours or an estimator's own, and other libraries change key and fits."""
    told, split = definition(), hearing(Choice.KEEP).split
    seen = [retrain_key(told, snapshot())]
    prints = [fingerprint(told, split)]
    assert prints[0].rows == split.training_digest
    with monkeypatch.context() as patch:
        patch.setattr(code_version, "__defaults__", (tmp_path,))
        seen.append(retrain_key(told, snapshot()))
        prints.append(fingerprint(told, split))
    with monkeypatch.context() as patch:
        patch.setattr("tasks.evaluation.hearing.environment", lambda: "another")
        patch.setattr("tasks.evaluation.refit.environment", lambda: "another")
        seen.append(retrain_key(told, snapshot()))
        prints.append(fingerprint(told, split))
    mine = tmp_path / "made_here.py"
    mine.write_text("class Model: pass")
    monkeypatch.syspath_prepend(tmp_path)
    own = Candidate(estimator="made_here.Model")
    ours = replace(told, pipeline=told.pipeline.model_copy(update={"candidates": {"own": own}}))
    seen.append(retrain_key(ours, snapshot()))
    mine.write_text("class Model: C = 1")
    seen.append(retrain_key(ours, snapshot()))
    assert len(set(seen)) == 5
    assert len(set(prints)) == 3


def test_submission() -> None:
    """The model's folder, its own inputs as an example, and metrics by contender."""
    told = submission(hearing(Choice.PROMOTE), "key")
    assert (told.key, told.pipeline, told.folder) == ("key", "shop", Path("work/logistic"))
    assert list(told.input_example) == ["amount", "store"]
    assert len(told.input_example) == 5
    assert told.metrics["challenger.roc_auc"] == 0.72
    assert math.isnan(told.metrics["dummy.roc_auc"])
    assert told.tags["ratchet.verdict"] == "PROMOTE"
    assert told.tags["ratchet.as_of"] == "2013-03-15T07:00:00+00:00"
    assert [each.candidate for each in told.attempts] == ["logistic", "forest"]
    assert told.trained_through.isoformat() == "2013-03-08"
