"""Five months of real flights, admitted and answered once, and days of them in an order by lot.

In an order drawn by lot nothing changes from day to day but what is planted: no season, no
weather that goes on, and no cause but one is in the rows. Every day stays whole.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd

from config.load import Definition, definition
from config.settings import Settings
from infra.airline import Airline
from tasks.data.arrivals import arrivals
from tasks.data.lake import Lake
from tasks.data.source import FilesSource
from tasks.evaluation.importance import importances
from tasks.evaluation.metrics import losses, measure
from tasks.features.query import Days, features, known_tables, labels
from tasks.models.estimators import fitted
from tasks.predictions.scorer import Model
from tasks.profiles.columns import Profile
from tasks.profiles.frames import by_day
from tasks.quality.admission import Desk
from tasks.quality.quarantine import Quarantine
from tasks.records import Admission, Promise

NAME = "flights"
FIRST, LAST = date(2013, 2, 1), date(2013, 6, 28)
TRAINED_DAYS = 60
RESAMPLES = 500
"""For every interval, instead of the shipped 2,000: there are thousands of nights."""
OPENING = date(2014, 1, 1)
"""What the first day of a lot is called."""
_OF_THE_LOT = {"training", "model", "others", "promise", "weights", "trained_on"}
NIGHT, LOSS, PROBABILITY = "night", "loss", "probability"


@dataclass(frozen=True)
class Lot:
    """Days in an order of their own, the nth called `OPENING` and n days.

    `rows` are answers: `number` of the day, its name `day`, key, model inputs, `version`,
    `probability`, the label (nan: never) and `night`, after how many nights it is there.
    `admissions` are of the deliveries by number of day; labels of the days `gone` never came.
    """

    rows: pd.DataFrame
    admissions: Mapping[int, tuple[Admission, ...]]
    gone: frozenset[int] = frozenset()


class Flown:
    """The half-year in a folder: the lake and its desk, the rows, and a champion of some days."""

    def __init__(self, folder: Path) -> None:
        self.definition = _cheaper(definition(Settings.from_environment({}).pipelines / NAME))
        self.airline = Airline()
        self.landing = folder / "landing"
        lake = Lake(folder / "lake")
        source = FilesSource(self.landing, NAME)
        self.desk = Desk(self.definition, source, lake, Quarantine(lake), folder / "docs")

    def as_they_came(self) -> "Flown":
        """The same rows, with a champion trained on the first days instead of days drawn by lot."""
        twin = copy(self)
        twin.__dict__ = {n: v for n, v in self.__dict__.items() if n not in _OF_THE_LOT}
        twin.__dict__["_order"] = sorted(self._order)
        return twin

    @property
    def label(self) -> str:
        return self.definition.pipeline.label.name

    @cached_property
    def admissions(self) -> list[Admission]:
        """What became of every real delivery."""
        as_of = self.definition.pipeline.schedule.night_of(LAST + timedelta(days=3))
        self.airline.deliver(self.landing, None, as_of)
        queues = arrivals(self.desk.source, self.definition, as_of, set())
        return [admission for queue in queues for admission in self.desk.admit_all(queue)]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every flight asked about, with its label and the number of nights that it took."""
        assert self.admissions
        as_of = self.definition.pipeline.schedule.night_of(LAST + timedelta(days=3))
        window = Days(FIRST, LAST)
        tables = known_tables(self.desk.lake, self.definition, window, as_of)
        asked = features(self.definition, tables, window)
        landed = tables["outcomes"].select(["flight_id", "landed_date"]).to_pandas()
        rows = asked.merge(labels(self.definition, tables), how="left", on="flight_id")
        rows = rows.merge(landed, how="left", on="flight_id")
        late = pd.to_datetime(rows.pop("landed_date")) - pd.to_datetime(rows["day"])
        return rows.assign(night=late.dt.days + 1.0, version=1)

    @cached_property
    def _order(self) -> list[str]:
        days = np.array(sorted(self.rows["day"].unique()))
        return [str(day) for day in np.random.default_rng(0).permutation(days)]

    @cached_property
    def training(self) -> pd.DataFrame:
        """Rows with a label of the days that the champion is trained on."""
        chosen = self.rows[self.rows["day"].isin(self._order[:TRAINED_DAYS])]
        return chosen[chosen[self.label].notna()].reset_index(drop=True)

    @cached_property
    def model(self) -> Model:
        """The shipped boosting candidate, fitted on days drawn by lot."""
        pipeline = self.definition.pipeline
        inputs = self.training[list(pipeline.features.columns)]
        truth = self.training[self.label].to_numpy().astype(np.int8)
        model: Model = fitted(pipeline.candidates["boosting"], pipeline.features, inputs, truth)
        return model

    @cached_property
    def others(self) -> pd.DataFrame:
        """Answers on all days that it was not trained on."""
        return self.answered(self.rows[~self.rows["day"].isin(self._order[:TRAINED_DAYS])])

    def answered(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The same with the champion's probabilities of these inputs, and the loss of each."""
        inputs = rows[list(self.definition.pipeline.features.columns)]
        said = self.model.predict_proba(inputs)[:, 1]
        truth = rows[self.label]
        lost = losses("log_loss", (truth == 1).to_numpy(), said)
        return rows.assign(**{PROBABILITY: said, LOSS: np.where(truth.notna(), lost, np.nan)})

    @cached_property
    def promise(self) -> Promise:
        """What a holdout of days that it was not trained on promises, on average."""
        pipeline = self.definition.pipeline
        known = self.others[self.others[self.label].notna()]
        days, rng = np.array(sorted(known["day"].unique())), np.random.default_rng(1)
        drawn = (rng.choice(days, pipeline.windows.holdout_days, replace=False) for _ in range(100))
        parts = (known[known["day"].isin(holdout)] for holdout in drawn)
        values = [measure(pipeline.metric, e[self.label], e[PROBABILITY]) for e in parts]
        return Promise(1, pipeline.schedule.night_of(OPENING - timedelta(days=1)), mean(values))

    @cached_property
    def weights(self) -> dict[str, float]:
        """By stream, how much the champion leans on it."""
        inputs = self.training[list(self.definition.pipeline.features.columns)]
        found = importances(self.model, inputs, self.training[self.label], self.training["day"])
        return {f"feature {each.column}": each.loss.value for each in found}

    @cached_property
    def trained_on(self) -> Mapping[date, Profile]:
        """Profiles of the training days: inputs, answers, labels and losses."""
        return self.profiles(self.answered(self.training))

    def profiles(self, rows: pd.DataFrame) -> Mapping[date, Profile]:
        """By day: inputs, answers, labels and losses."""
        features = self.definition.pipeline.features
        numeric = [*features.numeric, PROBABILITY, self.label, LOSS]
        return by_day(rows, numeric, list(features.categorical))

    def lot(self, seed: int, days: int) -> Lot:
        """So many of the days that it was not trained on, without putting any back."""
        there = sorted(self.others["day"].unique())
        drawn = np.random.default_rng([seed, days]).choice(there, days, replace=False)
        return self.ordered([str(day) for day in drawn])

    def ordered(self, days: list[str]) -> Lot:
        """These days, renamed in this order, with the deliveries of each."""
        number = {day: n for n, day in enumerate(days)}
        rows = self.others[self.others["day"].isin(number)]
        place = rows["day"].map(number)
        names = place.map({n: (OPENING + timedelta(n)).isoformat() for n in number.values()})
        rows = rows.assign(number=place, day=names).sort_values("number", kind="stable")
        admissions = {
            n: tuple(each for each in self.admissions if each.delivery.partition == day)
            for day, n in number.items()
        }
        return Lot(rows.reset_index(drop=True), admissions)


def _cheaper(shipped: Definition) -> Definition:
    gate = shipped.pipeline.gate.model_copy(update={"resamples": RESAMPLES})
    return replace(shipped, pipeline=shipped.pipeline.model_copy(update={"gate": gate}))
