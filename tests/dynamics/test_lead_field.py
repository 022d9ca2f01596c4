"""From sources to sensors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skneuro.dynamics import (
    Hopf,
    LeadField,
    average_lead_field,
    lead_field_from_mne,
)


@pytest.fixture
def leads():
    """A lead field with names."""
    values = np.random.default_rng(0).standard_normal((4, 3))
    return pd.DataFrame(values, index=["Fz", "Cz", "Pz", "Oz"], columns=["a", "b", "c"])


@pytest.mark.parametrize("reference", [None, "average"])
def test_projection_is_a_matrix_product(leads, reference):
    X = np.random.default_rng(1).standard_normal((2, 3, 50))
    found = LeadField(leads, reference=reference).fit_transform(X)
    expected = np.einsum("sn,knt->kst", leads.to_numpy(), X)
    if reference == "average":
        expected -= expected.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(found, expected)


def test_patterns_are_projected_one_by_one(leads):
    X = np.eye(3)
    leadfield = LeadField(leads).fit(X)
    np.testing.assert_array_equal(leadfield.transform(X), leads.to_numpy().T)
    assert list(leadfield.get_feature_names_out()) == ["Fz", "Cz", "Pz", "Oz"]
    table = leadfield.set_output(transform="pandas").transform(X)
    assert list(table.columns) == ["Fz", "Cz", "Pz", "Oz"]


def test_without_a_matrix_only_the_reference_changes():
    X = np.random.default_rng(1).standard_normal((2, 3, 50))
    np.testing.assert_array_equal(LeadField().fit_transform(X), X)
    np.testing.assert_allclose(
        LeadField(reference="average").fit_transform(X),
        X - X.mean(axis=1, keepdims=True),
    )


def test_it_follows_a_simulator(leads):
    chain = make_pipeline(
        Hopf(np.ones((3, 3)), duration=20.0, random_state=0), LeadField(leads)
    )
    assert chain.fit_transform(np.zeros((2, 3))).shape == (2, 4, 200)


def test_names_of_sources_must_agree(leads):
    X = pd.DataFrame(np.eye(3), columns=["a", "c", "b"])
    with pytest.raises(ValueError, match="expected the same sources in the same order"):
        LeadField(leads).fit(X)
    LeadField(leads).fit(X[["a", "b", "c"]])


def test_wrong_matrices_say_so(leads):
    with pytest.raises(ValueError, match=r"matrix has shape \(4, 3\), but X has 5"):
        LeadField(leads).fit(np.zeros((1, 5)))
    with pytest.raises(ValueError, match="matrix holds NaN"):
        LeadField([[1.0, np.nan]]).fit(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="X has shape"):
        LeadField(leads).fit(np.zeros((1, 3, 2, 2)))


def test_dipoles_of_a_region_are_averaged(leads):
    matrix = np.random.default_rng(0).standard_normal((2, 6))
    regions = np.array([3, 1, 1, 0, 3, 3])
    found = average_lead_field(matrix, regions, keep=[1, 3, 7])
    np.testing.assert_allclose(found[1], matrix[:, [1, 2]].mean(axis=1))
    np.testing.assert_allclose(found[3], matrix[:, [0, 4, 5]].mean(axis=1))
    assert found[7].isna().all()
    assert list(average_lead_field(matrix, regions).columns) == [0, 1, 3]
    with pytest.raises(ValueError, match="6 dipoles"):
        average_lead_field(matrix, regions[:5])


def make_hemisphere(mne, side, n=60):
    """Points on half a sphere of 7 cm, a source space of MNE."""
    height = 1 - 2 * (np.arange(n) + 0.5) / n
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(n)
    points = np.stack(
        [np.cos(angle), np.sin(angle), height / np.sqrt(1 - height**2)], axis=1
    )
    normals = points / np.linalg.norm(points, axis=1, keepdims=True)
    normals[:, 0] = np.abs(normals[:, 0]) * (-1 if side == "lh" else 1)
    constants = mne.io.constants.FIFF
    number = {"lh": constants.FIFFV_MNE_SURF_LEFT_HEMI}.get(
        side, constants.FIFFV_MNE_SURF_RIGHT_HEMI
    )
    vertices = np.arange(n)
    return {
        "id": number,
        "type": "surf",
        "np": n,
        "ntri": 1,
        "nuse": n,
        "nuse_tri": 0,
        "rr": 0.07 * normals,
        "nn": normals,
        "tris": np.array([[0, 1, 2]]),
        "use_tris": np.zeros((0, 3), int),
        "inuse": np.ones(n, int),
        "vertno": vertices,
        "coord_frame": constants.FIFFV_COORD_HEAD,
        "nearest": None,
        "nearest_dist": None,
        "pinfo": None,
        "patch_inds": None,
        "dist": None,
        "dist_limit": None,
        "subject_his_id": "made-up",
    }


def test_forward_solution_of_mne_becomes_regions():
    mne = pytest.importorskip("mne", reason="the extra eeg is not installed")
    spaces = mne.SourceSpaces([make_hemisphere(mne, side) for side in ("lh", "rh")])
    names = ["Fz", "Cz", "Pz", "C3", "C4"]
    info = mne.create_info(names, 100.0, "eeg")
    places = [(0, 0.8, 0.6), (0, 0, 1), (0, -0.8, 0.6), (-0.8, 0, 0.6), (0.8, 0, 0.6)]
    places = {k: 0.095 * np.array(v) for k, v in zip(names, places, strict=True)}
    info.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"))
    model = mne.make_sphere_model((0.0, 0.0, 0.0), 0.095, verbose=False)
    forward = mne.make_forward_solution(
        info, None, spaces, model, meg=False, verbose=False
    )
    labels = [
        mne.Label([1, 2, 5], hemi="lh", name="front-lh", subject="made-up"),
        mne.Label([0, 7], hemi="rh", name="front-rh", subject="made-up"),
    ]
    found = lead_field_from_mne(forward, labels)
    assert list(found.index) == names
    assert list(found.columns) == ["front-lh", "front-rh"]
    fixed = mne.convert_forward_solution(
        forward, surf_ori=True, force_fixed=True, verbose=False
    )
    gain = fixed["sol"]["data"]
    n_left = fixed["src"][0]["nuse"]
    np.testing.assert_allclose(found["front-lh"], gain[:, [1, 2, 5]].mean(axis=1))
    np.testing.assert_allclose(
        found["front-rh"], gain[:, [n_left, n_left + 7]].mean(axis=1)
    )
    assert LeadField(found).fit(np.zeros((1, 2))).ch_names_.tolist() == names
    # the same regions, given source by source
    regions = np.full(forward["nsource"], "", object)
    regions[[1, 2, 5]], regions[[n_left, n_left + 7]] = "front-lh", "front-rh"
    pd.testing.assert_frame_equal(lead_field_from_mne(forward, regions), found)
    with pytest.raises(ValueError, match=r"regions has shape \(3,\), but .* dipoles"):
        lead_field_from_mne(forward, ["a", "b", "c"])
    with pytest.raises(TypeError, match="forward is a ndarray, expected a forward"):
        lead_field_from_mne(gain, labels)
