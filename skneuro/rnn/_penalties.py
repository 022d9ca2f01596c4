"""Penalties: functions of rates, (n_samples, n_units, n_times), and of the network."""

import torch

PENALTIES = {}


def _named(name, **options):
    """Enter a class in the table of names, with what the name stands for."""

    def enter(cls):
        PENALTIES[name] = (cls, options)
        return cls

    return enter


class _Penalty:
    """Shared by all penalties: a representation that shows the options."""

    def __repr__(self):
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({options})"


@_named("rate_l1", order=1)
@_named("rate_l2", order=2)
class RateLevel(_Penalty):
    """Mean of absolute or squared rates over trials, units and time.

    Parameters
    ----------
    order : {1, 2}, default=2
        Power of the rates.

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
    """

    def __init__(self, order=2):
        self.order = order

    def __call__(self, rates, network=None):
        return rates.abs().mean() if self.order == 1 else rates.square().mean()


@_named("mean_rate_l1", order=1)
@_named("mean_rate_l2", order=2)
class MeanRateLevel(_Penalty):
    """Mean over units of the absolute or squared mean rate.

    Unlike `RateLevel`, it lets a unit be active briefly at low cost.

    Parameters
    ----------
    order : {1, 2}, default=2
        Power of the mean rates.

    Examples
    --------
    >>> import torch
    >>> from skneuro.rnn import MeanRateLevel
    >>> MeanRateLevel()(torch.tensor([[[0.0, 1.0]]])).item()
    0.25
    """

    def __init__(self, order=2):
        self.order = order

    def __call__(self, rates, network=None):
        means = rates.mean(dim=(0, 2))
        return means.abs().mean() if self.order == 1 else means.square().mean()


@_named("rate_sd", statistic="sd")
@_named("rate_cv", statistic="cv")
@_named("rate_mean_ad", statistic="mean_ad")
@_named("rate_max_ad", statistic="max_ad")
class RateSpread(_Penalty):
    """How unequal the mean rates of units are.

    Parameters
    ----------
    statistic : {"sd", "cv", "mean_ad", "max_ad"}, default="sd"
        Standard deviation (with Bessel's correction), the same divided by the mean, or
        mean or largest absolute deviation from the mean.

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

    def __init__(self, statistic="sd"):
        if statistic not in ("sd", "cv", "mean_ad", "max_ad"):
            raise ValueError(
                f"statistic={statistic!r}; expected 'sd', 'cv', 'mean_ad' or 'max_ad'."
            )
        self.statistic = statistic

    def __call__(self, rates, network=None):
        means = rates.mean(dim=(0, 2))
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
class RateEntropy(_Penalty):
    """Entropy of how activity is shared among units, and a bound on its size.

    Parameters
    ----------
    size : float, default=10.0
        Weight of the mean squared length of the vector of rates, dimensionless.

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

    def __init__(self, size=10.0):
        self.size = size

    def __call__(self, rates, network=None):
        sizes = rates.abs()
        share = sizes / (sizes.sum(dim=1, keepdim=True) + 1e-8)
        entropy = -(share * torch.log(share + 1e-8)).sum(dim=1).mean()
        return entropy + self.size * rates.square().sum(dim=1).mean()


@_named("rate_change")
class RateChange(_Penalty):
    """Mean squared change of rates over a lag.

    Parameters
    ----------
    lag : int, default=1
        Steps, in samples.

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

    def __init__(self, lag=1):
        self.lag = lag

    def __call__(self, rates, network=None):
        if rates.shape[2] <= self.lag:
            raise ValueError(
                f"lag={self.lag}, but there are {rates.shape[2]} steps; expected more. "
                "Shorten the lag."
            )
        return (rates[:, :, self.lag :] - rates[:, :, : -self.lag]).square().mean()


@_named("hebbian")
class Hebbian(_Penalty):
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
@_named("input_norm", part="input", order="norm")
@_named("recurrent_l1", part="recurrent", order="l1")
@_named("recurrent_l2", part="recurrent", order="l2")
@_named("recurrent_norm", part="recurrent", order="norm")
@_named("output_l1", part="output", order="l1")
@_named("output_l2", part="output", order="l2")
@_named("output_norm", part="output", order="norm")
class WeightLevel(_Penalty):
    """Size of weights.

    Parameters
    ----------
    part : {"input", "recurrent", "output"}, default="recurrent"
        Which weights; those of stacked layers are added.
    order : {"l1", "l2", "sum", "norm"}, default="l2"
        Mean of absolute or squared weights, sum of absolute weights, or Frobenius norm.

    Raises
    ------
    ValueError
        If there is no such part or order.

    Examples
    --------
    >>> from skneuro.rnn import WeightLevel
    >>> WeightLevel("input", "l1")
    WeightLevel(part='input', order='l1')
    """

    def __init__(self, part="recurrent", order="l2"):
        if part not in ("input", "recurrent", "output"):
            raise ValueError(
                f"part={part!r}; expected 'input', 'recurrent' or 'output'."
            )
        if order not in ("l1", "l2", "sum", "norm"):
            raise ValueError(f"order={order!r}; expected 'l1', 'l2', 'sum' or 'norm'.")
        self.part = part
        self.order = order

    def __call__(self, rates, network):
        if self.part == "output":
            weights = [network.readout()]
        else:
            weights = [
                getattr(layer, f"{self.part}_weight")() for layer in network.layers
            ]
        if self.order == "norm":
            return sum(w.square().sum().sqrt() for w in weights)
        if self.order == "sum":
            return sum(w.abs().sum() for w in weights)
        power = 1 if self.order == "l1" else 2
        return sum(w.abs().pow(power).mean() for w in weights)


class PopulationKL(_Penalty):
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


class VanishingGradient(_Penalty):
    r"""Song's regulariser: gradients should neither vanish nor grow along time.

    .. math::

        \Omega = \sum_t \left\langle \left( \frac{\lVert (1 - \alpha) \delta_{t+1}
        + W_{rec}^\top (\alpha \delta_{t+1}) \odot f'(x_t) \rVert^2}
        {\lVert \delta_{t+1} \rVert^2} - 1 \right)^2 \right\rangle

    with the gradients :math:`\delta_t` of the loss with respect to the states held
    constant, added to the gradient of the recurrent weights only. Its name in
    ``penalties`` is ``"omega"``; Song, Yang and Wang weigh it by 2.

    Parameters
    ----------
    smallest : float, default=1e-20
        Squared gradients below it do not count, dimensionless.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang and X.-J. Wang (2016), PLoS Comput. Biol. 12,
       e1004792. :doi:`10.1371/journal.pcbi.1004792`

    Examples
    --------
    >>> from skneuro.rnn import CTRNNRegressor
    >>> CTRNNRegressor(penalties={"omega": 2.0}).penalties
    {'omega': 2.0}
    """

    def __init__(self, smallest=1e-20):
        self.smallest = smallest

    def __call__(self, states, delta, slopes, recurrent, alpha):
        later = delta[1:]
        norms = later.square().sum(dim=-1)
        back = (later * alpha) @ recurrent * slopes[:-1]
        ratio = (back + (1 - alpha) * later).square().sum(dim=-1)
        used = norms > self.smallest
        ratio = ratio / torch.where(used, norms, 1.0)
        deviation = torch.where(used, (ratio - 1).square(), 0.0)
        return deviation.sum() / used.sum().clamp_min(1)


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
