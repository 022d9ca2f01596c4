"""Tuning against the published pipeline and known curves."""

import numpy as np
import pytest

from skneuro.twin import direction_tuning, von_mises


def test_indices_and_fit_are_those_of_the_published_pipeline(shared_data):
    with np.load(shared_data / "fnn" / "fnn_golden_pipeline.npz") as file:
        golden = {k[7:]: file[k] for k in file.files if k.startswith("tuning/")}
    directions = golden["direction"]
    if directions.max() < 7:  # rad
        directions = np.degrees(directions)
    got = direction_tuning(golden["response"][:, None], directions).iloc[0]
    for name in ("gOSI", "gDSI"):
        assert got[name] == pytest.approx(float(golden[name]), rel=1e-6)
    for name in ("OSI", "DSI", "pref_ori", "pref_dir"):
        assert got[name] == pytest.approx(float(golden[name]), rel=1e-3)


def test_a_known_curve_is_found_again():
    theta = np.arange(0, 360, 22.5)
    truth = (np.radians(200.0), 2.0, 0.8, 3.0, 0.5)
    fit = direction_tuning(von_mises(np.radians(theta), *truth)[:, None], theta).iloc[0]
    names = ["mean", "kappa", "balance", "amplitude", "base"]
    np.testing.assert_allclose(fit[names].astype(float), truth, rtol=1e-4)
    assert fit["pref_ori"] == pytest.approx(20.0, abs=1e-3)


def test_bad_shapes_are_named():
    with pytest.raises(ValueError, match=r"responses has shape \(4, 2\).*\(3,\)"):
        direction_tuning(np.ones((4, 2)), [0, 90, 180])
    with pytest.raises(ValueError, match="4 directions, expected at least 5"):
        direction_tuning(np.ones((4, 2)), [0, 90, 180, 270])
    with pytest.raises(ValueError, match="negative or not finite"):
        direction_tuning(-np.ones((8, 1)), np.arange(8) * 45)
