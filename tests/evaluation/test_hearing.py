"""A version is registered with everything that its verdict rests on."""

import json
import math
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

from tasks.evaluation.hearing import retrain_key, submission
from tasks.ledger.text import canonical
from tasks.records import Choice, Interval
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
    assert len(plain["code_version"]) == 12


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
