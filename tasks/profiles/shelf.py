"""Where the profiles of days are kept, so that no row is read twice for its day's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tasks.data.lake import DELIVERY, LakeTable, Read
from tasks.data.parts import PARTITION
from tasks.profiles import storing
from tasks.profiles.columns import Profile


@dataclass(frozen=True)
class Shelf:
    """A Delta table beside what it profiles: one partition a day, one row a column."""

    table: LakeTable

    def kept(self, first: date = date.min, last: date = date.max) -> dict[date, str]:
        """Of every day from `first` to `last` that has a profile in the present format, the
        content of the partition that it was made from."""
        if self.table.version() is None:
            return {}
        columns = PARTITION, DELIVERY, "format"
        found = self.table.read(Read(columns, first.isoformat(), last.isoformat()))
        days, sources, formats = (each.to_pylist() for each in found.columns)
        return {
            date.fromisoformat(day): source
            for day, source, made in zip(days, sources, formats, strict=True)
            if made == storing.FORMAT
        }

    def keep(self, day: date, profile: Profile, source: str) -> bool:
        """Keep the profile of a day, made from a partition of content `source`; False, and
        nothing is written, when that has been done.

        One commit, which replaces what was kept of the day. Raises `Conflict` when somebody else
        kept another meanwhile.
        """
        made = storing.rows(profile)
        seen = self.table.made(made)
        if self.kept(day, day).get(day) == source:
            return False
        self.table.replace_partition(day.isoformat(), made, source, seen)
        return True

    def renew(self, day: date, profile: Profile, source: str) -> bool:
        """Keep another profile of a day that has one; False, and nothing is written, if equal.

        For a day whose rows were corrected. One commit. Raises `Conflict` as `keep` does.
        """
        made, seen = storing.rows(profile), self.table.version()
        only = Read(tuple(made.column_names), day.isoformat(), day.isoformat(), version=seen)
        if self.table.read(only).cast(made.schema).equals(made):
            return False
        self.table.replace_partition(day.isoformat(), made, source, seen)
        return True

    def days(self, first: date, last: date) -> Mapping[date, Profile]:
        """The profiles of the days from `first` to `last` that have one, in order of days."""
        if self.table.version() is None:
            return {}
        found = self.table.read(Read(first=first.isoformat(), last=last.isoformat()))
        made = storing.profiles(found, PARTITION)
        return {date.fromisoformat(day): each for day, each in made}
