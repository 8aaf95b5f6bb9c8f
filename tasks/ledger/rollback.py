"""Back to a version that has served well: which one."""

from dataclasses import dataclass
from datetime import datetime

from tasks.errors import Terminal
from tasks.ledger.appointment import request_key
from tasks.ledger.deciding import Bench
from tasks.ledger.decisions import Entry
from tasks.ledger.ledger import Ledger
from tasks.records import Decision, Kind


@dataclass(frozen=True)
class Return:
    """A rollback that was asked for."""

    pipeline: str
    as_of: datetime
    version: int | None
    reason: str
    recorded_at: datetime
    probation_of: int | None = None
    """Sequence of the promotion whose probation asks for it, which it does once."""

    @property
    def key(self) -> str:
        """The same request is the same rollback."""
        if self.probation_of is not None:
            return f"probation of decision {self.probation_of}"
        return request_key("rollback", self.pipeline, self.as_of, self.version)


def target(ledger: Ledger, asked: Return, bench: Bench) -> int:
    """The version to return to: the one named, else the last known good one.

    Raises `Terminal` when there is no champion, no good version, or the named one never served,
    serves already, or was rolled back itself: bringing that one back is a promotion.
    """
    if bench.champion is None:
        raise Terminal(f"{asked.pipeline}: nothing to roll back, there is no champion")
    if asked.version is None:
        good = ledger.last_known_good(asked.pipeline)
        if good is None:
            raise Terminal(
                f"{asked.pipeline}: no earlier champion that was not rolled back itself; "
                f"v{bench.champion.number} stays"
            )
        return good
    served = {d.champion for d in ledger.decisions(asked.pipeline)} - {None}
    if asked.version not in served or asked.version == bench.champion.number:
        what = "serves already" if asked.version in served else "has never been champion"
        raise Terminal(
            f"{asked.pipeline}: v{asked.version} {what}; champions so far: "
            f"{', '.join(f'v{number}' for number in sorted(n for n in served if n))}"
        )
    if asked.version in ledger.blocklist(asked.pipeline):
        raise Terminal(
            f"{asked.pipeline}: v{asked.version} was rolled back itself; a person who wants it "
            f"to serve again says so: `ratchet promote {asked.pipeline} --version {asked.version}`"
        )
    return asked.version


def roll_back(ledger: Ledger, asked: Return, bench: Bench, number: int) -> Decision:
    """Write down that `number` serves again and the present champion is out."""
    if bench.champion is None:
        raise Terminal(f"{asked.pipeline}: nothing to roll back, there is no champion")
    return ledger.decide(
        Entry(
            pipeline=asked.pipeline,
            kind=Kind.ROLLED_BACK,
            as_of=asked.as_of,
            key=asked.key,
            version=bench.champion.number,
            champion=number,
            reason=asked.reason,
            evidence={"from": bench.champion.number, "to": number, **_probation(asked)},
            generation=bench.generation,
            recorded_at=asked.recorded_at,
        )
    )


def _probation(asked: Return) -> dict[str, int]:
    return {} if asked.probation_of is None else {"probation_of": asked.probation_of}
