"""Everybody answers the same questions: challenger, champion and baselines on the gate's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from config.load import Definition
from config.values import Metric
from tasks.data import artifact
from tasks.evaluation import gate
from tasks.evaluation.golden import pinned
from tasks.evaluation.intervals import Resampling, Sample, interval
from tasks.evaluation.trial import Scores, Trial
from tasks.features.baselines import baselines
from tasks.features.cohort import ordinals
from tasks.features.golden import GoldenSet
from tasks.features.splits import Split
from tasks.models.job import Predecessor
from tasks.predictions.scorer import Model
from tasks.records import Bet, Check, Fit, Interval, ModelVersion, Verdict


@dataclass(frozen=True)
class Champion:
    """Who serves, loaded; from `folder`, where that is known."""

    version: ModelVersion
    model: Model
    folder: Path | None = None

    @property
    def predecessor(self) -> Predecessor | None:
        """What a warm start goes on from; None without the files."""
        if self.folder is None:
            return None
        version, manifest = self.version, dict(self.version.manifest)
        through = version.trained_through
        return Predecessor(version.number, version.candidate, self.folder, manifest, through)


@dataclass(frozen=True)
class Beside:
    """What a challenger is held against beside the holdout: the bets of the champion's reign.

    `reign` is the sequence of the decision that made the champion. `golden` are the rows that a
    person pinned, `approved` the last version that one approved.
    """

    reign: int | None = None
    bets: tuple[Bet, ...] = ()
    golden: GoldenSet | None = None
    approved: Champion | None = None


def contest(
    definition: Definition,
    split: Split,
    challenger: Fit,
    champion: Champion | None,
    beside: Beside,
) -> Trial:
    """The holdout with every contender's probabilities; the champion is scored on it afresh."""
    pipeline, rows = definition.pipeline, split.holdout
    inputs = rows[list(pipeline.features.columns)]
    model: Model = artifact.made(Path(challenger.folder))
    prior = float(split.training[pipeline.label.name].mean())
    return Trial(
        y=rows[pipeline.label.name].to_numpy().astype(bool),
        days=ordinals(rows),
        challenger=model.predict_proba(inputs)[:, 1],
        challenger_through=split.trained_through.toordinal(),
        champion=champion.model.predict_proba(inputs)[:, 1] if champion else None,
        champion_version=champion.version.number if champion else None,
        champion_through=champion.version.trained_through.toordinal() if champion else None,
        baselines=baselines(definition, rows, prior),
        slices={name: rows[name].to_numpy() for name in pipeline.gate.slices},
        sensitive={name: rows[name].to_numpy() for name in pipeline.sensitive},
        inputs=rows[list(pipeline.features.answered)],
        bets=beside.bets,
        golden=pinned(definition, split.training, model, champion, beside),
        holdout_digest=split.holdout_digest,
        used_digests=(split.training_digest,),
    )


def judge(definition: Definition, trial: Trial, beforehand: Sequence[Check]) -> Verdict:
    """The pipeline's gate on the trial, with the checks that were made before it."""
    rules = definition.pipeline.gate
    return gate.judge(trial, rules, rules.metric, beforehand)


def measured(definition: Definition, trial: Trial) -> dict[str, dict[Metric, Interval]]:
    """Every metric of every contender, with its interval, on the same rows."""
    rules = definition.pipeline.gate
    plan = Resampling(rules.resamples, rules.confidence)
    contenders: dict[str, Scores] = {"challenger": trial.challenger, **trial.baselines}
    if trial.champion is not None:
        contenders["champion"] = trial.champion
    return {
        name: {
            metric: interval(Sample(trial.y, scores, trial.days), metric, plan)
            for metric in get_args(Metric)
        }
        for name, scores in contenders.items()
    }
