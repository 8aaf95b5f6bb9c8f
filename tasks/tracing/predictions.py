"""A prediction: which version answered it, from which deliveries, and whether it still does so."""

import math
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime

from tasks.errors import Corrupt, Terminal
from tasks.features.query import Days
from tasks.models.clean import Stored
from tasks.models.elsewhere import Elsewhere, Row, Told
from tasks.predictions.log import Logged
from tasks.predictions.replay import Changed, Replayer, Together, Value, same_bits, value
from tasks.stores import Stores
from tasks.tracing.explanations import Explanation, background, explanation
from tasks.tracing.sources import File, Sources
from tasks.tracing.versions import Origin, origin


@dataclass(frozen=True)
class Answer:
    """A prediction as it was logged; `logged_at` is when it was written, by the writer's clock."""

    prediction_id: str
    key: Mapping[str, str]
    asked_at: datetime
    day: date
    logged_at: datetime
    version: int
    probability: float
    inputs: Mapping[str, Value]


@dataclass(frozen=True)
class Rescored:
    """The prediction given again by its verified model, answers compared as 64 bits each.

    `again` is from the logged inputs; `rebuilt` from those that the lake gives at the table
    versions that were read, and `changed` what differs in them from the logged ones. `now` is
    from the lake as it is today, nan when the question is gone. Where the model could not be
    asked, `problem` says why, and the answers are nan.
    """

    again: float = math.nan
    same_bits: bool = False
    rebuilt: float = math.nan
    rebuilt_same_bits: bool = False
    changed: tuple[Changed, ...] = ()
    now: float = math.nan
    problem: str = ""

    @property
    def told(self) -> str:
        """What came of it, in a line."""
        if self.problem:
            return f"cannot be given again: {self.problem}"
        if not self.same_bits:
            return f"answers {self.again!r} to the logged inputs now: other bits"
        if self.rebuilt_same_bits:
            return "the same 64 bits, from the logged inputs and from the lake as it was read"
        if math.isnan(self.rebuilt):
            return "the same 64 bits from the logged inputs; the question is not in the lake"
        names = ", ".join(each.column for each in self.changed[:5])
        return (
            "the same 64 bits from the logged inputs, and others from the lake as it was read "
            f"({self.rebuilt!r}); {len(self.changed)} inputs differ ({names})"
        )


@dataclass(frozen=True)
class PredictionTrace:
    """A prediction and everything that it follows from.

    Its inputs were read from `files`, at the table `versions`. `later` are deliveries that would
    be read today, and that the lake did not hold when it was answered. There is no explanation
    where the model could not be asked.
    """

    answer: Answer
    origin: Origin
    versions: Mapping[str, int]
    files: tuple[File, ...]
    later: tuple[File, ...]
    rescored: Rescored
    explanation: Explanation | None


@dataclass(frozen=True)
class _Read:
    """What a prediction's inputs were read from, and what they would be read from today."""

    versions: Mapping[str, int]
    files: tuple[File, ...]
    today: tuple[File, ...]


@dataclass(frozen=True)
class Tracer:
    """Traces predictions of a pipeline; `Elsewhere` answers for their models."""

    stores: Stores

    def trace(self, name: str) -> PredictionTrace:
        """The prediction whose id is or begins with `name`.

        Raises `Terminal` when no prediction, or more than one, is called so.
        """
        logged = self.stores.log.find(name)
        with ThreadPoolExecutor(max_workers=1) as pool:
            together, asked, problem = self._asked(logged, pool)
            sources = Sources(self.stores)
            read = _read(sources, together)
            came = origin(sources, logged.version)
            rescored, explained = Rescored(problem=problem), None
            if asked is not None:
                rescored, explained = self._rescored(together, asked, read)
        return PredictionTrace(
            answer=_answer(together),
            origin=came,
            versions=read.versions,
            files=read.files,
            later=tuple(each for each in read.today if each not in read.files),
            rescored=rescored,
            explanation=explained,
        )

    def _asked(
        self, logged: Logged, pool: ThreadPoolExecutor
    ) -> tuple[Together, "Future[Told] | None", str]:
        """The answer among its neighbours; its model is asked again while we read on.

        Not when the model is not what it was: then the problem is told.
        """
        replayer, columns = self._replayer({}), self.stores.definition.pipeline.features.columns
        try:
            others = background(self.stores, logged.version)
        except Corrupt as error:
            return replayer.together(logged, [*columns]), None, str(error)
        together = replayer.together(logged, [*others.columns])
        model, row = self._model(logged.version), Row(together.place, others)
        return together, pool.submit(model.told, together.inputs, row), ""

    def _rescored(
        self, together: Together, asked: Future[Told], read: _Read
    ) -> tuple[Rescored, Explanation | None]:
        """From the lake as it was read, and as it is today where that is another."""
        then, today = self._replayer(read.versions), self._replayer({})
        try:
            inputs = then.rebuilt(together)
            others = inputs if read.files == read.today else today.rebuilt(together)
            told = asked.result()
            replay = then.compared(*self._again(together, told), inputs)
            now = replay.rebuilt
            if others is not inputs:
                now = today.compared(together, replay.again, others).rebuilt
        except Terminal as error:
            return Rescored(problem=str(error)), None
        return Rescored(
            again=replay.again,
            same_bits=same_bits(replay.again, replay.logged),
            rebuilt=replay.rebuilt,
            rebuilt_same_bits=same_bits(replay.rebuilt, replay.logged),
            changed=replay.changed,
            now=now,
        ), explanation(self.stores, replay, told.added)

    def _again(self, together: Together, told: Told) -> tuple[Together, float]:
        """Among the day so far or, where that gives other bits, among what was new with it."""
        again, logged = float(told.answers[together.place]), together.logged
        if same_bits(again, together.probability):
            return together, again
        new = self._replayer({}).together(logged, [*together.inputs.columns], new=True)
        beside = new.again(self._model(logged.version))
        return (new, beside) if same_bits(beside, new.probability) else (together, again)

    def _replayer(self, versions: Mapping[str, int]) -> Replayer:
        lake = self.stores.lake.at(versions)
        return Replayer(self.stores.definition, lake, self.stores.log, self._model)

    def _model(self, number: int) -> Elsewhere:
        manifest = self.stores.ledger.version(self.stores.name, number).manifest
        return Elsewhere(Stored(self.stores.folder(number), manifest))


def _read(sources: Sources, together: Together) -> _Read:
    days, asked_at = Days(together.day, together.day), together.asked_at.to_pydatetime()
    written = together.written
    versions = {**sources.past.versions(written.at), **written.read}
    files = sources.read(days, asked_at, versions)
    return _Read(versions, files, sources.today(files, days, asked_at, versions))


def _answer(together: Together) -> Answer:
    return Answer(
        prediction_id=together.prediction_id,
        key=together.key,
        asked_at=together.asked_at.to_pydatetime(),
        day=together.day,
        logged_at=together.written.at,
        version=together.version,
        probability=together.probability,
        inputs={str(name): value(cell) for name, cell in together.own.iloc[0].items()},
    )
