"""A prediction traced: every link is what ledger, registry, lake and log say, and bits are bits."""

import hashlib
import math
import shutil
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from flows.ingest import ingest
from flows.score import score
from tasks.data.lake import Read
from tasks.errors import Terminal
from tasks.ledger.text import digest
from tasks.tracing.predictions import PredictionTrace, Tracer
from tests.conftest import LATE
from tests.installation import Installation
from tests.shop import NAME, day, written
from tests.tracing.conftest import CORRECTED, END, ODD, REFUSED, of_day

ASKED = day(27)


def traced(shop: Installation, name: str) -> PredictionTrace:
    return Tracer(shop.stores).trace(name)


@pytest.fixture(scope="module")
def found(shop: Installation) -> PredictionTrace:
    """A prediction of day 27, by the first version."""
    return traced(shop, of_day(shop, ASKED)[7])


@pytest.fixture(scope="module")
def replaced(shop: Installation) -> PredictionTrace:
    """A prediction of the day whose orders were corrected after they had been answered."""
    return traced(shop, of_day(shop, CORRECTED)[ODD])


def test_the_answer_is_the_logged_one(shop: Installation, found: PredictionTrace) -> None:
    """Key, time, day, version, probability and inputs are those of the prediction log."""
    row: Any = shop.stores.log.read(ASKED, ASKED).sort_values("order_id").iloc[7]
    answer = found.answer
    assert answer.key == {"order_id": row["order_id"]}
    assert (answer.asked_at, answer.day) == (row["asked_at"], ASKED)
    assert (answer.version, answer.probability) == (1, row["probability"])
    assert set(answer.inputs) == set(shop.stores.definition.pipeline.features.columns)
    assert all(answer.inputs[name] == row[name] for name in answer.inputs)


def test_version_run_and_evidence_are_the_ledgers(
    shop: Installation, found: PredictionTrace
) -> None:
    """The version, its run, and the decision with every check, by their digests."""
    from mlflow.tracking import MlflowClient

    ledger, origin = shop.stores.ledger, found.origin
    kept, decision = ledger.version(NAME, 1), ledger.decisions(NAME)[0]
    assert (origin.version, origin.candidate, origin.uri) == (1, kept.candidate, kept.uri)
    assert origin.manifest == digest(kept.manifest)
    client = MlflowClient(shop.settings.tracking_uri)
    assert origin.snapshot is not None
    assert client.get_run(origin.run_id).data.tags["ratchet.snapshot"] == origin.snapshot.digest
    assert origin.judgement is not None
    assert (origin.judgement.decision, origin.judgement.hash) == (1, decision.hash)
    assert (origin.judgement.verdict, origin.judgement.replaced) == ("PROMOTE", None)
    kept_checks: Any = decision.evidence["checks"]
    told = [(e.code, e.status.value, e.reason) for e in origin.judgement.checks]
    assert told == [(each["code"], each["status"], each["reason"]) for each in kept_checks]
    assert origin.code_version == decision.evidence["code_version"]
    assert origin.environment == decision.evidence["environment"]
    assert origin.config_hash == shop.stores.definition.config_hash
    assert origin.same_config


def test_the_snapshot_is_the_evidences_and_its_files_are_the_lakes(
    shop: Installation, found: PredictionTrace
) -> None:
    """Table versions, days and digest as decided on; files as the tables held them then."""
    snapshot, content = found.origin.snapshot, found.origin.content
    kept: Any = shop.stores.ledger.decisions(NAME)[0].evidence["snapshot"]
    assert snapshot is not None
    assert content is not None
    assert (snapshot.digest, snapshot.versions) == (kept["digest"], kept["versions"])
    assert (snapshot.first_day.isoformat(), snapshot.rows) == (kept["first_day"], kept["rows"])
    first = (snapshot.first_day - timedelta(days=15)).isoformat()
    last = (snapshot.last_day + timedelta(days=2)).isoformat()
    held = {
        (name, row["_partition"], row["_delivery"])
        for name, version in snapshot.versions.items()
        for row in shop.stores.lake.table(name)
        .read(Read(("_partition", "_delivery"), first, last, version=version))
        .to_pylist()
    }
    lines = "".join(f"{' '.join(each)}\n" for each in sorted(held))
    assert content.files == len(held) == sum(content.tables.values())
    assert content.digest == hashlib.sha256(lines.encode()).hexdigest()


