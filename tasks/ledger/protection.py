"""Which local copies of versions may go: what serves, served, or was approved stays."""

import tempfile
from contextlib import suppress
from pathlib import Path

from tasks.ledger.approved import by_a_person
from tasks.ledger.ledger import Ledger


def protected(ledger: Ledger, pipeline: str, keep: int) -> frozenset[int]:
    """Versions whose local copies stay.

    The champion, the last known good, all that a person approved, every champion of the last
    `keep` decisions, and the `keep` newest versions.
    """
    decisions = ledger.decisions(pipeline)
    newest = [version.number for version in ledger.versions(pipeline)][-keep:]
    named = {ledger.champion(pipeline), ledger.last_known_good(pipeline)}
    served = {each.champion for each in decisions[-keep:]}
    approved = {each.version for each in decisions if by_a_person(each)}
    kept = {*newest, *named, *served, *approved}
    return frozenset(number for number in kept if number is not None)


def swept(ledger: Ledger, pipeline: str, copies: Path, keep: int) -> tuple[int, ...]:
    """Remove the local copies of other versions; which. The registry keeps every one of them.

    A copy disappears whole: who wants the version meanwhile finds all of it or none, and fetches
    it again.
    """
    stay = protected(ledger, pipeline, keep)
    known = {version.number for version in ledger.versions(pipeline)}
    folder = copies / pipeline
    gone = [number for number in sorted(known - stay) if (folder / str(number)).is_dir()]
    for number in gone:
        _removed(folder / str(number))
    return tuple(gone)


def _removed(folder: Path) -> None:
    aside = tempfile.TemporaryDirectory(dir=folder.parent, prefix=".")
    with aside as scratch, suppress(FileNotFoundError):  # another was faster
        folder.rename(Path(scratch) / folder.name)
