"""Golden rows: chosen with care, frozen, and believed only when every byte is as it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import Conflict, Corrupt, NotEnoughData, Terminal
from tasks.features.choice import chosen, pinnable, stratified
from tasks.features.cohort import Cohort, cohort, complete_days
from tasks.features.golden import Goldens, GoldenSet, Vault, content, stored
from tasks.features.pinning import Pinning
from tasks.records import ModelVersion
from tests.features.conftest import TONIGHT
from tests.features.lakes import defined, put
from tests.places import folder
from tests.servers.s3 import RealS3
from tests.shop import Shop, day

KEY = ("order_id",)
NONE = Goldens(KEY)


@dataclass
class Record:
    """What a ledger would have on record."""

    vault: Vault
    pinnings: list[Pinning] = field(default_factory=list)

    def pin(self, frame: pd.DataFrame) -> None:
        number = len(self.pinnings) + 1
        self.pinnings.append(
            Pinning(
                pipeline="shop",
                number=number,
                content=self.vault.keep(number, frame),
                columns=tuple(frame.columns),
                rows=len(frame),
                first_day=day(1),
                last_day=day(2),
                by="Ada",
                reason="trusted",
                as_of=TONIGHT,
                recorded_at=TONIGHT,
            )
        )

    def read(self) -> Sequence[GoldenSet]:
        return self.vault.read(self.pinnings, KEY).versions


@pytest.fixture(params=["a folder", "a bucket"])
def record(request: pytest.FixtureRequest, tmp_path: Path, s3_api: RealS3) -> Record:
    """An empty vault: whatever is said of it here is so in either place."""
    if request.param == "a folder":
        return Record(Vault(Lake(tmp_path / "golden" / "shop")))
    return Record(Vault(Lake(s3_api.bucket() / "golden" / "shop", s3_api.s3)))


@pytest.fixture
def here(tmp_path: Path) -> Record:
    return Record(Vault(Lake(tmp_path / "golden" / "shop")))


def of(built: Cohort, *numbers: int) -> pd.DataFrame:
    """The cohort's rows of some days."""
    days = {day(number).isoformat() for number in numbers}
    return built.frame[built.frame["day"].isin(days)].reset_index(drop=True)


def champion(through: date) -> ModelVersion:
    return ModelVersion("shop", 3, "f00d", "models:/shop/3", {}, "logistic", through)


def test_versions_stay_readable(record: Record, built: Cohort) -> None:
    """Pinned again is another version; both read back as the cohort had them, types included."""
    record.pin(of(built, 1, 2))
    record.pin(of(built, 4).drop(columns="hour").assign(store=None))
    first, second = record.read()
    pd.testing.assert_frame_equal(first.frame, of(built, 1, 2), check_dtype=True)
    assert "hour" not in second.frame
    assert second.frame["store"].isna().all()
    latest = record.vault.read(record.pinnings, KEY).latest
    assert latest is not None
    assert latest.pinning.number == 2
    record.vault.require_recorded(record.pinnings)


def test_nothing_pinned(here: Record) -> None:
    """Before the first pinning there is no set, and no table was made by looking."""
    assert here.vault.read([], KEY).latest is None
    here.vault.require_recorded([])
    assert here.vault.table.version() is None


def test_edited_rows_are_refused(record: Record, built: Cohort) -> None:
    """One flipped label, and nothing is read."""
    record.pin(of(built, 1, 2))
    record.pin(of(built, 4))
    (name, _) = record.vault.table.partitions()
    labels = of(built, 1, 2)["returned"].to_numpy().copy()
    labels[5] = 1 - labels[5]
    flipped = of(built, 1, 2).assign(returned=labels)
    record.vault.table.replace_partition(name, stored(flipped), "d" * 64)
    with pytest.raises(Corrupt, match="golden v1 of shop: 60 rows"):
        record.read()


def test_rows_that_are_gone(here: Record, built: Cohort, tmp_path: Path) -> None:
    """A record without its rows is no golden set."""
    here.pin(of(built, 1))
    elsewhere = Record(Vault(Lake(tmp_path / "elsewhere")), here.pinnings)
    with pytest.raises(Corrupt, match="0 rows were found"):
        elsewhere.read()


def test_rows_without_a_record(here: Record, built: Cohort) -> None:
    """An interrupted pinning, or a record that was removed, is told; pinning again heals it."""
    here.pin(of(built, 1))
    here.vault.keep(2, of(built, 4))
    with pytest.raises(Conflict, match="golden v2 of shop has rows and is not on record"):
        here.vault.require_recorded(here.pinnings)
    here.pin(of(built, 5))
    here.vault.require_recorded(here.pinnings)
    assert set(here.read()[1].frame["day"]) == {day(5).isoformat()}


def test_content_is_of_values() -> None:
    """Every value, its place and its absence count; how text is stored in memory does not."""
    frame = pd.DataFrame({"a": ["x", None, "yz"], "b": [1.0, np.nan, 0.0], "c": [1, 2, 3]})
    same = content(stored(frame))
    assert content(stored(frame.astype({"a": object}))) == same
    assert content(pa_chunks(frame)) == same
    others = [
        frame.assign(a=pd.Series(["xy", None, "z"], dtype=object)),
        frame.assign(a=["x", "", "yz"]),
        frame.assign(b=[1.0, 0.0, 0.0]),
        frame.assign(b=[np.nan, 1.0, 0.0]),
        frame.assign(c=[1, 2, 4]),
        frame.rename(columns={"c": "d"}),
        frame.head(2),
        frame.iloc[::-1],
    ]
    assert len({same, *(content(stored(each)) for each in others)}) == 1 + len(others)


