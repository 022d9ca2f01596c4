"""neurolib's side. Runs in ``.venv-neurolib``; never imports skneuro."""

import logging
import platform
import subprocess
import time

_start = time.perf_counter()
from importlib import import_module, metadata  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from protocol import coupling_values, serve  # noqa: E402

# Name of a case -> module, class, what varies over sets, amplitude of the noise. A new
# model needs one line here and one in worker_skneuro.py.
MODELS = {
    "hopf": ("neurolib.models.hopf", "HopfModel", "K_gl", "sigma_ou"),
    "wilson_cowan": ("neurolib.models.wc", "WCModel", "K_gl", "sigma_ou"),
    "fitzhugh_nagumo": ("neurolib.models.fhn", "FHNModel", "K_gl", "sigma_ou"),
    "wong_wang": ("neurolib.models.ww", "WWModel", "K_gl", "sigma_ou"),
    "aln": ("neurolib.models.aln", "ALNModel", "c_gl", "sigma_ou"),
    "kuramoto": ("neurolib.models.kuramoto", "KuramotoModel", "k", "sigma_ou"),
    "thalamus": ("neurolib.models.thalamus", "ThalamicMassModel", "g_LK", "d_phi"),
}
INPUTS = {"hopf": "x_ext", "wilson_cowan": "exc_ext", "aln": "ext_exc_current"}
BOLD_CHUNK = 2_000.0  # ms, what neurolib itself takes


def prepare(case, connectivity, tract_lengths):
    """Return a function that builds the model, runs it and returns its output."""
    module, class_name, gain, noise = MODELS[case["model"]]
    model_class = getattr(import_module(module), class_name)
    couplings = coupling_values(case)
    network = {}  # of one node there is none
    if len(connectivity) > 1:
        network = {"Cmat": connectivity, "Dmat": tract_lengths}

    def build():
        # the fixed seed reseeds NumPy's generator at each run, which costs microseconds
        model = model_class(**network, seed=1)
        model.params["duration"] = case["duration"]
        model.params["dt"] = case["dt"]
        model.params[noise] = case["sigma"]
        return model

    def single():
        model = build()
        model.params[gain] = couplings[0]
        model.run()
        return model.output

    def batch():
        # its own exploration does this in one process per core
        model = build()
        outputs = []
        for coupling in couplings:
            model.params[gain] = coupling
            model.run()
            outputs.append(model.output)
        return np.stack(outputs)

    def bold():
        model = build()
        model.params[gain] = couplings[0]
        model.run(chunksize=round(BOLD_CHUNK / case["dt"]), bold=True)
        fc = np.corrcoef(model.BOLD.BOLD)
        return fc[np.triu_indices(len(fc), k=1)]

    if case["closed_loop"]:
        model, port = build(), INPUTS[case["model"]]
        model.params[gain] = couplings[0]

        def closed_loop():
            x, outputs = np.zeros((len(connectivity), 1)), []
            for _ in range(round(case["duration"] / case["dt"])):
                # its step reads the column before the last: two columns of the same
                model.params[port] = np.repeat(-0.1 * x, 2, axis=1)
                model.autochunk(chunksize=1)
                x = model.output[:, -1:]
                outputs.append(x[:, 0])
            return np.stack(outputs, axis=1)

        return closed_loop
    if case["bold"]:
        return bold
    return batch if case["n_sets"] > 1 else single


def neurolib_version():
    """Version of the release, or the commit of a checkout that is used instead."""
    source = Path(import_module("neurolib").__file__).parents[1]
    if not (source / ".git").exists():
        return metadata.version("neurolib")
    git = ["git", "-C", source, "rev-parse", "--short", "HEAD"]
    done = subprocess.run(git, capture_output=True, text=True, check=True)
    return f"commit {done.stdout.strip()}"


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    import_module("neurolib.models.model")
    serve(
        prepare,
        {"python": platform.python_version(), "neurolib": neurolib_version()}
        | {package: metadata.version(package) for package in ("numpy", "numba")},
        time.perf_counter() - _start,
    )
