"""One pipeline's places, opened from the settings: what serves, what is shown, what is held."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.load import ConfigError
from config.settings import Settings
from tasks import arena, pages
from tasks.errors import Corrupt, Terminal
from tasks.ledger.deciding import bench
from tasks.ledger.decisions import Entry
from tasks.models.fitting import fit_within_budget
from tasks.models.reuse import NEWEST
from tasks.models.selection import jobs
from tasks.predictions.scorer import Reign
from tasks.records import Fit, Held, Intent, Interval, Kind, Performance
from tasks.registry.submission import Submission
from tasks.stores import Stores, open_stores
from tests.features.lakes import put
from tests.installation import Installation, copied
from tests.shop import NAME, Shop, day, define, night

BORN = night(day(18))
WORLD = Shop(orders_a_day=20)


def training() -> pd.DataFrame:
    """Rows as a split gives them."""
    random = np.random.default_rng(1)
    amount = random.normal(50, 20, 600)
    return pd.DataFrame(
        {
            "day": [day(1 + n // 40).isoformat() for n in range(600)],
            "amount": amount,
            "items": random.integers(1, 6, 600).astype(float),
            "hour": random.integers(8, 20, 600).astype(float),
            "store_return_share": 0.3,
            "category": pd.Series(random.choice(["shoes", "books"], 600), dtype=object),
            "store": pd.Series(random.choice(["north", "west"], 600), dtype=object),
            "returned": (random.random(600) < 1 / (1 + np.exp(-(amount - 50) / 10))).astype("int8"),
        }
    )


def decided(stores: Stores, kind: Kind, version: int, champion: int, at: datetime) -> None:
    generation = stores.ledger.generation(NAME)
    stores.ledger.decide(
        Entry(
            pipeline=NAME,
            kind=kind,
            as_of=at,
            key=f"{generation}",
            version=version,
            champion=champion,
            reason="because",
            evidence={},
            generation=generation,
            recorded_at=at,
        )
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A shop with eighteen days and two registered versions, the first of them champion."""
    home = tmp_path_factory.mktemp("stores") / "home"
    settings = Settings.from_environment(
        {"RATCHET_HOME": str(home), "RATCHET_PIPELINES": str(home / "pipelines")}
    )
    define(settings.pipelines)
    stores = open_stores(NAME, settings)
    for number in range(1, 19):
        of = day(number)
        put(stores.lake, "orders", of.isoformat(), WORLD.orders(of))
        put(stores.lake, "returns", of.isoformat(), WORLD.returns(of))
    frame = training()
    (job, *_) = jobs(stores.definition, frame, stores.workshop("key"))
    fit = fit_within_budget(job)
    assert isinstance(fit, Fit), fit
    for key in ("one", "two"):
        version = stores.registry.register(
            Submission(
                pipeline=NAME,
                key=key,
                folder=Path(fit.folder),
                candidate="logistic",
                trained_through=day(12),
                input_example=frame[list(stores.definition.pipeline.features.columns)].head(5),
                params={},
                metrics={"roc_auc": 0.8},
                tags={},
                evidence={},
                attempts=(fit,),
            )
        )
        stores.ledger.keep_version(version, Interval(0.8, 0.7, 0.9))
    decided(stores, Kind.PROMOTED, 1, 1, BORN)
    stores.repair_alias()
    stores.ledger.close()
    return Installation(settings, WORLD)


@pytest.fixture
def stores(template: Installation, tmp_path: Path) -> Stores:
    """That shop under a home of the test's own."""
    return copied(template, tmp_path / "home").stores


@pytest.fixture
def new(settings: Settings) -> Stores:
    """A shop before its first delivery."""
    define(settings.pipelines)
    return open_stores(NAME)


def test_opening_makes_nothing(new: Stores) -> None:
    """The environment says where everything lies; opening it creates no file."""
    assert new.name == NAME
    assert [path.name for path in new.settings.home.iterdir()] == ["pipelines"]


def test_unknown_pipeline(settings: Settings) -> None:
    """A name that nobody defined is told with the nearest one."""
    define(settings.pipelines)
    with pytest.raises(ConfigError, match="did you mean 'shop'"):
        open_stores("shopp")


def test_nobody_serves(new: Stores) -> None:
    """Before the first champion there is no folder, nobody to face, and no alias."""
    assert new.champion_folder(BORN) is None
    assert arena.served(new, bench(new.ledger, NAME, BORN)) is None
    assert new.repair_alias().told == ""
    assert new.scorer.reigns == []
    record = new.record(BORN)
    assert (record.champion_since, list(record.attempts), record.trainable) == (None, [], False)


def test_champion(stores: Stores) -> None:
    """The champion is loaded, verified, and answers; before its birth nobody does."""
    served = arena.served(stores, bench(stores.ledger, NAME, BORN))
    assert served is not None
    assert served.version.number == 1
    sample = stores.reference(1)
    assert list(sample) == list(stores.definition.pipeline.features.columns)
    assert served.model.predict_proba(sample).shape == (200, 2)
    assert stores.champion_folder(BORN - timedelta(seconds=1)) is None
    folder = stores.champion_folder(BORN)
    assert folder is not None
    assert folder.is_relative_to(stores.settings.models)


