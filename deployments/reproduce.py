"""A version made again on the terminal: every step, and how like the registered one it answers."""

import sys

from deployments import show
from tasks.reproduction.outcome import Reproduction
from tasks.reproduction.rebuilding import reproduced
from tasks.stores import open_stores

DIFFERENT = 5


def run(version: int, pipeline: str, as_json: bool) -> None:
    """Make a version again, and answer with what came of it."""
    answer(reproduced(open_stores(pipeline), version), as_json)


def answer(found: Reproduction, as_json: bool) -> None:
    """Print every step and the rows that are furthest apart; exit 5 when answers differ."""
    if as_json:
        told = {"diverged": found.diverged, "told": found.told}
        show.document({"reproduction": found, **told})
    else:
        title = f"{found.pipeline} v{found.version}, made again in {found.seconds:.0f} s"
        rows = [[s.name, "as on record" if s.same else "other", s.told] for s in found.steps]
        show.table(title, ["step", "", "came to"], rows)
        if found.furthest:
            show.table("furthest apart", ["question", "registered", "made again"], _apart(found))
        show.line(f"{found.likeness.value.upper()}: {found.told}")
    if not found.likeness.holds:
        sys.exit(DIFFERENT)


def _apart(found: Reproduction) -> list[list[show.Cell]]:
    return [
        [", ".join(each.question.values()), f"{each.registered:.9f}", f"{each.rebuilt:.9f}"]
        for each in found.furthest
    ]
