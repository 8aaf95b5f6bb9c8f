"""Everything that a pipeline's story works with, opened from the settings.

Libraries are imported where something is opened: a run that does not draw drift reports does not
wait for the library that does.
"""

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from config.load import Definition
from config.load import pipeline as load_definition
from config.settings import Settings
from tasks.drift.grounds import Grounds, held
from tasks.drift.trigger import AGE, FIRST, STANDING, Record, due
from tasks.errors import Corrupt, Terminal
from tasks.ledger import claims, pointer
from tasks.ledger.claims import Claim
from tasks.ledger.deciding import settle
from tasks.ledger.leases import Lease
from tasks.ledger.ledger import Ledger
from tasks.ledger.pointer import Pointed
from tasks.ledger.standing import Standing
from tasks.records import Held

if TYPE_CHECKING:
    import pandas as pd

    from tasks.data.bucket import S3
    from tasks.data.lake import Lake
    from tasks.data.source import Source
    from tasks.drift.patrol import Patrol
    from tasks.drift.report import Reporter
    from tasks.features.golden import Goldens, Vault
    from tasks.predictions.log import PredictionLog
    from tasks.predictions.scorer import Model, Scorer
    from tasks.quality.admission import Desk
    from tasks.quality.quarantine import Quarantine
    from tasks.registry.registrar import Registrar


@dataclass(frozen=True)
class Stores:
    """One pipeline's definition and the places that its rows, models and decisions are in."""

    settings: Settings
    definition: Definition
    source: "Source"
    lake: "Lake"
    log: "PredictionLog"
    quarantine: "Quarantine"
    ledger: Ledger
    registry: "Registrar"

    @property
    def name(self) -> str:
        return self.definition.pipeline.name

    @property
    def reports(self) -> Path:
        """Folder of this pipeline's pages."""
        return self.settings.reports / self.name

    @property
    def desk(self) -> "Desk":
        """Where deliveries are admitted."""
        from tasks.quality.admission import Desk

        return Desk(
            definition=self.definition,
            source=self.source,
            lake=self.lake,
            quarantine=self.quarantine,
            docs=self.reports / "data_docs",
        )

    @property
    def scorer(self) -> "Scorer":
        """Scores with the champion of the moment that each question was asked."""
        from tasks.predictions.scorer import Reign, Scorer, corrected

        reigns = [
            Reign(decision.as_of, decision.champion)
            for decision in self.ledger.decisions(self.name)
            if decision.champion is not None
        ]
        load = cache(self.model)
        again = corrected(self.ledger.seen(self.name), self.definition.pipeline.question.table)
        return Scorer(self.definition, self.lake, self.log, reigns, load, self.reference, again)

    @property
    def reporter(self) -> "Reporter":
        """Writes drift reports beside the status page."""
        from tasks.drift.report import Reporter

        pipeline = self.definition.pipeline
        return Reporter(pipeline.features, pipeline.watch, self.reports / "drift")

    @property
    def patrol(self) -> "Patrol":
        """Watches what is asked and answered; what it keeps lies beside the prediction log."""
        from tasks.drift.patrol import Patrol

        return Patrol(self.definition, self.lake, self.log)

    @property
    def vault(self) -> "Vault":
        """Where the rows are that people pinned."""
        from tasks.data.lake import Lake
        from tasks.features.golden import Vault

        return Vault(Lake(self.settings.golden / self.name, self.lake.s3))

    def pinned(self) -> "Goldens":
        """Every version of the pinned rows that is on record, verified against the ledger."""
        key = self.definition.pipeline.question.key
        return self.vault.read(self.ledger.pinnings(self.name), key)

    def golden(self) -> "Goldens":
        """The same for who is to be judged on them: nothing may be pinned and not on record."""
        self.vault.require_recorded(self.ledger.pinnings(self.name))
        return self.pinned()

    def champion_folder(self, as_of: datetime) -> Path | None:
        """The champion's files as of then, verified; None without a champion."""
        champion = self.standing(as_of).champion
        return self.folder(champion.number) if champion else None

    def standing(self, as_of: datetime) -> Standing:
        """Who serves as of then, and after what."""
        return Standing(self.ledger, self.name, as_of)

    def record(self, as_of: datetime, seen: Grounds | None = None) -> Record:
        """What the retrain policy looks back on as of then, and what was `seen` at that moment.

        Asked between two looks, what the last one held back stays held back.
        """
        from tasks.features.cohort import complete_days

        standing = self.standing(as_of)
        promise = standing.promise
        days = complete_days(self.definition, self.lake, as_of)
        return Record(
            champion_since=promise.since if promise else None,
            attempts=standing.attempts,
            intents=standing.unanswered,
            trainable=len(days) >= self.definition.pipeline.windows.needed_days,
            told=seen.told if seen else None,
            hold=seen.hold if seen else held(self.ledger.evaluations(self.name), as_of),
        )

    @property
    def retraining(self) -> Lease:
        """What a retrain holds while it is under way: a second one would do the same work."""
        return self.ledger.lease(self.name, "retrain")

    def may_retrain(self, cause: str, as_of: datetime) -> Claim:
        """Whether a cause may be answered now: the ledger is asked first, then the policy.

        A person, who names no cause, always may.
        """
        claim = claims.asked(self.ledger, self.name, cause, as_of)
        if claim.declined or not cause:
            return claim
        if not claim.cause and cause not in (AGE, FIRST, *STANDING):
            return replace(claim, declined=f"the ledger knows of no cause {cause!r}")
        policy, standing = self.definition.pipeline.retrain, cause if cause in STANDING else ""
        answer = due(policy, self.record(claim.as_of), claim.as_of, standing)
        return replace(claim, reason=answer.reason, declined="" if answer.wanted else answer.reason)

    def claim(self, cause: str, as_of: datetime, busy: str) -> Claim:
        """Take a cause for an attempt, when it may be made; `busy` names who makes one already.

        What a dead attempt had decided and not finished is finished here.
        """
        if busy:
            return Claim(cause, as_of, declined=f"another is under way: {busy}")
        claim = self.may_retrain(cause, as_of)
        if claim.decision is not None:
            settle(self.ledger, cause, claim.decision)
            self.repair_alias()
        if not claim.declined:
            claims.take(self.ledger, self.name, claim)
        return claim

    def unfinished(self, as_of: datetime) -> Claim | None:
        """The oldest cause without an answer, and whether it may be answered now; None without.

        What has its answer in a decision is settled on the way.
        """
        for intent in self.standing(as_of).unanswered:
            claim = self.may_retrain(intent.cause, as_of)
            if claim.decision is None:
                return claim
            settle(self.ledger, intent.cause, claim.decision)
        return None

    def held(self, table: str, partition: str, rows: list[int] | None) -> list[Held]:
        """Rows held of a partition, all or those numbered; `Terminal` when a number is not held."""
        held = self.quarantine.held(table, partition, include_released=True)
        numbers = {each.row for each in held}
        unknown = sorted(set(rows or ()) - numbers)
        if not held:
            raise Terminal(f"{table}/{partition}: no row is held; `ratchet quarantine list`")
        if unknown:
            raise Terminal(
                f"{table}/{partition}: {len(unknown)} of the rows are not held: {unknown}; "
                "`ratchet quarantine show` lists those that are"
            )
        return [each for each in held if not rows or each.row in rows]

    def reference(self, number: int) -> "pd.DataFrame":
        """A sample of the rows that a version was trained on: inputs only."""
        import pandas as pd

        from tasks.data.artifact import REFERENCE

        return pd.read_parquet(self.folder(number) / REFERENCE)

    def repair_alias(self) -> Pointed:
        """Point the registry's alias at the ledger's champion: the ledger is the truth."""
        return pointer.repaired(self.ledger, self.registry, self.name)

    def workshop(self, key: str) -> Path:
        """Folder of an attempt that is under way: a run that died resumes from it."""
        return self.settings.work / self.name / key

    @property
    def fits(self) -> Path:
        """Folder of fits that a later attempt may take, when nothing they follow from changed."""
        return self.settings.work / self.name / "fits"

    def sweep(self, key: str) -> None:
        """Forget the folder of an attempt that has been decided on, and fits from long ago."""
        from tasks.models import reuse

        shutil.rmtree(self.workshop(key), ignore_errors=True)
        reuse.sweep(self.fits)

    def model(self, number: int) -> "Model":
        """A registered version, loaded after every byte of it was verified.

        A copy that is swept away just then is fetched again.
        """
        from tasks.data import artifact

        manifest = self.ledger.version(self.name, number).manifest
        loaded: Model
        try:
            loaded = artifact.load(self.folder(number), manifest)
        except (Corrupt, FileNotFoundError):
            loaded = artifact.load(self.folder(number), manifest)
        return loaded

    def folder(self, number: int) -> Path:
        """A local copy of a registered version, verified against the ledger's manifest."""
        version = self.ledger.version(self.name, number)
        return self.registry.fetch(version, self.settings.models)