def test_files_are_those_that_its_inputs_were_read_from(
    shop: Installation, found: PredictionTrace
) -> None:
    """Every delivery of the look-back with rows known by then, by the bytes in landing."""
    asked_at = found.answer.asked_at.isoformat()
    days = [ASKED - timedelta(days=n) for n in range(15, -1, -1) if ASKED - timedelta(n) >= day(1)]
    files = {(each.table, each.partition): each for each in found.files}
    assert {partition for table, partition in files if table == "orders"} == {*map(str, days)}
    read = files["orders", str(ASKED)]
    bytes_ = (shop.landing / NAME / "orders" / f"{ASKED}.csv.gz").read_bytes()
    assert read.sha256 == hashlib.sha256(bytes_).hexdigest()
    assert read.file.endswith(f"/orders/{ASKED}.csv.gz")
    assert read.rows == sum(
        pd.Timestamp(each["known_at"]).isoformat() <= asked_at for each in shop.world.orders(ASKED)
    )
    assert 0 < read.rows < 70
    assert read.arrived_at is not None
    assert read.arrived_at.date() == ASKED
    assert files["returns", str(ASKED - timedelta(days=1))].rows > 0


def test_every_answer_comes_out_to_the_bit(shop: Installation) -> None:
    """Of both versions, from the logged inputs and from the lake as it was read."""
    names = [*of_day(shop, ASKED)[:2], *of_day(shop, day(LATE))[:2]]
    traces = [traced(shop, name) for name in names]
    assert [each.answer.version for each in traces] == [1, 1, 2, 2]
    assert [each.origin.version for each in traces] == [1, 1, 2, 2]
    for each in traces:
        again = np.float64(each.rescored.again).tobytes()
        assert again == np.float64(each.answer.probability).tobytes()
        assert each.rescored.same_bits
        assert each.rescored.rebuilt_same_bits
        assert each.rescored.now == each.answer.probability
    assert traces[-1].origin.judgement.replaced == 1  # type: ignore[union-attr]


def test_other_bits_are_told(own: Installation) -> None:
    """One bit beside the answer of the model: within every rounding, and not the same."""
    name = of_day(own, ASKED)[7]
    log = own.stores.log.table
    rows = log.read(Read(first=ASKED.isoformat(), last=ASKED.isoformat()))
    beside = np.nextafter(rows["probability"].to_numpy(), 1)
    place = rows.column_names.index("probability")
    rows = rows.set_column(place, "probability", pa.array(beside))
    log.replace_partition(ASKED.isoformat(), rows, "forged")
    found = traced(own, name).rescored
    assert (found.same_bits, found.rebuilt_same_bits) == (False, False)
    assert "other bits" in found.told


def test_a_replaced_partition_is_traced_to_what_was_read(
    shop: Installation, replaced: PredictionTrace
) -> None:
    """To the first delivery, whose rows still give the same bits; and the second is named."""
    landing = shop.landing / NAME / "orders"
    first, second = (
        hashlib.sha256((landing / name).read_bytes()).hexdigest()
        for name in (f"{CORRECTED}.csv.gz", f"{CORRECTED}.r2.csv")
    )
    (read,) = [f for f in replaced.files if (f.table, f.partition) == ("orders", str(CORRECTED))]
    assert (read.sha256, read.replaced_by) == (first, second)
    assert [each.sha256 for each in replaced.later] == [second]
    assert replaced.later[0].replaced_by == ""
    assert replaced.rescored.rebuilt_same_bits
    assert replaced.rescored.changed == ()
    assert replaced.rescored.now > replaced.answer.probability  # dear orders come back
    assert all(not f.replaced_by for f in replaced.files if f is not read)


