"""The drift report: due now and then, honest about what it cannot compare, safe to open."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from config.schema import Features
from config.watch import Watch
from tasks.data.artifact import REFERENCE
from tasks.drift.report import Drift, Reporter, report, sampled
from tasks.errors import NotEnoughData
from tasks.records import Interval, Performance

FEATURES = Features(
    lookback_days=7, numeric=("amount", "flag", "rate"), categorical=("store", "maker")
)
NIGHT = datetime(2024, 2, 1, 3, tzinfo=UTC)
WATCH = Watch(report_every_days=7, report_rows=150)


def sample(seed: int = 1, rows: int = 200, **columns: Any) -> pd.DataFrame:
    """Rows of one distribution, with some columns of another."""
    random = np.random.default_rng(seed)
    missing = random.random(rows) < 0.2
    return pd.DataFrame(
        {
            "amount": random.normal(50, 10, rows),
            "flag": (random.random(rows) < 0.3).astype(float),
            "rate": np.where(random.random(rows) < 0.2, np.nan, random.random(rows)),
            "store": random.choice(["north", "south"], rows),
            "maker": pd.Series(["acme"] * rows, dtype=object).mask(missing, None),
        }
    ).assign(**columns)


Compare = Callable[..., Drift]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Report on two samples, by default of the shop's features."""

    def made(
        reference: pd.DataFrame, current: pd.DataFrame, features: Features = FEATURES
    ) -> Drift:
        return report(reference, current, features, tmp_path / "new" / "page.html")

    return made


def test_the_same_rows(compare: Compare) -> None:
    """Identical samples: every column is compared and none has drifted."""
    told = compare(sample(), sample())
    assert set(told.distances) == set(FEATURES.columns)
    assert (told.drifted, told.undefined, told.rows) == ((), (), 200)
    assert Path(told.page).stat().st_size > 100_000


def test_other_rows(compare: Compare) -> None:
    """What shifted is named, and only that: a number, a flag, a category, the share missing."""
    current = sample(
        amount=np.random.default_rng(2).normal(60, 10, 200), flag=1.0, store="west", maker="acme"
    )
    told = compare(sample(), current)
    assert set(told.drifted) == {"amount", "flag", "store", "maker"}


@pytest.mark.parametrize("rows", [200, 2000])
def test_however_many_rows(compare: Compare, rows: int) -> None:
    """Small samples are judged by p-values, large ones by distances: a shift is one in both."""
    shifted = sample(2, rows, amount=np.random.default_rng(2).normal(60, 10, rows))
    assert compare(sample(1, rows), sample(1, rows)).drifted == ()
    assert "amount" in compare(sample(1, rows), shifted).drifted


@pytest.mark.parametrize("side", ["reference", "current", "both"])
@pytest.mark.parametrize("name", ["amount", "maker"])
def test_nothing_to_compare_with(compare: Compare, side: str, name: str) -> None:
    """A column without a value is undefined: it is not among those without drift."""
    nothing = sample(2).assign(**{name: None if name == "maker" else math.nan})
    told = compare(
        nothing if side != "current" else sample(), nothing if side != "reference" else sample()
    )
    assert told.undefined == (name,)
    assert name not in told.distances
    assert name not in told.drifted


def test_column_that_is_not_there(compare: Compare) -> None:
    """A feature that only one sample knows is undefined."""
    assert compare(sample().drop(columns="rate"), sample()).undefined == ("rate",)
    assert compare(sample(), sample().drop(columns="rate")).undefined == ("rate",)


def test_nothing_but_infinity(compare: Compare) -> None:
    """A column whose every number is infinite has no value that could be compared."""
    assert compare(sample(), sample(amount=math.inf)).undefined == ("amount",)


def test_no_column_at_all(compare: Compare) -> None:
    """When nothing can be compared the page says so."""
    nothing = sample()[["amount"]].assign(amount=math.nan)
    told = compare(nothing, nothing)
    assert told.undefined == FEATURES.columns
    assert "None of 5 features could be compared" in Path(told.page).read_text()


@pytest.mark.parametrize("empty", ["reference", "current"])
def test_empty_samples(compare: Compare, empty: str) -> None:
    """A sample without rows is refused with the counts of both."""
    none, some = sample().head(0), sample()
    with pytest.raises(NotEnoughData, match=r"(0 reference and 200|200 reference and 0) current"):
        compare(*((none, some) if empty == "reference" else (some, none)))


def test_constant_columns(compare: Compare) -> None:
    """A constant is equal to itself and differs from another one."""
    told = compare(sample(amount=5.0, store="north"), sample(2, amount=5.0, store="north"))
    assert {"amount", "store"} & set(told.drifted) == set()
    assert {"amount", "store"} <= set(told.distances)
    told = compare(sample(amount=5.0, store="north"), sample(2, amount=6.0, store="south"))
    assert {"amount", "store"} <= set(told.drifted)


def test_one_row(compare: Compare) -> None:
    """A single row is a sample, if a poor one."""
    assert compare(sample(), sample(rows=1)).rows == 1


MARKUP = "<script>alert('x')</script>"


