"""The regulariser of vanishing gradients."""

import torch

from skneuro.rnn._penalties import Penalty


class VanishingGradient(Penalty):
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
