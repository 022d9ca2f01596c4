"""Our side, through the public API only."""

import platform
import time

_start = time.perf_counter()
from importlib import metadata  # noqa: E402

import numpy as np  # noqa: E402
from protocol import coupling_values, serve  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

import skneuro  # noqa: E402
from skneuro import dynamics  # noqa: E402
from skneuro.metrics import FunctionalConnectivity  # noqa: E402

# Name of a case -> class, what varies over sets, name of the noise.
MODELS = {
    "hopf": ("Hopf", "coupling", None),
    "wilson_cowan": ("WilsonCowan", "coupling", None),
    "fitzhugh_nagumo": ("FitzHughNagumo", "coupling", None),
    "wong_wang": ("WongWang", "coupling", None),
    "aln": ("ALN", "coupling", None),
    "kuramoto": ("Kuramoto", "coupling", None),
    "thalamus": ("ThalamicNode", "g_k_leak", "tcr"),
    "reduced_wong_wang": ("ReducedWongWang", "coupling", None),
    "jansen_rit": ("JansenRit", "coupling", None),
    "montbrio_pazo_roxin": ("MontbrioPazoRoxin", "coupling", None),
}


def prepare(case, connectivity, tract_lengths):
    """Return a function that builds the simulator, runs it and returns its output."""
    class_name, gain, noise = MODELS[case["model"]]
    simulator_class = getattr(dynamics, class_name)
    couplings = coupling_values(case)
    no_drive = np.zeros((1, len(connectivity)))

    def build(**options):
        return simulator_class(
            connectivity,
            tract_lengths,
            sigma={noise: case["sigma"]} if noise else case["sigma"],
            duration=case["duration"],
            dt=case["dt"],
            dtype=case["dtype"],
            random_state=0,
            **{gain: couplings[0]},
            **options,
        )

    def single():
        return build().fit(no_drive).transform(no_drive)

    def batch():
        return dynamics.simulate_batch(
            build(), [{gain: coupling} for coupling in couplings]
        )

    def bold():
        simulator = build(monitor=dynamics.Bold(t_r=2.0))
        return make_pipeline(simulator, FunctionalConnectivity()).fit_transform(
            no_drive
        )

    if case["closed_loop"]:
        loop = dynamics.Stepper(build())

        def closed_loop():
            x, outputs = np.zeros(len(connectivity)), []
            for _ in range(round(case["duration"] / case["dt"])):
                x = loop.step(-0.1 * x)
                outputs.append(x)
            return np.stack(outputs, axis=1)

        return closed_loop
    if case["bold"]:
        return bold
    return batch if case["n_sets"] > 1 else single


if __name__ == "__main__":
    packages = ("numpy", "numba", "scikit-learn")
    serve(
        prepare,
        {"python": platform.python_version(), "skneuro": skneuro.__version__}
        | {package: metadata.version(package) for package in packages},
        time.perf_counter() - _start,
    )
