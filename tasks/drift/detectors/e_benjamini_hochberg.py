"""Which of many streams have changed, after Wang and Ramdas."""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def e_benjamini_hochberg(
    evidence: Mapping[K, float], weights: Mapping[K, float], alpha: float
) -> frozenset[K]:
    """The streams whose evidence is enough, given how many others have as much.

    The largest set of k streams in which weight times evidence is at least 1 / (alpha k) each.
    The weighted mean of all evidence is then at least 1 / alpha. A weighted mean of e-detectors is
    an e-detector: where every stream's evidence is one, as `e_cusum`, and alpha is 1 / N, the
    first alarm of any stream comes, on average, after at least N days without a change, whatever
    the number of streams and however they depend on each other.

    Parameters
    ----------
    evidence
        Of each stream, 0 or more. nan, where it is undefined, is in no set and keeps its weight.
    weights
        At least of each stream that has evidence: 0 or more, known before the day, and over the
        streams with evidence at most 1 in all. 1 / streams is the method without weights.
    alpha
        In (0, 1]: 1 / N for one false alarm in N days.

    Returns
    -------
    The streams, none where none has enough.

    Raises
    ------
    ValueError
        Where a stream has no weight, one is negative or nan, or all together are above 1; and where
        alpha is outside (0, 1].

    Examples
    --------
    Two streams that agree need half of what one alone would need.

    >>> weights = {"a": 1 / 4, "b": 1 / 4, "c": 1 / 2}
    >>> sorted(e_benjamini_hochberg({"a": 210, "b": 250, "c": 1}, weights, alpha=0.01))
    ['a', 'b']
    >>> sorted(e_benjamini_hochberg({"a": 210, "b": 1, "c": 1}, weights, alpha=0.01))
    []

    References
    ----------
    Wang and Ramdas, False discovery rate control with e-values, Journal of the Royal Statistical
    Society B 84 (2022).
    Dandapanthula and Ramdas, Multiple testing in multi-stream sequential change detection,
    arXiv:2501.04130 (2025).
    """
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha is {alpha}, outside (0, 1]")
    _require_weights(evidence, weights)
    worth = {key: weights[key] * found for key, found in evidence.items() if not math.isnan(found)}
    ranked = sorted(worth, key=worth.__getitem__, reverse=True)
    enough = [k for k, key in enumerate(ranked, 1) if k * worth[key] >= (1 - 1e-12) / alpha]
    return frozenset(ranked[: max(enough, default=0)])


def _require_weights(evidence: Mapping[K, float], weights: Mapping[K, float]) -> None:
    without = [str(key) for key in evidence if key not in weights]
    if without:
        raise ValueError(f"{len(without)} streams without a weight: {', '.join(without[:5])}")
    wrong = [str(key) for key in evidence if not weights[key] >= 0]
    if wrong:
        raise ValueError(f"{len(wrong)} weights are no number from 0 on: {', '.join(wrong[:5])}")
    total = sum(weights[key] for key in evidence)
    if total > 1 + 1e-9:
        raise ValueError(f"the weights of {len(evidence)} streams are {total:g} in all, above 1")
