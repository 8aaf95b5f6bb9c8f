"""Parts of the rows in which something is high, told in words that can be read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeRegressor

from tasks.evaluation.metrics import Floats

_DEPTH = 3  # conditions a region may have: more cannot be read
_FOLDS = 5
_TOLD = 6  # members of a set that are named
_MISSING = "missing"
_LARGEST = float(np.finfo(np.float32).max)  # a tree computes in single precision

Rows = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Span:
    """Numbers above `low` and up to `high`, and whether rows without a number belong to them."""

    low: float = -np.inf
    high: float = np.inf
    missing: bool = True
    decimals: int = 0

    def holds(self, values: Floats) -> Rows:
        inside = (values > self.low) & (values <= self.high)
        return np.where(np.isnan(values), self.missing, inside).astype(bool)

    def told(self, name: str) -> str:
        low, high = (f"{each:,.{self.decimals}f}" for each in (self.low, self.high))
        if np.isfinite(self.low) and np.isfinite(self.high):
            words = f"{low} < {name} <= {high}"
        elif np.isfinite(self.low):
            words = f"{name} > {low}"
        elif np.isfinite(self.high):
            words = f"{name} <= {high}"
        else:
            return f"{name} is {'missing' if self.missing else 'not missing'}"
        return f"({words} or missing)" if self.missing else words


@dataclass(frozen=True)
class Members:
    """Categories that belong, or, unless `inside`, those that do not."""

    names: frozenset[str]
    inside: bool

    def holds(self, values: Texts) -> Rows:
        return np.isin(values, sorted(self.names), invert=not self.inside)

    def told(self, name: str) -> str:
        names = sorted(self.names)
        if len(names) == 1:
            return f"{name} is {'' if self.inside else 'not '}{names[0]}"
        more = [f"{len(names) - _TOLD} more"] if len(names) > _TOLD else []
        return f"{name} {'' if self.inside else 'not '}in {{{', '.join(names[:_TOLD] + more)}}}"


@dataclass(frozen=True)
class Region:
    """Rows that meet a condition in each of some columns."""

    conditions: Mapping[str, Span | Members] = field(default_factory=dict)

    def holds(self, rows: pd.DataFrame) -> Rows:
        """Which of the rows lie in the region."""
        inside = np.ones(len(rows), dtype=bool)
        for name, condition in self.conditions.items():
            if isinstance(condition, Span):
                inside &= condition.holds(_numbers(rows[name]))
            else:
                inside &= condition.holds(_texts(rows[name]))
        return inside

    @property
    def told(self) -> str:
        """The conditions in words: `distance_miles > 1,200 and carrier in {AA, UA}`."""
        return " and ".join(each.told(name) for name, each in self.conditions.items())


def regions(rows: pd.DataFrame, values: Floats, least: int) -> tuple[Region, ...]:
    """Parts of the rows (n,) in which `values` (n,) differ most from elsewhere, none overlapping.

    The leaves of a regression tree (Breiman, Friedman, Olshen and Stone 1984; for finding where a
    model fails Chung, Kraska, Polyzotis, Tae and Whang, ICDE 2019) of at least `least` rows each.
    Categories are ordered by their shrunken mean (Micci-Barreca 2001), thresholds rounded to what
    can be read. Empty where there is nothing to divide by. What was found is no evidence yet.
    """
    columns = [
        column
        for column in (_column(str(name), rows[name], values) for name in rows)
        if len(column.order or np.unique(column.encoded)) > 1
    ]
    if not columns or not np.ptp(values):
        return ()
    tree = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=least, random_state=0)
    tree.fit(np.column_stack([column.encoded for column in columns]), values)
    return tuple(_leaves(tree.tree_, columns, 0, Region())) if tree.get_depth() else ()


@dataclass(frozen=True)
class _Column:
    """A column as a tree can divide it; `order` places categories, and is empty for numbers."""

    name: str
    encoded: Floats
    order: Mapping[str, float]

    def sides(self, threshold: float, missing_left: bool) -> tuple["Span | Members", ...]:
        """The conditions of the rows up to an encoded threshold, and of those above it."""
        if self.order:
            names = {name for name, place in self.order.items() if place <= threshold}
            others = frozenset(self.order) - names
            few, first = (frozenset(names), True) if len(names) <= len(others) else (others, False)
            return Members(few, inside=first), Members(few, inside=not first)
        gaps = bool(np.isnan(self.encoded).any())
        if np.isinf(threshold):
            return Span(missing=False), Span(low=np.inf, missing=True)
        decimals = -int(np.floor(np.log10(np.nanstd(self.encoded) / 10)))
        at = float(np.round(threshold, decimals))
        decimals = max(0, decimals)
        return (
            Span(high=at, missing=gaps and missing_left, decimals=decimals),
            Span(low=at, missing=gaps and not missing_left, decimals=decimals),
        )


def _column(name: str, column: "pd.Series[Any]", values: Floats) -> _Column:
    if _is_numeric(column):
        return _Column(name, _numbers(column), {})
    folds = KFold(_FOLDS, shuffle=True, random_state=0)  # else rare categories look like findings
    encoder, texts = TargetEncoder(target_type="continuous", cv=folds), _texts(column)[:, None]
    encoded = encoder.fit_transform(texts, values)[:, 0]
    order = dict(zip(encoder.categories_[0], encoder.encodings_[0].tolist(), strict=True))
    return _Column(name, encoded, order)


def _is_numeric(column: "pd.Series[Any]") -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)


def _numbers(column: "pd.Series[Any]") -> Floats:
    """Numbers that a tree can compute with, nan where there is none."""
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.abs(numbers) <= _LARGEST, numbers, np.nan)


def _texts(column: "pd.Series[Any]") -> Texts:
    return column.astype(object).where(column.notna(), _MISSING).to_numpy().astype(str)


def _leaves(tree: Any, columns: list[_Column], node: int, region: Region) -> Iterator[Region]:
    """The regions of a fitted tree's leaves below a node, from left to right."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:  # a leaf has neither
        yield region
        return
    column = columns[tree.feature[node]]
    sides = column.sides(tree.threshold[node], bool(tree.missing_go_to_left[node]))
    for child, condition in zip((left, right), sides, strict=True):
        yield from _leaves(tree, columns, child, _within(region, column.name, condition))


def _within(region: Region, name: str, condition: Span | Members) -> Region:
    if condition == Members(frozenset(), inside=False):  # all of them on one side
        return region
    old = region.conditions.get(name)
    if old is not None:
        condition = _both(old, condition)
    return Region({**region.conditions, name: condition})


def _both(one: Span | Members, other: Span | Members) -> Span | Members:
    """What meets two conditions of the same column."""
    if isinstance(one, Span) and isinstance(other, Span):
        low, high = max(one.low, other.low), min(one.high, other.high)
        return replace(other, low=low, high=high, missing=one.missing and other.missing)
    assert isinstance(one, Members) and isinstance(other, Members)
    if one.inside and other.inside:
        return Members(one.names & other.names, inside=True)
    if one.inside or other.inside:
        inner, outer = (one, other) if one.inside else (other, one)
        return Members(inner.names - outer.names, inside=True)
    return Members(one.names | other.names, inside=False)
