"""Making a version again, step by step, and the first step that comes to something else."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from config.load import ConfigError, Definition
from config.load import definition as load_definition
from tasks.data.answers import Missing
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData, Terminal
from tasks.evaluation import refit
from tasks.features.cohort import Cohort, cohort
from tasks.features.golden import Vault
from tasks.features.splits import Split, split, training_days
from tasks.models import selection, sources
from tasks.models.again import again
from tasks.models.fitting import fit_within_budget
from tasks.models.job import Job
from tasks.records import Failure, Fit, Snapshot
from tasks.registry import lineage
from tasks.registry.recipe import Recipe, definition_folder
from tasks.reproduction.differences import changes, listed, otherwise
from tasks.reproduction.order import Order
from tasks.reproduction.outcome import Step


class DivergenceError(Exception):
    """A step came to something else, and nothing after it would mean anything."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__(f"{name}: {told}")
        self.step = Step(name, False, told)


@dataclass(frozen=True)
class Bench:
    """Where a version is made again: its order, and the lakes of rows and of pinned rows."""

    order: Order
    lake: Lake
    vault: Vault

    @property
    def recipe(self) -> Recipe:
        return self.order.recipe


@dataclass(frozen=True)
class Rebuilt:
    """A model made again, and what it was made from; `done` are the steps that led to it."""

    definition: Definition
    cohort: Cohort
    split: Split
    fit: Fit
    done: tuple[Step, ...]


@dataclass
class Steps:
    """Steps as they are done."""

    done: list[Step] = field(default_factory=list)

    def note(self, name: str, told: str, same: bool = True) -> None:
        self.done.append(Step(name, same, told))


def rebuilt(bench: Bench, steps: Steps) -> Rebuilt:
    """Do every step up to the fit, each noted; `DivergenceError` where going on would mean nothing.

    Another environment or other code is noted and stops nothing, and neither does a search that
    ended elsewhere: then the parameters on record are fitted. Raises `Missing` when the lake has
    not kept the table versions.
    """
    _environment(bench.recipe, steps)
    _code(bench.recipe, steps)
    definition = _configuration(bench.order, steps)
    built = _snapshot(bench, definition, steps)
    halves = _split(bench.recipe, built, steps)
    fit = _fit(bench.order, definition, halves, steps)
    return Rebuilt(definition, built, halves, fit, tuple(steps.done))


def _environment(recipe: Recipe, steps: Steps) -> None:
    then, now = recipe.installed, lineage.installed()
    changed = changes(_named(then), _named(now))
    changed += changes(_machine(recipe.machine), _machine(lineage.machine()))
    steps.note("environment", listed(changed) or f"{len(now):,} distributions", not changed)


def _code(recipe: Recipe, steps: Steps) -> None:
    now = {"ratchet": lineage.code_version()}
    then = {"ratchet": recipe.code_version, **recipe.sources}
    now |= {name: sources.own(name) for name in recipe.sources}
    changed = changes(then, now)
    steps.note("code", listed(changed) or f"version {now['ratchet']}", not changed)


def _configuration(order: Order, steps: Steps) -> Definition:
    """The definition in the version's own files, with the training window that was used."""
    recipe = order.recipe
    try:
        found = load_definition(definition_folder(recipe, order.folder))
    except ConfigError as error:
        raise DivergenceError("configuration", f"cannot be read any more: {error}") from error
    if found.config_hash != recipe.config_hash:
        told = f"its files have hash {found.config_hash[:12]}, on record {recipe.config_hash[:12]}"
        raise DivergenceError("configuration", told)
    used = recipe.max_train_days
    window = f", trained on {used} days at most" if used is not None else ""
    steps.note("configuration", f"{len(found.files)} files{window}")
    return found.trained_on(used)


def _snapshot(bench: Bench, definition: Definition, steps: Steps) -> Cohort:
    """The rows of then, read from the table versions of then."""
    snapshot = bench.recipe.snapshot
    _require_kept(bench.lake, snapshot)
    lake = bench.lake.at(snapshot.versions)
    pinned = bench.vault.read(bench.order.pinnings, definition.pipeline.question.key)
    try:
        days = training_days(definition, lake, snapshot.as_of)
        built = cohort(definition, lake, days, snapshot.as_of, pinned)
    except Missing as error:
        raise _gone(snapshot, str(error)) from error
    except Terminal as error:
        raise DivergenceError("snapshot", str(error)) from error
    found = built.snapshot
    if found.digest != snapshot.digest:
        then, now = (f"{each.rows:,} rows, digest {each.digest[:12]}" for each in (snapshot, found))
        raise DivergenceError("snapshot", f"{now}; on record {then}")
    steps.note("snapshot", f"{found.rows:,} rows of {found.first_day} to {found.last_day}")
    return built


def _split(recipe: Recipe, built: Cohort, steps: Steps) -> Split:
    try:
        found = split(built, recipe.holdout_from - timedelta(days=1))
    except NotEnoughData as error:
        raise DivergenceError("split", str(error)) from error
    other = [
        name
        for name, then, now in (
            ("training", recipe.training, found.training_digest),
            ("holdout", recipe.holdout, found.holdout_digest),
        )
        if then != now
    ]
    if other:
        raise DivergenceError("split", f"other rows in {' and '.join(other)} than on record")
    told = f"{len(found.training):,} rows to fit on, {len(found.holdout):,} to judge on"
    steps.note("split", told)
    return found


def _fit(order: Order, definition: Definition, halves: Split, steps: Steps) -> Fit:
    """The model that shipped: searched for again, and fitted again on all days where that was."""
    recipe = order.recipe
    job = _job(order, definition, halves)
    found = fit_within_budget(job)
    other = otherwise(recipe, found)
    steps.note("fit", other or f"{recipe.candidate}, {recipe.trials} trials", not other)
    if recipe.refit:
        everything = refit.written(job, refit.all_days(definition, halves))
        return _known(again(job, recipe.params, order.scratch / "refit", frame_path=everything))
    if isinstance(found, Fit) and dict(found.params) == dict(recipe.params):
        return found
    return _known(again(job, recipe.params, order.scratch / "again"))


def _job(order: Order, definition: Definition, halves: Split) -> Job:
    recipe = order.recipe
    candidate = definition.pipeline.candidates[recipe.candidate]
    only = definition.pipeline.model_copy(update={"candidates": {recipe.candidate: candidate}})
    alone = replace(definition, pipeline=only)
    (job,) = selection.jobs(alone, halves.training, order.scratch / "work", order.parent)
    return job


def _known(made: Fit | Failure) -> Fit:
    if isinstance(made, Failure):
        raise DivergenceError("fit", f"{made.candidate} {made.kind}: {made.reason}")
    return made


def _named(installed: Sequence[str]) -> dict[str, str]:
    return {name: version for name, _, version in (each.partition("==") for each in installed)}


def _machine(facts: Sequence[str]) -> dict[str, str]:
    return {"machine": "; ".join(facts)}


def _require_kept(lake: Lake, snapshot: Snapshot) -> None:
    """Raise `Missing` when a table is younger than the version that it had then."""
    for name, version in snapshot.versions.items():
        latest = lake.table(name).version()
        if latest is None or latest < version:
            now = "is empty" if latest is None else f"is at version {latest}"
            raise _gone(snapshot, f"{name} {now} and was at {version}")


def _gone(snapshot: Snapshot, why: str) -> Missing:
    return Missing(
        f"the lake of {snapshot.pipeline} no longer has the rows of "
        f"{snapshot.as_of:%Y-%m-%d %H:%M}: {why}. Restore its tables from a backup"
    )
