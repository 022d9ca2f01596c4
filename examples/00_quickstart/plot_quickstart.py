"""
A brain in two minutes: simulate, observe, fit
==============================================

Simulate a whole brain on a connectome, watch its BOLD signal, compute its functional
connectivity, and find the coupling strength that explains five people's scans. All of
it needs no download, and runs in less than a minute on two cores.
"""

# %%
# A connectome says how strongly 80 regions are linked, and how long the tracts are. It
# is drawn from the distance rule of cortical wiring. Five people have the same rule and
# weights of their own.
import argparse
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from skneuro.datasets import make_connectome
from skneuro.dynamics import Bold, Hopf, SubSample, WholeBrainRegressor, simulate_batch
from skneuro.metrics import FunctionalConnectivity, fc_correlation
from skneuro.plotting import plot_connectivity_matrix, plot_timeseries
from skneuro.utils import progress_bar

parser = argparse.ArgumentParser()
parser.add_argument("--output", type=Path, help="folder to write the figures to")
output = parser.parse_args().output

brain = make_connectome(n_nodes=80, random_state=0)
rng = np.random.default_rng(0)
spread = np.exp(0.5 * rng.standard_normal((5, 80, 80)))
people = brain.connectivity * np.sqrt(spread * spread.swapaxes(1, 2))

# %%
# The simulator is a noise-driven Hopf network below its bifurcation [1]_: each region
# forgets within 400 ms what its neighbours and the noise do to it. The monitor decides
# what leaves the simulation: here activity every 10 ms, then BOLD every 2 s, which the
# haemodynamics integrate beside the simulation.
TRUE_COUPLING = 0.04  # 1/ms, what the fit has to find
simulator = Hopf(
    brain.connectivity,
    brain.tract_lengths,
    a=-0.0025,  # 1/ms
    frequency=2 * np.pi * 0.05e-3,  # rad/ms: 0.05 Hz, as in resting BOLD
    coupling=TRUE_COUPLING,
    sigma=1e-3,
    tau_noise=0.0,  # white noise
    dt=2.0,
    duration=600_000.0,  # ten minutes
    initial_state={"x": 0.0, "y": 0.0},
    labels=brain.labels,
    random_state=0,
)
activity = simulator.set_params(monitor=SubSample(interval=10.0)).simulate().x
simulator.set_params(monitor=Bold(t_r=2.0), verbose=output is not None)
bold = simulator.simulate().bold

# %%
# Functional connectivity is a transformer, like everything that turns data into data
# here. Regions that are linked fluctuate together, and with the neighbours of those.
bold = bold.sel(time=slice(20_000, None))  # without the start
fc = FunctionalConnectivity(vectorize=False).fit_transform(bold.values[None])[0]

shown = [0, 40, 1, 41, 2, 42]  # three regions and their mirror images
sides = ["left" if label.endswith("L") else "right" for label in brain.labels]
fig, axes = plt.subplots(2, 2, figsize=(10, 7.5), layout="constrained")
plot_connectivity_matrix(brain.connectivity, groups=sides, log=True, ax=axes[0, 0])
axes[0, 0].set_title("Structural connectivity")
plot_timeseries(activity[shown].sel(time=slice(60_000, 70_000)), ax=axes[0, 1])
axes[0, 1].set_title("Activity")
plot_connectivity_matrix(fc, groups=sides, vmax=0.8, ax=axes[1, 0])
axes[1, 0].set_title("Functional connectivity")
plot_timeseries(bold[shown], ax=axes[1, 1])
axes[1, 1].set_title("BOLD")
if output is not None:
    output.mkdir(parents=True, exist_ok=True)
    fig.savefig(output / "simulation.png", dpi=120)

# %%
# Now forget the coupling and find it again. Each person is scanned once, on their own
# connectome and with noise that the model does not know.
scans = simulate_batch(
    simulator,
    [{"connectivity": c, "random_state": 100 + i} for i, c in enumerate(people)],
    n_jobs=2,
)
measured = FunctionalConnectivity().fit_transform(scans[..., 10:])

# %%
# ``WholeBrainRegressor`` makes the simulator a regressor, connectome in and functional
# connectivity out, and fitting becomes model selection with people held out. Two
# scores are kept. The correlation over node pairs is what the field reports; it is
# blind to how strong connectivity is overall. The error is not, and decides here.
couplings = TRUE_COUPLING * 2.0 ** np.arange(-3, 3)
n_runs = len(couplings) * len(people)


def score(model, X, y):
    """Predict once, score twice, and move the progress bar."""
    predicted = model.predict(X)
    bar.update()
    return {
        "error": -root_mean_squared_error(y, predicted),
        "correlation": fc_correlation(predicted, y).mean(),
    }


search = GridSearchCV(
    WholeBrainRegressor(simulator.set_params(verbose=False), transient=20_000.0),
    {"simulator__coupling": couplings},
    scoring=score,
    refit="error",
    cv=LeaveOneOut(),
)
with (
    progress_bar(n_runs, desc="fitting", enabled=output is not None) as bar,
    joblib.parallel_config("threading", n_jobs=2),
):
    search.fit(people, measured)

# %%
# The error is smallest at the coupling that made the scans.
results = pd.DataFrame(search.cv_results_).filter(like="mean_test")
results.columns = results.columns.str.removeprefix("mean_test_")
results = results.abs().assign(coupling=couplings)
print(results[["coupling", "error", "correlation"]].round(3).to_string(index=False))
print(f"found {search.best_params_['simulator__coupling']:g}, truth {TRUE_COUPLING:g}")

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name, color in (("error", "C3"), ("correlation", "C0")):
    left.semilogx(couplings, results[name], "o-", color=color, label=name)
left.axvline(TRUE_COUPLING, color="0.6", ls="--", label="truth")
left.set(xlabel="coupling (1/ms)", ylim=(0, 1), title="Search, people held out")
left.legend()
right.plot(measured[0], search.predict(people[:1])[0], ".", ms=3, alpha=0.4, color="C0")
right.axline((0, 0), slope=1, color="0.6", ls="--")
right.set(xlabel="measured", ylabel="predicted", title="Node pairs of one person")
if output is not None:
    fig.savefig(output / "fit.png", dpi=120)
    print(f"figures are in {output}/")

# %%
# References
# ----------
# .. [1] G. Deco et al. (2017), Sci. Rep. 7, 3095. :doi:`10.1038/s41598-017-03073-5`