def test_no_markup_from_data(compare: Compare, tmp_path: Path) -> None:
    """Neither a category nor a name carries markup into the page."""
    name = "<script>alert(1)</script>"
    features = FEATURES.model_copy(update={"categorical": ("store", name), "numeric": ("<b>n",)})
    frame = sample(store=[MARKUP, "</script>", "<img src=x onerror=alert(2)>", "a&b"] * 50)
    frame = pd.concat(
        [frame, pd.DataFrame({name: ["<!--", MARKUP] * 100, "<b>n": frame["amount"]})], axis=1
    )
    told = compare(frame, frame.sample(frac=1, random_state=1), features)
    page = Path(told.page).read_text()
    for planted in (MARKUP, name, "<img src=x", "<!--<", "<b>n", '"<!--"', '"</script>"'):
        assert planted not in page
    assert "alert" in page
    assert set(told.distances) == {"store", name, "<b>n"}


def met(rows: int = 200) -> pd.DataFrame:
    """Rows that two champions answered on four days, each twice as busy as the one before."""
    days = np.array(["2024-01-20", "2024-01-21", "2024-01-22", "2024-01-23"])
    place = np.minimum(np.log2(1 + 15 * np.arange(rows) / rows).astype(int), 3)
    version = 1 + (np.arange(rows) % 3 == 0)
    return sample(2, rows).assign(day=days[place], version=version)


@pytest.mark.parametrize("rows", [100, 151, 999])
def test_days_keep_their_share(rows: int) -> None:
    """A sample has exactly so many rows; of each day and champion its share, within a row."""
    whole = met(3000)
    drawn = sampled(whole, rows)
    assert len(drawn) == rows
    assert drawn.index.is_unique
    shares = whole.value_counts(["day", "version"]) * rows / len(whole)
    assert len(shares) == 8
    counted = drawn.value_counts(["day", "version"])
    assert (counted.reindex(shares.index).fillna(0) - shares).abs().max() <= 1


def test_sample_is_seeded() -> None:
    """The same rows are drawn whenever it is drawn, and they are rows as they were."""
    whole = met(3000)
    drawn = sampled(whole, 500)
    pd.testing.assert_frame_equal(drawn, sampled(whole.copy(), 500))
    pd.testing.assert_frame_equal(drawn, whole.loc[drawn.index])


def test_fewer_than_are_asked_for() -> None:
    """All rows are the sample of few."""
    pd.testing.assert_frame_equal(sampled(met(120), 150), met(120))


def performance(as_of: datetime = NIGHT, dropped: bool = False) -> Performance:
    return Performance(
        pipeline="shop",
        as_of=as_of,
        version=1,
        first_day=date(2024, 1, 20),
        last_day=date(2024, 1, 26),
        labels=500,
        metric="roc_auc",
        measured=Interval(0.7, 0.65, 0.75),
        reference=0.7,
        dropped=dropped,
        reason="",
    )


@pytest.fixture
def champion(tmp_path: Path) -> Path:
    """The folder of a model with a sample of its training rows."""
    folder = tmp_path / "model"
    folder.mkdir()
    sample().to_parquet(folder / REFERENCE)
    return folder


@pytest.fixture
def reporter(tmp_path: Path) -> Reporter:
    return Reporter(FEATURES, WATCH, tmp_path / "reports" / "drift")


def test_first_report(reporter: Reporter, champion: Path) -> None:
    """The first is due at once, on a sample of what was met, and named after its moment."""
    told = reporter.when_due(champion, met(), performance())
    assert told is not None
    assert told.rows == 150
    assert Path(told.page) == reporter.folder / "2024-02-01_0300.html"


@pytest.mark.parametrize(
    ("days", "dropped", "is_due"),
    [(1, False, False), (6.9, False, False), (7, False, True), (30, False, True), (1, True, True)],
)
def test_when_due(
    reporter: Reporter, champion: Path, days: float, dropped: bool, is_due: bool
) -> None:
    """Every so many days, and at every drop."""
    reporter.folder.mkdir(parents=True)
    (reporter.folder / "2024-02-01_0300.html").write_text("the last one")
    later = performance(NIGHT + timedelta(days=days), dropped)
    assert (reporter.when_due(champion, met(), later) is not None) is is_due


def test_same_moment(reporter: Reporter, champion: Path) -> None:
    """A moment has one page: a second run leaves it as it is, drop or not."""
    reporter.folder.mkdir(parents=True)
    page = reporter.folder / "2024-02-01_0300.html"
    page.write_text("the first one")
    assert reporter.when_due(champion, met(), performance(dropped=True)) is None
    assert page.read_text() == "the first one"


def test_nobody_to_report_on(reporter: Reporter, champion: Path) -> None:
    """Without a champion, or before it met a row, there is no report."""
    assert reporter.when_due(None, met(), performance(dropped=True)) is None
    assert reporter.when_due(champion, met().head(0), performance(dropped=True)) is None
    assert not reporter.folder.exists()


def test_rows_are_bounded(reporter: Reporter, champion: Path, tmp_path: Path) -> None:
    """However many rows were met or kept, as many of each are compared as are asked for."""
    kept, lately = sample(rows=20_000), met(100_000)
    kept.to_parquet(champion / REFERENCE)
    told = reporter.when_due(champion, lately, performance())
    few = kept.sample(150, random_state=0), sampled(lately, 150)
    assert told is not None
    assert told.rows == 150
    assert told.distances == report(*few, FEATURES, tmp_path / "few.html").distances


def test_same_sample(reporter: Reporter, champion: Path, tmp_path: Path) -> None:
    """The report of a moment is the same wherever it is made again."""
    one = reporter.when_due(champion, met(), performance())
    elsewhere = replace(reporter, folder=tmp_path / "elsewhere")
    other = elsewhere.when_due(champion, met(), performance())
    assert one is not None
    assert other is not None
    assert replace(one, page="") == replace(other, page="")
