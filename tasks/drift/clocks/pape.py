"""Probabilistic adaptive performance estimation: calibrated for the rows that there are now."""

from config.values import Metric
from tasks.drift.clocks.cbpe import Answers, Estimate, cbpe
from tasks.drift.clocks.density import Density
from tasks.evaluation.intervals import Resampling, Sample


def pape(
    reference: Sample, current: Answers, metric: Metric, plan: Resampling, density: Density
) -> Estimate:
    """`cbpe`, calibrated on the reference weighted to be spread as the current rows are.

    Bialek, Kuberski, Perrakis and Bifet, arXiv 2401.08348 (2024). The same score may mean another
    share among other rows: where the inputs have shifted, what it meant among rows like the
    current ones counts. `density` is that of the two, see `density_ratio`; all nan where that is.
    """
    return cbpe(reference, current, metric, plan, density.weights)
