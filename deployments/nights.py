"""Challengers of many nights, under rules that ask to be shown that they are better."""

from deployments.season import Came, Season, judged
from infra.canary.world import World

_NEEDED = 12
_APART = 5
TURNED = World(bent=0.6)


def first_champion(season: Season) -> Came:
    """An honest first model serves."""
    season.live(_NEEDED, World())
    return judged(season.retrained())


def equally_good(season: Season) -> Came:
    """Three attempts over ten nights that learn the same as the champion; the first promoted."""
    season.live(_APART, World())
    came = judged(season.retrained())
    for _ in range(2):
        if came.refused:
            season.live(_APART, World())
            came = judged(season.retrained())
    return came


def clearly_better(season: Season) -> Came:
    """The world turns; who has learned from it meets the champion until that is shown."""
    came = Came(True, (), "nobody tried")
    for _ in range(3):
        if came.refused:
            season.live(_NEEDED, TURNED)
            came = judged(season.retrained())
    return came
