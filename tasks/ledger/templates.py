"""Pages from templates: every value is escaped, and a name that is missing is an error."""

import math
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.records import Interval

UNKNOWN = "not known"


def rendered(template: str, **values: object) -> str:
    """The template beside this file, filled in."""
    return _environment().get_template(template).render(**values)


def number(value: float | None, digits: int = 4) -> str:
    """A number as people read it; one that is undefined is not known."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def signed(value: float, digits: int = 4) -> str:
    """A difference, with its sign."""
    return UNKNOWN if not math.isfinite(value) else f"{value:+,.{digits}f}"


def reach(found: Interval, digits: int = 4) -> str:
    """The limits of an interval; without limits it says so."""
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return "no interval"
    return f"{found.low:.{digits}f} to {found.high:.{digits}f}"


def signed_reach(found: Interval, digits: int = 4) -> str:
    """The limits of a difference, with their signs."""
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return "no interval"
    return f"{found.low:+.{digits}f} to {found.high:+.{digits}f}"


def percent(share: float, digits: int = 1) -> str:
    """A share of all, in percent."""
    return UNKNOWN if not math.isfinite(share) else f"{share * 100:.{digits}f} %"


def moment(instant: datetime) -> str:
    """To the minute."""
    return f"{instant:%Y-%m-%d %H:%M}"


def safe_href(href: str) -> str:
    """Where a link may lead: to a page, never to code."""
    scheme = href.split(":", 1)[0].lower() if ":" in href.split("/", 1)[0] else ""
    return href if scheme in ("", "http", "https", "file") else "#"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (number, signed, reach, signed_reach, percent, moment, safe_href)
    environment.filters.update({each.__name__: each for each in filters})
    return environment
