"""Estimates a new ranker's click rate from the clicks on another one's feeds.

Three estimators, each with its 95 % interval: inverse propensity, self-normalised, doubly robust. An interval
comes from the estimate's influence function, summed by user, since showings of one user are not independent
evidence: Student's quantile times its standard error, corrected for its skewness.

N = showings, U = users, A = sets that could have been shown
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """A click model's predictions for each showing, trained on others."""

    shown_N: Floats
    """Of the set that was shown."""
    new_N: Floats
    """Of what the new ranker would show in its place: the mean over its probabilities."""
    logged_N: Floats
    """Of what the logged ranker might have shown there."""


@dataclass(frozen=True, eq=False)
class Log:
    """Showings with the probability of each under both rankers. Of whole feeds, see `along`."""

    clicked_N: Floats
    """1 or 0; any other reward will do as well."""
    logged_N: Floats
    """Probability with which the set was shown, above 0."""
    new_N: Floats
    """Probability with which the new ranker would have shown it in the same place."""
    users_N: Sequence[str] | NDArray[np.generic] | None = None
    """None where each showing is independent evidence."""
    predictions: Predictions | None = None
    outside_N: Floats | None = None
    """Probability that the new ranker shows a set there which the logged one never does; see `outside`."""

    def __post_init__(self) -> None:
        num = len(self.clicked_N)
        if num < 2:
            raise ValueError(f"an estimate needs at least two showings, not {num}")
        for name, values in self._columns().items():
            if values.shape != (num,):
                raise ValueError(f"Log.{name} needs one value for each of {num} showings, not {values.shape}")
            if name != "users_N" and not np.isfinite(values.astype(np.float64)).all():
                raise ValueError(f"Log.{name} holds a value that is not finite")
        _require_share("logged_N", self.logged_N, above_zero=True)
        _require_share("new_N", self.new_N)
        if self.outside_N is not None:
            _require_share("outside_N", self.outside_N)

    @property
    def weights(self) -> Values:
        """Compute new over logged probability of each showing."""
        return np.asarray(self.new_N, np.float64) / np.asarray(self.logged_N, np.float64)

    def _columns(self) -> dict[str, NDArray[np.generic]]:
        """What was given, by name."""
        columns = {name: values for name, values in vars(self).items() if name != "predictions"}
        if self.predictions is not None:
            columns |= {f"predictions.{name}": values for name, values in vars(self.predictions).items()}
        return {name: np.asarray(values) for name, values in columns.items() if values is not None}


@dataclass(frozen=True)
class Estimate:
    """A click rate, or a difference of two, with its confidence interval."""

    estimator: str
    value: float
    low: float
    high: float
    standard_error: float


@dataclass(frozen=True)
class Support:
    """How well the log covers the new ranker: effective size, and mass outside of it."""

    num_showings: int
    num_users: int
    effective_size: float
    """Evenly weighted showings that would be worth as much: (sum w)^2 / sum w^2 (Kish 1965)."""
    largest_share: float
    """Share of all weight that the heaviest showing has."""
    mean_weight: float
    """1 but for chance, where the logged probabilities are the true ones and miss nothing."""
    mean_weight_error: float
    """Standard error of `mean_weight`."""
    outside: float | None
    """Mean probability that the new ranker shows what the logged one never does; None where nobody told."""


def logged_rate(log: Log, confidence: float = 0.95) -> Estimate:
    """Compute the click rate of the ranker that made the log: a plain mean."""
    return _estimate("logged", *_logged(log), log, confidence)


def inverse_propensity(log: Log, clip: float | None = None, confidence: float = 0.95) -> Estimate:
    """Average the clicks weighted by new over logged probability (Horvitz and Thompson 1952).

    Unbiased. With `clip` no weight is above it: less variance for a bias towards fewer clicks, and the
    interval is one of the clipped quantity (Bottou et al. 2013, section 4.4).
    """
    return _estimate("inverse propensity", *_inverse(log, _clipped(log, clip)), log, confidence)


