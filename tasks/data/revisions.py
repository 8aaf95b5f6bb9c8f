"""States that the partitions of tables have had: which delivery made each, and what replaced it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from tasks.errors import Terminal


@dataclass(frozen=True)
class Revision:
    """One state of a partition: the table version that made it, from which delivery, and when.

    `read` are earlier versions of other tables that its rows were made from.
    """

    partition: str
    version: int
    delivery: str
    rows: int
    at: datetime
    read: Mapping[str, int] = field(default_factory=dict)


def revisions(commits: Iterable[Mapping[str, Any]]) -> list[Revision]:
    """What the commits of a table did to its partitions, in their order."""
    return [_revision(commit) for commit in commits if "ratchet.partition" in commit]


def commit_of(log: bytes) -> Mapping[str, Any]:
    """What one file of a table's log says of how that version was made; nothing if it is empty."""
    actions = (json.loads(line) for line in log.splitlines())
    return next((action["commitInfo"] for action in actions if "commitInfo" in action), {})


def _revision(commit: Mapping[str, Any]) -> Revision:
    return Revision(
        partition=str(commit["ratchet.partition"]),
        version=int(commit["version"]),
        delivery=str(commit["ratchet.delivery"]),
        rows=int(commit["operationMetrics"]["num_added_rows"]),
        at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        read=json.loads(commit.get("ratchet.read", "{}")),
    )


@dataclass(frozen=True)
class Past:
    """Everything that happened to some tables: by name, their revisions, newest first."""

    revisions: Mapping[str, Sequence[Revision]]

    def versions(self, at: datetime) -> dict[str, int]:
        """The version that each table had at a moment of the writers' clock.

        Raises `Terminal` naming the tables that had no rows yet.
        """
        found = {
            name: next((each.version for each in made if each.at <= at), None)
            for name, made in self.revisions.items()
        }
        none = sorted(name for name, version in found.items() if version is None)
        if none:
            raise Terminal(f"{len(none)} tables had no rows at {at:%Y-%m-%d %H:%M:%S}: {none}")
        return {name: version for name, version in found.items() if version is not None}

    @property
    def latest(self) -> dict[str, int]:
        """The version that each table has now, of those with rows."""
        return {name: made[0].version for name, made in self.revisions.items() if made}

    def state(self, table: str, partition: str, version: int | None = None) -> Revision | None:
        """What a partition held at a table version, by default the latest; None if nothing yet."""
        states = self._states.get((table, partition), ())
        return next((s for s in states if version is None or s.version <= version), None)

    def held(self, table: str, version: int) -> list[Revision]:
        """The state of every partition of a table at a version, of those that had one by then."""
        partitions = sorted(name for of, name in self._states if of == table)
        states = (self.state(table, name, version) for name in partitions)
        return [each for each in states if each is not None]

    @cached_property
    def _states(self) -> dict[tuple[str, str], list[Revision]]:
        return {
            (name, partition): list(states)
            for name, made in self.revisions.items()
            for partition, states in groupby(
                sorted(made, key=lambda each: each.partition), lambda each: each.partition
            )
        }
