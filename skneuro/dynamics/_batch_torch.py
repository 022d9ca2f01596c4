"""Run many simulations side by side in torch, on a GPU where there is one."""

import numpy as np

from skneuro.dynamics._batch import Result, Results
from skneuro.engine._jobs import Failure
from skneuro.utils import resolve_device


def run_plans_in_torch(plans, device):
    """Run simulations in torch, all that share network and recordings at once.

    Parameters
    ----------
    plans : list of Plan
        Simulations by Euler's scheme.
    device : str or torch.device
        Where to compute, as `resolve_device` reads it.

    Returns
    -------
    Results
        In the order of the plans, without the states that they ended in.

    Raises
    ------
    ValueError
        If a plan has another scheme, or there is no such device.
    """
    device = resolve_device(device)
    if methods := {plan.method for plan in plans} - {"euler"}:
        raise ValueError(
            f"method={methods.pop()!r}, but the torch form knows Euler's scheme only; "
            "set method='euler', or device=None."
        )
    results, left = [None] * len(plans), list(range(len(plans)))
    while left:
        batch = [i for i in left if plans[i].fits(plans[left[0]])]
        left = [i for i in left if i not in batch]
        for index, result in zip(
            batch, _run([plans[i] for i in batch], device), strict=True
        ):
            results[index] = result
    shapes = {tuple(v.shape for v in (*r.recorded, *r.observed)) for r in results}
    if len(shapes) > 1:
        return Results(results, None, None)
    return Results(
        results,
        [
            np.stack(series)
            for series in zip(*(r.recorded for r in results), strict=True)
        ],
        [
            np.stack(series)
            for series in zip(*(r.observed for r in results), strict=True)
        ],
    )


def _run(plans, device):
    import torch

    from skneuro.engine._torch import TorchRun

    first = plans[0]
    like = {"dtype": getattr(torch, first.dtype), "device": device}
    run = TorchRun(first.network, [plan.job for plan in plans], **like)
    drive = None
    if first.job.drive is not None:
        drive = [
            {
                port: torch.as_tensor(
                    np.stack([plan.job.drive[g][port] for plan in plans]), **like
                )
                for port in part or {}
            }
            for g, part in enumerate(first.job.drive)
        ]
    recorded, observed, failed = run.record(
        first.n_steps,
        taps=first.taps,
        observers=first.observers,
        drive=drive,
        hold=first.hold,
    )
    results = []
    for k, step in enumerate(failed):
        series = [v[k] for v in recorded], [v[k] for v in observed]
        failure = None
        if step >= 0:
            failure = _locate(first, int(step), *series)
            for values in (*series[0], *series[1]):
                values[:] = np.nan
        results.append(Result(*series, None, failure))
    return results


def _locate(plan, step, recorded, observed):
    """Name a recorded value that is not finite, as near as torch is asked."""
    for tap, values in zip(plan.taps, recorded, strict=True):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            node, sample = bad[bad[:, 1].argmin()]
            known = min(step, (int(sample) + 1) * tap.interval - 1)
            return Failure(0, known, tap.population, tap.variable, int(node))
    name = plan.network.populations[0].equations.variables[0]
    return Failure(0, step, 0, name, 0)
