"""Penalties: functions of rates, (n_samples, n_units, n_times), and of the network."""

import numpy as np
import torch

PENALTIES = {}


def _named(name, **options):
    """Enter a class in the table of names, with what the name stands for."""

    def enter(cls):
        PENALTIES[name] = (cls, options)
        return cls

    return enter


class Penalty:
    """Shared by all penalties: a representation that shows the options."""

    def __repr__(self):
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({options})"


class _RatePenalty(Penalty):
    """Penalty on the rates of all units, or of some, such as an area."""

    def __init__(self, units):
        self.units = units

    def _choose(self, rates):
        """Rates of the units that count, (n_samples, n_chosen, n_times)."""
        if self.units is None:
            return rates
        index = torch.as_tensor(np.asarray(self.units), device=rates.device)
        whole = rates.shape[1]
        if index.dtype == torch.bool:
            fits = index.shape == (whole,) and bool(index.any())
        else:
            fits = index.ndim == 1 and len(index) and 0 <= index.min() <= index.max()
            fits = bool(fits) and bool(index.max() < whole)
        if not fits:
            raise ValueError(
                f"units of {type(self).__name__} do not fit {whole} units; expected "
                f"indices from 0 to {whole - 1}, or one truth value per unit, such as "
                "areas == 0."
            )
        return rates[:, index]


@_named("rate_l1", order=1)
@_named("rate_l2", order=2)
class RateLevel(_RatePenalty):
    """Mean of absolute or squared rates over trials, units and time.

    Parameters
    ----------
    order : {1, 2}, default=2
        Power of the rates.
    units : array-like of int or bool, default=None
        Units that count, such as those of an area; None is all.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang and X.-J. Wang (2016), PLoS Comput. Biol. 12,
       e1004792. :doi:`10.1371/journal.pcbi.1004792`

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import RateLevel
    >>> RateLevel(order=2)(torch.full((1, 2, 3), 0.5)).item()
    0.25
    >>> RateLevel(units=[1])(torch.tensor([[[9.0], [2.0]]])).item()
    4.0
    """

    def __init__(self, order=2, *, units=None):
        super().__init__(units)
        self.order = order

    def __call__(self, rates, network=None):
        rates = self._choose(rates)
        return rates.abs().mean() if self.order == 1 else rates.square().mean()


@_named("mean_rate_l1", order=1)
@_named("mean_rate_l2", order=2)
class MeanRateLevel(_RatePenalty):
    """Mean over units of the absolute or squared mean rate.

    Unlike `RateLevel`, it lets a unit be active briefly at low cost.

    Parameters
    ----------
    order : {1, 2}, default=2
        Power of the mean rates.
    units : array-like of int or bool, default=None
        Units that count, such as those of an area; None is all.

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import MeanRateLevel
    >>> MeanRateLevel()(torch.tensor([[[0.0, 1.0]]])).item()
    0.25
    """

    def __init__(self, order=2, *, units=None):
        super().__init__(units)
        self.order = order

    def __call__(self, rates, network=None):
        means = self._choose(rates).mean(dim=(0, 2))
        return means.abs().mean() if self.order == 1 else means.square().mean()


@_named("rate_sd", statistic="sd")
@_named("rate_cv", statistic="cv")
@_named("rate_mean_ad", statistic="mean_ad")
@_named("rate_max_ad", statistic="max_ad")
class RateSpread(_RatePenalty):
    """How unequal the mean rates of units are.

    Parameters
    ----------
    statistic : {"sd", "cv", "mean_ad", "max_ad"}, default="sd"
        Standard deviation (with Bessel's correction), the same divided by the mean, or
        mean or largest absolute deviation from the mean.
    units : array-like of int or bool, default=None
        Units that count, such as those of an area; None is all.

    Raises
    ------
    ValueError
        If there is no such statistic.

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import RateSpread
    >>> RateSpread("max_ad")(torch.tensor([[[0.0], [1.0]]])).item()
    0.5
    """

    def __init__(self, statistic="sd", *, units=None):
        super().__init__(units)
        if statistic not in ("sd", "cv", "mean_ad", "max_ad"):
            raise ValueError(
                f"statistic={statistic!r}; expected 'sd', 'cv', 'mean_ad' or 'max_ad'."
            )
        self.statistic = statistic

    def __call__(self, rates, network=None):
        means = self._choose(rates).mean(dim=(0, 2))
        deviations = (means - means.mean()).abs()
        if self.statistic == "mean_ad":
            return deviations.mean()
        if self.statistic == "max_ad":
            return deviations.max()
        spread = means.std() if len(means) > 1 else means.new_zeros(())
        if self.statistic == "sd":
            return spread
        return spread / means.mean().clamp_min(torch.finfo(means.dtype).eps)