def test_a_prediction_whose_look_back_was_replaced(shop: Installation) -> None:
    """Other days' orders tell of the store's returns: the file is read, and its successor named."""
    found = traced(shop, of_day(shop, CORRECTED + timedelta(days=1))[7])
    assert [each.partition for each in found.files if each.replaced_by] == [str(CORRECTED)]
    assert found.rescored.rebuilt_same_bits


def test_a_day_that_was_answered_in_two_goes(own: Installation) -> None:
    """Each answer comes out to the bit among those that it was given with."""
    noon = datetime.combine(REFUSED, time(14), UTC)
    first, second = score(NAME, noon), score(NAME, END)
    assert first.rows + second.rows == 70
    assert 0 < first.rows < 70
    names = of_day(own, REFUSED)
    traces = [traced(own, name) for name in names[:6]]
    assert len({each.answer.logged_at for each in traces}) == 2
    assert all(each.rescored.same_bits for each in traces)
    assert all(each.rescored.rebuilt_same_bits for each in traces)


def test_an_answer_from_the_lake_of_then(own: Installation) -> None:
    """Played later, from tables as they were before a correction: that is what is traced."""
    stores = own.stores
    then = {name: stores.lake.table(name).version() or 0 for name in ("orders", "returns")}
    orders = own.world.orders(REFUSED)
    orders[ODD]["amount"] = "499.0"
    own.put("orders", REFUSED, written(orders), f"{REFUSED}.r3.csv")
    assert not ingest(NAME, END + timedelta(days=1)).refused
    scorer = replace(stores.scorer, lake=stores.lake.at(then))
    assert scorer.score([REFUSED], END).rows == 70
    found = traced(own, of_day(own, REFUSED)[ODD])
    assert found.versions == then
    (read,) = [f for f in found.files if (f.table, f.partition) == ("orders", str(REFUSED))]
    assert read.file.endswith(".r2.csv")
    assert [each.file.endswith(".r3.csv") for each in found.later] == [True]
    assert read.replaced_by == found.later[0].sha256
    assert found.rescored.rebuilt_same_bits
    assert found.rescored.now < found.answer.probability  # the world has turned


def test_a_changed_copy_is_mended(own: Installation) -> None:
    """A local copy that was tampered with is fetched again: the verified model answers."""
    name = of_day(own, ASKED)[7]
    flip_a_bit(own.settings.models / NAME / "1" / "model.skops")
    assert traced(own, name).rescored.same_bits


def test_a_tampered_model_answers_nothing(own: Installation) -> None:
    """The chain is told all the same, beside what keeps the prediction from being given again."""
    name = of_day(own, ASKED)[7]
    before = traced(own, name)
    shutil.rmtree(own.settings.models / NAME / "1")
    for path in Path(own.settings.artifacts).rglob("model.skops"):
        flip_a_bit(path)
    found = traced(own, name)
    assert "version 1 of 'shop' is damaged: 1 changed: model.skops" in found.rescored.problem
    assert "cannot be given again" in found.rescored.told
    assert not found.rescored.same_bits
    assert math.isnan(found.rescored.again)
    assert (found.answer, found.origin, found.files) == (before.answer, before.origin, before.files)


def test_a_prefix_of_several_and_of_none(shop: Installation) -> None:
    """Several are listed; a slip names the nearest."""
    with pytest.raises(Terminal, match=r"\d+ predictions begin with '0': 0"):
        traced(shop, "0")
    name = of_day(shop, ASKED)[0]
    slip = name[:9] + ("0" if name[9] != "0" else "1") + name[10:]
    with pytest.raises(Terminal, match=rf"none of [\d,]+ predictions .* did you mean '{name}'"):
        traced(shop, slip)
    assert traced(shop, name[:8]).answer.prediction_id == name


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