def open_stores(pipeline: str, settings: Settings | None = None) -> Stores:
    """Open the stores of `pipeline`. Raises `config.load.ConfigError` when it is not defined."""
    from tasks.data.bucket import S3
    from tasks.data.lake import Lake
    from tasks.predictions.log import PredictionLog
    from tasks.quality.quarantine import Quarantine
    from tasks.registry.registry import Registry

    settings = settings or Settings.from_environment()
    definition = load_definition(settings, pipeline)
    s3 = S3(settings.endpoint_url)
    lake = Lake(settings.lake / pipeline, s3)
    return Stores(
        settings=settings,
        definition=definition,
        source=_source(settings, pipeline, s3),
        lake=lake,
        log=PredictionLog(Lake(settings.log / pipeline, s3)),
        quarantine=Quarantine(lake),
        ledger=Ledger(settings.ledger_url),
        registry=Registry(settings.tracking_uri, settings.artifacts),
    )


def _source(settings: Settings, pipeline: str, s3: "S3") -> "Source":
    """Where the settings say that deliveries arrive; what was seen of a bucket is kept in ours."""
    from tasks.data.landing import S3Source
    from tasks.data.source import FilesSource

    if isinstance(settings.landing, Path):
        return FilesSource(settings.landing, pipeline)
    return S3Source(settings.landing, pipeline, settings.index, s3)
