"""The connectomes of the cases, written once as arrays that both sides read."""

import numpy as np
from sklearn.utils import Bunch

from skneuro.datasets import fetch_connectome, make_connectome

# Name -> arguments of make_connectome; "gw80" is measured data instead, and "node" is a
# single one.
SYNTHETIC = {
    "full400": {"n_nodes": 400, "density": 1.0},
    "sparse400": {"n_nodes": 400, "density": 0.3},
    **{f"synthetic{n}": {"n_nodes": n} for n in (40, 80, 160, 320, 640, 1000)},
}


def make_network(name):
    """Return the connectome of a case."""
    if name == "gw80":
        return fetch_connectome("gw")
    if name == "node":
        return Bunch(connectivity=[[0.0]], tract_lengths=[[0.0]])
    return make_connectome(**SYNTHETIC[name], random_state=0)


def write_networks(names, folder):
    """Write each network to a file and return the paths by name."""
    paths = {}
    for name in sorted(set(names)):
        network = make_network(name)
        connectivity = np.asarray(network.connectivity, dtype=np.float64).copy()
        np.fill_diagonal(connectivity, 0.0)
        paths[name] = folder / f"{name}.npz"
        np.savez(
            paths[name],
            connectivity=connectivity,
            tract_lengths=np.asarray(network.tract_lengths, dtype=np.float64),
        )
    return paths


def count_edges(path):
    """Count the connections with a weight."""
    with np.load(path) as arrays:
        return int(np.count_nonzero(arrays["connectivity"]))
