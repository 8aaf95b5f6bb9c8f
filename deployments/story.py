"""What a replay came to: the nights, the decisions, and who predicted better month by month."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from config.settings import Settings
from deployments import show
from tasks.drift.performance import labelled
from tasks.evaluation.scoreboard import Line, scoreboard
from tasks.features.baselines import baselines
from tasks.ledger.telling import decision_sentence
from tasks.records import Decision, Kind, Outcome
from tasks.stores import Stores, open_stores

PIPELINE = "flights"
CONTENDERS = ("champion", "frozen", "rule")


@dataclass(frozen=True)
class Story:
    """Counts, decisions, drops, and the scoreboard of champion, frozen first model and rule."""

    nights: int
    deliveries: int
    refused: int
    held: int
    predictions: int
    drops: tuple[str, ...]
    promotions: int
    decisions: tuple[Decision, ...]
    scoreboard: tuple[Line, ...]


def tell(settings: Settings, first: date, through: date, as_json: bool) -> None:
    """Print the story of the days from `first` to `through`."""
    stores = open_stores(PIPELINE, settings)
    story = _story(stores, first, through)
    if as_json:
        show.document(story)
        return
    show.table("what happened", ["", ""], _summary(story))
    for metric, values in (("AUC", "roc_auc"), ("log-loss", "log_loss")):
        show.table(
            f"{metric} of predictions with a label",
            ["period", "rows", *CONTENDERS],
            [
                [line.period, line.rows, *(getattr(line, values)[each] for each in CONTENDERS)]
                for line in story.scoreboard
            ],
        )
    prefect = settings.prefect_environment().get("PREFECT_HOME", "")
    show.line(f"status page  {stores.reports / 'status.html'}")
    show.line(f"MLflow UI    mlflow ui --backend-store-uri {settings.tracking_uri}")
    quiet = "PREFECT_SERVER_ANALYTICS_ENABLED=false"
    show.line(f"Prefect UI   PREFECT_HOME={prefect} {quiet} prefect server start")


def _story(stores: Stores, first: date, through: date) -> Story:
    ledger, name = stores.ledger, stores.name
    admissions, decisions = ledger.admissions(name), ledger.decisions(name)
    measured = ledger.performances(name)
    return Story(
        nights=(through - first).days + 1,
        deliveries=len(admissions),
        refused=sum(each.outcome is Outcome.REFUSED for each in admissions),
        held=len(stores.quarantine.held()),
        predictions=len(stores.log.read(first, through)),
        drops=tuple(f"{p.as_of:%Y-%m-%d}: {p.reason}" for p in measured if p.dropped),
        promotions=sum(each.kind is Kind.PROMOTED for each in decisions),
        decisions=tuple(decisions),
        scoreboard=_scoreboard(stores, first, through),
    )


def _scoreboard(stores: Stores, first: date, through: date) -> tuple[Line, ...]:
    promoted = [d.version for d in stores.ledger.decisions(stores.name) if d.kind is Kind.PROMOTED]
    logged = stores.log.read(first, through)
    if not promoted or logged.empty:
        return ()
    last = max(each.as_of for each in stores.ledger.performances(stores.name))
    rows = labelled(stores.definition, stores.lake, logged, last)
    inputs = rows[list(stores.definition.pipeline.features.columns)]
    label = rows[stores.definition.pipeline.label.name].to_numpy()
    contenders = {
        "champion": rows["probability"].to_numpy(),
        "frozen": stores.model(promoted[0]).predict_proba(inputs)[:, 1],
        "rule": baselines(stores.definition, rows, prior=0.5)["rule"],
    }
    return scoreboard(rows["day"], label, contenders)


def _summary(story: Story) -> list[list[show.Cell]]:
    decisions: list[list[show.Cell]] = [
        [f"decision {each.sequence}", decision_sentence(each)] for each in story.decisions
    ]
    kinds = Counter(each.kind for each in story.decisions)
    expired = f", {kinds[Kind.EXPIRED]} expired" if kinds[Kind.EXPIRED] else ""
    return [
        ["nights", story.nights],
        [
            "deliveries",
            f"{story.deliveries:,}, {story.refused} refused, {story.held} rows held",
        ],
        ["predictions", story.predictions],
        ["drops noticed", "\n".join(story.drops) or "none"],
        ["retrains", f"{story.promotions} promoted, {kinds[Kind.REFUSED]} refused{expired}"],
        *decisions,
    ]
