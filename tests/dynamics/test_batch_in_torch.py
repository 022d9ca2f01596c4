"""Batches through the torch form are those of compiled code."""

import numpy as np
import pytest

from skneuro.dynamics import (
    ALN,
    Bold,
    FitzHughNagumo,
    Hopf,
    JansenRit,
    Kuramoto,
    MontbrioPazoRoxin,
    NetworkSimulator,
    ReducedWongWang,
    SubSample,
    TemporalAverage,
    ThalamicNode,
    WilsonCowan,
    WongWang,
    simulate_batch,
    simulate_torch,
)

pytestmark = pytest.mark.torch
MODELS = [
    *(ALN, FitzHughNagumo, Hopf, JansenRit, Kuramoto, MontbrioPazoRoxin),
    *(ReducedWongWang, ThalamicNode, WilsonCowan, WongWang),
]
SETS = [{"coupling": c, "random_state": k} for k, c in enumerate((0.0, 0.2, 0.5))]


def make_simulator(model=Hopf, **kwargs):
    rng = np.random.default_rng(0)
    shape = (4, 4)
    kwargs = {"duration": 20.0, "sigma": 0.01, "random_state": 0} | kwargs
    return model(rng.uniform(0, 0.3, shape), rng.uniform(0, 60, shape), **kwargs)


def compare(simulator, sets=SETS, X=None, **tolerance):
    expected = simulate_batch(simulator, sets, X)
    found = simulate_batch(simulator, sets, X, device="cpu")
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, **({"atol": 1e-10} | tolerance))


@pytest.mark.parametrize("model", MODELS)
def test_series_equal_those_of_compiled_code(model):
    dt = 0.01 if model in (MontbrioPazoRoxin, ThalamicNode) else 0.1
    simulator = make_simulator(model, duration=200 * dt, dt=dt)
    in_hz = simulator.units.get(simulator.output) == "Hz"
    compare(simulator, **({"rtol": 1e-9} if in_hz else {}))


@pytest.mark.parametrize(
    "monitor",
    [SubSample(0.7), TemporalAverage(1.1), Bold(t_r=0.005), Bold(0.004, dt=1.0)],
)
def test_monitors_equal_those_of_compiled_code(monitor):
    compare(make_simulator(WilsonCowan, monitor=monitor))


@pytest.mark.parametrize("n_times", [None, 40])
def test_drives_equal_those_of_compiled_code(n_times):
    shape = (2, 8) if n_times is None else (2, 8, n_times)
    X = 0.1 * np.random.default_rng(0).standard_normal(shape)
    settings = {"inputs": ("x", "y"), "independent_noise": True}
    if n_times is not None:
        settings |= {"duration": None, "stimulus_interval": 0.5}
    compare(make_simulator(**settings), X=X)


def test_sets_of_other_delays_run_in_batches_of_their_own():
    sets = [
        {"conduction_speed": s, "coupling": c} for c in (0.1, 0.4) for s in (5.0, 20.0)
    ]
    compare(make_simulator(), sets)


def test_float32_and_networks_of_several_models():
    compare(make_simulator(dtype="float32"), atol=1e-4)
    network = NetworkSimulator(
        [("hopf", Hopf()), ("cortex", WilsonCowan(sigma=0.02))],
        np.random.default_rng(0).uniform(0, 0.3, (4, 4)),
        delays=1.3,
        n_nodes=(2, 2),
        duration=15.0,
        random_state=0,
    )
    compare(network, [{"random_state": 1}, {"random_state": 2}])


def test_long_runs_draw_their_noise_piece_by_piece():
    compare(
        make_simulator(duration=120.0, monitor=SubSample(10.0)), SETS[:2], atol=1e-9
    )


def test_diverging_sets_become_nan():
    simulator = make_simulator(dt=5.0, duration=1000.0, frequency=0.01, coupling=0.0)
    sets = [{"a": -0.01}, {"a": 2.0}]
    with pytest.warns(UserWarning, match=r"parameter set 1, {'a': 2.0}"):
        found = simulate_batch(simulator, sets, device="cpu", on_divergence="warn")
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_other_schemes_and_devices_say_so():
    with pytest.raises(ValueError, match="knows Euler's scheme only"):
        simulate_batch(make_simulator(method="heun"), SETS, device="cpu")
    for device in ("gpu", 1.5, "cuda:many"):
        with pytest.raises(ValueError, match=r"no device of torch .* expected 'auto'"):
            simulate_batch(make_simulator(), SETS, device=device)


def test_a_gpu_that_is_not_there_says_so():
    import torch

    if torch.cuda.is_available():
        device, message = f"cuda:{torch.cuda.device_count()}", "CUDA devices, numbered"
    else:
        device, message = "cuda", r"torch .* sees no CUDA device; pass device='auto'"
    with pytest.raises(ValueError, match=message):
        simulate_batch(make_simulator(), SETS, device=device)
    with pytest.raises(ValueError, match=message):
        simulate_torch(make_simulator(), device=device)


@pytest.mark.gpu
def test_series_on_a_gpu_equal_those_of_compiled_code():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    simulator = make_simulator(WilsonCowan, monitor=Bold(t_r=0.005))
    expected = simulate_batch(simulator, SETS)
    found = simulate_batch(simulator, SETS, device="cuda")
    np.testing.assert_allclose(found, expected, atol=1e-9)
