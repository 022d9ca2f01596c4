"""Trials from environments written for reinforcement learning."""

from numbers import Integral

import numpy as np
import pandas as pd

from skneuro.datasets._trials import COUNT, Trials, pack_task
from skneuro.utils._param_validation import Interval, validate_params

LONGEST = 10_000  # steps of a trial that never ends


@validate_params(
    {
        "env": "no_validation",
        "n_trials": [COUNT],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def load_task_from_env(env, n_trials=100, *, random_state=None):
    """Load trials from an environment in the style of gymnasium or NeuroGym.

    Nothing has to be installed: what the environment can do decides. One with
    ``new_trial()``, ``ob`` and ``gt`` gives whole trials; any other is stepped with
    ``reset()`` and ``step(action)``, where ``info`` holds the right action of the step
    as ``"gt"`` and ends a trial by ``"new_trial"``. The action taken is 0 at the
    start of a trial, then the last right one.

    Parameters
    ----------
    env : object
        Environment; wrappers are looked through by ``unwrapped``.
    n_trials : int, default=100
        Number of trials.
    random_state : int or None, default=None
        Seed that is passed to ``reset(seed=...)``.

    Returns
    -------
    task : Bunch
        The fields of every task (see :func:`make_perceptual_decision`). Whole numbers
        as right actions become one-hot targets, ``step_labels`` and ``labels``, the
        action of the last step; real numbers become targets as they are.
        ``conditions`` holds what the environment says of each trial.

    Raises
    ------
    TypeError
        If the environment offers neither form.
    ValueError
        If a trial does not end, has no steps, or right actions are missing.

    See Also
    --------
    make_perceptual_decision : Tasks that need no environment.

    References
    ----------
    .. [1] M. Molano-Mazón et al. (2022), NeuroGym: an open resource for developing and
       sharing neuroscience tasks. :doi:`10.31234/osf.io/aqc9n`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.datasets import load_task_from_env
    >>> class Echo:
    ...     dt = 100
    ...     def reset(self, seed=None):
    ...         self.rng = np.random.default_rng(seed)
    ...     def new_trial(self):
    ...         bit = self.rng.integers(2)
    ...         self.ob = np.full((3, 1), bit)
    ...         self.gt = np.array([0, 0, bit])
    ...         return {"bit": bit}
    >>> task = load_task_from_env(Echo(), 4, random_state=0)
    >>> task.X.shape, task.labels.tolist(), task.conditions.bit.tolist()
    ((4, 1, 3), [1, 1, 1, 0], [1, 1, 1, 0])
    """
    inner = getattr(env, "unwrapped", env)
    whole = hasattr(inner, "new_trial")
    if not whole and not (hasattr(env, "reset") and hasattr(env, "step")):
        raise TypeError(
            f"env is a {type(env).__name__} without new_trial() and without reset() "
            "and step(); expected an environment in the style of gymnasium. Pass the "
            "environment itself, not its name."
        )
    first = None
    if hasattr(env, "reset"):
        first = env.reset() if random_state is None else env.reset(seed=random_state)
    draw = _whole_trials(env, inner) if whole else _stepped_trials(env, first)
    drawn = [next(draw) for _ in range(n_trials)]

    lengths = np.array([len(ob) for ob, _, _ in drawn])
    dt = float(getattr(inner, "dt", 1.0))
    trials = Trials({"trial": lengths * dt}, dt, n_trials)
    X = trials.zeros(drawn[0][0].shape[1])
    discrete = drawn[0][1].ndim == 1 and drawn[0][1].dtype.kind in "iub"
    if discrete:
        steps = np.zeros((n_trials, trials.n_times), int)
    else:
        drawn = [(ob, gt.reshape(len(gt), -1), info) for ob, gt, info in drawn]
        y = trials.zeros(drawn[0][1].shape[1])
    for i, (ob, gt, _) in enumerate(drawn):
        if len(gt) != len(ob):
            raise ValueError(
                f"trial {i} has {len(ob)} observations and {len(gt)} right actions; "
                "expected as many. Set gt at every step."
            )
        X[i, :, : len(ob)] = ob.T
        if discrete:
            steps[i, : len(gt)] = gt
        else:
            y[i, :, : len(gt)] = gt.T
    labels = None
    if discrete:
        n_actions = getattr(getattr(env, "action_space", None), "n", None)
        n_actions = int(n_actions or steps.max() + 1)
        y = (np.arange(n_actions)[:, None] == steps[:, None]) * trials.valid[:, None]
        labels = steps[np.arange(n_trials), lengths - 1]
    name = type(inner).__name__
    return pack_task(
        trials,
        X,
        y,
        mask=trials.valid,
        conditions=pd.DataFrame([_scalars(info) for _, _, info in drawn]),
        labels=labels,
        step_labels=steps if discrete else None,
        decision=("trial",),
        criterion="accuracy" if discrete else "rmse",
        title=f"Environment {name}",
        source="10.31234/osf.io/aqc9n",
        inputs=[f"input {i}" for i in range(X.shape[1])],
        outputs=[f"output {i}" for i in range(y.shape[1])],
    )


def _whole_trials(env, inner):
    """Yield observations, right actions and information of whole trials."""
    new_trial = env.new_trial if hasattr(env, "new_trial") else inner.new_trial
    while True:
        info = new_trial()
        ob, gt = np.array(inner.ob, float), np.asarray(inner.gt).copy()
        if ob.ndim != 2 or not len(ob):
            raise ValueError(
                f"env.ob has shape {ob.shape} after new_trial(); expected (n_times, "
                "n_inputs) with at least one step."
            )
        yield ob, gt, info if isinstance(info, dict) else {}


def _stepped_trials(env, first):
    """Yield observations, right actions and information, one step after the other."""
    ob = first[0] if isinstance(first, tuple) else first
    while True:
        seen, right, info, action = [], [], {}, _zero_action(env)
        while not info.get("new_trial"):
            seen.append(np.ravel(ob))
            ob, _, *ends, info = env.step(action)
            if "gt" not in info:
                raise ValueError(
                    "info of env.step() has no 'gt', the right action of the step; "
                    "expected it for supervised trials. Wrap the environment so that "
                    "it reports it."
                )
            action = info["gt"]
            right.append(action)
            if any(ends):  # of an episode, which also ends the trial
                first = env.reset()
                ob = first[0] if isinstance(first, tuple) else first
                break
            if len(seen) == LONGEST:
                raise ValueError(
                    f"a trial has not ended after {LONGEST} steps; expected "
                    "info['new_trial'] or the end of the episode."
                )
        yield np.array(seen, float), np.array(right), info.get("trial", info)


def _zero_action(env):
    """Return the first action: 0, in the shape that the environment wants."""
    shape = getattr(getattr(env, "action_space", None), "shape", None)
    return np.zeros(shape) if shape else 0


def _scalars(info):
    """Keep what fits into a table."""
    return {
        str(name): value
        for name, value in info.items()
        if np.ndim(value) == 0 and name not in ("gt", "new_trial")
    }
