"""A grid of policies is read as strictly as a pipeline, and says where its mistakes are."""

from pathlib import Path

import pytest

from config import load
from config.load import ConfigError, Definition
from tasks.backtest.grid import MOST_ARMS, merged, read
from tests import shop

AXES = """\
axes:
  triggers:
    eager: {watch: {max_drop: 0.01}}
    usual: {}
  cadences:
    weekly: {retrain: {max_age_days: 7, cool_down_days: 0}}
    slow:
      retrain: {max_age_days: 30}
arms:
  strict: {gate: {mode: superiority}}
"""


@pytest.fixture
def definition(tmp_path: Path) -> Definition:
    return load.definition(shop.define(tmp_path / "pipelines"))


@pytest.fixture
def told(tmp_path: Path, definition: Definition) -> "Told":
    return Told(tmp_path / "grid.yaml", definition)


class Told:
    """What comes of a grid: its arms, or what is wrong with it."""

    def __init__(self, path: Path, definition: Definition) -> None:
        self.path, self.definition = path, definition

    def arms(self, text: str) -> dict[str, Definition]:
        self.path.write_text(text)
        return {arm.name: arm.definition for arm in read(self.path, self.definition)}

    def wrong(self, text: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            self.arms(text)
        return [each.replace(f"{self.path}:", "grid:") for each in raised.value.problems]


def test_axes_are_combined(told: Told) -> None:
    """Every combination is an arm with both overrides, beside the single arms and as shipped."""
    arms = told.arms(AXES)
    assert list(arms) == [
        "as shipped", "eager, weekly", "eager, slow", "usual, weekly", "usual, slow", "strict",
    ]  # fmt: skip
    both = arms["eager, weekly"].pipeline
    assert (both.watch.max_drop, both.retrain.max_age_days) == (0.01, 7)
    assert both.retrain.budget == told.definition.pipeline.retrain.budget
    assert arms["strict"].pipeline.gate.mode == "superiority"
    assert arms["as shipped"] == told.definition


def test_arms_differ_in_their_hash(told: Told) -> None:
    """What two arms fit and decide is never mistaken for each other's."""
    arms = told.arms(AXES)
    assert len({each.config_hash for each in arms.values()}) == len(arms)
    assert arms["as shipped"].config_hash == told.definition.config_hash


def test_null_takes_a_key_away(told: Told) -> None:
    """As in RFC 7396: what pipeline.yaml says is then left to its default."""
    arm = told.arms("arms: {long: {windows: {max_train_days: null}}}")["long"]
    assert told.definition.pipeline.windows.max_train_days == 12
    assert arm.pipeline.windows.max_train_days is None
    assert arm.pipeline.windows.min_train_days == 10


def test_merging_leaves_the_document_alone() -> None:
    """The next arm begins with the same document."""
    document = {"gate": {"slices": ["a"]}}
    assert merged(document, {"gate": {"slices": ["b"], "alpha": 0.1}})["gate"]["slices"] == ["b"]
    assert document == {"gate": {"slices": ["a"]}}


def test_equal_arms_are_one_under_both_names(told: Told) -> None:
    """Two ways to say one policy are lived once; as shipped keeps its name in front."""
    arms = told.arms(
        "axes: {cadences: {usual: {retrain: {max_age_days: 10}}, fast: {retrain: {budget: 5}}}}\n"
        "arms: {quick: {retrain: {budget: 5}}}"
    )
    assert list(arms) == ["as shipped = usual", "fast = quick"]


def test_an_unknown_key_names_line_and_nearest(told: Told) -> None:
    """A typing error is told where it stands in the grid, once, however many arms have it."""
    bad = AXES.replace("max_drop", "max_drp")
    assert told.wrong(bad) == [
        "grid:3: axes.triggers.eager.watch.max_drp: unknown key; did you mean 'max_drop'?"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("arms: {a: {gaet: {}}}", "grid:1: arms.a.gaet: unknown key; did you mean 'gate'?"),
        ("arm: {}", "grid:1: arm: unknown key; did you mean 'arms'?"),
        (
            "arms:\n  a: {retrain: {budget: many}}",
            "grid:2: arms.a.retrain.budget: must be a valid integer, not 'many'",
        ),
        (
            "arms:\n  a: {windows: {max_train_days: 4}}",
            "grid:2: arms.a.windows: max_train_days 4 is below min_train_days 10: nothing could "
            "ever be trained",
        ),
        (
            "arms:\n  a: {label: {name: other}}",
            "grid:2: arms.a.label: is the same for every arm; a policy is about baselines, "
            "candidates, costs, gate, retrain, watch, windows",
        ),
        (
            "arms: {never: {}}",
            "grid:1: arms.never: is a reference that every backtest has: give the arm another name",
        ),
        (
            "arms: {as shipped: {retrain: {budget: 4}}}",
            "grid:1: arms.as shipped: is pipeline.yaml itself: leave it {}",
        ),
        ("axes: {cadences: {}}", "grid:1: axes.cadences: an axis needs a value"),
        (
            "axes: {x: {a: {}}}\narms: {a: {}}",
            "grid:2: arms.a: is a combination of axes already",
        ),
        (
            "axes:\n  x: {a: {retrain: {budget: 4}}}\n  y: {b: {retrain: {budget: 5}}}",
            "grid:3: axes.y.b.retrain.budget: 5 here and 4 under axes.x.a",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(told: Told, text: str, problem: str) -> None:
    """Each mistake with its line and key."""
    assert told.wrong(text) == [problem]


def test_a_problem_of_what_was_not_overridden_is_told_in_its_file(
    told: Told, tmp_path: Path
) -> None:
    """The grid asks for what pipeline.yaml's own number forbids: the line is the grid's."""
    found = told.wrong("arms:\n  a: {gate: {metric: roc_auc, mode: superiority}}")
    assert found[0].startswith("grid:2: arms.a.gate: mode superiority needs a metric that")


def test_too_many_arms_are_refused(told: Told) -> None:
    """More than 64 arms are no backtest of minutes; the message counts each axis."""
    values = ", ".join(f"v{n}: {{retrain: {{budget: {n}}}}}" for n in range(1, 10))
    slower = ", ".join(f"w{n}: {{watch: {{window_days: {n}}}}}" for n in range(1, 9))
    (found,) = told.wrong(f"axes:\n  x: {{{values}}}\n  y: {{{slower}}}")
    assert found.startswith(
        f"grid:1: axes: 72 arms (9 x x 8 y, and 0 one by one): at most {MOST_ARMS}"
    )


def test_a_file_that_is_not_there(told: Told) -> None:
    """Said as of any configuration."""
    with pytest.raises(ConfigError, match="no such file"):
        read(told.path, told.definition)
