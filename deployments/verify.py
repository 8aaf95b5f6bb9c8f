"""Does what was decided still hold? Look at everything, change nothing, say what is wrong."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from config.load import pipelines
from config.settings import Settings
from deployments import show
from deployments.progress import bars
from tasks.ledger.audit import Audit, Looked, Problem
from tasks.stores import open_stores


@dataclass(frozen=True)
class Verified:
    """What was looked at in a pipeline, and what is wrong.

    `undecided` versions are registered and in no decision: an attempt is under way, or died.
    """

    pipeline: str
    looked_at: tuple[str, ...]
    problems: tuple[Problem, ...]
    undecided: tuple[int, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """The result in sentences."""
        found = [each.told for each in self.problems]
        verdict = f"{self.pipeline}: {len(found)} problems" if found else f"{self.pipeline}: holds"
        undecided = ", ".join(f"v{number}" for number in self.undecided)
        aside = [f"registered, and not decided on (yet): {undecided}"] if undecided else []
        return (*found, *aside, f"{verdict} ({', '.join(self.looked_at)})")


def run(names: Sequence[str], as_json: bool) -> None:
    """Print what is wrong in some pipelines; exit with 5 when something is."""
    verified = [verify(name, hidden=as_json) for name in names]
    if as_json:
        show.document(verified)
    else:
        for each in verified:
            for sentence in each.told:
                show.line(sentence)
    if any(each.problems for each in verified):
        sys.exit(5)


def defined() -> list[str]:
    """Every pipeline of this installation."""
    return pipelines(Settings.from_environment())


def verify(name: str, hidden: bool) -> Verified:
    """Look at everything of a pipeline, with a line on standard error that says how far it is."""
    stores = open_stores(name)
    audit = Audit(stores.ledger, stores.registry, name, stores.settings.models)
    looked: list[Looked] = []
    with bars(hidden) as progress:
        bar = progress.add_task(f"verify {name}", total=audit.size)
        for each in audit.looked():
            looked.append(each)
            progress.update(bar, advance=1, description=f"verify {name}: {each.at}")
    problems = tuple(problem for each in looked for problem in each.problems)
    return Verified(name, tuple(each.at for each in looked), problems, audit.undecided())
