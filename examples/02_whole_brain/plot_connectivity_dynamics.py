"""
Fit the dynamics of functional connectivity
===========================================

Average functional connectivity forgets time: very different dynamics share it. How
connectivity patterns come and go within a scan tells them apart, and can be fitted.
"""

# %%
# Six made-up people whose regions oscillate at 0.04 to 0.07 Hz, as resting BOLD does
# [1]_. The bifurcation parameter ``a`` decides what a region does alone: below zero it
# is silent but for noise, above zero it oscillates by itself.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from skneuro.datasets import make_connectome
from skneuro.dynamics import Hopf, SubSample, WholeBrainRegressor, simulate_batch
from skneuro.metrics import FunctionalConnectivityDynamics
from skneuro.plotting import plot_connectivity_matrix

people = np.stack([make_connectome(60, random_state=i).connectivity for i in range(6)])
rng = np.random.default_rng(0)
simulator = Hopf(
    frequency=2 * np.pi * rng.uniform(0.04e-3, 0.07e-3, size=60),  # rad/ms
    coupling=1e-3,  # 1/ms
    sigma=2e-5,
    tau_noise=0.0,  # white noise
    dt=100.0,
    duration=1_300_000.0,  # 20 minutes and a transient
    monitor=SubSample(interval=2000.0),
    initial_state={"x": 0.01, "y": 0.0},
    random_state=0,
)
values = np.array([-0.1, -0.05, -0.02, 0.0, 0.02, 0.05, 0.1]) * 1e-3  # 1/ms
TRUE_A = values[4]

# %%
# What is measured: one scan of each person, with noise that the model does not know.
scans = simulate_batch(
    simulator,
    [
        {"a": TRUE_A, "connectivity": c, "random_state": 100 + i}
        for i, c in enumerate(people)
    ],
)[..., 50:]

# %%
# ``loss`` says what is compared: functional connectivity, by its correlation over node
# pairs, or its dynamics, by the distance of two distributions, which the model and the
# person's scan have of the likeness of connectivity in any two windows of a minute.
scores = {}
for loss in ("fc", "fcd"):
    model = WholeBrainRegressor(simulator, loss=loss, transient=100_000.0)
    search = GridSearchCV(model, {"simulator__a": values}, cv=LeaveOneOut())
    search.fit(people, scans)
    scores[loss] = search.cv_results_["mean_test_score"]
    print(loss, scores[loss].round(2), f"best a: {search.best_params_['simulator__a']}")

# %%
# Both find the truth, the dynamics with more contrast. The matrices show why: patterns
# of noise-driven regions hardly come back; those of oscillating regions do, again and
# again, as their phases drift past each other; the truth lies in between.
fcd = FunctionalConnectivityDynamics(vectorize=False, t_r=2.0)
fig, axes = plt.subplots(2, 2, figsize=(9, 7.5), layout="constrained")
for ax, a in zip(axes.flat, (values[1], TRUE_A, values[6]), strict=False):
    scan = scans[:1] if a == TRUE_A else None
    if scan is None:
        scan = model.set_params(simulator__a=a).fit(people, scans)
        scan = scan.predict_signals(people[:1])
    plot_connectivity_matrix(fcd.fit_transform(scan)[0], vmin=0, vmax=0.6, ax=ax)
    ax.set(xlabel="window", ylabel="window", title=f"FCD, a = {a * 1e3:g} per s")
for loss, label in (("fc", "FC: correlation"), ("fcd", "FCD: 1 - distance")):
    axes[1, 1].plot(values * 1e3, scores[loss], "o-", label=label)
axes[1, 1].axvline(TRUE_A * 1e3, color="0.6", ls="--", label="truth")
axes[1, 1].set(xlabel="a (per s)", ylim=(0, 1), title="Score, people held out")
axes[1, 1].legend(loc="lower left")

# %%
# References
# ----------
# .. [1] G. Deco et al. (2017), Sci. Rep. 7, 3095. :doi:`10.1038/s41598-017-03073-5`
