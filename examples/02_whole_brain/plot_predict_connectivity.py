"""
Predict the functional connectivity of people held out
======================================================

How much of a person's functional connectivity follows from their anatomy? A model is
asked about people whose scans it has not seen, and compared with what needs no model.
About 20 s.
"""

# %%
# The five people of the gw data set, if they are on this machine: in the cache, after
# one ``fetch_connectome("gw")`` with a network, or in the folder ``SKNEURO_MIRROR``.
# Otherwise five made-up people, whose scans come from the model itself, with links
# between mirror images that their tractography misses, as it does in reality.
import os

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skneuro.datasets import fetch_connectome, make_connectome
from skneuro.dynamics import Hopf, SubSample, WholeBrainRegressor, simulate_batch
from skneuro.metrics import (
    connectivity_to_vector,
    fc_correlation,
    functional_connectivity,
    vector_to_connectivity,
)
from skneuro.plotting import plot_connectivity_matrix

try:
    people = fetch_connectome("gw", download_if_missing="SKNEURO_MIRROR" in os.environ)
    source, X = "gw", people.subject_connectivity
except OSError:
    people = make_connectome(n_nodes=80, random_state=0)
    source, spread = "made-up", np.random.default_rng(0).standard_normal((5, 80, 80))
    X = people.connectivity * np.exp(0.7 * spread)
    X /= X.max(axis=(1, 2), keepdims=True)
X = (X + X.swapaxes(1, 2)) / 2  # diffusion imaging cannot tell directions
regions = np.array([label[:-2] for label in people.labels])
mirrored = (regions[:, None] == regions) & ~np.eye(80, dtype=bool)

# %%
# The simulator is a network of Hopf oscillators below their bifurcation, whose
# fluctuations are taken as BOLD [1]_: 0.05 Hz, damped at 0.02 per s. Noise is kept so
# small that the network is linear. Then only ratios of rates matter, and three hours of
# signal, for little sampling error, take a quarter of a second.
simulator = Hopf(
    a=-0.02e-3,  # 1/ms
    frequency=2 * np.pi * 0.05e-3,  # rad/ms
    coupling=4e-3,  # 1/ms
    sigma=1e-6,
    tau_noise=0.0,  # white noise
    dt=50.0,
    duration=3 * 3_600_000.0,
    monitor=SubSample(interval=2000.0),
    initial_state={"x": 0.0, "y": 0.0},
    random_state=0,
)


def add_mirror_links(X, weight):
    """Strengthen the links of mirror images by a part of the largest weight."""
    return X + weight * mirrored


fc = people.subject_fc
if source == "made-up":
    truth = enumerate(add_mirror_links(X, 0.2))
    scans = [{"connectivity": c, "random_state": 100 + i} for i, c in truth]
    minutes = clone(simulator).set_params(duration=720_000.0)
    fc = functional_connectivity(simulate_batch(minutes, scans))

# %%
# Tractography is known to miss commissural fibres. So the links of mirror images get
# additional weight, in a step before the model, and how much is searched along with the
# coupling: a pipeline like any other.
weights, couplings = [0.0, 0.2, 0.4], [1e-3, 2e-3, 4e-3, 8e-3]
search = GridSearchCV(
    make_pipeline(
        FunctionTransformer(add_mirror_links),
        WholeBrainRegressor(simulator, transient=200_000.0),
    ),
    {
        "functiontransformer__kw_args": [{"weight": w} for w in weights],
        "wholebrainregressor__simulator__coupling": couplings,
    },
    cv=LeaveOneOut(),
)
with joblib.parallel_config("threading", n_jobs=2):
    search.fit(X, fc)

# %%
# Nothing but these two numbers is learned. To hold a person out, they are chosen by the
# mean score of the other four, and scored on the fifth.
scores = [search.cv_results_[f"split{k}_test_score"] for k in range(len(X))]
scores = np.reshape(scores, (len(X), len(weights), len(couplings)))


def held_out(scores):
    """Score each person with the candidate that is best for the others."""
    scores = scores.reshape(len(X), -1)
    best = [np.delete(scores, k, axis=0).mean(axis=0).argmax() for k in range(len(X))]
    return scores[np.arange(len(X)), best]


# %%
# What needs no model: the structure itself, its logarithm, in which weights are spread
# evenly, and, as a ceiling, the mean functional connectivity of the other people.
structure = connectivity_to_vector(X)
smallest = np.where(structure > 0, structure, np.inf).min(axis=1, keepdims=True)
others = [np.delete(fc, k, axis=0).mean(axis=0) for k in range(len(X))]
table = pd.DataFrame(
    {
        "structure": fc_correlation(structure, fc),
        "log structure": fc_correlation(np.log(np.maximum(structure, smallest)), fc),
        "model": held_out(scores[:, 0]),
        "model, mirror links": held_out(scores),
        "other people": fc_correlation(others, fc),
    },
    index=[f"{source} {k + 1}" for k in range(len(X))],
)
table.loc["mean"] = table.mean()
print(table.round(2).to_string())

# %%
# The model explains more than the structure that it was given, since fluctuations
# spread along indirect paths.
fig, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
axes[0].plot(table.T, "o-", color="0.75", ms=4)
axes[0].plot(table.loc["mean"], "ko", ms=8)
axes[0].set(ylabel="correlation with measured FC", ylim=(0, 1), title="Each person")
axes[0].set_xticks(range(5), [name.replace(" ", "\n") for name in table.columns])
pairs = [connectivity_to_vector(fc[0]), search.predict(X[:1])[0]]
sides = ["left" if label.endswith("L") else "right" for label in people.labels]
for ax, fc_pairs, title in zip(axes[1:], pairs, ("measured", "predicted"), strict=True):
    plot_connectivity_matrix(
        vector_to_connectivity(fc_pairs), groups=sides, vmax=1, ax=ax
    )
    ax.set_title(f"Person 1, {title}")

# %%
# References
# ----------
# .. [1] G. Deco et al. (2017), Sci. Rep. 7, 3095. :doi:`10.1038/s41598-017-03073-5`
