"""Registered versions that were trained on what a partition held before."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from config.load import Definition
from config.load import definition as load_definition
from tasks.features.golden import Goldens
from tasks.features.rebuilding import is_changed, is_read
from tasks.features.redelivery import Redelivery
from tasks.records import Decision, Snapshot
from tasks.registry import recipe
from tasks.stores import Stores

_SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)


@dataclass(frozen=True)
class Affected:
    """A version whose snapshot was read from what the partition held before.

    `certain` where the snapshot, built again with what the partition holds now, is another one;
    where it cannot be built again it only may be. `serves` says whether it is champion.
    """

    number: int
    certain: bool
    serves: bool


def affected(
    stores: Stores, of: Redelivery, numbers: Collection[int] | None = None
) -> Iterator[Affected]:
    """The versions, oldest first; of those numbers alone where they are given."""
    champion = stores.ledger.champion(stores.name)
    for number, decision in _judged(stores).items():
        snapshot, is_meant = _snapshot(decision), numbers is None or number in numbers
        if not (is_meant and is_read(stores.definition, snapshot, of)):
            continue
        definition = _definition(stores, number, decision)
        pinned = _pinned(stores, snapshot)
        changed = is_changed(definition, stores.lake, snapshot, of, pinned)
        if changed is not False:
            yield Affected(number, certain=changed is True, serves=number == champion)


def is_tried(stores: Stores, of: Redelivery) -> bool:
    """Whether a challenger was judged on what the partition holds now."""
    read = [_snapshot(each).versions.get(of.table, -1) for each in _judged(stores).values()]
    return any(version >= of.states[-1].version for version in read)


def _judged(stores: Stores) -> dict[int, Decision]:
    """The decision that each version was judged in, with its snapshot."""
    found: dict[int, Decision] = {}
    for decision in stores.ledger.decisions(stores.name):
        if decision.judged and "snapshot" in decision.evidence:
            found.setdefault(decision.version, decision)
    return found


def _snapshot(decision: Decision) -> Snapshot:
    return _SNAPSHOT.validate_python(decision.evidence["snapshot"])


def _definition(stores: Stores, number: int, decision: Decision) -> Definition:
    """The pipeline as it was defined then, where that was kept with the version."""
    version = stores.ledger.version(stores.name, number)
    now = stores.definition
    if decision.evidence.get("config_hash") == now.config_hash or not recipe.has_recipe(version):
        return now
    folder = stores.folder(number)
    return load_definition(recipe.definition_folder(recipe.read(version, folder), folder))


def _pinned(stores: Stores, snapshot: Snapshot) -> Goldens:
    """The rows that had been pinned by then: they were left out."""
    pinned = stores.pinned()
    versions = tuple(v for v in pinned.versions if v.pinning.as_of <= snapshot.as_of)
    return replace(pinned, versions=versions)
