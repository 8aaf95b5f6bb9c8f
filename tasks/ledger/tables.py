"""The ledger's tables, in SQL that SQLite and PostgreSQL both speak.

Instants are ISO 8601 text in UTC with microseconds, days are ISO dates, structures are
canonical JSON: one spelling each, so that text order is time order and a hash over a row is
the same in every database. An undefined number is NULL and reads back as nan. Leases alone are
seconds of the database's own clock: they are compared with nothing else.
"""

from sqlalchemy import Boolean, Column, Double, Integer, Table, UniqueConstraint

from tasks.ledger.columns import METADATA, name, real, text, whole

DECISIONS = Table(
    "decisions",
    METADATA,
    name("pipeline", primary=True),
    whole("sequence", primary=True),
    name("kind"),
    name("as_of"),
    name("recorded_at"),
    name("key"),
    whole("version"),
    Column("champion", Integer),
    text("reason"),
    text("evidence"),
    name("version_digest"),
    name("previous_hash"),
    name("hash"),
    UniqueConstraint("pipeline", "key"),
)

HEADS = Table(
    "heads",
    METADATA,
    name("pipeline", primary=True),
    whole("sequence"),
    name("hash"),
)

VERSIONS = Table(
    "versions",
    METADATA,
    name("pipeline", primary=True),
    whole("number", primary=True),
    name("run_id"),
    text("uri"),
    text("manifest"),
    name("candidate"),
    name("trained_through"),
    real("reference"),
    real("reference_low"),
    real("reference_high"),
)

ADMISSIONS = Table(
    "admissions",
    METADATA,
    Column("id", Integer, primary_key=True),
    name("pipeline"),
    name("as_of"),
    name("config_hash"),
    name("table_name"),
    name("partition"),
    text("path"),
    name("arrived_at"),
    name("sha256"),
    whole("size_bytes"),
    name("outcome"),
    whole("rows"),
    whole("held"),
    name("code"),
    text("message"),
    text("warnings"),
    Column("table_version", Integer),
    text("docs"),
    UniqueConstraint("pipeline", "table_name", "partition", "sha256", "config_hash"),
)

INTENTS = Table(
    "intents",
    METADATA,
    name("pipeline", primary=True),
    name("cause", primary=True),
    name("as_of"),
    text("evidence"),
    name("state"),
    text("outcome"),
    name("claimed_by"),
)

PERFORMANCES = Table(
    "performances",
    METADATA,
    name("pipeline", primary=True),
    name("as_of", primary=True),
    Column("version", Integer),
    name("first_day"),
    name("last_day"),
    whole("labels"),
    name("metric"),
    real("measured"),
    real("measured_low"),
    real("measured_high"),
    real("reference"),
    Column("dropped", Boolean, nullable=False),
    text("reason"),
)

BETS = Table(
    "bets",
    METADATA,
    name("pipeline", primary=True),
    whole("reign", primary=True),
    name("day", primary=True),
    whole("challenger"),
    whole("rows"),
    real("lead"),
    real("scale"),
    name("as_of"),
)

PROBATIONS = Table(
    "probations",
    METADATA,
    name("pipeline", primary=True),
    whole("sequence", primary=True),
    whole("version"),
    whole("replaced"),
    name("as_of"),
    name("first_day"),
    name("last_day"),
    whole("rows"),
    real("promised"),
    real("promised_low"),
    real("promised_high"),
    real("delivered"),
    real("delivered_low"),
    real("delivered_high"),
    name("ending"),
    text("reason"),
)

NOTICES = Table(
    "notices",
    METADATA,
    name("pipeline", primary=True),
    name("what", primary=True),
    name("as_of"),
)

GOLDENS = Table(
    "goldens",
    METADATA,
    name("pipeline", primary=True),
    whole("number", primary=True),
    name("content"),
    text("columns"),
    whole("rows"),
    name("first_day"),
    name("last_day"),
    text("by_whom"),
    text("reason"),
    name("as_of"),
    name("recorded_at"),
    name("previous_digest"),
    name("digest"),
)

SELFTESTS = Table(
    "selftests",
    METADATA,
    name("pipeline", primary=True),
    whole("number", primary=True),
    name("as_of"),
    name("code_version"),
    text("cases"),
)

LEASES = Table(
    "leases",
    METADATA,
    name("pipeline", primary=True),
    name("name", primary=True),
    text("holder"),
    name("token"),
    Column("until", Double, nullable=False),
)

READINGS = Table(
    "readings",
    METADATA,
    name("pipeline", primary=True),
    name("as_of", primary=True),
    name("clock", primary=True),
    name("metric", primary=True),
    Column("version", Integer),
    name("first_day"),
    name("last_day"),
    whole("rows"),
    whole("labels"),
    real("measured"),
    real("measured_low"),
    real("measured_high"),
    real("baseline"),
    name("method"),
    text("reason"),
    real("truth"),
    name("scored_at"),
)

ATTESTATIONS = Table(
    "attestations",
    METADATA,
    name("pipeline", primary=True),
    name("as_of", primary=True),
    whole("version"),
    name("likeness"),
    name("diverged"),
    real("largest"),
    real("seconds"),
    text("reason"),
)

EVALUATIONS = Table(
    "evaluations",
    METADATA,
    name("pipeline", primary=True),
    name("as_of", primary=True),
    Column("wanted", Boolean, nullable=False),
    name("why"),
    text("reason"),
    text("cause"),
    name("route"),
    text("evidence"),
)

CORRECTIONS = Table(
    "corrections",
    METADATA,
    name("pipeline", primary=True),
    name("as_of", primary=True),
    name("clock", primary=True),
    name("metric", primary=True),
    whole("number", primary=True),
    name("taken_at"),
    text("because"),
    text("again"),
    real("truth"),
)

REHEARSALS = Table(
    "rehearsals",
    METADATA,
    name("pipeline", primary=True),
    name("as_of", primary=True),
    name("key", primary=True),
    Column("champion", Integer),
    name("candidate"),
    name("choice"),
    text("reason"),
    name("metric"),
    real("measured"),
    real("measured_low"),
    real("measured_high"),
    real("reference"),
    name("snapshot"),
    text("evidence"),
)
