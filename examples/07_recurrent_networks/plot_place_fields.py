"""
Place fields from integrating one's own motion
==============================================

A network gets a glimpse of where it is, and then runs on in the dark: all it feels is
its own velocity, and it has to predict what it would see. Units that fire in one place
emerge [1]_ [2]_; an untrained network has next to none.
"""

# %%
# Sixty sensory cells have smooth random maps of the arena. X is their view in the first
# 100 ms and the velocity for the rest of two seconds; y is the full view throughout.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skneuro.datasets import make_spatial_navigation
from skneuro.metrics import place_cells, rate_maps
from skneuro.plotting import plot_rate_maps
from skneuro.rnn import CTRNNRegressor

task = make_spatial_navigation(
    6000, n_cells=60, duration=2000.0, senses="motion", n_paths=100, random_state=0
)
train, test = slice(0, 5000), slice(5000, None)

ax = plot_rate_maps(task.maps[:8], n_columns=8)
ax.set_title("Maps of sensory cells")

# %%
# One network is trained, at a price on its rates; its twin stays as it was drawn.
settings = {"tau": 100.0, "dt": task.dt, "random_state": 0}
net = CTRNNRegressor(
    128,
    lr=0.002,
    batch_size=100,
    max_epochs=12,
    penalties={"rate_l2": 1e-3},
    **settings,
).fit(task.X[train], task.y[train])
naive = CTRNNRegressor(128, **settings).begin(task.X.shape[1], task.y.shape[1])

# %%
# Its error grows slowly in the dark, since it integrates what it feels.
errors = net.predict(task.X[test]) - task.y[test]
error = np.sqrt((errors**2).mean(axis=(0, 1)))

fig, ax = plt.subplots(figsize=(4.8, 3), layout="constrained")
ax.plot(task.times, error, label="network")
ax.axhline(task.y[test].std(), color="0.6", linestyle="--", label="mean view")
ax.set(xlabel="Time (ms)", ylabel="Error of the view", ylim=(0, None))
ax.legend()

# %%
# In the second half of each trial, the glimpse is long gone. Rate maps average rates by
# place; a unit tells the place if its information exceeds 99 % of what remains when
# rates are shifted in time against the path, within recordings of 5 and of 17 min.
late = task.times > 1000
where = {"arena": task.arena, "bin_size": 10.0}
rows, maps, cells = [], {}, {}
for name, model in (("untrained", naive), ("trained", net)):
    rates = model.transform(task.X[test])[:, :, late]
    positions = task.positions[test][:, :, late]
    row = {"network": name}
    for n_trials in (300, 1000):
        found = place_cells(
            rates[:n_trials], positions[:n_trials], random_state=0, **where
        )
        minutes = n_trials * late.sum() * task.dt / 60_000
        row[f"share in {minutes:.0f} min"] = np.mean(
            found.information > found.threshold
        )
    maps[name], _ = rate_maps(rates, positions, smoothing=5.0, **where)
    cells[name] = found
    rows.append(row)
print(pd.DataFrame(rows).set_index("network").round(2))

# %%
# The sixteen most informative units of both.
fig, axes = plt.subplots(1, 2, figsize=(9, 5.2), layout="compressed")
for ax, name in zip(axes, maps, strict=True):
    best = cells[name].information.sort_values(ascending=False).index[:16]
    titles = [f"{bits:.1f} bits" for bits in cells[name].information[best]]
    plot_rate_maps(maps[name][best], titles=titles, ax=ax)
    ax.set_title(name)

# %%
# References
# ----------
# .. [1] C. J. Cueva, X.-X. Wei (2018), Int. Conf. Learn. Represent.
#    :doi:`10.48550/arXiv.1803.07770`
# .. [2] Z. Wang et al. (2024), Adv. Neural Inf. Process. Syst. 37.
#    :doi:`10.48550/arXiv.2408.05798`
