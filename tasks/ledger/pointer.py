"""The registry's pointer at who serves: put right from the ledger, and what was found about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tasks.ledger.ledger import Ledger

if TYPE_CHECKING:
    from tasks.registry.registrar import Registrar


@dataclass(frozen=True)
class Pointed:
    """The ledger's champion and the version that the alias named, None for nobody.

    `lost` when the champion's version is no longer in the registry: then nobody is named.
    """

    champion: int | None
    named: int | None
    lost: bool = False
    was_champion: bool = False
    """Whether a decision had made the named version champion once."""

    @property
    def told(self) -> str:
        """What was wrong and what became of it; empty when all was right, or no better now.

        That the champion's version is lost is told by `Lost`, once.
        """
        if self.champion == self.named or (self.lost and self.named is None):
            return ""
        now = f"it names v{self.champion} again"
        if self.champion is None:
            now = "nobody serves, and it was taken away"
        if self.lost:
            now = f"v{self.champion} serves but is gone from the registry: it names nobody"
        if self.named is None:
            return f"the alias named nobody; {now}"
        how = "no longer serves" if self.was_champion else "no decision made champion"
        return f"the alias named v{self.named}, which {how}; {now}"


@dataclass(frozen=True)
class Lost:
    """Versions that the ledger knows and the registry does not have any more.

    `everything` when no version of the pipeline is left there.
    """

    pipeline: str
    numbers: tuple[int, ...] = ()
    champion: int | None = None
    everything: bool = False

    @property
    def told(self) -> str:
        """The versions in a sentence; empty when none is lost."""
        if not self.numbers:
            return ""
        listed = ", ".join(f"v{number}" for number in self.numbers)
        what = f"{listed} of {self.pipeline} {'was' if len(self.numbers) == 1 else 'were'}"
        nothing = ", where no version is left" if self.everything else ""
        return f"{what} deleted in the registry{nothing}"

    @property
    def remedy(self) -> str:
        """What a person can do, and what goes on meanwhile."""
        serving = (
            f"v{self.champion} serves on from its verified local copy. "
            if self.champion in self.numbers
            else ""
        )
        return (
            f"{serving}A version's number is never given again: restore the registry's database "
            "and files from a backup, or retrain"
        )


def repaired(ledger: Ledger, registry: "Registrar", pipeline: str) -> Pointed:
    """Point the alias at the ledger's champion: the ledger is the truth.

    Where the champion's version is gone from the registry the alias is taken away: nobody else
    may be found under it.
    """
    champion, named = ledger.champion(pipeline), registry.pointed(pipeline)
    if champion == named:
        return Pointed(champion, named)
    if champion is not None and registry.has(pipeline, champion):
        registry.point(pipeline, champion)
        lost = False
    else:
        registry.withdraw(pipeline)
        lost = champion is not None
    served = {each.champion for each in ledger.decisions(pipeline)}
    return Pointed(champion, named, lost, named in served)


def lost(ledger: Ledger, registry: "Registrar", pipeline: str) -> Lost:
    """Which versions were deleted behind our back, of those that nobody was told of yet."""
    present, told = registry.numbers(pipeline), ledger.notices(pipeline)
    known = [version.number for version in ledger.versions(pipeline)]
    gone = tuple(n for n in known if n not in present and _notice(n) not in told)
    return Lost(pipeline, gone, ledger.champion(pipeline), bool(gone) and not present)


def noticed(ledger: Ledger, found: Lost, as_of: datetime) -> None:
    """Remember that somebody was told: what was deleted stays so, and is told once."""
    for number in found.numbers:
        ledger.notice(found.pipeline, _notice(number), as_of)


def _notice(number: int) -> str:
    return f"v{number} was deleted in the registry"
