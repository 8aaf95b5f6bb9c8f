"""A year of watching that looks like a real one: shifts, drops, late labels, refused days."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from tasks.ledger.monitoring import Level, Maturity, MonitorData, volumes
from tasks.ledger.monitoring_days import champion_on
from tasks.ledger.page import Link
from tasks.records import Admission, Decision, Delivery, Interval, Kind, Outcome
from tasks.signs import (
    Clock,
    Evaluation,
    Reading,
    Reference,
    Route,
    Scored,
    Signal,
    Track,
    Why,
)

LAST = date(2013, 12, 30)
AS_OF = datetime(2013, 12, 30, 7, tzinfo=UTC)
BAR = 0.72
STREAMS = (
    *(f"feature {name}" for name in (
        "departure_hour", "carrier", "origin", "distance", "wind_speed", "visibility", "humidity",
        "pressure", "temperature", "delay_of_the_same_aircraft_on_its_previous_leg_of_the_day",
        "precipitation", "gusts", "weekday", "month", "seats", "age_of_the_aircraft",
        "flights_at_origin_in_the_hour",
    )),
    "prediction", "label", "loss", "skew",
)  # fmt: skip
_LAGS = {Clock.REALISED: 5, Clock.SO_FAR: 1, Clock.ESTIMATED: 1}


def year(days: int = 365, seed: int = 1) -> MonitorData:
    """Everything that a watched pipeline has to show after so many days."""
    rng = np.random.default_rng(seed)
    first = LAST - timedelta(days=days - 1)
    found = [first + timedelta(days=number) for number in range(days)]
    admissions = tuple(_admissions(found, rng))
    readings = tuple(sorted(_readings(found, rng), key=lambda reading: reading.as_of))
    scored = tuple(_scored(readings))
    return MonitorData(
        pipeline="flights",
        title="Will this flight arrive late?",
        as_of=AS_OF,
        metric="roc_auc",
        higher_is_better=True,
        readings=readings,
        bars=tuple(
            Level(night, "roc_auc", BAR + 0.004 * (number % 3))
            for number, night in enumerate(found[20::41])
        ),
        scored=scored,
        tracks=tuple(_tracks(scored)),
        signals=tuple(_signals(found, rng)),
        decisions=tuple(_decisions(found)),
        evaluations=tuple(_evaluations(found)),
        admissions=admissions,
        volumes=volumes(admissions),
        maturity=tuple(_maturity(found, rng)),
        complete_through=LAST - timedelta(days=4),
        links=(Link("Status", "status.html"), Link("Drift report", "drift/2013-12-30.html")),
    )


def reading(day: date, clock: Clock = Clock.REALISED, value: float = 0.72) -> Reading:
    """What a clock said of the week that ended some days before the night."""
    last = day - timedelta(days=_LAGS[clock])
    half = 0.012 if clock is Clock.ESTIMATED else 0.017
    return Reading(
        pipeline="flights",
        clock=clock,
        as_of=datetime(day.year, day.month, day.day, 7, tzinfo=UTC),
        version=7,
        metric="roc_auc",
        first_day=last - timedelta(days=6),
        last_day=last,
        rows=6300,
        labels={Clock.REALISED: 6240, Clock.SO_FAR: 3911, Clock.ESTIMATED: 0}[clock],
        measured=Interval(value, value - half, value + half),
        baseline=0.5,
        method={Clock.REALISED: "labels", Clock.SO_FAR: "ipcw", Clock.ESTIMATED: "cbpe"}[clock],
        reason="" if math.isfinite(value) else "900 labels: 1,000 needed",
    )


def signal(day: date, stream: str = "feature carrier", evidence: float = 1.3) -> Signal:
    """A quiet day of one stream beside the training window."""
    return Signal(
        day, Reference.TRAINING, stream, 912, 0.4, 0.8, evidence, day, 0.004, 0.02, "rank", 0.03
    )


def evaluation(day: date, why: Why = Why.HOLDS, *, wanted: bool = False) -> Evaluation:
    """What the policy answered on a night."""
    return Evaluation(
        pipeline="flights",
        as_of=datetime(day.year, day.month, day.day, 7, tzinfo=UTC),
        wanted=wanted,
        why=why,
        reason=f"roc_auc 0.716 [0.701, 0.731] on 6,240 labels against 0.720: {why.value}",
        cause=f"drop {day}" if wanted else "",
        route=Route.BROKEN_DATA if why is Why.BROKEN_DATA else Route.NOTHING,
        evidence={"measured": 0.7161, "bar": 0.72, "nights": "1 of 3"},
    )


def decision(day: date, sequence: int, kind: Kind, champion: int | None) -> Decision:
    """A verdict on the challenger that has the decision's number."""
    return Decision(
        pipeline="flights",
        sequence=sequence,
        kind=kind,
        as_of=datetime(day.year, day.month, day.day, 8, tzinfo=UTC),
        key=f"{kind.value} {sequence}",
        version=sequence,
        champion=champion,
        reason="log_loss 0.0031 better [0.0008, 0.0055]",
        evidence={},
        previous_hash="0" * 64,
        hash="1" * 64,
    )


def refusal(day: date, table: str = "weather") -> Admission:
    """A delivery that stayed outside."""
    return replace(_admission(day, table, 0, 0), outcome=Outcome.REFUSED, code="unit_change")


