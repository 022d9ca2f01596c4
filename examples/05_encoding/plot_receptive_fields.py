"""
What a voxel sees: two photographs through planted receptive fields
===================================================================

An encoding model predicts the response of each voxel to any image. Here the voxels are
planted: a grid of receptive fields over one network, so that it is known what the maps
must show. Published models work the same, with measured fields and weights [1]_.
"""

# %%
# 25 x 25 voxels tile the image. All have the same tuning to features, and see them at
# different places: together they are a map.
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.base import clone
from sklearn.datasets import load_sample_images

from skneuro.encoding import GNetEncoder, make_gnet_weights
from skneuro.plotting import plot_receptive_fields

along = np.linspace(-0.46, 0.46, 25)  # in image widths, 0 in the middle
centers = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
weights = make_gnet_weights(len(centers), centers=centers, sizes=0.025, random_state=4)
tuning = np.zeros_like(weights["fwrf.w"])
tuning[:, :64] = 0.1  # maps of the first layer, as in early visual cortex
encoder = GNetEncoder({**weights, "fwrf.w": tuning})

# %%
# Photographs go in as they are: the encoder cuts out the central square and resizes it.
# Responses come out, one row per image and one column per voxel.
images = load_sample_images().images
responses = encoder.predict(images)
print([image.shape for image in images], "->", responses.shape, responses.dtype)

# %%
# The encoder knows where its voxels look, and it survives cloning, so that it can stand
# in any pipeline or search.
error = np.abs(encoder.rf_center_ - centers).max()
print(f"centres off by at most {error:.3f} image widths")
assert np.array_equal(clone(encoder).predict(images), responses)

# %%
# A receptive field can also be measured: where does the image have to change for the
# response to change? The network is differentiable with respect to the image.
chosen = [5 * 25 + 6, 18 * 25 + 17]
noise = torch.rand(8, 3, 227, 227, generator=torch.Generator().manual_seed(0))
noise.requires_grad_(True)
predicted = encoder.module_(noise.to(encoder.module_.readout.bias.device))
measured = []
for voxel in chosen:
    (gradient,) = torch.autograd.grad(predicted[:, voxel].sum(), noise, retain_graph=1)
    measured.append(gradient.square().sum(dim=(0, 1)).numpy())

# %%
# Maps of the responses follow the photographs: the tower against the sky, the flower
# against its dark ground. On the right two measured fields, and circles of two standard
# deviations around the planted ones.
fig, axes = plt.subplots(2, 3, figsize=(11, 7), layout="constrained")
for row, image, response in zip(axes, images, responses, strict=True):
    side = min(image.shape[:2])
    left = (image.shape[1] - side) // 2
    square = image[:, left : left + side]
    row[0].imshow(square, extent=(-0.5, 0.5, -0.5, 0.5))
    row[0].set(title="Photograph", xticks=[], yticks=[])
    plot_receptive_fields(
        encoder.rf_center_,
        0.02,
        values=response,
        value_label="predicted response (z)",
        ax=row[1],
    )
    row[1].set_title(f"Responses of {len(centers)} voxels")
for ax, voxel, field in zip(axes[:, 2], chosen, measured, strict=True):
    field = np.sqrt(field / field.max())
    center, size = encoder.rf_center_[[voxel]], encoder.rf_size_[[voxel]]
    plot_receptive_fields(center, 2 * size, image=field, ax=ax)
    ax.set_title(f"Measured field of voxel {voxel}")

# %%
# References
# ----------
# .. [1] G. St-Yves, E. J. Allen, Y. Wu, K. Kay, T. Naselaris (2023), Nature
#    Communications 14, 3329. :doi:`10.1038/s41467-023-38674-4`