def self_normalised(log: Log, clip: float | None = None, confidence: float = 0.95) -> Estimate:
    """Compute the weighted mean of the clicks (Swaminathan and Joachims 2015, section 4).

    Stays within the rewards that were seen and forgives weights that are all too large by a factor; its bias
    vanishes with the number of showings. The interval is by the delta method for a ratio of two means.
    """
    return _estimate("self-normalised", *_normalised(log, _clipped(log, clip)), log, confidence)


def doubly_robust(log: Log, clip: float | None = None, confidence: float = 0.95) -> Estimate:
    """Compute a click model's prediction for the new ranker, corrected by the model's weighted errors.

    Unbiased if the propensities are right, whatever the model; the better the model, the narrower (Dudik,
    Langford and Li 2011; Dudik, Erhan, Langford and Li 2014, section 3). ValueError: the log has no
    predictions.
    """
    return _estimate("doubly robust", *_robust(log, _clipped(log, clip)), log, confidence)


ESTIMATORS: dict[str, Callable[[Log, float | None, float], Estimate]] = {
    "inverse propensity": inverse_propensity,
    "self-normalised": self_normalised,
    "doubly robust": doubly_robust,
}


def difference(log: Log, estimator: str, clip: float | None = None, confidence: float = 0.95) -> Estimate:
    """Estimate the new ranker's click rate minus the logged one's, both from the same showings.

    Paired: what both rankers would show counts for neither, so the interval is narrower than those of the two
    rates, and a point for two equal rankers.
    """
    weights_N = _clipped(log, clip)
    if estimator == "doubly robust":
        predictions = _predictions(log)
        error_N = log.clicked_N - predictions.shown_N
        gain_N = predictions.new_N - predictions.logged_N + (weights_N - 1) * error_N
        return _estimate(estimator, *_mean(gain_N), log, confidence)
    new, new_influence_N = {"inverse propensity": _inverse, "self-normalised": _normalised}[estimator](
        log, weights_N
    )
    logged, logged_influence_N = _logged(log)
    return _estimate(estimator, new - logged, new_influence_N - logged_influence_N, log, confidence)


def support(log: Log) -> Support:
    """Measure how well the log covers the new ranker, which a verdict requires."""
    weights_N = log.weights
    total, squares = float(weights_N.sum()), float((weights_N**2).sum())
    mean, influence_N = _mean(weights_N)
    return Support(
        num_showings=len(weights_N),
        num_users=_num_users(log),
        effective_size=total**2 / squares if squares else 0.0,
        largest_share=float(weights_N.max()) / total if total else 1.0,
        mean_weight=mean,
        mean_weight_error=_standard_error(influence_N, log),
        outside=None if log.outside_N is None else float(np.mean(log.outside_N)),
    )


def outside(new_NA: Floats, logged_NA: Floats) -> Values:
    """Sum the probability [N] that the new ranker gives to sets which the logged one gives none."""
    return np.asarray((new_NA * (logged_NA <= 0)).sum(1), np.float64)


def along(conditional_N: Floats, feeds_N: Sequence[str] | NDArray[np.generic], places_N: Floats) -> Values:
    """Compute the probability [N] of each set at its place together with all earlier places of its feed.

    A policy logs the probability of each set given those before it. The ratio of two such probabilities
    judges a place as if the logged ranker had filled the ones before; the ratio of their products along the
    feed judges it as the new ranker alone would have filled them (per-decision importance sampling: Precup,
    Sutton and Singh 2000, section 3), for much larger weights. Give every place of a feed from its first;
    the two streams of a mixed feed are two feeds.
    """
    feed_N = np.unique(np.asarray(feeds_N), return_inverse=True)[1]
    order_N = np.lexsort((places_N, feed_N))
    sorted_N = np.asarray(conditional_N, np.float64)[order_N]
    follows_N = np.r_[False, np.diff(feed_N[order_N]) == 0]
    for row in np.flatnonzero(follows_N):
        sorted_N[row] *= sorted_N[row - 1]
    joint_N = np.empty(len(order_N))
    joint_N[order_N] = sorted_N
    return joint_N


def _inverse(log: Log, weights_N: Values) -> tuple[float, Values]:
    return _mean(weights_N * log.clicked_N)