def _readings(days: list[date], rng: np.random.Generator) -> Iterator[Reading]:
    count = len(days) + 7
    season = 0.012 * np.sin(np.linspace(0, 9, count))
    fall = np.clip((np.arange(count) - 0.55 * count) / 12, 0, 1) * 0.05
    back = np.clip((np.arange(count) - 0.67 * count) / 8, 0, 1) * 0.05
    noise = np.convolve(rng.normal(0, 0.012, count + 6), np.ones(7) / 7, "valid")
    truth = 0.735 + season - fall + back + noise
    told = list(_decisions(days))
    for clock, lag in _LAGS.items():
        error = np.convolve(rng.normal(0, 0.016, len(days) + 6), np.ones(7) / 7, "valid")
        for number, day in enumerate(days[18:], 18):
            value = truth[number - lag + 7]
            if clock is not Clock.REALISED:
                value += error[number] + (0.7 * fall[number] if clock is Clock.ESTIMATED else 0)
            served = [champion_on(told, day - timedelta(days=lag + ago)) for ago in (0, 4)]
            is_new = clock is Clock.REALISED and served[0] != served[1]
            made = reading(day, clock, math.nan if is_new else float(value))
            yield replace(made, version=served[0])


def _scored(readings: tuple[Reading, ...]) -> Iterator[Scored]:
    truth = {r.last_day: r.measured.value for r in readings if r.clock is Clock.REALISED}
    for each in readings:
        known = truth.get(each.last_day, math.nan)
        if each.clock is not Clock.REALISED and math.isfinite(known):
            yield Scored(each, known)


def _tracks(scored: tuple[Scored, ...]) -> Iterator[Track]:
    for clock in (Clock.SO_FAR, Clock.ESTIMATED):
        found = [each for each in scored if each.reading.clock is clock]
        errors = [abs(each.truth - each.reading.measured.value) for each in found]
        held = sum(each.held for each in found)
        mean = sum(errors) / len(errors) if errors else math.nan
        yield Track(clock, "roc_auc", len(found), held, mean)


def _signals(days: list[date], rng: np.random.Generator) -> Iterator[Signal]:
    shifts = {
        "feature wind_speed": (0.3, 9),
        "feature carrier": (0.56, 35),
        "prediction": (0.57, 30),
        "feature humidity": (0.975, 30),
    }
    for stream in STREAMS:
        begin, length = shifts.get(stream, (2.0, 0))
        start = round(begin * len(days))
        for reference in (Reference.TRAINING, Reference.PREVIOUS):
            grown = 1.0
            for number, day in enumerate(days[12:], 12):
                p = float(rng.uniform()) ** (6 if start <= number < start + 5 and length else 1)
                is_missing = stream == "feature seats" and 200 < number < 240
                if stream == "skew" or is_missing:
                    yield _uncompared(day, stream, reference)
                    continue
                e = 0.5 * max(p, 1e-12) ** -0.5
                grown = max(grown, 1.0) * e
                if number == start + 3:
                    grown = 1.0
                is_up = start + 2 <= number < start + length
                yield replace(
                    signal(day, stream, grown),
                    reference=reference, p=p, e=e, weight=0.5 / len(STREAMS),
                    since=days[max(start, 0)] if is_up else day,
                    effect=0.131 if is_up else 0.004,
                    alarmed=number == start + 2 and is_up, standing=is_up,
                )  # fmt: skip


def _uncompared(day: date, stream: str, reference: Reference) -> Signal:
    undefined = replace(signal(day, stream, math.nan), p=math.nan, e=math.nan, effect=math.nan)
    return replace(undefined, reference=reference, reason="all 912 values are missing")


def _decisions(days: list[date]) -> Iterator[Decision]:
    champion: int | None = None
    for sequence, number in enumerate(range(8, len(days), 9), 1):
        kind = (Kind.REFUSED, Kind.PROMOTED, Kind.REFUSED, Kind.REFUSED)[sequence % 4]
        if sequence == 14:
            kind = Kind.EXPIRED
        champion = sequence if kind is Kind.PROMOTED else champion
        if sequence == 23:
            kind, champion = Kind.ROLLED_BACK, 17
        yield decision(days[number], sequence, kind, champion)


def _evaluations(days: list[date]) -> Iterator[Evaluation]:
    drop = round(0.56 * len(days))
    for number, day in enumerate(days):
        why = Why.HOLDS
        if number < 18:
            why = Why.NO_CHAMPION if number < 9 else Why.UNDEFINED
        elif drop <= number < drop + 40:
            why = (Why.COOLING_DOWN, Why.IN_DOUBT, Why.NOT_OFTEN_ENOUGH)[number // 5 % 3]
        elif number in range(108, 116):
            why = Why.BROKEN_DATA
        wanted = number % 28 == 8 or number == drop + 12
        if wanted:
            why = Why.DROPPED if number == drop + 12 else Why.OLD
        yield evaluation(day, why, wanted=wanted)


def _admissions(days: list[date], rng: np.random.Generator) -> Iterator[Admission]:
    for number, day in enumerate(days[:-1]):
        busy = 0.78 if day.weekday() == 5 else 1.0
        flights = int(900 * busy + rng.normal(0, 25))
        yield _admission(day, "flights", flights, int(rng.poisson(0.6)))
        if number in (108, 109, 111):
            yield refusal(day)
        elif number != 110:
            yield _admission(day, "weather", 72, 40 if number == 250 else int(rng.poisson(0.1)))


def _admission(day: date, table: str, rows: int, held: int) -> Admission:
    arrived = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
    delivery = Delivery(table, str(day), f"/landing/{table}/{day}.csv", arrived, "f" * 64, 1200)
    return Admission(delivery, Outcome.ACCEPTED, rows, held, message="1000 times the day before")


def _maturity(days: list[date], rng: np.random.Generator) -> Iterator[Maturity]:
    for day in days[9:]:
        age = (LAST - day).days
        asked = 0 if day.month == 12 and day.day == 25 else int(900 + rng.normal(0, 25))
        share = (0.0, 0.31, 0.74, 0.93)[age] if age < 4 else 0.985
        yield Maturity(day, asked, int(asked * share))
