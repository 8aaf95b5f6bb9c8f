"""A corrected delivery: what depended on the first is found, redone, and nothing else is."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prefect.client.orchestration import get_client

from flows.ingest import ingest
from flows.redo import DaysFailed, Redone, redo
from flows.release import release
from tasks import amend
from tasks.data.lake import Read
from tasks.errors import Terminal
from tasks.evaluation.metrics import measure
from tasks.impact.impact import Impact, impact
from tasks.impact.redeliveries import redelivered, redelivery
from tasks.impact.versions import Affected
from tasks.ledger.corrections import performances_now
from tests.conftest import LATE
from tests.corrected import AGAIN, FIRST, LAST, LATER, NAMED, OF, correct, corrected, redeliver
from tests.flows.told import artifacts, run_of
from tests.installation import Installation, Templates, copied
from tests.outcomes import decided
from tests.places import folder, pointing_at
from tests.shop import NAME, START, day, night, written


@pytest.fixture(scope="module")
def _amiss(templates: Templates, _turned: Installation) -> Installation:
    return templates.lived("amiss", correct, _turned)


@pytest.fixture
def amiss(settings: Any, _amiss: Installation) -> Installation:
    """A shop whose labels of day 30 were corrected after they had been measured on."""
    return copied(_amiss, settings.home)


def found(shop: Installation, partition: str = NAMED) -> Impact:
    stores = shop.stores
    return impact(stores, redelivery(stores, partition, LATER), LATER).impact


def redone(**chosen: Any) -> Redone:
    done: Redone = redo(FIRST, LAST, pipeline=NAME, as_of=LATER, **chosen)
    return done


def files(shop: Installation) -> dict[str, str]:
    """Every file of the prediction log's partitions, and what is in it."""
    root = folder(shop.settings.log) / NAME / "predictions"
    paths = sorted(Path(root).glob("_partition=*/*.parquet"))
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def kept(shop: Installation) -> dict[str, Any]:
    """The end state: the log, profiles and signals, and every row of the ledger."""
    state = shop.state()
    tables: Any = state["tables"]
    return {"ledger": state["ledger"], "tables": {name: rows for name, (_, rows) in tables.items()}}


def test_only_what_was_touched_is_done_again(amiss: Installation) -> None:
    """Days whose answers change are those found; the others' files stay, and so do old answers.

    The log is then what it would have been, had the first delivery been right.
    """
    before, stored = amiss.answers(), files(amiss)
    version = amiss.stores.log.table.version()
    outdated = {each.day: each.rows for each in found(amiss).scores}
    assert set(outdated) <= {day(n) for n in range(30, LATE)}
    done = redone()
    assert {each.day: each.rows for each in done.scored} == outdated
    after = amiss.answers()
    moved = before["probability"] != after["probability"]
    assert set(after.loc[moved, "day"]) <= {each.isoformat() for each in outdated}
    assert 0 < moved.sum() <= sum(outdated.values()) < len(after)
    written = set(files(amiss)) - set(stored)
    assert {name.split("=")[1][:10] for name in written} == {d.isoformat() for d in outdated}
    assert all(files(amiss)[name] == content for name, content in stored.items())
    then = amiss.stores.log.table.read(Read(version=version)).to_pandas()
    then = then.sort_values("prediction_id", ignore_index=True)
    assert then["probability"].equals(before["probability"])
    for of in outdated:
        fresh = amiss.stores.scorer.answers(of, LATER).sort_values("prediction_id")
        again = after[after["day"] == of.isoformat()]
        assert fresh["prediction_id"].tolist() == again["prediction_id"].tolist()
        np.testing.assert_allclose(fresh["probability"], again["probability"], rtol=1e-12)


def test_measurements_are_corrected_beside_the_first(amiss: Installation) -> None:
    """The first stays; the correction is the metric of the same days by the labels of now."""
    ledger = amiss.stores.ledger
    (first,) = ledger.performances(NAME)
    assert first in found(amiss).measurements
    redone()
    assert ledger.performances(NAME) == [first]
    (now,) = performances_now([first], ledger.corrections(NAME))
    assert (now.as_of, now.version, now.first_day) == (first.as_of, 1, first.first_day)
    answers = amiss.answers()
    begins, ends = first.first_day.isoformat(), first.last_day.isoformat()
    answers = answers[answers["day"].between(begins, ends)]
    truth = pd.DataFrame(
        [row for n in range(28, LATE) for row in label_rows(amiss, n)], columns=["order_id", "y"]
    )
    rows = answers.merge(truth, on="order_id")
    assert now.labels == len(rows)
    assert now.measured.value == pytest.approx(measure("roc_auc", rows["y"], rows["probability"]))
    assert now.measured.value != pytest.approx(first.measured.value, abs=0.01)
    page = (amiss.settings.reports / NAME / "status.html").read_text(encoding="utf-8")
    assert f"{now.measured.value:.3f}" in page


