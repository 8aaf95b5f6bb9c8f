"""Invented lives: a season of orders answered by arms that differ in how much they see."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from config import load
from config.load import Definition
from config.watch import Costs
from tasks.backtest.arms import Arm, Lived, Period, references
from tasks.backtest.board import board
from tasks.backtest.bootstrap import Plan
from tasks.backtest.recommendation import recommended
from tasks.backtest.report import Report
from tasks.backtest.scores import scores
from tasks.backtest.staleness import Age
from tasks.backtest.turnover import Turnover
from tasks.records import Decision, Kind
from tests import shop

FIRST = date(2024, 3, 1)


def shop_definition(changes: shop.Changes | None = None) -> Definition:
    """The shop's definition, from a folder that is gone again."""
    with TemporaryDirectory() as folder:
        return load.definition(shop.define(Path(folder), changes))


@dataclass(frozen=True)
class Season:
    """Days of orders: labels follow from what a model could see, less what it cannot.

    An arm sees with a blur of its own that rises by `ageing` a day since its last promotion.
    """

    days: int = 60
    rows: int = 80
    seed: int = 3
    costs: Costs | None = None

    def definition(self) -> Definition:
        plain = shop_definition()
        return replace(plain, pipeline=plain.pipeline.model_copy(update={"costs": self.costs}))

    def lived(self, arm: Arm, blur: float = 0.6, ageing: float = 0.0, every: int = 0) -> Lived:
        """What came of an arm that promotes every so many days; 0: never again after the first."""
        random = np.random.default_rng([self.seed, len(arm.name), sum(map(ord, arm.name))])
        day = np.repeat(np.arange(self.days), self.rows)
        leaning, label = self._orders()
        age = day % every if every else day
        noise = random.normal(size=len(day)) * (blur + ageing * age)
        answers = _questions(self.days, self.rows).assign(
            version=1 + (day // every if every else 0 * day),
            probability=1 / (1 + np.exp(-(leaning + noise))),
            label=label,
        )
        promoted = range(0, self.days, every) if every else range(1)
        decisions = tuple(
            decision(number, self.night(each)) for number, each in enumerate(promoted, 1)
        )
        fits = 20.0 * len(decisions)
        return Lived(arm, answers, decisions, len(decisions), len(decisions), fits, 1.0)

    def night(self, number: int) -> datetime:
        """The night that begins the nth day, counted from 0."""
        return datetime.combine(FIRST + timedelta(days=number), time(3), UTC)

    def _orders(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        hard = np.repeat(random.normal(scale=0.3, size=self.days), self.rows)
        leaning = random.normal(scale=1.2, size=self.days * self.rows)
        chance = 1 / (1 + np.exp(-(leaning + hard)))
        return leaning, (random.random(len(chance)) < chance).astype(int)


@cache
def _questions(days: int, rows: int) -> pd.DataFrame:
    """What is asked in a season, which is the same for all arms."""
    nights = pd.date_range(FIRST, periods=days, freq="D", tz="UTC").repeat(rows)
    asked = nights + pd.to_timedelta(8 * 3600 + 600 * np.tile(np.arange(rows), days) % 40_000, "s")
    day = nights.strftime("%Y-%m-%d")
    number = [f"-{n:05d}" for n in range(days * rows)]
    return pd.DataFrame({"order_id": day + number, "day": day, "asked_at": asked})


def decision(number: int, as_of: datetime, kind: Kind = Kind.PROMOTED) -> Decision:
    """One of an arm's decisions."""
    champion = number if kind is Kind.PROMOTED else number - 1
    return Decision(
        shop.NAME, number, kind, as_of, f"key-{number}", number, champion, "because", {}, "", ""
    )


def arms(definition: Definition, overrides: Mapping[str, Mapping[str, object]]) -> list[Arm]:
    """`as shipped`, an arm for each of the overrides, and the references."""
    chosen = [Arm(name, definition, said) for name, said in overrides.items()]
    return [Arm("as shipped", definition), *chosen, *references(definition)]


def season(days: int = 60, costs: Costs | None = None) -> tuple[Season, list[Lived]]:
    """Five arms: `eager` retrains often and is as good as shipped, `blind` is bad, `rare` cheap."""
    world = Season(days=days, costs=costs)
    definition = world.definition()
    shipped, eager, blind, rare, never, fresh = arms(
        definition,
        {
            "eager": {"retrain": {"max_age_days": 4}},
            "blind": {"gate": {"mode": "point"}},
            "rare": {"retrain": {"max_age_days": 28}},
        },
    )
    return world, [
        world.lived(shipped, every=7),
        world.lived(eager, blur=0.58, every=4),
        world.lived(blind, blur=2.5, every=10),
        world.lived(rare, blur=0.6, every=28),
        world.lived(never, ageing=0.03),
        world.lived(fresh, blur=0.55, every=1),
    ]


def reported(days: int = 60, costs: Costs | None = None) -> Report:
    """The report of an invented season; turnover and ages are invented as well."""
    world, lives = season(days, costs)
    definition = world.definition()
    compared = board(scores(definition.pipeline, lives), Plan(resamples=400))
    return Report(
        definition=definition,
        period=Period(FIRST, FIRST + timedelta(days=days - 1)),
        board=compared,
        recommendation=recommended(compared),
        ended=(),
        turnovers={each.arm.name: Turnover(each.promotions - 1, 0.05, 0.02) for each in lives},
        ages=tuple(
            Age(weeks, 12 - weeks, -0.01 * weeks**0.8, 0.005 + 0.001 * weeks)
            for weeks in range(min(days // 7, 12))
        ),
    )
