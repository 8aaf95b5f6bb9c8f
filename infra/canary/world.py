"""A small world of parcels whose truth is known, and what can be broken in it.

Everything follows from the day, so the same delivery always has the same bytes.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

START = date(2024, 3, 1)
REGIONS = ("north", "south", "east", "west")
_LATER = np.array([0.6, -0.6, 0.3, -0.3])
CARRIERS = ("bike", "train", "truck")
ROWS_A_DAY = 600
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"

Sabotage = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
"""What is done to the parcels of a day, outcome included, before they are written."""


def day(number: int) -> date:
    """The nth day, counted from 1."""
    return START + timedelta(days=number - 1)


def night(number: int) -> datetime:
    """When the night of the nth day runs: it knows everything about the day before."""
    return datetime.combine(day(number), time(3), UTC)


@dataclass(frozen=True)
class World:
    """Parcels of which over a third are late: far and heavy ones, by bike, in the north.

    `bent` turns the world: at 0 distance and weight count as they always did, at 1 the other way
    round.
    """

    bent: float = 0.0
    sabotage: Sabotage | None = None

    def parcels(self, of: date) -> pd.DataFrame:
        """A day's parcels, their `hours` under way included."""
        random = np.random.default_rng([17, of.toordinal()])
        distance = random.lognormal(np.log(300), 0.7, ROWS_A_DAY).clip(5, 2500)
        weight = random.lognormal(np.log(3), 0.8, ROWS_A_DAY).clip(0.1, 50)
        carrier = random.choice(CARRIERS, ROWS_A_DAY)
        region = random.integers(0, len(REGIONS), ROWS_A_DAY)
        pull = 1.6 * np.log(distance / 300) + 0.7 * np.log(weight / 3)
        odds = (1 - 2 * self.bent) * pull + 0.9 * (carrier == "bike") + _LATER[region] - 1.0
        late = random.uniform(size=ROWS_A_DAY) < 1 / (1 + np.exp(-odds))
        minutes = np.sort(random.integers(0, 12 * 60, ROWS_A_DAY))
        rows = pd.DataFrame(
            {
                "parcel": [f"{of}-{n:03d}" for n in range(ROWS_A_DAY)],
                "sent_on": of.isoformat(),
                "sent_at": [_at(of, 8) + timedelta(minutes=int(each)) for each in minutes],
                "distance_km": distance.round(1),
                "weight_kg": weight.round(2),
                "carrier": carrier,
                "region": np.array(REGIONS)[region],
                "hours": np.where(late, 60.0, 30.0),
            }
        )
        return self.sabotage(rows, random) if self.sabotage else rows

    def deliver(self, landing: Path, days: Iterable[int]) -> None:
        """Write the files of the days below a pipeline's landing folder.

        Parcels are known when they are sent, arrivals in the night after.
        """
        for number in days:
            of, rows = day(number), self.parcels(day(number))
            sent = rows.drop(columns="hours").assign(known_at=rows["sent_at"])
            put(landing, "parcels", of, sent)
            known = _at(of + timedelta(days=1), 1)
            arrived = rows[["parcel", "sent_on", "hours"]].assign(known_at=known)
            put(landing, "arrivals", of, arrived)


def put(landing: Path, table: str, of: date, rows: pd.DataFrame) -> Path:
    """Write one delivery, as it arrives in the night after its day."""
    path = landing / table / f"{of}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(path, index=False, date_format=_INSTANT)
    arrived = _at(of + timedelta(days=1), 2).timestamp()
    os.utime(path, (arrived, arrived))
    return path


def shuffled(rows: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Outcomes dealt out anew: what was learned from them is noise."""
    return rows.assign(hours=random.permutation(rows["hours"].to_numpy()))


def blind(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """The strongest input says the same of every parcel."""
    return rows.assign(distance_km=300.0)


def on_time(region: str) -> Sabotage:
    """Nothing is ever late in one region."""

    def silence(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
        return rows.assign(hours=rows["hours"].where(rows["region"] != region, 30.0))

    return silence


def _at(of: date, hour: int) -> datetime:
    return datetime.combine(of, time(hour), UTC)
