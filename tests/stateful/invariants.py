"""What stays true of an installation, whatever happened to it: every function tells what is not."""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np

from tasks.data import artifact
from tasks.errors import RatchetError
from tasks.records import Choice, Decision, Kind
from tests.installation import Installation
from tests.shop import NAME
from tests.stateful.books import opened, rows_of
from tests.stateful.replays import predictions, snapshots
from tests.stateful.rows import rows_astray

Told = Iterator[str]


def broken(shop: Installation, settled: bool = True, latest: int | None = None) -> list[str]:
    """Everything that does not hold; `settled` once no dead run waits to be run again.

    Only the `latest` attempts and days are given again, by default all of them.
    """
    return [
        *chain(shop),
        *champions(shop),
        *serving(shop),
        *rows_astray(shop, settled),
        *predicted_once(shop),
        *snapshots(shop, latest),
        *predictions(shop, latest),
        *(registered_once(shop) if settled else ()),
    ]


def chain(shop: Installation) -> Told:
    """The ledger's chain verifies, and no key and no cause was decided on twice."""
    yield from shop.stores.ledger.verify(NAME)
    decisions = shop.stores.ledger.decisions(NAME)
    for what, named in (
        ("key", [each.key for each in decisions]),
        ("cause", [each.evidence["cause"] for each in decisions if "cause" in each.evidence]),
    ):
        yield from (f"{what} {n} was decided on {c} times" for n, c in _twice(named))


def champions(shop: Installation) -> Told:
    """Whoever served was let through by the gate, or a person or a rollback said so."""
    champion: int | None = None
    served: set[int | None] = set()
    for each in shop.stores.ledger.decisions(NAME):
        if each.kind is Kind.PROMOTED:
            champion = each.version
            if "by" not in each.evidence:
                yield from _not_gated(each)
        elif each.kind is Kind.ROLLED_BACK:
            if each.champion not in served:
                yield f"decision {each.sequence} rolled back to v{each.champion}: never champion"
            champion = each.champion
        if each.champion != champion:
            yield f"decision {each.sequence} names v{each.champion}, v{champion} was made champion"
        served.add(champion)


def serving(shop: Installation) -> Told:
    """The champion loads, every byte verified, here and from the registry, and answers."""
    stores = shop.stores
    number = stores.ledger.champion(NAME)
    if number is None:
        return
    version = stores.ledger.version(NAME, number)
    sample = stores.reference(number)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            original = stores.registry.original(version, Path(scratch))
            models = [stores.model(number), artifact.load(original, version.manifest)]
    except RatchetError as error:
        yield f"v{number} serves and does not load: {error}"
        return
    for model in models:
        answers = model.predict_proba(sample)
        if not (np.isfinite(answers).all() and (answers >= 0).all() and (answers <= 1).all()):
            yield f"v{number} serves and answers no probabilities"


def alias(shop: Installation) -> Told:
    """The registry's alias names the ledger's champion."""
    named, champion = shop.stores.registry.pointed(NAME), shop.stores.ledger.champion(NAME)
    if named != champion:
        yield f"the alias names {named}, the ledger's champion is {champion}"


def registered_once(shop: Installation) -> Told:
    """An attempt has one version, and no dead one runs on in MLflow beside a later one."""
    with closing(sqlite3.connect(shop.home / "mlflow.db")) as database:
        keys = database.execute("SELECT value FROM model_version_tags WHERE key = 'ratchet.key'")
        yield from (f"attempt {k} has {c} versions" for k, c in _twice([k for (k,) in keys]))
        running = database.execute(
            "SELECT name FROM runs WHERE status = 'RUNNING' AND start_time < "
            "(SELECT MAX(start_time) FROM model_versions JOIN runs ON run_id = run_uuid)"
        )
        yield from (f"MLflow run {name} never ended" for (name,) in running)


def predicted_once(shop: Installation) -> Told:
    """No question has two answers."""
    answers = shop.answers()
    if len(answers):
        for what in ("prediction_id", "order_id"):
            yield from (f"{what} {n} was answered {c} times" for n, c in _twice(answers[what]))


def unanswered(shop: Installation, as_of: datetime) -> Told:
    """After a scoring, every question that was known when asked of a champion has its answer."""
    decisions = [each for each in shop.stores.ledger.decisions(NAME) if each.champion is not None]
    if not decisions:
        return
    since, answered = decisions[0].as_of, set(shop.answers().get("order_id", ()))
    for row in rows_of(opened(shop, "orders")):
        asked = since <= row["ordered_at"] <= as_of and row["known_at"] <= row["ordered_at"]
        if asked and row["order_id"] not in answered:
            yield f"{row['order_id']} was asked at {row['ordered_at']} and has no answer"


def _not_gated(promoted: Decision) -> Told:
    """The verdict was to promote, and no check that blocks had failed or lacked evidence."""
    number, evidence = promoted.sequence, promoted.evidence
    if evidence.get("choice") != Choice.PROMOTE:
        yield f"decision {number} promoted v{promoted.version} on {evidence.get('choice')}"
    checks = evidence.get("checks")
    assert isinstance(checks, list)
    for check in checks:
        if check["severity"] == "blocking" and check["status"] in ("fail", "no evidence"):
            yield f"decision {number} promoted v{promoted.version} against {check['code']}"


def _twice(names: Iterable[object]) -> Iterator[tuple[object, int]]:
    return ((name, times) for name, times in Counter(names).items() if times > 1)
