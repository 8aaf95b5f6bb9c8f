"""Sabotage of files: a query that sees the future, flipped bytes, another model's bytes."""

import shutil
from pathlib import Path

from deployments.season import AGAINST, Came, Season, judged
from infra.canary.definition import without_line
from tasks.data.artifact import MODEL_FILE, manifest
from tasks.errors import Terminal
from tasks.records import Decision, Fit

FORESIGHT = "AND seen.known_at <="
"""How the line of the query begins without which it sees what nobody knew yet."""


def sees_the_future(season: Season) -> Came:
    """A retrain with a feature query that does not ask when something was known."""
    query = season.settings.pipelines / season.pipeline / "features.sql"
    honest = query.read_text()
    try:
        query.write_text(without_line(query, FORESIGHT))
        return judged(season.retrained())
    finally:
        query.write_text(honest)


def broken_artifact(season: Season) -> Came:
    """A person promotes a registered version of which one bit has flipped since."""
    stores = season.stores
    champion, known = season.champion, stores.ledger.versions(season.pipeline)
    version = [each for each in known if each.number != champion][-1]
    stored = _stored(Path(season.settings.artifacts), version.manifest[MODEL_FILE])
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    shutil.rmtree(
        season.settings.models / season.pipeline / str(version.number), ignore_errors=True
    )
    return Came(False, (), season.promote(version.number).reason)


def honest_refit(season: Season) -> Came:
    """Of the attempt just before, which was honest, the refit has to ship."""
    return _shipped(season, season.stores.ledger.decisions(season.pipeline)[-1])


def swapped_refit(season: Season) -> Came:
    """An honest attempt that finds the champion's bytes as its refit: they may not ship."""
    if season.champion is None:
        raise Terminal("no champion whose bytes could be taken for the refit's")
    planted = _plant(season, season.stores.folder(season.champion))
    decision = season.retrained()
    came = _shipped(season, decision)
    if _digests(decision).get("refit") != planted:
        raise Terminal("the retrain has not looked at the bytes that were planted")
    return came


def _shipped(season: Season, decision: Decision) -> Came:
    """Whether the refit ships; refused by its certificate, or by what kept it from being made."""
    came, refit = judged(decision), decision.evidence["refit"]
    if came.refused or not isinstance(refit, dict):
        return Came(True, came.by, came.reason)
    certificate = refit["certificate"]
    ships = season.stores.ledger.version(season.pipeline, decision.version).manifest[MODEL_FILE]
    refused = ships != refit["digests"]["refit"]
    by = (certificate["code"],) if certificate["status"] in AGAINST else ()
    return Came(refused, by, certificate["reason"])


def _digests(decision: Decision) -> dict[str, str]:
    refit = decision.evidence["refit"]
    return dict(refit["digests"]) if isinstance(refit, dict) else {}


def _plant(season: Season, stranger: Path) -> str:
    """Put a model where the next attempt will look for a refit that it made; its digest."""
    from pydantic import TypeAdapter

    from tasks.evaluation.hearing import retrain_key
    from tasks.features.cohort import cohort
    from tasks.features.splits import training_days
    from tasks.models.fitting import RESULT

    stores = season.stores
    definition = stores.definition
    days = training_days(definition, stores.lake, season.night)
    key = retrain_key(
        definition, cohort(definition, stores.lake, days, season.night, stores.golden()).snapshot
    )
    (name,) = definition.pipeline.candidates
    folder = stores.workshop(key) / f"{name}-refit"
    shutil.copytree(stranger, folder)
    told = Fit(name, str(folder), {}, (), 1, 1.0, 1.0, 1.0)
    (folder / RESULT).write_bytes(TypeAdapter(Fit).dump_json(told))
    return manifest(folder)[MODEL_FILE]


def _stored(artifacts: Path, digest: str) -> Path:
    """The registry's own copy of a model."""
    found = [
        path
        for path in artifacts.rglob(MODEL_FILE)
        if manifest(path.parent).get(MODEL_FILE) == digest
    ]
    if len(found) != 1:
        raise Terminal(f"{len(found)} files below {artifacts} are the model that is to be broken")
    return found[0]
