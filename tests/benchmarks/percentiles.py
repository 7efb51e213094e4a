"""Percentiles, apart from the report: the processes that only ask import nothing else."""

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of all are not above."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
