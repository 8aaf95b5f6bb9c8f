"""Shapley values of trees by shap, which is given the trees in a form that it reads exactly.

shap takes more than a second to import, so it is imported when trees are explained.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MOST_NODES = 30_000  # of a tree: shap counts in 16 bits
_MOST_IN_ALL = 2_000_000


class TooDear(Exception):  # noqa: N818 - it is a finding, and told as one
    """Trees that are not explained, and why."""


@dataclass(frozen=True)
class Tree:
    """One tree: by node its children, where a null goes, what it asks, and its answer.

    A row goes left where its value in column `feature` is at most `threshold`, or, where `left_of`
    is not None, where the value is one of those categories. Leaves have `left` -1.
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    null: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Floats
    value: Floats
    left_of: dict[int, bytes]


def forest(estimator: Any) -> list[Tree]:
    """The trees of a fitted forest, or the one of a tree; their values add up to P(1)."""
    members = getattr(estimator, "estimators_", [estimator])
    return [_grown(each.tree_, len(members)) for each in members]


def boosted(estimator: Any) -> list[Tree]:
    """The trees of fitted histogram gradient boosting, which add up to log-odds with its base."""
    return [_predictor(each) for stage in estimator._predictors for each in stage]


def contributions(trees: list[Tree], rows: Floats, background: Floats) -> Floats:
    """What each column adds to the sum of the trees, against the background: (n, columns).

    shap holds thresholds in single precision and takes splits by category for thresholds: a
    value next to one would go the wrong way. So a value is replaced by how many thresholds lie
    below it, and a set of categories by a column of its own, 0 inside and 1 outside. Raises
    `TooDear` without shap, and for very large trees.
    """
    nodes = [len(each.left) for each in trees]
    if max(nodes) > _MOST_NODES or sum(nodes) > _MOST_IN_ALL:
        raise TooDear(f"{sum(nodes):,} nodes in {len(trees)} trees are too many to explain")
    questions = _Questions(trees, rows.shape[1])
    explainer = _shap().TreeExplainer(
        {"trees": [_described(each, questions) for each in trees]},
        questions.answered(background),
        feature_perturbation="interventional",
    )
    found = explainer.shap_values(questions.answered(rows), check_additivity=False)
    return np.asarray(found @ (questions.owners[:, None] == np.arange(rows.shape[1])))


def _shap() -> Any:
    try:
        import shap  # noqa: PLC0415 - more than a second
    except ImportError as error:
        raise TooDear(
            f"trees are explained by shap, which cannot be imported ({error}); on Macs with an "
            "Intel processor there is none: explain on another machine"
        ) from error
    return shap


def _grown(tree: Any, members: int) -> Tree:
    left, right = tree.children_left.astype(np.int32), tree.children_right.astype(np.int32)
    counts = tree.value[:, 0, :]
    return Tree(
        left=left,
        right=right,
        null=np.where(tree.missing_go_to_left == 1, left, right),
        feature=tree.feature.astype(np.int32),
        threshold=tree.threshold,
        value=counts[:, 1] / counts.sum(axis=1) / members,
        left_of={},
    )


def _predictor(predictor: Any) -> Tree:
    nodes = predictor.nodes
    inner = nodes["is_leaf"] == 0
    left = np.where(inner, nodes["left"], -1).astype(np.int32)
    right = np.where(inner, nodes["right"], -1).astype(np.int32)
    chosen = np.flatnonzero(inner & (nodes["is_categorical"] == 1))
    bits = predictor.raw_left_cat_bitsets
    return Tree(
        left=left,
        right=right,
        null=np.where(nodes["missing_go_to_left"] == 1, left, right),
        feature=np.where(inner, nodes["feature_idx"], -2).astype(np.int32),
        threshold=nodes["num_threshold"].astype(np.float64),
        value=nodes["value"].astype(np.float64),
        left_of={int(node): bits[nodes["bitset_idx"][node]].tobytes() for node in chosen},
    )


class _Questions:
    """What the trees ask of the columns: thresholds by column, and sets of categories."""

    def __init__(self, trees: list[Tree], columns: int) -> None:
        asked: list[list[float]] = [[] for _ in range(columns)]
        for feature, threshold in _thresholds(trees):
            asked[feature].append(threshold)
        self.thresholds = [np.unique(each) for each in asked]
        sets = {(int(t.feature[n]), text) for t in trees for n, text in t.left_of.items()}
        self.sets = {each: columns + number for number, each in enumerate(sorted(sets))}
        self.owners = np.array([*range(columns), *(feature for feature, _ in self.sets)])

    def answered(self, rows: Floats) -> Floats:
        """The rows as shap takes them; nulls stay nan."""
        columns = [
            np.searchsorted(thresholds, rows[:, number])
            for number, thresholds in enumerate(self.thresholds)
        ]
        for feature, text in self.sets:
            inside = np.unpackbits(np.frombuffer(text, np.uint8), bitorder="little")
            codes = np.nan_to_num(rows[:, feature]).astype(np.intp)
            columns.append((1 - inside[codes]).astype(np.intp))
        return np.where(np.isnan(rows[:, self.owners]), np.nan, np.column_stack(columns))


def _thresholds(trees: list[Tree]) -> Iterator[tuple[int, float]]:
    for tree in trees:
        for node in np.flatnonzero(tree.left >= 0):
            if int(node) not in tree.left_of:
                yield int(tree.feature[node]), float(tree.threshold[node])


def _described(tree: Tree, questions: _Questions) -> dict[str, npt.NDArray[Any]]:
    """A tree as shap takes it, its questions put to the answered rows."""
    features, thresholds = tree.feature.copy(), np.zeros(len(tree.left))
    for node in np.flatnonzero(tree.left >= 0):
        feature, text = int(tree.feature[node]), tree.left_of.get(int(node))
        if text is None:
            below = np.searchsorted(questions.thresholds[feature], tree.threshold[node])
            thresholds[node] = below
        else:
            features[node], thresholds[node] = questions.sets[feature, text], 0.5
    return {
        "children_left": tree.left,
        "children_right": tree.right,
        "children_default": tree.null,
        "features": features,
        "thresholds": thresholds,
        "values": tree.value.reshape(-1, 1),
        "node_sample_weight": np.ones(len(tree.left)),  # of no use beside a background
    }
