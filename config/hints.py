"""The end of a message about a name that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches


def hint(name: object, known: Iterable[object]) -> str:
    """`; did you mean 'nearest'?`, else all known names, else nothing.

    >>> hint("bugdet", ["budget", "seed"])
    "; did you mean 'budget'?"
    >>> hint("xyz", ["budget", "seed"])
    '; known: budget, seed'
    """
    names = [str(each) for each in known]
    for match in get_close_matches(str(name), names, n=1):
        return f"; did you mean {match!r}?"
    return f"; known: {', '.join(names)}" if names else ""
