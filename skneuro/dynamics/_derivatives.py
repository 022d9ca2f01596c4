"""Derivatives of simulators: of one step, and through whole runs in torch."""

import numpy as np

from skneuro.dynamics._parameters import numeric_parameters
from skneuro.engine._adjoint import pull_back
from skneuro.utils import resolve_device


def _check_names(given, known, what, simulator):
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(
            f"{what} names {unknown}, expected some of {sorted(known)} of "
            f"{type(simulator).__name__}."
        )


def differentiate_step(simulator, bars, x, net=None, *, drive=None, noise=None):
    """Differentiate one Euler step: a vector-Jacobian product.

    For a scalar loss whose derivatives by the variables after a step are ``bars``, it
    gives the derivatives by all that the step depends on. They come from the equations
    of the model by reverse mode.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator; it is fitted to its network if it is not.
    bars : dict
        Derivative of the loss by each variable after the step, arrays of shape
        (n_nodes,); what is not named is 0.
    x : dict
        Every variable before the step, numbers or arrays of shape (n_nodes,).
    net : dict, default=None
        Delayed sums; what is not named is 0.
    drive : dict, default=None
        What is added to the constant input of each port; what is not named is 0.
    noise : dict, default=None
        Value of each noise process; what is not named is 0.

    Returns
    -------
    dict of dict
        Derivatives by ``"x"``, ``"net"``, ``"drive"``, ``"noise"`` and
        ``"parameters"``, by name, arrays of shape (n_nodes,). That by a parameter is by
        the value at each node: its sum is the one by a number that all share.

    Raises
    ------
    ValueError
        If a name is unknown or a variable is missing.

    See Also
    --------
    simulate_torch : Derivatives through a whole run.

    Examples
    --------
    >>> from skneuro.dynamics import Hopf, differentiate_step
    >>> hopf = Hopf(a=0.25, dt=0.1)
    >>> bars = differentiate_step(hopf, {"x": [1.0]}, {"x": 0.5, "y": 0.0})
    >>> bars["x"]["x"]  # 1 + dt * (a - 3 * x ** 2)
    array([0.95])
    """
    simulator._fit_if_needed(None, keep_noise=False)
    equations = simulator._equations()
    net, drive, noise = net or {}, drive or {}, noise or {}
    for what, given, known in (
        ("bars", bars, equations.variables),
        ("x", x, equations.variables),
        ("net", net, equations.inputs),
        ("drive", drive, equations.ports),
        ("noise", noise, equations.noise),
    ):
        _check_names(given, known, what, simulator)
    missing = [name for name in equations.variables if name not in x]
    if missing:
        raise ValueError(f"x lacks {missing}; pass every variable of the model.")

    def arrays(group):
        return {
            name: simulator._node_values(value, name) for name, value in group.items()
        }

    shape = (simulator.n_nodes_,)
    derivatives = pull_back(
        equations,
        {
            "x": {k: np.broadcast_to(v, shape) for k, v in arrays(x).items()},
            "net": dict.fromkeys(equations.inputs, 0.0) | arrays(net),
            "drive": arrays(drive),
            "noise": arrays(noise),
            "p": simulator._numbers,
        },
        {("variable", name): value for name, value in arrays(bars).items()},
    )
    numbers = derivatives.pop("p")
    derivatives["parameters"] = {
        name: numbers[_number_of(simulator, name)]
        for name in numeric_parameters(type(simulator))
    } | {
        f"{name}_strength": numbers[f"{name}_strength"]
        for name in simulator.coupling_inputs
    }
    return derivatives


def _number_of(simulator, name):
    """Name under which equations read a parameter."""
    port = name.removesuffix("_input")
    return f"input_{port}" if name != port and port in simulator.ports else name


