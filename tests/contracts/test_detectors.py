"""Every detector, found by discovery, says what it does, shows it, and survives what days bring."""

import doctest
import importlib
import inspect
import math
import pkgutil
import re
from collections.abc import Callable, Mapping
from types import ModuleType

import pytest

from tasks.drift import detectors
from tasks.drift.detectors.cusum import cusum

NAMES = sorted(each.name for each in pkgutil.iter_modules(detectors.__path__))
PARTS = ("Parameters", "Returns", "Raises", "Examples", "References")
KINDS: Mapping[tuple[str, ...], str] = {
    ("p",): "of a test",
    ("previous", "e"): "day by day",
    ("previous", "score"): "day by day",
    ("evidence", "weights", "alpha"): "across streams",
    ("reference", "losses"): "over a history",
}
"""By the parameters that have no default."""


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{detectors.__name__}.{name}")


def detector(name: str) -> Callable[..., object]:
    found: Callable[..., object] = getattr(module(name), name)
    return found


def required(name: str) -> tuple[str, ...]:
    parameters = inspect.signature(detector(name)).parameters.values()
    return tuple(each.name for each in parameters if each.default is each.empty)


def prose(name: str) -> str:
    return inspect.getdoc(detector(name)) or ""


every_detector = pytest.mark.parametrize("name", NAMES)
DAILY = [name for name in NAMES if KINDS.get(required(name)) == "day by day"]
every_daily = pytest.mark.parametrize("name", DAILY)


def after(name: str, previous: float, observation: float) -> float:
    return float(detector(name)(previous, observation))  # type: ignore[arg-type]


def test_detectors_are_found() -> None:
    """Discovery finds the shipped detectors: an empty list would pass every test below."""
    assert {"e_value", "e_cusum", "e_benjamini_hochberg", "podkopaev_ramdas"} <= set(NAMES)
    assert {"cusum", "e_cusum", "e_shiryaev_roberts"} <= set(DAILY)


@every_detector
def test_one_file_is_one_detector(name: str) -> None:
    """A file defines one public function, with its own name and of a kind that is known."""
    own = inspect.getmembers(module(name), inspect.isfunction)
    public = [found for found, made in own if made.__module__ == module(name).__name__]
    assert [found for found in public if not found.startswith("_")] == [name]
    assert required(name) in KINDS


@every_detector
def test_it_says_what_it_does(name: str) -> None:
    """Prose first, then every parameter by name, the answer, the errors, examples, sources."""
    found = re.findall(r"^(\w+)\n-+$", prose(name), flags=re.MULTILINE)
    assert found == list(PARTS)
    opening = prose(name).partition("\nParameters\n")[0]
    assert len(opening.split()) >= 40
    told = prose(name).partition("\nParameters\n")[2].partition("\nReturns\n")[0]
    assert re.findall(r"^(\w+)$", told, re.MULTILINE) == list(
        inspect.signature(detector(name)).parameters
    )


@every_detector
def test_it_names_its_source(name: str) -> None:
    """Authors, a title and a year, so that it can be looked up."""
    assert re.search(r"[A-Z]\w+.*,[\s\S]*\b(19|20)\d\d\b", prose(name).partition("\nRef")[2])


@every_detector
def test_its_example_is_true(name: str) -> None:
    """What the docstring shows is what happens when it is run."""
    found = doctest.DocTestFinder().find(detector(name), name, globs=vars(module(name)))
    assert found
    assert all(each.examples for each in found)
    runner = doctest.DocTestRunner()
    assert [runner.run(each).failed for each in found] == [0] * len(found)


@every_daily
def test_a_day_without_a_number_changes_nothing(name: str) -> None:
    """Where nothing could be compared there is neither a sign of change nor one of none."""
    assert after(name, 7.25, math.nan) == 7.25
    assert after(name, 0.0, math.nan) == 0.0


@every_daily
def test_no_evidence_yet_is_a_start(name: str) -> None:
    """A stream without a yesterday starts as one that has just been found quiet."""
    assert after(name, math.nan, 3.0) == after(name, 0.0, 3.0)
    assert math.isnan(after(name, math.nan, math.nan))


@every_daily
def test_more_is_never_less(name: str) -> None:
    """A larger number of the day, and more before it, never give less evidence."""
    steps = [0.0, 0.3, 0.5, 1.0, 2.0, 40.0]
    for previous in steps:
        along = [after(name, previous, each) for each in steps]
        assert along == sorted(along)
    for each in steps:
        along = [after(name, previous, each) for previous in steps]
        assert along == sorted(along)


@every_daily
def test_quiet_days_are_forgotten(name: str) -> None:
    """A change after years of quiet is found as soon as one after a week."""
    quiet = 0.5 if required(name)[1] == "e" else -0.2
    late = soon = 0.0
    for day in range(1000):
        late = after(name, late, quiet)
        soon = after(name, soon, quiet) if day < 20 else soon
    assert late == pytest.approx(soon, abs=1e-3)


@every_daily
def test_it_stays_a_number(name: str) -> None:
    """No flood of evidence overflows, and what has flooded drains again."""
    evidence = 0.0
    for _ in range(10):
        evidence = after(name, evidence, 1e300)
    assert math.isfinite(evidence)
    if required(name)[1] == "e":
        assert after(name, evidence, 0.5) < evidence
        assert after(name, math.inf, 0.0) == 0.0


@every_daily
def test_what_cannot_be_is_refused(name: str) -> None:
    """Evidence below zero is no evidence, and says that something else was passed."""
    with pytest.raises(ValueError, match="-1"):
        after(name, -1.0, 1.0)
    if required(name)[1] == "e":
        with pytest.raises(ValueError, match=r"-0\.5"):
            after(name, 1.0, -0.5)
    with pytest.raises(ValueError, match="slack"):
        cusum(0.0, 1.0, slack=0.0)
