"""When to retrain, on real rows that drift: our default policy beside those that people write.

Each stream becomes a pipeline whose days are blocks of its rows. The first fifth trains the first
champion, the same for all; every night after answers the day, learns the truth of it, and
retrains or not. Ours is one policy for all streams, with triggers, a gate, and rows that count less
as they age. The others fit on all that is known, every row alike, and let it serve at once: never
again, every night, every seventh, or when a column of the last seven days differs from the training
rows (Kolmogorov-Smirnov at 0.05, no correction).
"""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from scipy.stats import ks_2samp
from threadpoolctl import threadpool_limits

from benchmarks.command import Command, told
from benchmarks.stream_pipelines import STREAMS, Opened, Stream, opened
from config.load import Definition
from tasks.backtest.arms import FRESH, Arm, Period, references
from tasks.backtest.live import lived
from tasks.backtest.scores import scores
from tasks.evaluation.metrics import measure
from tasks.stores import Stores

OURS, NIGHTLY, WEEKLY, SHIFTED = "ratchet", "nightly", "weekly", "any column (KS)"
WITHIN, SHARE = 0.005, 1 / 3
_AT_ONCE = 2  # streams that are lived at once
_DOUBT, _RECENT = 0.05, timedelta(days=7)
_CALLED = {FRESH: NIGHTLY}


@dataclass(frozen=True)
class Row:
    """What an arm came to on a stream: prequential metric over all answers, and its price.

    `seconds` is the CPU time of its fits.
    """

    stream: str
    arm: str
    roc_auc: float
    log_loss: float
    retrains: int
    promotions: int
    seconds: float


@dataclass(frozen=True)
class Race:
    """Our policy on a stream beside the best of the others."""

    stream: str
    ours: Row
    best: Row

    @property
    def gap(self) -> float:
        """Share of the best one's metric that ours is short of; negative where ours is better."""
        return 1 - self.ours.roc_auc / self.best.roc_auc

    @property
    def share(self) -> float:
        """Our retrains, for each of the best one's."""
        return self.ours.retrains / max(self.best.retrains, 1)

    @property
    def won(self) -> bool:
        return self.gap <= WITHIN and self.share <= SHARE


@dataclass(frozen=True)
class Report:
    """Every arm on every stream; `skipped` are the streams whose files are not there."""

    rows: Sequence[Row]
    skipped: Sequence[str] = ()

    @property
    def races(self) -> list[Race]:
        """One a stream."""
        found = []
        for stream in dict.fromkeys(row.stream for row in self.rows):
            here = [row for row in self.rows if row.stream == stream]
            ours = next(row for row in here if row.arm == OURS)
            others = [row for row in here if row.arm != OURS]
            found.append(Race(stream, ours, max(others, key=lambda row: row.roc_auc)))
        return found

    @property
    def meets_goal(self) -> bool:
        return bool(self.rows) and all(race.won for race in self.races)

    @property
    def table(self) -> str:
        """For people."""
        head = f"{'stream':<14}{'policy':<17}{'AUC':>8}{'log loss':>10}{'retrains':>10}"
        lines = [f"{head}{'promotions':>12}{'CPU s':>8}"]
        lines += [
            f"{r.stream:<14}{r.arm:<17}{r.roc_auc:>8.4f}{r.log_loss:>10.4f}{r.retrains:>10}"
            f"{r.promotions:>12}{r.seconds:>8.0f}"
            for r in self.rows
        ]
        lines += [f"skipped: no file of {name}" for name in self.skipped]
        return "\n".join(lines)

    @property
    def line(self) -> str:
        """All in one line of figures."""
        told = [
            f"{race.stream} {race.gap:+.2%} of {race.best.arm}'s AUC with {race.share:.0%} of its "
            f"retrains"
            for race in self.races
        ]
        word = "met" if self.meets_goal else "missed"
        goal = f"goal {WITHIN:.1%} and {SHARE:.0%}: {word}"
        return f"short of the best: {'; '.join(told) or 'no stream'}; {goal}"

    @property
    def document(self) -> dict[str, object]:
        """For machines."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "goal": {"within": WITHIN, "retrains": SHARE},
            "skipped": list(self.skipped),
        }


def measured(streams: Sequence[Stream], days: int | None = None) -> Report:
    """Live every stream that is there under every policy; `days` of it at most."""
    there = [stream for stream in streams if stream.file.exists()]
    with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("spawn")) as pool:
        found = pool.map(partial(_lived, days=days), there)
        rows = [row for each in found for row in each]
    return Report(rows, [stream.name for stream in streams if stream not in there])


def _lived(stream: Stream, days: int | None) -> list[Row]:
    with threadpool_limits(1), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rows = raced(opened(stream, Path(folder), days))
    print(Report(rows).table, file=sys.stderr, flush=True)  # the others may take long, or fail
    return rows


def raced(stream: Opened) -> list[Row]:
    """Every policy on one stream."""
    name, definition = stream.stores.name, stream.stores.definition
    total = len(Period(stream.first, stream.last).nights) * len(arms(stream))

    def tell(done: int) -> None:
        if done % 100 == 0:
            print(f"{name}: {done} of {total} nights", file=sys.stderr)

    lives = lived(stream.stores, arms(stream), Period(stream.first, stream.last), tell)
    ended = [f"{each.arm.name}: {each.error}" for each in lives if each.error]
    if ended:
        raise SystemExit(f"{name}: {'; '.join(ended)}")
    return [
        Row(
            stream=name,
            arm=_CALLED.get(score.name, score.name),
            roc_auc=score.measured["roc_auc"],
            log_loss=measure(
                "log_loss", score.lived.answers["label"], score.lived.answers["probability"]
            ),
            retrains=score.lived.retrains,
            promotions=score.lived.promotions,
            seconds=score.lived.fits_seconds,
        )
        for score in scores(definition.pipeline, lives)
    ]


def arms(stream: Opened) -> list[Arm]:
    """Ours, never, nightly, weekly, and by any column."""
    definition = stream.stores.definition
    plain = _all_alike(definition)
    never, nightly = references(plain)

    def seventh(_: Stores, as_of: datetime) -> bool:
        return (as_of.date() - stream.first).days % 7 == 0

    def any_column(stores: Stores, as_of: datetime) -> bool:
        return shifted(stream, stores, as_of)

    return [
        Arm(OURS, definition),
        never,
        nightly,
        Arm(WEEKLY, plain, gated=False, when=seventh),
        Arm(SHIFTED, plain, gated=False, when=any_column),
    ]


def _all_alike(definition: Definition) -> Definition:
    """The same without ageing rows, which people seldom write."""
    windows = definition.pipeline.windows.model_copy(update={"half_life_days": None})
    return replace(definition, pipeline=definition.pipeline.model_copy(update={"windows": windows}))


def shifted(stream: Opened, stores: Stores, as_of: datetime) -> bool:
    """Whether a column of the last seven days differs from what the champion was trained on."""
    champion = stores.standing(as_of).champion
    if champion is None:
        return True
    rows, today = stream.rows, as_of.date()
    known = rows[rows["day"] <= champion.trained_through]
    recent = rows[(rows["day"] >= today - _RECENT) & (rows["day"] < today)]
    return any(
        ks_2samp(known[name].dropna(), recent[name].dropna()).pvalue < _DOUBT
        for name in stores.definition.pipeline.features.numeric
    )


def main() -> int:
    command = Command("streams", __doc__, rounds=1)
    command.add_argument("--days", type=int, help="days of each stream at most, for a first look")
    arguments = command.given()
    return told(measured(STREAMS, arguments.days), arguments)


if __name__ == "__main__":
    sys.exit(main())