@_named("rate_entropy")
class RateEntropy(_RatePenalty):
    """Entropy of how activity is shared among units, and a bound on its size.

    Parameters
    ----------
    size : float, default=10.0
        Weight of the mean squared length of the vector of rates, dimensionless.
    units : array-like of int or bool, default=None
        Units that count, such as those of an area; None is all.

    Notes
    -----
    Negative rates count by their absolute value.

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import RateEntropy
    >>> round(RateEntropy(size=0.0)(torch.ones(1, 4, 1)).item(), 3)  # log(4)
    1.386
    """

    def __init__(self, size=10.0, *, units=None):
        super().__init__(units)
        self.size = size

    def __call__(self, rates, network=None):
        rates = self._choose(rates)
        sizes = rates.abs()
        share = sizes / (sizes.sum(dim=1, keepdim=True) + 1e-8)
        entropy = -(share * torch.log(share + 1e-8)).sum(dim=1).mean()
        return entropy + self.size * rates.square().sum(dim=1).mean()


@_named("rate_change")
class RateChange(_RatePenalty):
    """Mean squared change of rates over a lag.

    Parameters
    ----------
    lag : int, default=1
        Steps, in samples.
    units : array-like of int or bool, default=None
        Units that count, such as those of an area; None is all.

    Raises
    ------
    ValueError
        If the sequence is not longer than the lag.

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import RateChange
    >>> RateChange()(torch.tensor([[[0.0, 1.0, 2.0]]])).item()
    1.0
    """

    def __init__(self, lag=1, *, units=None):
        super().__init__(units)
        self.lag = lag

    def __call__(self, rates, network=None):
        if rates.shape[2] <= self.lag:
            raise ValueError(
                f"lag={self.lag}, but there are {rates.shape[2]} steps; expected more. "
                "Shorten the lag."
            )
        rates = self._choose(rates)
        return (rates[:, :, self.lag :] - rates[:, :, : -self.lag]).square().mean()


@_named("hebbian")
class Hebbian(Penalty):
    """Mean absolute product of what units send and receive, ``r @ W @ r``.

    Examples
    --------
    >>> from skneuro.rnn import CTRNNRegressor
    >>> CTRNNRegressor(penalties={"hebbian": 1e-3}).penalties
    {'hebbian': 0.001}
    """

    def __call__(self, rates, network):
        total, first = 0.0, 0
        for layer in network.layers:
            own = rates[:, first : first + layer.n_units].permute(0, 2, 1)
            received = own @ layer.recurrent_weight().t()
            total = total + (received * own).sum(dim=-1).abs().mean()
            first += layer.n_units
        return total


@_named("input_l1", part="input", order="l1")
@_named("input_l2", part="input", order="l2")
@_named("input_sum", part="input", order="sum")
@_named("input_norm", part="input", order="norm")
@_named("recurrent_l1", part="recurrent", order="l1")
@_named("recurrent_l2", part="recurrent", order="l2")
@_named("recurrent_sum", part="recurrent", order="sum")
@_named("recurrent_norm", part="recurrent", order="norm")
@_named("output_l1", part="output", order="l1")
@_named("output_l2", part="output", order="l2")
@_named("output_sum", part="output", order="sum")
@_named("output_norm", part="output", order="norm")
@_named("feedback_l1", part="feedback", order="l1")
@_named("feedback_l2", part="feedback", order="l2")
@_named("feedback_sum", part="feedback", order="sum")
@_named("feedback_norm", part="feedback", order="norm")
class WeightLevel(Penalty):
    """Size of weights.

    Parameters
    ----------
    part : {"input", "recurrent", "output", "feedback"}, default="recurrent"
        Which weights; those of stacked layers are added.
    order : {"l1", "l2", "sum", "norm"}, default="l2"
        Mean of absolute or squared weights, sum of absolute weights, or Frobenius norm.
    mask : array-like of shape (n_targets, n_sources), default=None
        Weights that count, such as those between areas; None is all.

    Raises
    ------
    ValueError
        If there is no such part or order, or the mask does not fit.

    Examples
    --------
    >>> from skneuro.rnn import WeightLevel
    >>> WeightLevel("input", "l1")
    WeightLevel(part='input', order='l1', mask=None)
    """

    def __init__(self, part="recurrent", order="l2", *, mask=None):
        if part not in ("input", "recurrent", "output", "feedback"):
            raise ValueError(
                f"part={part!r}; expected 'input', 'recurrent', 'output' or 'feedback'."
            )
        if order not in ("l1", "l2", "sum", "norm"):
            raise ValueError(f"order={order!r}; expected 'l1', 'l2', 'sum' or 'norm'.")
        self.part = part
        self.order = order
        self.mask = mask

    def __call__(self, rates, network):
        if self.part == "output":
            return self._size(network.readout())
        held = [getattr(layer, f"{self.part}_weight") for layer in network.layers]
        return sum(self._size(weight()) for weight in held if weight is not None)

    def _size(self, weight):
        """Size of one matrix."""
        if self.mask is not None:
            counted = torch.as_tensor(np.asarray(self.mask) != 0, device=weight.device)
            if counted.shape != weight.shape or not counted.any():
                raise ValueError(
                    f"mask of WeightLevel has shape {tuple(counted.shape)} and "
                    f"{int(counted.sum())} entries; expected {tuple(weight.shape)}, one"
                    " row per target, and an entry that counts."
                )
            weight = weight[counted]
        if self.order == "norm":
            return weight.square().sum().sqrt()
        if self.order == "sum":
            return weight.abs().sum()
        return weight.abs().pow(1 if self.order == "l1" else 2).mean()


