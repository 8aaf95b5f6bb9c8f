"""Golden rows on the terminal: pin them, and look at what was pinned."""

from dataclasses import dataclass
from datetime import date

from deployments import embedded, show
from tasks.errors import Terminal
from tasks.features.golden import GoldenSet
from tasks.stores import open_stores


@dataclass(frozen=True)
class Wanted:
    """What to pin, and who wants it."""

    first: date
    last: date
    rows: int | None
    by: str
    reason: str


def pin(pipeline: str, wanted: Wanted, as_of: str | None, as_json: bool) -> None:
    """Pin rows, and print the version that they are."""
    chosen = {
        "first": wanted.first,
        "last": wanted.last,
        "rows": wanted.rows,
        "by": wanted.by,
        "reason": wanted.reason,
    }
    embedded.answer(embedded.run("pin", pipeline, as_of, **chosen), as_json)


def listed(pipeline: str, as_json: bool) -> None:
    """Print every version, after its rows were verified."""
    versions = [each.pinning for each in open_stores(pipeline).golden().versions]
    if as_json:
        show.document(versions)
        return
    show.table(
        f"{pipeline}: {len(versions)} versions of the golden set",
        ["version", "rows", "first day", "last day", "by", "reason", "content"],
        [
            [f"v{p.number}", p.rows, f"{p.first_day}", f"{p.last_day}", p.by, p.reason, p.content]
            for p in versions
        ],
    )


def shown(pipeline: str, number: int | None, as_json: bool) -> None:
    """Print what a version consists of, the latest by default: rows and labels of each day."""
    stores = open_stores(pipeline)
    label, found = stores.definition.pipeline.label.name, stores.golden().versions
    chosen = [each for each in found if number in (None, each.pinning.number)]
    if not chosen:
        known = ", ".join(f"v{each.pinning.number}" for each in found) or "none"
        raise Terminal(f"{pipeline}: no such version of the golden set; pinned so far: {known}")
    golden = chosen[-1]
    days = _days(golden, label)
    if as_json:
        show.document({"version": golden.pinning, "days": days})
        return
    show.line(golden.pinning.told)
    columns = ["day", "rows", "positive"]
    show.table("", columns, [[str(day[name]) for name in columns] for day in days])


def _days(golden: GoldenSet, label: str) -> list[dict[str, str | int]]:
    counted = golden.frame.groupby("day")[label].agg(["size", "sum"])
    return [
        {"day": str(day), "rows": int(rows), "positive": int(positive)}
        for day, rows, positive in counted.itertuples()
    ]
