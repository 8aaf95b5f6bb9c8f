"""The ledger: who decided what and when, who served, and on what grounds."""

from collections.abc import Sequence
from datetime import datetime

from tasks.features.pinning import Pinning
from tasks.ledger import (
    attestations,
    chain,
    corrections,
    decisions,
    evaluations,
    goldens,
    intents,
    journal,
    notices,
    performances,
    probations,
    readings,
    rehearsals,
    selftests,
    versions,
)
from tasks.ledger import bets as bet_rows
from tasks.ledger.attestations import Attestation
from tasks.ledger.corrections import Correction
from tasks.ledger.database import Database
from tasks.ledger.decisions import Entry
from tasks.ledger.journal import Judged
from tasks.ledger.leases import Lease
from tasks.ledger.probations import Probation
from tasks.ledger.rehearsals import Rehearsal
from tasks.ledger.selftests import Selftest
from tasks.records import (
    Admission,
    Bet,
    Decision,
    Intent,
    Interval,
    ModelVersion,
    Performance,
)
from tasks.signs import Evaluation, Reading, Scored, Track


class Ledger:
    """The truth about a pipeline's decisions, in any SQLAlchemy database.

    Opened when first used; its tables are created when absent. A lock that is not free within
    `wait_seconds`, or a lost connection, is `Transient`; a lost race for a decision is
    `Conflict`; an instant without a time zone is `Terminal`.
    """

    def __init__(self, url: str, wait_seconds: float = 30.0) -> None:
        self.url = url
        self._database = Database(url, wait_seconds)

    def close(self) -> None:
        """Lets go of the database; the next call opens it again."""
        self._database.close()

    def decide(self, entry: Entry) -> Decision:
        """Appends a decision, or returns the one already stored under its key.

        `Conflict` when another decision was recorded after `entry.generation`; `Terminal` when
        the champion it names cannot follow from its kind.
        """
        return decisions.append(self._database, entry)

    def decisions(self, pipeline: str) -> list[Decision]:
        """Every decision, oldest first; `Corrupt` when one cannot be read."""
        return decisions.history(self._database, pipeline)

    def decision(self, pipeline: str, key: str) -> Decision | None:
        """The decision recorded under a key."""
        return decisions.by_key(self._database, pipeline, key)

    def generation(self, pipeline: str) -> int:
        """Sequence of the last decision, 0 before the first: what `Entry.generation` asks for."""
        return decisions.generation(self._database, pipeline)

    def champion(self, pipeline: str, as_of: datetime | None = None) -> int | None:
        """Who serves: the last decision's champion, of those taken by `as_of` when given."""
        return decisions.champion(self._database, pipeline, as_of)

    def last_known_good(self, pipeline: str) -> int | None:
        """The latest champion before the current one that nothing worse was said about since."""
        return decisions.last_known_good(self._database, pipeline)

    def blocklist(self, pipeline: str) -> set[int]:
        """Versions that were rolled back, and that no person has promoted since."""
        return decisions.blocklist(self._database, pipeline)

    def verify(self, pipeline: str) -> list[str]:
        """What was changed behind the ledger's back; empty when nothing was."""
        broken = chain.problems(self._database, pipeline)
        broken += goldens.problems(self._database, pipeline)
        if broken:
            return broken
        return list(bet_rows.problems(self._database, pipeline, self.decisions(pipeline)))

    def keep_version(self, version: ModelVersion, reference: Interval) -> None:
        """Records a version, its manifest and its holdout performance, once and for all.

        Before the decision about it: the decision then vouches for the manifest too.
        """
        versions.keep(self._database, version, reference)

    def version(self, pipeline: str, number: int) -> ModelVersion:
        """The recorded version; `Terminal` naming the known ones when there is none."""
        return versions.kept(self._database, pipeline, number)

    def versions(self, pipeline: str) -> list[ModelVersion]:
        """Every recorded version, oldest first."""
        return versions.all_kept(self._database, pipeline)

    def reference(self, pipeline: str, number: int) -> Interval:
        """The holdout performance a version was recorded with, in units of the metric."""
        return versions.reference(self._database, pipeline, number)

    def journal(
        self, admission: Admission, pipeline: str, as_of: datetime, config_hash: str = ""
    ) -> bool:
        """Writes an admission down; False when it was already judged under this configuration."""
        return journal.write(self._database, Judged(pipeline, admission, as_of, config_hash))

    def admissions(self, pipeline: str) -> list[Admission]:
        """Every admission, in the order in which they were judged."""
        return journal.admissions(self._database, pipeline)

    def judged(self, pipeline: str) -> list[Judged]:
        """The same, with the logical time that each was judged at."""
        return journal.judged(self._database, pipeline)

    def seen(self, pipeline: str) -> set[tuple[str, str, str, str]]:
        """(table, partition, sha256, configuration or "" if accepted) not to judge again."""
        return journal.seen(self._database, pipeline)

    def intend(self, intent: Intent) -> bool:
        """Writes an intent down; False when its cause is already there."""
        return intents.intend(self._database, intent)

    def intents(self, pipeline: str) -> list[Intent]:
        """Every intent, oldest first."""
        return intents.intents(self._database, pipeline)

    def open_intents(self, pipeline: str) -> list[Intent]:
        """The intents that nobody has claimed or settled, oldest first."""
        return [each for each in self.intents(pipeline) if each.state == intents.OPEN]

    def claim(self, pipeline: str, cause: str, by: str, instead_of: str = "") -> bool:
        """True for exactly one caller; a claimed intent goes to who names its claimant."""
        return intents.claim(self._database, pipeline, cause, by, instead_of)

    def claimant(self, pipeline: str, cause: str) -> str | None:
        """Who claimed an intent, so that a run that died can tell its own work from another's."""
        return intents.claimant(self._database, pipeline, cause)

    def settle(self, pipeline: str, cause: str, state: str, outcome: str) -> None:
        """Ends an intent as `done` or `declined`; settling it the same way again is ignored."""
        intents.settle(self._database, pipeline, cause, (state, outcome))

    def place(self, pipeline: str, reign: int, bets: Sequence[Bet], as_of: datetime) -> int:
        """Writes down the bets of a reign that are not there yet; how many those were."""
        return bet_rows.place(self._database, pipeline, reign, bets, as_of)

    def bets(self, pipeline: str, reign: int, as_of: datetime | None = None) -> list[Bet]:
        """Every bet of the reign that a decision began, by `as_of` when given; oldest day first."""
        return bet_rows.placed(self._database, pipeline, reign, as_of)

    def keep_selftest(self, pipeline: str, selftest: Selftest) -> None:
        """Appends what a rehearsal of sabotage came to."""
        selftests.keep(self._database, pipeline, selftest)

    def selftest(self, pipeline: str) -> Selftest | None:
        """The last rehearsal of sabotage; none before the first."""
        return selftests.latest(self._database, pipeline)

    def keep_attestation(self, attestation: Attestation) -> bool:
        """Writes down how like itself a version came out again; False when this moment has that."""
        return attestations.keep(self._database, attestation)

    def attestations(self, pipeline: str) -> list[Attestation]:
        """Every attestation, oldest first."""
        return attestations.attestations(self._database, pipeline)

    def lease(self, pipeline: str, name: str) -> Lease:
        """What a work of a pipeline is leased under, taken or not."""
        return Lease(self._database, pipeline, name)

    def performance(self, performance: Performance) -> bool:
        """Appends a measurement; False when this `as_of` has been measured."""
        return performances.write(self._database, performance)

    def performances(self, pipeline: str) -> list[Performance]:
        """Every measurement, oldest first."""
        return performances.performances(self._database, pipeline)

    def keep_readings(self, found: Sequence[Reading]) -> int:
        """Writes down what clocks said; how many were new, as the first word stands."""
        return readings.keep(self._database, found)

    def readings(self, pipeline: str, as_of: datetime | None = None) -> list[Reading]:
        """Every reading of every clock, of those made by `as_of` when given, oldest first."""
        return readings.readings(self._database, pipeline, as_of)

    def unscored(self, pipeline: str) -> list[Reading]:
        """Readings of what was not known yet and has no truth beside it, oldest first."""
        return readings.unscored(self._database, pipeline)

    def score_reading(self, reading: Reading, truth: float, as_of: datetime) -> bool:
        """Writes down what turned out; False when that was known, or is undefined."""
        return readings.score(self._database, reading, truth, as_of)

    def scored(self, pipeline: str, as_of: datetime) -> list[Scored]:
        """Readings beside what had turned out by then, oldest first."""
        return readings.scored(self._database, pipeline, as_of)

    def tracks(self, pipeline: str, as_of: datetime) -> list[Track]:
        """How the latest readings of each clock and metric came out, as was known by then."""
        return readings.tracks(self.scored(pipeline, as_of))

    def keep_correction(self, correction: Correction) -> bool:
        """Writes down what was measured again, beside the first; False when it is there."""
        return corrections.keep(self._database, correction)

    def corrections(self, pipeline: str, as_of: datetime | None = None) -> list[Correction]:
        """Every measurement taken again, of those taken by `as_of` when given, oldest first."""
        return corrections.corrections(self._database, pipeline, as_of)

    def keep_rehearsal(self, rehearsal: Rehearsal) -> bool:
        """Writes down what an attempt would have come to; False when it was rehearsed before."""
        return rehearsals.keep(self._database, rehearsal)

    def rehearsals(self, pipeline: str) -> list[Rehearsal]:
        """Every attempt that was rehearsed, by the moment that it was rehearsed as of."""
        return rehearsals.rehearsals(self._database, pipeline)

    def keep_evaluation(self, evaluation: Evaluation) -> bool:
        """Writes down why a retrain was, or was not, asked for; False when this moment has that."""
        return evaluations.keep(self._database, evaluation)

    def evaluations(self, pipeline: str) -> list[Evaluation]:
        """Every answer of the trigger policy, oldest first."""
        return evaluations.evaluations(self._database, pipeline)

    def probation(self, probation: Probation) -> Probation:
        """Writes down how a promotion's probation ended, once; what is on record then."""
        return probations.write(self._database, probation)

    def probations(self, pipeline: str) -> list[Probation]:
        """Every probation that has ended, oldest promotion first."""
        return probations.probations(self._database, pipeline)

    def notice(self, pipeline: str, what: str, as_of: datetime) -> bool:
        """Writes down that somebody was told of this; False when it was there."""
        return notices.notice(self._database, (pipeline, what), as_of)

    def notices(self, pipeline: str) -> set[str]:
        """What somebody was told of and need not be told again while it stays so."""
        return notices.notices(self._database, pipeline)

    def pin(self, pinning: Pinning) -> Pinning:
        """Writes down what was pinned, as it is on record then; `Conflict` for a number taken."""
        return goldens.append(self._database, pinning)

    def pinnings(self, pipeline: str) -> list[Pinning]:
        """Every version of the golden set, oldest first; `Corrupt` when the record was edited."""
        return goldens.history(self._database, pipeline)
