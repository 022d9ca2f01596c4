"""
Connectomes: drawn by a rule, or your own
=========================================

A whole-brain simulation needs two matrices: how strongly regions are linked, and how
long the tracts between them are. This example draws both from the distance rule that
brains follow, then brings in matrices and BOLD signals of one's own.
"""

# %%
# A connectome needs no download: two hemispheres whose regions are linked the more
# likely, and the more strongly, the shorter the tract between them [1]_. Mirror images
# are always linked; they form the two lines beside the diagonal.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import nibabel
import numpy as np
import pandas as pd
from nilearn.maskers import NiftiLabelsMasker

from skneuro.datasets import load_connectome, make_connectome
from skneuro.plotting import plot_connectivity_matrix

connectome = make_connectome(n_nodes=80, random_state=0)
print(connectome.labels[:3], connectome.connectivity.shape)

# %%
# The weights fall exponentially with tract length at the rate that was asked for, 0.1
# per mm, with a lognormal spread. Mirror images are the exception: stronger than their
# length says, as in human data.
pairs = np.triu_indices(80, k=1)
weights, lengths = connectome.connectivity[pairs], connectome.tract_lengths[pairs]
mirrored = pairs[1] - pairs[0] == 40
linked = (weights > 0) & ~mirrored
slope, intercept = np.polyfit(lengths[linked], np.log(weights[linked]), 1)
print(f"{linked.sum() + mirrored.sum()} links, decay {-slope:.3f} per mm")

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
sides = ["left" if label.endswith("L") else "right" for label in connectome.labels]
plot_connectivity_matrix(connectome.connectivity, groups=sides, log=True, ax=left)
left.set_title("Weights")
mm = np.array([lengths[linked].min(), lengths[linked].max()])
right.semilogy(lengths[linked], weights[linked], ".", ms=3, label="other links")
right.semilogy(lengths[mirrored], weights[mirrored], ".", ms=4, label="mirror images")
right.semilogy(mm, np.exp(intercept + slope * mm), "k", label=f"{-slope:.2f} per mm")
right.set(xlabel="tract length (mm)", ylabel="weight", title="Distance rule")
right.legend()

# %%
# Now data of one's own. Here they are made up: a table of streamline counts between 20
# named regions, and an image of 300 volumes from the scanner.
truth = make_connectome(n_nodes=20, random_state=1)
names = [f"Area{i}" for i in range(20)]
counts = np.round(10_000 * truth.connectivity / truth.connectivity.max())
streamlines = pd.DataFrame(counts, index=names, columns=names)

rng = np.random.default_rng(0)
activity = np.linalg.solve(  # every region follows its neighbours, plus noise
    np.eye(20) - 0.8 * truth.connectivity, rng.standard_normal((20, 300))
)
voxels = np.repeat(activity, 8, axis=0).reshape(20, 4, 2, 300)  # 8 voxels per region
scan = nibabel.Nifti1Image(voxels + rng.standard_normal(voxels.shape), np.eye(4))
atlas = np.repeat(np.arange(1, 21, dtype=np.int32), 8).reshape(20, 4, 2)

# %%
# nilearn's maskers average the voxels of each region. They return volumes in rows; say
# so, since skneuro has regions in rows and never guesses. The file brings the labels.
masker = NiftiLabelsMasker(nibabel.Nifti1Image(atlas, np.eye(4)), standardize=None)
series = masker.fit_transform(scan)

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "streamlines.csv"
    streamlines.to_csv(file)
    mine = load_connectome(
        file,
        truth.tract_lengths,
        bold=series,
        volumes_first=True,
        t_r=2.0,
        normalize="max",
    )
print("volumes and regions:", series.shape, "subject_bold:", mine.subject_bold.shape)

# %%
# What is linked correlates: functional connectivity resembles the structural one.
upper = np.triu_indices(20, k=1)
agreement = np.corrcoef(mine.connectivity[upper], mine.fc[upper])[0, 1]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
plot_connectivity_matrix(mine.connectivity, labels=mine.labels, log=True, ax=left)
left.set_title("Structural connectivity")
plot_connectivity_matrix(mine.fc, labels=mine.labels, ax=right)
right.set_title(f"Functional connectivity, r = {agreement:.2f}")

# %%
# References
# ----------
# .. [1] M. Ercsey-Ravasz et al. (2013), Neuron 80, 184-197.
#    :doi:`10.1016/j.neuron.2013.07.036`
