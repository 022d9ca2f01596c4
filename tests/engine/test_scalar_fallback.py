"""Without vectors the engine is slower and gives the same results."""

import json
import textwrap

import numpy as np
import pytest

from skneuro.engine import _backend

SIMULATIONS = """
import numpy as np
from skneuro.dynamics import (
    Bold, Hopf, Raw, SubSample, TemporalAverage, WilsonCowan, simulate_batch,
)

rng = np.random.default_rng(3)
n = 11
weights = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 0.6)
lengths = rng.uniform(0, 120, (n, n))  # up to 60 steps, about a sixth of them below 10
drive = rng.normal(scale=0.3, size=(1, n, 80))
common = dict(duration=40.0, sigma=0.02, random_state=1, coupling=0.1)
networks = {
    "undelayed": dict(connectivity=weights),
    "delayed": dict(connectivity=weights, tract_lengths=lengths),
    "alone": dict(connectivity=weights[:1, :1]),
}
results = {}
for name, network in networks.items():
    for model in (Hopf, WilsonCowan):
        for method in ("euler", "heun"):
            simulator = model(**network, **common, method=method)
            series = simulator.simulate()
            series = series if name == "alone" else simulator.set_params(
                stimulus_interval=0.5
            ).simulate(drive, continue_from=simulator.state_)
            for variable in series:
                key = f"{model.__name__}.{method}.{name}.{variable}"
                results[key] = series[variable].values
delayed = dict(**networks["delayed"], **common)
monitors = {
    "sample": (SubSample(0.7), 35.0),
    "average": (TemporalAverage(0.7), 35.0),
    "bold": (Bold(t_r=0.25), 1000.0),
    "coarse bold": (Bold(t_r=0.25, dt=0.5), 1000.0),
}
for name, (monitor, duration) in monitors.items():
    delayed |= {"monitor": monitor, "duration": duration}
    results[name] = WilsonCowan(**delayed).simulate().to_array().values
quiet = {**delayed, "sigma": 0.0, "duration": 35.0, "monitor": Raw()}
for model in (Hopf, WilsonCowan):
    results[f"quiet {model.__name__}"] = model(**quiet).simulate().to_array().values
results["batch"] = simulate_batch(
    WilsonCowan(**delayed), [{"coupling": c} for c in (0.1, 0.2)]
)
"""

IN_A_PROCESS = (
    SIMULATIONS
    + """
from skneuro.engine._backend import FINGERPRINT, LANES, VECTORS
assert not VECTORS and LANES == {"f64": 1, "f32": 1} and FINGERPRINT.endswith("numbers")
np.savez("results.npz", **results)
"""
)


@pytest.mark.skipif(not _backend.VECTORS, reason="this processor has no vectors")
def test_single_numbers_give_the_same_trajectories(run_python, tmp_path):
    # The cached code of this process, which has vectors, must not be taken there.
    namespace = {}
    exec(SIMULATIONS, namespace)
    run_python(IN_A_PROCESS, SKNEURO_VECTORS="0")
    with np.load(tmp_path / "results.npz") as stored:
        slow = dict(stored)
    fast = namespace["results"]
    assert slow.keys() == fast.keys()
    for name, values in fast.items():
        assert np.isfinite(values).all(), name
        assert np.ptp(values) > 1e-4, name
        # Normal numbers are rounded to single precision, and not quite alike.
        atol = 1e-10 if name.startswith("quiet") else 1e-6
        np.testing.assert_allclose(slow[name], values, rtol=0, atol=atol, err_msg=name)


BROKEN = textwrap.dedent("""
    import json, logging, sys, types
    records = []
    handler = logging.Handler()
    handler.emit = lambda r: records.append((r.levelname, r.getMessage()))
    logging.getLogger("skneuro").addHandler(handler)
    {damage}
    from skneuro.dynamics import Hopf
    from skneuro.engine._backend import FINGERPRINT, VECTORS
    x = Hopf(duration=1.0, random_state=0).simulate()["x"].values
    print(json.dumps([VECTORS, FINGERPRINT, records, x.tolist()]))
""")
DAMAGES = {
    "import": "sys.modules['skneuro.engine._simd'] = None",
    "compilation": """
import skneuro.engine._simd as simd
simd.fma = lambda x, y, z: x.no_such_attribute
""",
    "wrong numbers": """
import numba
import skneuro.engine._simd as simd
simd.fma = numba.njit(lambda x, y, z: x)
""",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_broken_vectors_fall_back_with_a_warning(damage, run_python):
    code = BROKEN.format(damage=DAMAGES[damage])
    out, _ = run_python(code, SKNEURO_VECTORS="1")
    vectors, fingerprint, records, x = json.loads(out)
    assert not vectors
    assert fingerprint.endswith("numbers")
    ((level, message),) = records
    assert level == "WARNING"
    assert message.startswith("the engine runs without vectors, slower: ")
    namespace = {}
    exec(
        "from skneuro.dynamics import Hopf\n"
        "x = Hopf(duration=1.0, random_state=0).simulate()['x'].values",
        namespace,
    )
    np.testing.assert_allclose(x, namespace["x"], rtol=1e-12)


def test_both_kinds_offer_the_same_names():
    from skneuro.engine import _scalar

    of_both = {"FINGERPRINT", "VECTORS", "cfunc_cached", "njit_cached"}
    for name in set(_backend.__all__) - of_both:
        assert hasattr(_scalar, name), name
