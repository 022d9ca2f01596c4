"""Tasks of rhythm."""

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    COUNT,
    TRIALS,
    Trials,
    add_input_noise,
    draw_conditions,
    pack_task,
    share_text,
)
from skneuro.utils._param_validation import validate_params


@share_text
@validate_params(
    {
        **TRIALS,
        "periods": ["array-like"],
        "n_periods": [COUNT],
        "amplitude": [Real],
    },
    prefer_skip_nested_validation=True,
)
def make_sine(
    n_trials=1000,
    *,
    dt=20.0,
    periods=(800.0,),
    n_periods=2,
    amplitude=0.9,
    balanced=True,
    sigma_in=0.0,
    tau_in=100.0,
    random_state=None,
):
    r"""Make a rhythm to be produced without a beat.

    The output is asked for :math:`A \sin(2 \pi t / P)` [1]_. Of several periods, one
    input each is 1 throughout; with one period, the one input is 0.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    periods : array-like of float, default=(800.0,)
        Periods, in ms: the paper's is 8 times a time constant of 100.
    n_periods : int, default=2
        Number of periods in a trial.
    amplitude : float, default=0.9
        Amplitude of the target, dimensionless.
    %(balanced)s
    %(input_noise_off)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If a period is shorter than two steps.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
       :doi:`10.1371/journal.pcbi.1004792`

    Examples
    --------
    >>> from skneuro.datasets import make_sine
    >>> task = make_sine(3)
    >>> task.y.shape, round(float(task.y.max()), 3)
    ((3, 1, 80), 0.9)
    """
    rng = check_random_state(random_state)
    values = np.asarray(periods, float)
    if values.ndim != 1 or len(values) == 0 or values.min() < 2 * dt:
        raise ValueError(
            f"periods is {periods}; expected times in ms of at least two steps, here "
            f"{2 * dt:g}. Pass longer periods or a smaller dt."
        )
    conditions = draw_conditions(
        pd.DataFrame({"period": values}), n_trials, rng, balanced=balanced
    )
    period = conditions.period.to_numpy()
    trials = Trials({"rhythm": n_periods * period}, dt, n_trials)
    X = trials.zeros(len(values))
    if len(values) > 1:
        chosen = np.arange(len(values)) == conditions.condition.to_numpy()[:, None]
        X += chosen[:, :, None] & trials.valid[:, None]
    times = dt * np.arange(1, trials.n_times + 1)
    y = amplitude * np.sin(2 * np.pi * times / period[:, None]) * trials.valid
    inputs = [f"cue {value:g} ms" for value in values] if len(values) > 1 else ["none"]
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        y[:, None],
        mask=trials.valid,
        conditions=conditions,
        criterion="rmse",
        title="Sine wave",
        source="10.1371/journal.pcbi.1004792",
        inputs=inputs,
        outputs=["sine"],
    )