def test_damaged_manifest(stores: Stores) -> None:
    """A version whose bytes are not those in the ledger is not loaded."""
    original = next(Path(stores.settings.artifacts).rglob("model.skops"))
    for path in Path(stores.settings.artifacts).rglob("model.skops"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert original.exists()
    with pytest.raises(Corrupt, match="damaged"):
        stores.model(1)


def test_reigns(stores: Stores) -> None:
    """Every decision that left somebody in charge begins or renews a reign."""
    decided(stores, Kind.REFUSED, 2, 1, BORN + timedelta(days=1))
    decided(stores, Kind.PROMOTED, 2, 2, BORN + timedelta(days=2))
    decided(stores, Kind.ROLLED_BACK, 2, 1, BORN + timedelta(days=3))
    assert stores.scorer.reigns == [
        Reign(BORN + timedelta(days=n), version) for n, version in enumerate([1, 1, 2, 1])
    ]


def test_alias_follows_the_ledger(stores: Stores) -> None:
    """The alias is a cache: it is put right from the ledger, however wrong it was."""
    stores.registry.point(NAME, 2)
    assert stores.repair_alias().told == (
        "the alias named v2, which no decision made champion; it names v1 again"
    )
    assert stores.registry.pointed(NAME) == 1


def test_scoring(stores: Stores) -> None:
    """The scorer of these stores answers what was asked since the champion's birth."""
    scorer = stores.scorer
    tonight = night(day(19))
    done = scorer.score(scorer.due(tonight), tonight)
    assert (done.days, done.rows, done.versions) == ((day(18),), 20, (1,))
    assert len(stores.log.read(day(1), day(30))) == 20
    assert scorer.due(tonight) == []


def test_record(stores: Stores) -> None:
    """What the retrain policy looks back on, as of any moment."""
    decided(stores, Kind.REFUSED, 2, 1, BORN + timedelta(days=1))
    stores.ledger.intend(Intent(NAME, "a drop", BORN, {"reason": "worse"}, "open"))
    found = stores.record(BORN + timedelta(days=1))
    assert found.champion_since == BORN
    assert list(found.attempts) == [BORN, BORN + timedelta(days=1)]
    assert [each.cause for each in found.intents] == ["a drop"]
    assert found.trainable
    assert not stores.record(night(day(16))).trainable


def test_status_page(stores: Stores) -> None:
    """The page is written whole, says who serves, and links to what is there."""
    drift = stores.reports / "drift" / "2024-01-18_0300.html"
    drift.parent.mkdir(parents=True)
    drift.write_text("<p>drift")
    backtest = stores.reports / "backtests" / "2024-01-16_2024-02-17_abc.html"
    backtest.parent.mkdir()
    backtest.write_text("<p>backtest")
    stores.ledger.performance(
        Performance(
            NAME,
            BORN,
            1,
            day(10),
            day(15),
            120,
            "roc_auc",
            Interval(0.7, 0.6, 0.8),
            0.8,
            dropped=False,
            reason="fine",
        )
    )
    page = pages.status(stores, BORN)
    text = page.read_text()
    assert page == stores.reports / "status.html"
    assert "drift/2024-01-18_0300.html" in text
    assert "backtests/2024-01-16_2024-02-17_abc.html" in text
    assert "data_docs" not in text
    assert "Orders that come back" in text
    assert pages.status(stores, BORN).read_text() == text
    assert [path.name for path in stores.reports.glob("*.tmp")] == []


def test_status_page_of_a_new_pipeline(new: Stores) -> None:
    """Before anything happened the page can be written, and says so."""
    assert "Orders that come back" in pages.status(new, BORN).read_text()


def held(row: int) -> Held:
    return Held(
        "orders", "2024-01-03", "d" * 64, row, ("null:amount",), {"order_id": str(row)}, BORN
    )


def test_held_rows(new: Stores) -> None:
    """All held rows of a partition, or those numbered."""
    new.quarantine.hold("d" * 64, [held(2), held(5)])
    elsewhere = replace(held(9), partition="2024-01-04", delivery="e" * 64)
    new.quarantine.hold("e" * 64, [elsewhere])
    assert [each.row for each in new.held("orders", "2024-01-03", None)] == [2, 5]
    assert [each.row for each in new.held("orders", "2024-01-03", [5])] == [5]


def test_rows_that_are_not_held(new: Stores) -> None:
    """Numbers that are not held, and partitions that hold none, are told."""
    new.quarantine.hold("d" * 64, [held(2), held(5)])
    with pytest.raises(Terminal, match=r"2024-01-03: 1 of the rows are not held: \[3\]"):
        new.held("orders", "2024-01-03", [2, 3])
    with pytest.raises(Terminal, match=r"orders/2024-01-09: no row is held"):
        new.held("orders", "2024-01-09", None)


def test_workshop(stores: Stores) -> None:
    """An attempt's folder is its own, and is forgotten without a fuss."""
    assert stores.workshop("key").is_dir()
    stores.sweep("key")
    stores.sweep("key")
    assert not stores.workshop("key").exists()
    assert stores.model(1) is not None


def test_fits_of_long_ago_are_swept(stores: Stores) -> None:
    """Beside the workshops lie the fits of the last attempts; older ones go with a workshop."""
    for number in range(NEWEST + 3):
        (stores.fits / f"{number:02}").mkdir(parents=True)
        os.utime(stores.fits / f"{number:02}", (number, number))
    stores.sweep("key")
    left = sorted(path.name for path in stores.fits.iterdir())
    assert left == [f"{number:02}" for number in range(3, NEWEST + 3)]


def test_reports_are_beside_the_page(stores: Stores) -> None:
    """Reporter and desk write below the folder of the status page."""
    assert stores.reporter.folder == stores.reports / "drift"
    assert stores.desk.docs == stores.reports / "data_docs"
    assert stores.desk.definition is stores.definition
    assert datetime.combine(date(2024, 1, 18), datetime.min.time(), UTC) < BORN
