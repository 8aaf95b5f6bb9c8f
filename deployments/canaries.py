"""What is sabotaged on purpose, and the reasons for which it has to be refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from deployments import nights, tampering
from deployments.season import Came, Scene, Season, judged
from infra.canary.world import World, blind, day, on_time, put, shuffled
from tasks.records import Outcome

Rows = pd.DataFrame


@dataclass(frozen=True)
class Canary:
    """A scene, and the checks and errors of which one has to refuse it; a control has none."""

    name: str
    kind: Literal["challenger", "batch", "control"]
    scene: Scene
    expected: tuple[str, ...] = ()


LEARNED, JUDGED = 7, 5
"""Days that a challenger has to learn from, and days that it is judged on."""

WORTHLESS = ("floor:roc_auc", "baseline:dummy", "champion")
BROKEN = World(sabotage=on_time("north"))


def challenged(learns: World, by: World | None = None) -> Scene:
    """A retrain on days of one world, judged on days of another: as it ought to be, or `by`."""

    def scene(season: Season) -> Came:
        season.live(LEARNED, learns)
        season.live(JUDGED, by or World())
        return judged(season.retrained())

    return scene


def delivered(broken: Callable[[Rows], Rows]) -> Scene:
    """A day's parcels arrive broken; refused by the code of the admission."""

    def scene(season: Season) -> Came:
        of = day(season.today)
        rows = World().parcels(of).drop(columns="hours")
        put(season.landing, "parcels", of, broken(rows.assign(known_at=rows["sent_at"])))
        (admission,) = season.pass_by()
        refused = admission.outcome is Outcome.REFUSED
        by = (admission.code,) if refused else ()
        return Came(refused, by, admission.message or f"{admission.rows} rows admitted")

    return scene


def first_champion(season: Season) -> Came:
    """An honest first model serves, and honest days that it has not seen are pinned."""
    season.live(LEARNED + JUDGED, World())
    came = judged(season.retrained())
    season.live(JUDGED, World())
    season.pin(JUDGED)
    return came


def honest(scene: Scene) -> Scene:
    """A scene after days enough for an attempt, all of them honest."""

    def later(season: Season) -> Came:
        season.live(LEARNED + JUDGED, World())
        return scene(season)

    return later


def _all_null(rows: Rows) -> Rows:
    return rows.assign(weight_kg=np.nan)


def _duplicated(rows: Rows) -> Rows:
    return pd.concat([rows, rows])


def _in_metres(rows: Rows) -> Rows:
    return rows.assign(distance_km=rows["distance_km"] * 1000)


def _out_of_range(rows: Rows) -> Rows:
    """Every tenth weight is below zero: no other median, but more than may be held."""
    tenth = np.arange(len(rows)) % 10 == 0
    return rows.assign(weight_kg=rows["weight_kg"].mask(tenth, -1.0))


def _shifted(rows: Rows) -> Rows:
    """Values one column to the right of where they belong, as after a comma too many."""
    return pd.DataFrame(np.roll(rows.to_numpy(), 1, axis=1), columns=rows.columns)


def _swapped(rows: Rows) -> Rows:
    return rows.rename(columns={"carrier": "region", "region": "carrier"})


CANARIES = (
    Canary("first champion", "control", first_champion),
    Canary("refit-swapped", "challenger", honest(tampering.swapped_refit), ("refit",)),
    Canary("honest challenger", "control", challenged(World())),
    Canary("honest refit", "control", tampering.honest_refit),
    Canary("label-shuffled", "challenger", challenged(World(sabotage=shuffled)), WORTHLESS),
    Canary("stale", "challenger", challenged(World(bent=1.0)), WORTHLESS),
    Canary("feature-dropped", "challenger", challenged(World(sabotage=blind)), WORTHLESS),
    Canary("slice-broken", "challenger", challenged(BROKEN), ("slice:region=north",)),
    Canary("poisoned", "challenger", challenged(BROKEN, BROKEN), ("golden:champion",)),
    Canary("future-leaking", "challenger", tampering.sees_the_future, ("Leakage",)),
    Canary("broken artifact", "challenger", tampering.broken_artifact, ("Corrupt",)),
    Canary("empty", "batch", delivered(lambda rows: rows.head(0)), ("no_rows",)),
    Canary("all-null", "batch", delivered(_all_null), ("all_null_column",)),
    Canary("duplicated", "batch", delivered(_duplicated), ("too_many_held",)),
    Canary("unit-changed", "batch", delivered(_in_metres), ("unit_change",)),
    Canary("out of range", "batch", delivered(_out_of_range), ("too_many_held",)),
    Canary("shifted", "batch", delivered(_shifted), ("type_error",)),
    Canary("columns-swapped", "batch", delivered(_swapped), ("expectation",)),
    Canary("honest batch", "control", delivered(lambda rows: rows)),
)
"""Played in this order, in one home: what is sabotaged faces the honest challenger."""

NIGHTLY = (
    Canary("first champion, superiority", "control", nights.first_champion),
    Canary("equally good for ten nights", "challenger", nights.equally_good, ("wealth",)),
    Canary("clearly better", "control", nights.clearly_better),
)
"""Under rules that ask for evidence over nights."""
