"""The ledger's tables, in SQL that SQLite and PostgreSQL both speak.

Instants are ISO 8601 text in UTC with microseconds, days are ISO dates, structures are
canonical JSON: one spelling each, so that text order is time order and a hash over a row is
the same in every database. An undefined number is NULL and reads back as nan. Leases alone are
seconds of the database's own clock: they are compared with nothing else.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _name(name: str, *, primary: bool = False) -> Column[str]:
    return Column(name, String(255), nullable=False, primary_key=primary)


def _whole(name: str, *, primary: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=False, primary_key=primary, autoincrement=False)


def _real(name: str) -> Column[float]:
    return Column(name, Double)


DECISIONS = Table(
    "decisions",
    METADATA,
    _name("pipeline", primary=True),
    _whole("sequence", primary=True),
    _name("kind"),
    _name("as_of"),
    _name("recorded_at"),
    _name("key"),
    _whole("version"),
    Column("champion", Integer),
    _text("reason"),
    _text("evidence"),
    _name("version_digest"),
    _name("previous_hash"),
    _name("hash"),
    UniqueConstraint("pipeline", "key"),
)

HEADS = Table(
    "heads",
    METADATA,
    _name("pipeline", primary=True),
    _whole("sequence"),
    _name("hash"),
)

VERSIONS = Table(
    "versions",
    METADATA,
    _name("pipeline", primary=True),
    _whole("number", primary=True),
    _name("run_id"),
    _text("uri"),
    _text("manifest"),
    _name("candidate"),
    _name("trained_through"),
    _real("reference"),
    _real("reference_low"),
    _real("reference_high"),
)

ADMISSIONS = Table(
    "admissions",
    METADATA,
    Column("id", Integer, primary_key=True),
    _name("pipeline"),
    _name("as_of"),
    _name("config_hash"),
    _name("table_name"),
    _name("partition"),
    _text("path"),
    _name("arrived_at"),
    _name("sha256"),
    _whole("size_bytes"),
    _name("outcome"),
    _whole("rows"),
    _whole("held"),
    _name("code"),
    _text("message"),
    _text("warnings"),
    Column("table_version", Integer),
    _text("docs"),
    UniqueConstraint("pipeline", "table_name", "partition", "sha256", "config_hash"),
)

INTENTS = Table(
    "intents",
    METADATA,
    _name("pipeline", primary=True),
    _name("cause", primary=True),
    _name("as_of"),
    _text("evidence"),
    _name("state"),
    _text("outcome"),
    _name("claimed_by"),
)

PERFORMANCES = Table(
    "performances",
    METADATA,
    _name("pipeline", primary=True),
    _name("as_of", primary=True),
    Column("version", Integer),
    _name("first_day"),
    _name("last_day"),
    _whole("labels"),
    _name("metric"),
    _real("measured"),
    _real("measured_low"),
    _real("measured_high"),
    _real("reference"),
    Column("dropped", Boolean, nullable=False),
    _text("reason"),
)

BETS = Table(
    "bets",
    METADATA,
    _name("pipeline", primary=True),
    _whole("reign", primary=True),
    _name("day", primary=True),
    _whole("challenger"),
    _whole("rows"),
    _real("lead"),
    _real("scale"),
    _name("as_of"),
)

PROBATIONS = Table(
    "probations",
    METADATA,
    _name("pipeline", primary=True),
    _whole("sequence", primary=True),
    _whole("version"),
    _whole("replaced"),
    _name("as_of"),
    _name("first_day"),
    _name("last_day"),
    _whole("rows"),
    _real("promised"),
    _real("promised_low"),
    _real("promised_high"),
    _real("delivered"),
    _real("delivered_low"),
    _real("delivered_high"),
    _name("ending"),
    _text("reason"),
)

NOTICES = Table(
    "notices",
    METADATA,
    _name("pipeline", primary=True),
    _name("what", primary=True),
    _name("as_of"),
)

GOLDENS = Table(
    "goldens",
    METADATA,
    _name("pipeline", primary=True),
    _whole("number", primary=True),
    _name("content"),
    _text("columns"),
    _whole("rows"),
    _name("first_day"),
    _name("last_day"),
    _text("by_whom"),
    _text("reason"),
    _name("as_of"),
    _name("recorded_at"),
    _name("previous_digest"),
    _name("digest"),
)

SELFTESTS = Table(
    "selftests",
    METADATA,
    _name("pipeline", primary=True),
    _whole("number", primary=True),
    _name("as_of"),
    _name("code_version"),
    _text("cases"),
)

LEASES = Table(
    "leases",
    METADATA,
    _name("pipeline", primary=True),
    _name("name", primary=True),
    _text("holder"),
    _name("token"),
    Column("until", Double, nullable=False),
)

READINGS = Table(
    "readings",
    METADATA,
    _name("pipeline", primary=True),
    _name("as_of", primary=True),
    _name("clock", primary=True),
    _name("metric", primary=True),
    Column("version", Integer),
    _name("first_day"),
    _name("last_day"),
    _whole("rows"),
    _whole("labels"),
    _real("measured"),
    _real("measured_low"),
    _real("measured_high"),
    _real("baseline"),
    _name("method"),
    _text("reason"),
    _real("truth"),
    _name("scored_at"),
)

EVALUATIONS = Table(
    "evaluations",
    METADATA,
    _name("pipeline", primary=True),
    _name("as_of", primary=True),
    Column("wanted", Boolean, nullable=False),
    _name("why"),
    _text("reason"),
    _text("cause"),
    _name("route"),
    _text("evidence"),
)
