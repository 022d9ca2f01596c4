"""Many parameter sets at once."""

import copy
import difflib
import warnings
from collections.abc import Mapping

import numpy as np

from skneuro.dynamics._base import join
from skneuro.dynamics._batch import run_plans
from skneuro.dynamics._batch_torch import run_plans_in_torch
from skneuro.dynamics._parameters import same_value
from skneuro.utils._param_validation import validate_parameter_constraints


def simulate_batch(
    simulator,
    param_list,
    X=None,
    *,
    n_jobs=None,
    device=None,
    on_divergence=None,
    verbose=False,
):
    """Simulate many parameter sets at once.

    Sets that share network and delays run side by side in the lanes of vectors, others
    one by one; each gives the same bits as alone.

    Parameters
    ----------
    simulator : BaseSimulator
        Model with its common parameters; it is not changed.
    param_list : iterable of dict
        Parameters of each set, as for ``set_params``.
    X : array-like of shape (n_samples, n_channels[, n_times]), default=None
        Drive as in ``transform``, the same for all sets; None is none.
    n_jobs : int, default=None
        Threads, as joblib counts them.
    device : str or torch.device, default=None
        Where to run the torch form of the model with all sets side by side:
        ``"cuda"``, ``"cpu"``, or ``"auto"``, a GPU where there is one. The series are
        those of compiled code to rounding. None is compiled code, by far the fastest
        on a CPU.
    on_divergence : {"raise", "warn"}, default=None
        What to do about sets that leave the finite numbers; the values of a set that
        is warned of are NaN. None is what the simulator says.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n_sets, n_channels, n_times) or (n_sets, n_samples, n_channels, \
n_times)
        What ``transform`` of each set returns, without a sample axis where X is None.
        A list of arrays where shapes or precisions differ.

    Raises
    ------
    SimulationError
        If a set leaves the finite numbers; its ``simulation`` is the index of the set.
    TypeError
        If ``param_list`` holds something else than dicts.
    ValueError
        If a set names parameters that the simulator does not have, or there is none.

    Examples
    --------
    >>> from skneuro.datasets import make_connectome
    >>> from skneuro.dynamics import Hopf, simulate_batch
    >>> brain = make_connectome(n_nodes=10, random_state=0)
    >>> hopf = Hopf(brain.connectivity, brain.tract_lengths, duration=50.0)
    >>> simulate_batch(hopf, [{"coupling": c} for c in (0.1, 0.5, 0.9)]).shape
    (3, 10, 500)
    """
    if on_divergence not in (None, "raise", "warn"):
        raise ValueError(
            f'on_divergence={on_divergence!r}, expected "raise", "warn" or None.'
        )
    param_list = _check_param_list(param_list, simulator)
    fitted, plans = [], []
    values = simulator._names_of_values()
    for params in param_list:
        one = _variant(simulator, params, values, fitted[0] if fitted else None, X)
        fitted.append(one)
        samples = [None] if X is None else one._check_drive(X)
        names = one._recorded(all_by_default=False)
        plans += [one._plan(x, names, simulation=k) for k, x in enumerate(samples)]
    if device is None:
        results = run_plans(
            plans,
            n_jobs=n_jobs,
            progress=verbose,
            desc=type(simulator).__name__,
            keep_states=False,
        )
    else:
        results = run_plans_in_torch(plans, device)
    n_samples = len(plans) // len(fitted)
    for k, result in enumerate(results):
        if result.failure is None:
            continue
        index = k // n_samples
        one = fitted[index]
        error = result.error(
            type(one).__name__,
            one.dt,
            what=f"parameter set {index}, {_describe(param_list[index])}",
            labels=one._labels_by_population(),
        )
        error.simulation = index
        if (on_divergence or one.on_divergence) == "raise":
            raise error
        warnings.warn(f"{error} Its values are NaN.", stacklevel=2)

    pieces = [slice(i * n_samples, (i + 1) * n_samples) for i in range(len(fitted))]
    if results.recorded is None:
        outputs = []
        for one, piece in zip(fitted, pieces, strict=True):
            mine = results[piece]
            recorded = _stack([r.recorded for r in mine])
            observed = _stack([r.observed for r in mine])
            values = join(one._name(recorded, observed))
            outputs.append(values[0] if X is None else values)
        alike = len({(o.shape, o.dtype) for o in outputs}) == 1
        return np.stack(outputs) if alike else outputs
    # All sets record the same: their series lie in one array already.
    monitors = {id(one.monitor): one for one in fitted}.values()
    monitors = [one._settings()["monitor"] for one in monitors]
    if all(same_value(m, monitors[0]) for m in monitors[1:]):
        values = join(fitted[0]._name(results.recorded, results.observed))
    else:
        values = np.concatenate(
            [
                join(
                    one._name(
                        [v[piece] for v in results.recorded],
                        [v[piece] for v in results.observed],
                    )
                )
                for one, piece in zip(fitted, pieces, strict=True)
            ]
        )
    if X is None:
        return values
    return values.reshape(len(fitted), n_samples, *values.shape[1:])


def _describe(params):
    """Parameters in words; of large arrays only the shape."""
    return {
        name: value if np.size(value) <= 4 else f"shape {np.shape(value)}"
        for name, value in params.items()
    }


def _check_param_list(param_list, simulator):
    """Check that it is a list of sets of known parameters."""
    known = simulator._names_of_parameters()
    param_list = list(param_list)
    if not param_list:
        raise ValueError(
            "param_list is empty, expected one dict of parameters per set."
        )
    for index, params in enumerate(param_list):
        if not isinstance(params, Mapping):
            raise TypeError(
                f"param_list[{index}] is {params!r}, expected a dict of parameters; "
                "for all combinations of several values pass "
                "sklearn.model_selection.ParameterGrid."
            )
        param_list[index] = params = simulator._expand(params)
        for name in params:
            if name.partition("__")[0] not in known:
                near = difflib.get_close_matches(name, known)
                raise ValueError(
                    f"param_list[{index}] names {name!r}, expected parameters of "
                    f"{type(simulator).__name__}, "
                    + (f"such as {near}." if near else f"one of {known}.")
                )
    return param_list


def _variant(simulator, params, values, fitted, X):
    """Fit a copy of a simulator with other parameters.

    What does not change is taken over from a fitted variant: its network if it turns
    out to be the same, and everything else where only ``values`` of the model change.
    """
    one = copy.copy(simulator if fitted is None else fitted)
    if fitted is not None and fitted._changed is not None and values.issuperset(params):
        changed = fitted._changed.union(params)
        _set_values(one, simulator, params, changed)
        one._fit_numbers(changed)
        return one
    if fitted is not None:  # back to the common parameters
        vars(one).update(simulator.get_params(deep=False))
    one._detach()
    one.set_params(**params)
    one._fit_without_drive() if X is None else one.fit(X)
    one._changed = set(params) if values.issuperset(params) else None
    return one


def _set_values(one, simulator, params, changed):
    """Set parameters, and others that have ``changed`` back to the common ones."""
    if any("__" in name for name in changed):
        vars(one).update(simulator.get_params(deep=False))
        one._detach()
        one.set_params(**params)
        return
    for name in changed:
        setattr(one, name, params.get(name, getattr(simulator, name)))
    constraints = one._parameter_constraints
    validate_parameter_constraints(
        {name: constraints[name] for name in params},
        params,
        caller_name=type(one).__name__,
    )


def _stack(recorded):
    """Stack the series of several runs, tap by tap."""
    return [np.stack(series) for series in zip(*recorded, strict=True)]
