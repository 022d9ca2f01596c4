"""
Properties of the neurons of a twin
===================================

Tuning, receptive-field location and performance of 104 171 neurons were computed from
their twins and published as tables. This example computes such tables of a small twin,
lays them out as the release does, and reads them as one table.
"""

# %%
# A small cortex of 60 neurons sees gratings of sixteen directions. Selectivity and
# preference come from the mean activity; the location is where the readout looks.
import os
import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skneuro.datasets import fetch_microns_properties, make_movies, make_twin_data
from skneuro.plotting import plot_direction_tuning
from skneuro.twin import direction_tuning, readout_locations, readout_weights

recording = make_twin_data(
    n_neurons=60, n_trials=6, n_test_videos=2, n_repeats=8, spread=1.2, random_state=4
)
twin = recording.twin
directions = np.arange(0, 360, 22.5)
movies = make_movies(
    n_movies=16, duration=1.0, frame_size=(36, 64), directions=directions
)
mean_rates = twin.predict(movies.videos)[..., 10:].mean(axis=-1)
tuning = direction_tuning(mean_rates, directions)
print(tuning[["gOSI", "gDSI", "pref_ori", "pref_dir"]].describe().loc[["mean", "max"]])

# %%
# The release has one folder per property, each with a table of neurons. A mirror is a
# folder, or an address, that is asked before the public one: here, one with our tables.
neurons = pd.DataFrame({"session": 8, "scan_idx": 5, "unit_id": np.arange(1, 61)})
released = ["OSI", "DSI", "gOSI", "gDSI", "pref_ori", "pref_dir"]
scores = {"cc_abs": 0.6, "cc_max": 0.8, "cc_norm": 0.75}
anatomy = {"unit_x": 0.0, "unit_y": 0.0, "unit_z": 0.0, "brain_area": "V1", "field": 1}
tables = {
    "readout": neurons,
    "performance": neurons.assign(**scores),
    "ori_dir_tuning": neurons.join(tuning[released]),
    "anatomy": neurons.assign(**anatomy),
}
mirror = Path(tempfile.mkdtemp())
for name, table in tables.items():
    part = mirror / "microns" / "digital_twin_properties" / "v2" / name
    part.mkdir(parents=True)
    table.to_csv(part / "units.csv", index=False)
    if name == "readout":
        np.save(part / "readout_locations.npy", readout_locations(twin))
        np.save(part / "readout_weights.npy", readout_weights(twin))

# %%
# Read the tables as one. The release states no hashes, so that the first download is
# taken on trust, with a warning, and its hash is expected from then on.
os.environ["SKNEURO_MIRROR"] = str(mirror)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    table = fetch_microns_properties(8, 5, data_home=mirror / "cache").metadata
del os.environ["SKNEURO_MIRROR"]
print(table.iloc[:3, :12].round(2).to_string())

# %%
# Where neurons look, in the colour of the direction that they prefer; how selective
# they are; and the most selective one.
fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
points = axes[0].scatter(
    table["readout_x"], -table["readout_y"], c=table["pref_dir"], cmap="twilight", s=18
)
fig.colorbar(points, ax=axes[0], label="preferred direction (degrees)")
axes[0].set(xlim=(-1, 1), ylim=(-1, 1), xlabel="right", ylabel="up", title="Location")
axes[1].hist(table["gDSI"], bins=15, alpha=0.7, label="gDSI")
axes[1].hist(table["gOSI"], bins=15, alpha=0.7, label="gOSI")
axes[1].set(xlabel="selectivity", ylabel="neurons", title="Tuning")
axes[1].legend()
best = int(table["gOSI"].argmax())
plot_direction_tuning(
    directions, mean_rates[:, best], tuning=tuning.iloc[best], ax=axes[2]
)
axes[2].set_title(f"Neuron {best}")

# %%
# References
# ----------
# Z. Ding et al. (2025), Nature 640, 459-469.
#    :doi:`10.1038/s41586-025-08840-3`