def pa_chunks(frame: pd.DataFrame) -> object:
    import pyarrow as pa

    return pa.concat_tables([stored(frame.head(1)), stored(frame.tail(2))])


def test_pinned_rows_are_left_out(
    shop: Definition, lake: Lake, built: Cohort, here: Record
) -> None:
    """No version's questions are in a cohort, whenever they were pinned; the rest is."""
    here.pin(of(built, 3).head(10))
    here.pin(of(built, 7))
    golden = here.vault.read(here.pinnings, KEY)
    days = complete_days(shop, lake, TONIGHT)
    without = cohort(shop, lake, days, TONIGHT, golden)
    assert without.left_out == 40
    assert len(without.frame) == len(built.frame) - 40
    assert not golden.holds(without.frame).any()
    assert without.golden is golden.latest
    assert without.snapshot.digest != built.snapshot.digest
    assert cohort(shop, lake, days, TONIGHT, NONE).snapshot == built.snapshot
    with pytest.raises(NotEnoughData, match="beside 30 that are pinned"):
        cohort(shop, lake, [day(7)], TONIGHT, golden)


def test_corrections_do_not_reach_them(
    shop: Definition, lake: Lake, here: Record, tmp_path: Path
) -> None:
    """A day that is delivered again with other labels changes the lake and not the pinned rows."""
    import shutil

    own = Lake(Path(shutil.copytree(folder(lake.root), tmp_path / "lake")))
    before = cohort(shop, own, [day(4)], TONIGHT).frame
    here.pin(before)
    world = Shop(orders_a_day=30)
    for number in (4, 5):
        rows = [{**row, "returned": "true"} for row in world.returns(day(number))]
        put(own, "returns", day(number).isoformat(), rows)
    after = cohort(shop, own, [day(4)], TONIGHT).frame
    assert after["returned"].mean() > before["returned"].mean()
    pd.testing.assert_frame_equal(here.read()[0].frame, before)


def test_another_key(here: Record, built: Cohort) -> None:
    """Rows that cannot be told apart from those trained on are no golden rows."""
    here.pin(of(built, 1))
    with pytest.raises(Terminal, match="has no basket_id: the question's key is another"):
        here.vault.read(here.pinnings, ("basket_id",))


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (16, 17, r"\(1 are, 1 wait"),
        (16, 40, "latest complete day is 2024-01-16"),
        (30, 31, "0 are"),
    ],
)
def test_days_that_are_not_complete(
    shop: Definition, lake: Lake, first: int, last: int, told: str
) -> None:
    """Labels that are still to come would never be seen."""
    moment = TONIGHT - timedelta(days=1)
    with pytest.raises(NotEnoughData, match=told):
        pinnable(shop, lake, (day(first), day(last)), moment)


def test_days_to_pin(shop: Definition, lake: Lake) -> None:
    """Both ends are included; the wrong way round is told."""
    assert pinnable(shop, lake, (day(3), day(5)), TONIGHT) == [day(3), day(4), day(5)]
    with pytest.raises(Terminal, match="comes after the last"):
        pinnable(shop, lake, (day(5), day(3)), TONIGHT)


def test_sample(built: Cohort) -> None:
    """Each day keeps its share of each label within a row, in the order of the cohort; seeded."""
    label = "returned"
    sample = stratified(built.frame, label, 120)
    assert len(sample) == 120
    share = 120 / len(built.frame)
    wanted = built.frame.groupby(["day", label]).size() * share
    found = sample.groupby(["day", label]).size().reindex(wanted.index, fill_value=0)
    assert (found - wanted).abs().max() <= 1
    assert sample["ordered_at"].is_monotonic_increasing
    pd.testing.assert_frame_equal(sample, stratified(built.frame, label, 120))
    assert stratified(built.frame, label, None) is built.frame
    assert stratified(built.frame, label, 10_000) is built.frame


def test_rows_that_the_champion_was_trained_on(built: Cohort, here: Record) -> None:
    """They cannot be pinned, unless they were before; without a champion anything can."""
    assert len(chosen(built, NONE, None, 200)) == 200
    assert len(chosen(built, NONE, champion(day(1) - timedelta(days=1)), None)) == len(built.frame)
    with pytest.raises(Terminal, match=r"champion v3 was trained .* through 2024-01-02, and 60 of"):
        chosen(built, NONE, champion(day(2)), None)
    here.pin(of(built, 1, 2))
    before = here.vault.read(here.pinnings, KEY)
    assert len(chosen(built, before, champion(day(2)), None)) == len(built.frame)


def test_too_few_to_judge_on(tmp_path: Path, lake: Lake) -> None:
    """A set on which the gate could never decide would only stop every promotion."""
    strict = defined(tmp_path, {"gate": {"min_rows": 300, "min_per_class": 100}})
    days = complete_days(strict, lake, TONIGHT)
    built = cohort(strict, lake, days, TONIGHT)
    with pytest.raises(NotEnoughData, match=r"200 rows, .* the gate asks for 300 rows and 100"):
        chosen(built, NONE, None, 200)
    one_class = replace(built, frame=built.frame.assign(returned=np.int8(0)))
    with pytest.raises(NotEnoughData, match="0 of them positive"):
        chosen(one_class, NONE, None, None)


def test_told(here: Record, built: Cohort) -> None:
    """A version in a line."""
    here.pin(of(built, 1))
    assert here.pinnings[0].told == (
        "golden v1: 30 rows of 2024-01-01 to 2024-01-02, pinned by Ada: trusted"
    )
    assert isinstance(here.pinnings[0].as_of, datetime)