def simulate_torch(simulator, X=None, *, parameters=None, device="cpu"):
    """Simulate in torch, so that autograd gives derivatives through the whole run.

    Equations, delays and noise are those of the simulator, whose series it repeats to
    rounding. All samples run side by side, on a GPU if wanted.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator with ``method="euler"``; it is fitted if it is not. Its monitor is
        left out: every step is returned.
    X : array-like or Tensor of shape (n_samples, n_channels[, n_times]), default=None
        Drive as in ``transform``. None is one sample without.
    parameters : dict, default=None
        Tensors instead of the simulator's own numbers, of shapes (), (n_nodes,) or
        (n_samples, n_nodes); ``"connectivity"`` has shape (n_nodes, n_nodes), and its
        entries count where the simulator has a connection. Those of a network of groups
        are ``group__name``.
    device : str or torch.device, default="cpu"
        Where to compute; ``"auto"`` is a GPU where there is one.

    Returns
    -------
    dict of Tensor
        Series of each recorded variable, shape (n_samples, n_nodes, n_times).

    Raises
    ------
    ValueError
        If the scheme is not Euler's or a parameter is unknown.

    Notes
    -----
    For autograd the values of all steps stay in memory, and each step is a few dozen
    calls of torch. Without derivatives, ``transform`` is faster by far on a CPU.

    Examples
    --------
    >>> import torch
    >>> from skneuro.dynamics import Hopf, simulate_torch
    >>> hopf = Hopf(duration=10.0, initial_state={"x": 0.5, "y": 0.0})
    >>> a = torch.tensor(0.25, dtype=torch.float64, requires_grad=True)
    >>> x = simulate_torch(hopf, parameters={"a": a})["x"]
    >>> x.shape
    torch.Size([1, 1, 100])
    >>> x.square().mean().backward()
    >>> bool(a.grad > 0)
    True
    """
    import torch

    from skneuro.engine._torch import TorchRun

    if simulator.method != "euler":
        raise ValueError(
            f"method={simulator.method!r}, but the torch form knows Euler's scheme "
            "only; set method='euler'."
        )
    like = {"dtype": getattr(torch, simulator.dtype), "device": resolve_device(device)}
    known = X.detach().cpu().numpy() if isinstance(X, torch.Tensor) else X
    simulator._fit_if_needed(known, keep_noise=False)
    samples = [None] if X is None else simulator._check_drive(known)
    recorded = simulator._recorded(all_by_default=True)
    plans = [simulator._plan(s, recorded, simulation=k) for k, s in enumerate(samples)]
    groups = simulator._models_by_population()
    given = _by_group(parameters or {}, groups, simulator)
    pairs = [
        _replaced_numbers(model, values, like)
        for (_, model), values in zip(groups, given, strict=True)
    ]
    replaced, weights = [numbers for numbers, _ in pairs], pairs[0][1]
    if X is not None:
        X = _as_tensor(X, like)
    drive = [] if X is not None and X.ndim == 3 else None
    start = 0
    for (_, model), numbers in zip(groups, replaced, strict=True):
        if X is None:
            break
        stop = start + len(model.inputs) * model.n_nodes_
        chunks = X[:, start:stop].chunk(len(model.inputs), 1)
        parts, start = dict(zip(model.inputs, chunks, strict=True)), stop
        if drive is not None:
            drive.append(parts)
            continue
        for port, values in parts.items():
            constant = numbers.get(f"input_{port}")
            if constant is None:
                constant = torch.as_tensor(model._numbers[f"input_{port}"], **like)
            numbers[f"input_{port}"] = constant + values
    run = TorchRun(
        plans[0].network,
        [plan.job for plan in plans],
        parameters=replaced,
        weights=weights,
        **like,
    )
    places = [name if isinstance(name, tuple) else (0, name) for name in recorded]
    series = run.run(plans[0].n_steps, record=places, drive=drive, hold=plans[0].hold)
    names = [groups[g][0] + name for g, name in places]
    return dict(zip(names, series, strict=True))


def _by_group(parameters, groups, simulator):
    """Tensors of each group of a network, by the names of its own parameters."""
    given = [
        {
            name.removeprefix(prefix): value
            for name, value in parameters.items()
            if name.startswith(prefix)
        }
        for prefix, _ in groups
    ]
    if sum(map(len, given)) < len(parameters) or (
        groups[0][0] and any("connectivity" in values for values in given)
    ):
        raise ValueError(
            f"parameters names {sorted(parameters)}, expected parameters of the groups "
            f"{[prefix for prefix, _ in groups]} of this {type(simulator).__name__}, "
            "group__name; weights of a network of groups cannot be replaced."
        )
    return given


def _as_tensor(value, like):
    """Return a tensor, of a copy of what is none: arrays may be read-only."""
    import torch

    if not isinstance(value, torch.Tensor):
        value = np.array(value, dtype=np.float64)
    return torch.as_tensor(value, **like)


def _replaced_numbers(simulator, parameters, like):
    """Tensors by the names that equations use, and weights by projection or None."""
    import torch

    numbers = numeric_parameters(type(simulator))
    _check_names(parameters, [*numbers, "connectivity"], "parameters", simulator)
    tensors = {k: _as_tensor(v, like) for k, v in parameters.items()}
    matrix = tensors.pop("connectivity", None)
    replaced = dict(tensors)
    for name, value in tensors.items():
        replaced[_number_of(simulator, name)] = value
    if matrix is None:
        return replaced, None
    shape = (simulator.n_nodes_, simulator.n_nodes_)
    if matrix.shape != shape:
        raise ValueError(
            f"connectivity has shape {tuple(matrix.shape)}, expected {shape}: that of "
            "the simulator."
        )
    matrix = matrix * torch.as_tensor(simulator.connectivity_ != 0, **like)
    weights = []
    for projection in simulator._network.projections:
        name = projection.target[1]
        if name in simulator.self_inputs:
            weights.append(None)
            continue
        powers = matrix ** simulator.weight_powers.get(name, 1)
        replaced[f"{name}_strength"] = powers.sum(1)
        weights.append(powers[projection.to, projection.start])
    return replaced, weights
