"""What is said of how an answer came about: contributions of its inputs, or why there are none."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Scale(StrEnum):
    """What contributions are counted in."""

    LOG_ODDS = "log-odds"
    PROBABILITY = "probability"

    def probability(self, answer: npt.ArrayLike) -> Floats:
        """Answers on this scale as probabilities."""
        given = np.asarray(answer, dtype=np.float64)
        return given if self is Scale.PROBABILITY else 1 / (1 + np.exp(-given))


@dataclass(frozen=True)
class Attribution:
    """Contributions (n, columns) that add up, with `base`, to the model's answers on `scale`."""

    scale: Scale
    base: float
    columns: tuple[str, ...]
    contributions: Floats

    @property
    def answers(self) -> Floats:
        """The probabilities that base and contributions add up to: (n,)."""
        return self.scale.probability(self.base + self.contributions.sum(axis=1))


@dataclass(frozen=True)
class NotCheap:
    """Why a model's answers are not attributed to its inputs."""

    reason: str