class PopulationKL(Penalty):
    """Divergence between the rates of two populations, unit by unit.

    Each unit's rates over trials and time count as Gaussian.

    Parameters
    ----------
    first, second : array-like of int of shape (n_pairs,)
        Indices of the units, paired in order.
    symmetric : bool, default=True
        Whether to average both directions, or take that from first to second.
    size : float, default=0.001
        Weight of the mean squared length of both vectors of rates, dimensionless.
    reduction : {"mean", "sum"}, default="mean"
        Over pairs.
    floor : float, default=1e-6
        Smallest variance, which silent units have, dimensionless.

    Raises
    ------
    ValueError
        If both populations differ in size.

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import PopulationKL
    >>> rates = torch.rand(2, 4, 10)
    >>> PopulationKL([0, 1], [0, 1], size=0.0)(rates).item()
    0.0
    """

    def __init__(
        self,
        first,
        second,
        *,
        symmetric=True,
        size=0.001,
        reduction="mean",
        floor=1e-6,
    ):
        if len(first) != len(second):
            raise ValueError(
                f"first has {len(first)} units and second {len(second)}; expected as "
                "many. Pair each unit with one other."
            )
        self.first = list(first)
        self.second = list(second)
        self.symmetric = symmetric
        self.size = size
        self.reduction = reduction
        self.floor = floor

    def __call__(self, rates, network=None):
        populations = rates[:, self.first], rates[:, self.second]
        moments = [
            (p.mean(dim=(0, 2)), p.var(dim=(0, 2), correction=0).clamp_min(self.floor))
            for p in populations
        ]
        divergence = _gaussian_kl(*moments[0], *moments[1])
        if self.symmetric:
            divergence = (divergence + _gaussian_kl(*moments[1], *moments[0])) / 2
        total = divergence.mean() if self.reduction == "mean" else divergence.sum()
        return total + self.size * sum(
            p.square().sum(dim=1).mean() for p in populations
        )


def _gaussian_kl(mean0, var0, mean1, var1):
    """Divergence of one Gaussian from another."""
    distance = (var0 + (mean0 - mean1).square()) / var1
    return (torch.log(var1 / var0) + distance - 1) / 2


def resolve_penalties(penalties):
    """Turn names and weights into functions and weights.

    Parameters
    ----------
    penalties : dict or None
        From names to weights, or to pairs of a penalty and its weight.

    Returns
    -------
    list of tuple
        Name, penalty and weight of each that is not zero, but ``"omega"``.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    found = []
    for name, value in (penalties or {}).items():
        if name == "omega":
            continue
        if isinstance(value, tuple):
            penalty, weight = value
        elif name in PENALTIES:
            cls, options = PENALTIES[name]
            penalty, weight = cls(**options), value
        else:
            raise ValueError(
                f"penalties has {name!r}; expected one of "
                f"{', '.join(sorted([*PENALTIES, 'omega']))}, or a pair of a penalty "
                "and its weight under any name."
            )
        if weight != 0:
            found.append((name, penalty, weight))
    return found
