"""
Regions: names, lobes and places
================================

Which regions a simulation has, where they lie, and how to find the region of a point:
tables of two atlases come with the package, any other one is read from its image.
"""

# %%
# AAL2 and the Desikan-Killiany atlas, as tables with hemisphere, lobe and group.
import matplotlib.pyplot as plt
import nibabel
import numpy as np

from skneuro.datasets import (
    find_atlas_regions,
    load_atlas_centroids,
    load_atlas_labels,
)
from skneuro.plotting import plot_on_brain

aal2 = load_atlas_labels("aal2")
print(aal2.groupby("group").size().to_dict())
desikan = load_atlas_labels("desikan_killiany")
print(desikan.groupby(["lobe", "hemisphere"]).size().unstack().to_string())

# %%
# Groups and lobes are columns, so that regions are chosen as rows of any table are.
cortex = aal2.query("group == 'cortex'").reset_index(drop=True)
lobes, number = np.unique(cortex["lobe"], return_inverse=True)
frontal_left = cortex.query("lobe == 'frontal' and hemisphere == 'left'")
print(len(cortex), "regions of cortex; left frontal:", list(frontal_left["name"][:3]))

# %%
# An atlas that exists as an image: here one is drawn, a ball of 9 mm around each
# frontal centre. Its centres come back from the image, in mm.
affine = np.array([[-2, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1.0]])
voxels = np.indices((91, 109, 91)).reshape(3, -1)
places = (affine[:3, :3] @ voxels + affine[:3, 3:]).T  # (n_voxels, 3), mm
centres = frontal_left[["x", "y", "z"]].to_numpy()
volume = np.zeros(len(places), np.int16)
for code, centre in enumerate(centres, start=1):
    volume[np.linalg.norm(places - centre, axis=1) < 9.0] = code
image = nibabel.Nifti1Image(volume.reshape(91, 109, 91), affine)
names = dict(enumerate(frontal_left["name"], start=1))
found = load_atlas_centroids(image, names=names)
print(found.round(1).head(3).to_string())

# %%
# The regions of points: electrodes, dipoles of a lead field, peaks of a map.
peaks = [[-38.0, -7.0, 50.0], [-20.0, 30.0, 44.0], [30.0, -80.0, 0.0]]
print(find_atlas_regions(peaks, image, names=names, radius=5.0))

fig, axes = plt.subplots(
    2, 1, figsize=(8, 5.5), layout="constrained", height_ratios=(1, 1)
)
ax = plot_on_brain(
    number, cortex[["x", "y", "z"]], cmap="tab10", vmax=9, colorbar=False, ax=axes[0]
)
for k, lobe in enumerate(lobes):
    ax.plot([], [], "o", color=plt.cm.tab10(k), label=lobe)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
ax.set_title("Lobes of AAL2")
plot_on_brain(
    found["z"],
    found[["x", "y", "z"]],
    views=("left", "top", "front"),
    label="height (mm)",
    ax=axes[1],
)
axes[1].set_title("Centres found in an image")