def label_rows(shop: Installation, number: int) -> list[tuple[str, bool]]:
    rows = corrected(shop) if day(number) == OF else shop.world.returns(day(number))
    return [(row["order_id"], row["returned"] == "true") for row in rows]


def test_afterwards_nothing_is_left(amiss: Installation) -> None:
    """Impact has no answer and no measurement any more, and a second redo changes nothing."""
    redone()
    left = found(amiss)
    assert not left.is_left
    assert left.corrected == 4  # the performance, and what three clocks read that night
    assert left.days, "what the redelivery did stays told"
    state = amiss.state()
    again = redone()
    assert again.told == ("nothing to redo",)
    assert amiss.state() == state


@pytest.mark.slow
def test_interrupted_it_ends_where_it_would_have(
    amiss: Installation,
    _amiss: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two days, and before the measurements: run again, the end state is the same."""
    straight = copied(_amiss, tmp_path / "straight")
    with pointing_at(straight.home):
        redone()
    scored, calls = amend.answers.fn, []

    def dies(*given: Any) -> Any:
        calls.append(given)
        if len(calls) > 2:
            raise KeyboardInterrupt("power cut")
        return scored(*given)

    with monkeypatch.context() as patch:
        patch.setattr(amend, "answers", dies)
        with pytest.raises(KeyboardInterrupt):
            redo.fn(FIRST, LAST, pipeline=NAME, as_of=LATER)
    with monkeypatch.context() as patch:
        patch.setattr(amend, "measurements", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            redo.fn(FIRST, LAST, pipeline=NAME, as_of=LATER)
    redone()
    assert kept(amiss) == kept(straight)


@pytest.mark.slow
def test_a_range_is_kept_to(amiss: Installation) -> None:
    """Days outside of it stay outdated, and measurements that hold them wait for those."""
    outdated = sorted(each.day for each in found(amiss).scores)
    done = redo(outdated[0], outdated[0], pipeline=NAME, as_of=LATER)
    assert [each.day for each in done.scored] == outdated[:1]
    assert [each.day for each in found(amiss).scores] == outdated[1:]
    waits = redo(day(LATE), day(LATE), pipeline=NAME, as_of=LATER)
    assert (len(waits.measured.corrections), waits.measured.waiting) == (0, 4)
    assert "4 measurements wait for days that are not done" in waits.told


@pytest.mark.slow
def test_a_day_that_fails_stops_no_other(amiss: Installation) -> None:
    """Its error is told in the end; what stands on it is not measured on it."""
    outdated = found(amiss).scores
    with amiss.without_models(), pytest.raises(DaysFailed) as failure:
        redone()
    done = failure.value.redone
    assert len(done.failed) == len(outdated)
    assert f"{len(outdated)} of {len(outdated)} days failed" in str(failure.value)
    assert done.measured.corrections == ()
    assert found(amiss).scores == outdated


def test_the_same_rows_again_touch_nothing(turned: Installation) -> None:
    """Delivered again with other bytes and the same rows, a partition has no impact."""
    redeliver(turned, turned.world.returns(OF)[::-1])
    told = found(turned)
    assert (told.days, told.scores, told.measurements, told.versions) == ((), (), (), ())
    assert redone().told == ("nothing to redo",)


@pytest.mark.slow
def test_what_people_see(amiss: Installation) -> None:
    """A name like a sentence, and what was done as a list."""
    run_id = run_of(redo, FIRST, LAST, pipeline=NAME, as_of=LATER)
    told = str(artifacts(run_id)["redone-shop"].data)
    assert "answers of 4 days were given again" in told
    assert "4 measurements were taken again" in told


def test_no_day_at_all(amiss: Installation) -> None:
    """A range that ends before it begins is told."""
    with pytest.raises(Terminal, match="comes after the last"):
        redo(LAST, FIRST, pipeline=NAME, as_of=LATER)


def test_before_the_correction_there_was_none(amiss: Installation) -> None:
    """As of a night before it came, nothing had been delivered again."""
    stores = amiss.stores
    assert not redelivery(stores, NAMED, night(day(LATE))).earlier
    assert redelivery(stores, NAMED, AGAIN).earlier
    assert redo(START, LAST, pipeline=NAME, as_of=night(day(LATE))).told == ("nothing to redo",)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["remeasured", "renewed"])
def test_killed_it_ends_where_it_would_have(
    amiss: Installation, _amiss: Installation, tmp_path: Path, point: str
) -> None:
    """The same after a kill that leaves no time for anything."""
    straight = copied(_amiss, tmp_path / "straight")
    with pointing_at(straight.home):
        redone()
    program = f"""
import os, signal
from datetime import date, datetime
from tasks.impact import work
work.{point} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from flows.redo import redo
days = date.fromisoformat("{FIRST}"), date.fromisoformat("{LAST}")
redo(*days, pipeline="{NAME}", as_of=datetime.fromisoformat("{LATER.isoformat()}"))
"""
    with get_client(sync_client=True) as client:
        address = str(client.api_url)  # a server of its own would outlive the killed process
    start = ["env", f"PREFECT_API_URL={address}", sys.executable, "-c", program]
    died = subprocess.run(start, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert amiss.answers()["probability"].tolist() == straight.answers()["probability"].tolist()
    assert amiss.stores.ledger.corrections(NAME) == []
    redone()
    assert kept(amiss) == kept(straight)


@pytest.mark.slow
def test_a_retrain_replaces_what_was_trained_before(trained: Installation) -> None:
    """Only when it is asked for, and once: the second redo finds that it was tried."""
    rows = trained.world.returns(day(12))
    wrong = [row | {"returned": "false"} for row in rows]
    trained.put("returns", day(12), written(wrong), f"{day(12)}.r2.csv")
    ingest(NAME, night(day(20)))
    stores = trained.stores
    of = redelivery(stores, f"returns/{day(12)}", night(day(20)))
    (version,) = impact(stores, of, night(day(20))).impact.versions
    assert version == Affected(number=1, certain=True, serves=True)
    days: Any = {"first": START, "last": day(21), "pipeline": NAME}
    trained.deliver(19, 20)
    ingest(NAME, night(day(21)))
    told = redo(**days, as_of=night(day(21)))
    assert told.versions == (1,)
    assert (told.retrained, len(stores.ledger.decisions(NAME))) == (None, 1)
    done = redo(**days, as_of=night(day(21)), train=True)
    assert decided(done.retrained).reason.startswith(f"trained before returns/{day(12)} was")
    again = redo(**days, as_of=night(day(22)), train=True)
    assert (again.versions, again.retrained) == ((), None)
    assert len(stores.ledger.decisions(NAME)) == 2


def test_versions_whose_rows_stay(trained: Installation) -> None:
    """A version is told where its snapshot, built again, is another; where the partition is out
    of its reach, or its rows stay, it is not.
    """
    stores, as_of = trained.stores, night(day(20))
    for number, change in ((12, {"returned": "false"}), (14, {}), (18, {"returned": "false"})):
        rows = [row | change for row in trained.world.returns(day(number))][::-1]
        trained.put("returns", day(number), written(rows), f"{day(number)}.r2.csv")
    ingest(NAME, as_of)
    told = {
        n: impact(stores, redelivery(stores, f"returns/{day(n)}", as_of), as_of).impact.versions
        for n in (12, 14)
    }
    assert told == {12: (Affected(1, certain=True, serves=True),), 14: ()}


def test_a_version_that_cannot_be_built_again_may_be(trained: Installation) -> None:
    """With another query than then, nobody can tell: it is named, with that."""
    rows = [row | {"returned": "false"} for row in trained.world.returns(day(12))]
    trained.put("returns", day(12), written(rows), f"{day(12)}.r2.csv")
    ingest(NAME, night(day(20)))
    trained.forge("UPDATE decisions SET evidence = json_set(evidence, '$.snapshot.digest', 'x')")
    stores = trained.stores
    of = redelivery(stores, f"returns/{day(12)}", night(day(20)))
    (version,) = impact(stores, of, night(day(20))).impact.versions
    assert (version.certain, version.serves) == (False, True)


def test_released_rows_are_another_state(turned: Installation) -> None:
    """From their release on the partition holds more; who was not asked in time is no question."""
    rows = turned.world.orders(day(LATE))
    rows[4]["items"] = "0"  # which is held
    turned.put("orders", day(LATE), written(rows))
    ingest(NAME, AGAIN)
    release("orders", f"{day(LATE)}", pipeline=NAME, as_of=LATER)
    stores = turned.stores
    (of,) = redelivered(stores, LATER)
    assert (of.name, [each.since for each in of.states]) == (f"orders/{day(LATE)}", [AGAIN, LATER])
    assert redelivered(stores, AGAIN) == []
    assert impact(stores, of, LATER).impact.days == ()


def test_two_corrections_in_a_row(amiss: Installation) -> None:
    """What was redone after the first is redone after the second, which takes all of it back."""
    redone()
    right = amiss.answers()
    redeliver(amiss, amiss.world.returns(OF)[::-1], "r3", as_of=night(day(LATE + 3)))
    last = night(day(LATE + 4))
    done: Redone = redo(FIRST, LAST, pipeline=NAME, as_of=last)
    assert {each.number for each in done.measured.corrections} == {2}
    (measured,) = amiss.stores.ledger.performances(NAME)
    (now,) = performances_now([measured], amiss.stores.ledger.corrections(NAME))
    assert now.measured == measured.measured
    assert not amiss.answers().equals(right)
