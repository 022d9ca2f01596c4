"""Tables and labelled arrays mean the same to all functions of signals."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skneuro.metrics import (
    fcd_distance,
    functional_connectivity,
    functional_connectivity_dynamics,
    kuramoto_order,
    power_spectrum,
)

FUNCTIONS = {
    "functional_connectivity": functional_connectivity,
    "functional_connectivity_dynamics": functional_connectivity_dynamics,
    "fcd_distance": lambda X: fcd_distance(X, X),
    "kuramoto_order": kuramoto_order,
    "power_spectrum": lambda X: power_spectrum(X, 100)[1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_labelled_signals_equal_arrays(name, random_walks):
    function = FUNCTIONS[name]
    expected = function(random_walks)
    frame = pd.DataFrame(random_walks.T, columns=["V1", "V2", "V4", "MT", "IT"])
    by_node = xr.DataArray(random_walks, dims=("node", "time"))
    np.testing.assert_allclose(function(frame), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(function(by_node), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(function(by_node.T), expected, rtol=1e-10, atol=1e-12)


def test_one_channel_may_be_labelled(random_walks):
    _, expected = power_spectrum(random_walks[0], 100)
    for one in (pd.Series(random_walks[0]), xr.DataArray(random_walks[0], dims="time")):
        np.testing.assert_array_equal(power_spectrum(one, 100)[1], expected)
