"""Shapley values of trees: exact, and of the inputs themselves, whatever they are encoded as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

_MOST_NODES = 2_000_000
_TOGETHER = 20_000  # nodes: bounds the memory that the walk through them takes
_WORD = 64  # bits


class TooDear(Exception):  # noqa: N818 - it is a finding, and told as one
    """Trees that are not explained, and why."""


@dataclass(frozen=True)
class Tree:
    """One tree: by node its children, where a null goes, what it asks, and its answer.

    A row goes left where its value in column `feature` is at most `threshold`, or, where `left_of`
    is not None, where the value is one of those categories. Leaves have `left` -1.
    """

    left: Ints
    right: Ints
    null: Ints
    feature: Ints
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


def contributions(
    trees: Sequence[Tree],
    rows: Floats,
    background: Floats,
    owners: npt.NDArray[np.intp],
    inputs: int,
) -> Floats:
    """What each input adds to the sum of the trees, against the background: (n, inputs).

    `owners` are the inputs that the columns of `rows` (n, columns) stem from; `background` is
    (m, columns). A row whose inputs are partly its own and partly a background row's can end in
    a leaf when no input of the path there is turned away in both. If `a` inputs lead there by
    the row's own values alone and `b` by the background's alone, the leaf's answer counts
    (a - 1)! b! / (a + b)! for each of the first and -a! (b - 1)! / (a + b)! for each of the second:
    interventional TreeSHAP (Lundberg et al., Nature Machine Intelligence 2, 2020, algorithm 3).
    Raises `TooDear` for very large trees.
    """
    nodes = sum(len(each.left) for each in trees)
    if nodes > _MOST_NODES:
        raise TooDear(f"{nodes:,} nodes in {len(trees)} trees are too many to explain")
    found = np.zeros((len(rows), inputs))
    for part in _parts(trees):
        grove = _grove(part, owners)
        theirs = grove.goes_left(background)
        for number, own in enumerate(grove.goes_left(rows)):
            found[number] += grove.added(own, theirs, inputs)
    return found


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


def _parts(trees: Sequence[Tree]) -> Iterator[Sequence[Tree]]:
    """The trees, as many at a time as are walked through together."""
    ends = np.cumsum([len(each.left) for each in trees]) // _TOGETHER
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(trees)]
    return (trees[first:last] for first, last in pairwise(cuts) if first < last)


@dataclass(frozen=True)
class _Grove:
    """Trees side by side: their nodes counted through, and the input of each node as one bit."""

    tree: Tree
    roots: Ints
    bits: Words

    def goes_left(self, rows: Floats) -> Bools:
        """Which way each row (n, columns) goes at each node: (n, nodes)."""
        tree = self.tree
        asked = rows[:, np.maximum(tree.feature, 0)]
        left = asked <= tree.threshold
        for node, text in tree.left_of.items():
            inside = np.unpackbits(np.frombuffer(text, np.uint8), bitorder="little")
            left[:, node] = inside[np.nan_to_num(asked[:, node]).astype(np.intp)]
        return np.where(np.isnan(asked), tree.null == tree.left, left)

    def added(self, own: Bools, theirs: Bools, inputs: int) -> Floats:
        """What each input adds for a row that goes its own way (nodes,), theirs is (m, nodes)."""
        found = np.zeros(inputs)
        walk = _Walk.begun(self, len(theirs))
        while len(walk.node):
            walk, ended = walk.step(self, own, theirs)
            found += ended.added(self.tree.value, inputs)
        return found / len(theirs)


@dataclass(frozen=True)
class _Walk:
    """Places that are reached: with which row of the background, at which node.

    `own` are the inputs, a bit each, whose own value turns off the way there, `theirs` those whose
    value in the background row does; no input is both: (places, words).
    """

    whose: Ints
    node: Ints
    own: Words
    theirs: Words

    @classmethod
    def begun(cls, grove: _Grove, rows: int) -> "_Walk":
        whose = np.repeat(np.arange(rows, dtype=np.int32), len(grove.roots))
        none = np.zeros((len(whose), grove.bits.shape[1]), dtype=np.uint64)
        return cls(whose, np.tile(grove.roots, rows), none, none)

    def step(self, grove: _Grove, own: Bools, theirs: Bools) -> tuple["_Walk", "_Walk"]:
        """Everywhere that can be reached next, and the leaves that have been reached."""
        leaf = grove.tree.left[self.node] < 0
        on = self._only(~leaf)
        bit, mine, other = grove.bits[on.node], own[on.node], theirs[on.whose, on.node]
        ways = []
        for children, is_left in ((grove.tree.left, True), (grove.tree.right, False)):
            not_own = on.own | np.where(mine == is_left, 0, bit.T).T.astype(np.uint64)
            not_theirs = on.theirs | np.where(other == is_left, 0, bit.T).T.astype(np.uint64)
            way = _Walk(on.whose, children[on.node], not_own, not_theirs)
            ways.append(way._only((not_own & not_theirs == 0).all(axis=1)))
        joined = (np.concatenate(each) for each in zip(*map(_columns, ways), strict=True))
        return _Walk(*joined), self._only(leaf)

    def added(self, values: Floats, inputs: int) -> Floats:
        """What each input adds by the leaves that were reached, summed over the background."""
        a, b = (np.bitwise_count(each).sum(axis=1) for each in (self.theirs, self.own))
        weights = _weights(int(max(a.max(initial=0), b.max(initial=0))))
        value = values[self.node]
        gain = _summed(self.theirs, value * weights[a, b], inputs)
        return gain - _summed(self.own, value * weights[b, a], inputs)

    def _only(self, chosen: Bools) -> "_Walk":
        return _Walk(*(each[chosen] for each in _columns(self)))


def _columns(walk: _Walk) -> tuple[Any, ...]:
    return walk.whose, walk.node, walk.own, walk.theirs


def _summed(words: Words, each: Floats, inputs: int) -> Floats:
    """The sum of what is counted for each bit that is set: (places, words) to (inputs,)."""
    place, number = np.nonzero(np.unpackbits(words.view(np.uint8), axis=1, bitorder="little"))
    return np.bincount(number, each[place], inputs).astype(np.float64)


@cache
def _weights(most: int) -> Floats:
    """(a - 1)! b! / (a + b)! by a and b, 0 where a is."""
    return np.array(
        [[1 / (a * comb(a + b, a)) if a else 0.0 for b in range(most + 1)] for a in range(most + 1)]
    )


def _grove(trees: Sequence[Tree], owners: npt.NDArray[np.intp]) -> _Grove:
    sizes = [len(each.left) for each in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    shift = np.repeat(roots, sizes)

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(each, name) for each in trees])

    def moved(name: str) -> Ints:
        children = joined(name)
        return np.where(children < 0, children, children + shift).astype(np.int32)

    left_of = {
        int(root) + node: text
        for root, each in zip(roots, trees, strict=True)
        for node, text in each.left_of.items()
    }
    tree = Tree(
        left=moved("left"),
        right=moved("right"),
        null=moved("null"),
        feature=joined("feature"),
        threshold=joined("threshold"),
        value=joined("value"),
        left_of=left_of,
    )
    return _Grove(tree, roots.astype(np.int32), _bits(owners[np.maximum(tree.feature, 0)]))


def _bits(inputs: npt.NDArray[np.intp]) -> Words:
    """Each input as a bit of its own: (n,) to (n, words)."""
    words = np.zeros((len(inputs), int(inputs.max(initial=0)) // _WORD + 1), dtype=np.uint64)
    words[np.arange(len(inputs)), inputs // _WORD] = np.uint64(1) << (inputs % _WORD).astype("u8")
    return words