def _normalised(log: Log, weights_N: Values) -> tuple[float, Values]:
    if not weights_N.any():
        raise ValueError(
            "the new ranker would show nothing of what was shown: there is no weight to normalise by"
        )
    value = float((weights_N * log.clicked_N).sum() / weights_N.sum())
    return value, weights_N * (log.clicked_N - value) / weights_N.mean()


def _robust(log: Log, weights_N: Values) -> tuple[float, Values]:
    predictions = _predictions(log)
    return _mean(predictions.new_N + weights_N * (log.clicked_N - predictions.shown_N))


def _logged(log: Log) -> tuple[float, Values]:
    return _mean(np.asarray(log.clicked_N, np.float64))


def _mean(values_N: Values) -> tuple[float, Values]:
    """A mean, and what each showing moves it by times N."""
    value = float(values_N.mean())
    return value, values_N - value


def _predictions(log: Log) -> Predictions:
    if log.predictions is None:
        raise ValueError("a doubly robust estimate needs Log.predictions, what a model of clicks expects")
    return log.predictions


def _clipped(log: Log, clip: float | None) -> Values:
    if clip is None:
        return log.weights
    if clip <= 0:
        raise ValueError(f"weights can be clipped at a value above 0, not {clip!r}")
    return np.minimum(log.weights, clip)


def _estimate(name: str, value: float, influence_N: Values, log: Log, confidence: float) -> Estimate:
    error = _standard_error(influence_N, log)
    quantile = _student(confidence, _num_users(log) - 1)
    skewness = _skewness(_by_user(influence_N, log))
    # A click that weighs much lifts the estimate and its error together: the long side is the upper one.
    low, high = (value - error * _unskewed(side * quantile, skewness) for side in (1, -1))
    return Estimate(name, value, low, high, error)


def _standard_error(influence_N: Values, log: Log) -> float:
    """Of a mean with these influences, summed by user (Liang and Zeger 1986, the sandwich of clusters)."""
    sums_U = _by_user(influence_N, log)
    num = len(sums_U)
    return float(np.sqrt(num / max(num - 1, 1) * (sums_U**2).sum()) / len(influence_N))


def _by_user(influence_N: Values, log: Log) -> Values:
    if log.users_N is None:
        return influence_N
    user_N = np.unique(np.asarray(log.users_N), return_inverse=True)[1]
    return np.bincount(user_N, weights=influence_N).astype(np.float64)


def _skewness(sums_U: Values) -> float:
    """Of the mean of these, which is that of one divided by the root of their number."""
    spread = float(np.sqrt((sums_U**2).mean()))
    return float((sums_U**3).mean()) / spread**3 / len(sums_U) ** 0.5 if spread > 0 else 0.0


def _unskewed(quantile: float, skewness: float) -> float:
    """The quantile of a studentised mean of skewed values (Hall 1992, On the removal of skewness by
    transformation, section 2: the inverse of his monotone cubic)."""
    if abs(skewness) < 1e-6 or not np.isfinite(quantile):
        return quantile
    inner = 1 + skewness * (quantile - skewness / 6)
    return float(3 / skewness * (np.cbrt(inner) - 1))


def _num_users(log: Log) -> int:
    return len(log.clicked_N) if log.users_N is None else len(np.unique(np.asarray(log.users_N)))


def _student(confidence: float, degrees: int) -> float:
    """The two-sided quantile of Student's distribution (Cornish-Fisher; Abramowitz and Stegun 26.7.5)."""
    if degrees < 3:
        return float("inf")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


def _require_share(name: str, values_N: Floats, *, above_zero: bool = False) -> None:
    values = np.asarray(values_N, np.float64)
    bad_N = (values > 1) | (values < 0) | ((values == 0) & above_zero)
    if bad_N.any():
        first = int(np.flatnonzero(bad_N)[0])
        expected = "above 0 and at most 1" if above_zero else "from 0 to 1"
        raise ValueError(
            f"Log.{name} holds probabilities, {expected}; {int(bad_N.sum())} of {len(values)} are not, "
            f"showing {first} has {values[first]}. Leave out showings whose probability was not logged."
        )
