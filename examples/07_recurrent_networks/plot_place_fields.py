"""
Place fields from predicting what comes next
============================================

A network that runs through an arena, half of the time in the dark, and has to predict
what its senses will tell next, develops units that fire in one place [1]_.
"""

# %%
# Sixty sensory cells have smooth random maps of the arena. X is what they tell along a
# path, with random steps in the dark; y is the full view one step later.
import matplotlib.pyplot as plt
import pandas as pd

from skneuro.datasets import make_spatial_navigation, score_task
from skneuro.metrics import place_cells, rate_maps
from skneuro.plotting import plot_rate_maps
from skneuro.rnn import CTRNNRegressor

task = make_spatial_navigation(
    10_000, n_cells=60, motion="fast", n_paths=100, random_state=0
)
train, test = slice(0, 7500), slice(7500, None)
positions = task.positions[test]

ax = plot_rate_maps(task.maps[:8], n_columns=8)
ax.set_title("Maps of sensory cells")

# %%
# The network has to keep track in the dark, with slow units and at a price on mean
# rates. For comparison, another one is "trained" at a vanishing learning rate.
net = CTRNNRegressor(
    128,
    tau=500.0,
    dt=50.0,
    lr=0.002,
    batch_size=128,
    max_epochs=12,
    penalties={"mean_rate_l2": 1.0},
    random_state=0,
)
naive = CTRNNRegressor(128, tau=500.0, dt=50.0, lr=1e-12, max_epochs=1, random_state=0)
net.fit(task.X[train], task.y[train])
naive.fit(task.X[:128], task.y[:128])
outputs = net.predict(task.X[test])
error, _ = score_task(task, outputs, trials=range(7500, 10_000))
print(f"error {error:.2f}; of predicting the mean {task.y[test].std():.2f}")

# %%
# Rate maps average rates by place; information is held against rates that are shifted
# in time. Units of the naive network are informative as well, since they sum cells that
# are, often in several places. What training adds are units with one field that fills
# less than a quarter of the arena: place cells in the narrow sense.
where = {"arena": task.arena, "bin_size": 5.0}
rows, cells, maps = {}, {}, {}
for name, model in (("naive", naive), ("trained", net)):
    rates = model.transform(task.X[test])
    maps[name], _ = rate_maps(rates, positions, **where)
    cells[name] = place_cells(
        rates, positions, field_level=0.3, n_shuffles=50, random_state=0, **where
    )
    table = cells[name]
    one_field = (table.n_fields == 1) & (table.field_size < 2500)
    rows[name] = {
        "beyond shuffles": (table.information > table.threshold).mean(),
        "with one small field": (table.is_place_cell & one_field).mean(),
    }
print(pd.DataFrame(rows).T.round(2))

# %%
# The sixteen most informative units with a peak that counts, before and after.
fig, axes = plt.subplots(1, 2, figsize=(9, 5.2), layout="compressed")
for ax, name in zip(axes, maps, strict=True):
    strong = cells[name][cells[name].is_place_cell]
    best = strong.information.sort_values(ascending=False).index[:16]
    titles = [f"{bits:.1f} bits" for bits in cells[name].information[best]]
    plot_rate_maps(maps[name][best], titles=titles, ax=ax)
    ax.set_title(name)

# %%
# References
# ----------
# .. [1] Z. Wang et al. (2024), Adv. Neural Inf. Process. Syst. 37.
#    :doi:`10.48550/arXiv.2408.05798`
