"""The canaries' world: its truth, what is broken in it, and its definition."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from config.load import definition
from infra.canary.definition import BLIND, PARCELS, REFIT, SUPERIORITY, define, without_line
from infra.canary.world import World, blind, day, night, on_time, put, shuffled


def rows(world: World, days: int = 8) -> pd.DataFrame:
    """What happened in the first days."""
    return pd.concat([world.parcels(day(number)) for number in range(1, days + 1)])


def pulls(world: World) -> float:
    """How much later far parcels are: a rank correlation."""
    told = rows(world)
    return float(told["distance_km"].corr(told["hours"], method="spearman"))


def test_the_same_world_has_the_same_bytes(tmp_path: Path) -> None:
    """Deliveries follow from the day alone, and arrive in the night after it."""
    digests = []
    for name in ("one", "other"):
        World().deliver(tmp_path / name, [3])
        paths = sorted((tmp_path / name).rglob("*.csv"))
        assert [path.parent.name for path in paths] == ["arrivals", "parcels"]
        assert all(path.stat().st_mtime < night(4).timestamp() for path in paths)
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
    assert digests[0] == digests[1]


def test_the_truth(tmp_path: Path) -> None:
    """Over a third are late, far ones more often; a bent world turns that round."""
    assert 0.3 < (rows(World())["hours"] > 48).mean() < 0.45
    assert pulls(World()) > 0.3
    assert abs(pulls(World(bent=0.5))) < 0.1
    assert pulls(World(bent=1.0)) < -0.3


def test_sabotage_breaks_what_it_says() -> None:
    """Shuffled outcomes know nothing of distance, a blind day no distance, the north no delay."""
    honest, dealt = rows(World()), rows(World(sabotage=shuffled))
    assert sorted(dealt["hours"]) == sorted(honest["hours"])
    assert abs(pulls(World(sabotage=shuffled))) < 0.1
    assert rows(World(sabotage=blind))["distance_km"].nunique() == 1
    silent = rows(World(sabotage=on_time("north")))
    late = (silent["hours"] > 48).groupby(silent["region"]).sum()
    assert sorted(late[late > 0].index) == ["east", "south", "west"]


def test_definitions(tmp_path: Path) -> None:
    """The definition is one that loads, under any name and with each set of rules."""
    for name, changes in {
        "plain": {},
        "refit": REFIT,
        "nights": SUPERIORITY,
        "open": BLIND,
    }.items():
        loaded = definition(define(tmp_path, name, REFIT, changes)).pipeline
        assert loaded.name == name
        assert loaded.windows.refit
        assert loaded.windows.max_train_days == 7, "what is not changed stays"
        assert (loaded.gate.mode == "superiority") is (name == "nights")
        assert (loaded.gate.floors == {}) is (name == "open")


def test_a_query_without_a_line() -> None:
    """The line that asks when something was known is there once; another is an error."""
    query = PARCELS / "features.sql"
    blinded = without_line(query, "AND seen.known_at <=")
    assert "seen.known_at >" in blinded
    assert "seen.known_at <=" not in blinded
    with pytest.raises(ValueError, match="0 lines"):
        without_line(query, "AND nothing")


def test_a_delivery_replaces_the_one_before(tmp_path: Path) -> None:
    """One file a table and day."""
    one = put(tmp_path, "parcels", day(1), pd.DataFrame({"parcel": ["a"]}))
    assert put(tmp_path, "parcels", day(1), pd.DataFrame({"parcel": ["b"]})) == one
    assert one.read_text() == "parcel\nb\n"
