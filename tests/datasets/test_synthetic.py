"""make_connectome: its rule, its statistics, its promises for every size."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from skneuro.datasets import fetch_connectome, load_atlas_labels, make_connectome
from skneuro.datasets._synthetic import _CURVATURE

SIZES = [2, 3, 4, 5, 8, 31, 80, 150]


def pairs(connectome):
    """Weights, tract lengths and masks (homotopic, within) of all pairs."""
    n_nodes = len(connectome.connectivity)
    i, j = np.triu_indices(n_nodes, k=1)
    number = np.array([label[:-2] for label in connectome.labels])
    side = np.array([label[-1] for label in connectome.labels])
    return (
        connectome.connectivity[i, j],
        connectome.tract_lengths[i, j],
        number[i] == number[j],
        side[i] == side[j],
    )


def test_links_do_not_vanish_where_weights_are_tiny():
    connectome = make_connectome(decay=50, random_state=0)
    assert np.count_nonzero(connectome.connectivity) == 2 * round(0.25 * 80 * 79 / 2)
    assert connected_components(csr_array(connectome.connectivity))[0] == 1


@pytest.mark.parametrize("n_nodes", SIZES)
def test_every_size_gives_a_connected_symmetric_connectome(n_nodes):
    connectome = make_connectome(n_nodes, random_state=0)
    weights = connectome.connectivity
    assert weights.shape == connectome.tract_lengths.shape == (n_nodes, n_nodes)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    np.testing.assert_array_equal(weights, weights.T)
    np.testing.assert_array_equal(np.diag(weights), 0)
    assert connected_components(weights, directed=False)[0] == 1


@pytest.mark.parametrize("n_nodes", SIZES)
def test_spectral_radius_is_one(n_nodes):
    weights = make_connectome(n_nodes, random_state=1).connectivity
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("density", [0.05, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("n_nodes", [20, 41, 80])
def test_number_of_links_is_exact(n_nodes, density):
    weights = make_connectome(n_nodes, density=density, random_state=2).connectivity
    n_pairs = n_nodes * (n_nodes - 1) // 2
    n_links = np.count_nonzero(np.triu(weights))
    assert n_links == max(round(density * n_pairs), n_nodes - 1)


@pytest.mark.parametrize("decay", [0.0, 0.05, 0.1, 0.19])
def test_weights_decay_at_the_rate_asked_for(decay):
    connectome = make_connectome(200, decay=decay, random_state=0)
    weights, lengths, homotopic, _ = pairs(connectome)
    links = (weights > 0) & ~homotopic
    slope, intercept = np.polyfit(lengths[links], np.log(weights[links]), 1)
    residuals = np.log(weights[links]) - slope * lengths[links] - intercept
    error = residuals.std() / (lengths[links].std() * np.sqrt(links.sum()))
    assert slope == pytest.approx(-decay, abs=4 * error)
    assert residuals.std() == pytest.approx(1, abs=0.05)  # the lognormal spread
    assert abs(np.mean(residuals**3)) < 0.15  # and it is symmetric


def test_links_follow_the_distance_rule():
    # Of few links, each one exists with a probability that falls as exp(-decay * d).
    decay, counts, totals = 0.1, np.zeros(4), np.zeros(4)
    edges = np.array([20, 30, 40, 50, 60])
    for seed in range(40):
        connectome = make_connectome(150, decay=decay, density=0.02, random_state=seed)
        weights, lengths, homotopic, _ = pairs(connectome)
        counts += np.histogram(lengths[(weights > 0) & ~homotopic], edges)[0]
        totals += np.histogram(lengths[~homotopic], edges)[0]
    slope = np.polyfit(edges[:-1] + 5, np.log(counts / totals), 1)[0]
    assert slope == pytest.approx(-decay, rel=0.25)


def test_weights_span_about_the_orders_of_magnitude_of_the_macaque():
    spans = []
    for seed in range(10):
        weights = pairs(make_connectome(random_state=seed))[0]
        low, high = np.percentile(weights[weights > 0], [0.5, 99.5])
        spans.append(np.log10(high / low))
    assert 4 < np.mean(spans) < 5


@pytest.mark.parametrize("n_nodes", [4, 31, 80])
def test_all_mirror_images_are_linked(n_nodes):
    connectome = make_connectome(n_nodes, density=0.01, random_state=0)
    weights, _, homotopic, _ = pairs(connectome)
    assert homotopic.sum() == n_nodes // 2
    assert (weights[homotopic] > 0).all()


def test_homotopic_links_are_stronger_than_links_within_hemispheres():
    ratios = []
    for seed in range(20):
        weights, _, homotopic, within = pairs(make_connectome(random_state=seed))
        links = weights > 0
        ratios.append(
            np.median(weights[homotopic]) / np.median(weights[links & within])
        )
    assert 2.6 < np.exp(np.mean(np.log(ratios))) < 3.0  # as in gw and hcp


@pytest.mark.parametrize("n_nodes", [80, 81])
def test_hemispheres_are_mirror_images_of_human_size(n_nodes):
    connectome = make_connectome(n_nodes, random_state=3)
    xyz, labels = connectome.centroids, connectome.labels
    n_left = n_nodes - n_nodes // 2
    assert all(label.endswith("_L") for label in labels[:n_left])
    assert all(label.endswith("_R") for label in labels[n_left:])
    assert len(set(labels)) == n_nodes
    np.testing.assert_allclose(xyz[n_left:], xyz[: n_nodes - n_left] * [-1, 1, 1])
    assert (xyz[:n_left, 0] < 0).all()
    atlas = load_atlas_labels("aal2").query("group == 'cortex'")[["x", "y", "z"]]
    np.testing.assert_allclose(xyz.min(axis=0), atlas.min(), atol=5)
    np.testing.assert_allclose(xyz.max(axis=0), atlas.max(), atol=5)


def test_tract_lengths_are_longer_than_straight_lines():
    connectome = make_connectome(30, random_state=0)
    straight = np.linalg.norm(
        connectome.centroids[:, None] - connectome.centroids, axis=-1
    )
    np.testing.assert_allclose(connectome.tract_lengths, _CURVATURE * straight)


def test_the_same_seed_gives_the_same_connectome():
    one = make_connectome(40, random_state=7)
    two = make_connectome(40, random_state=np.random.RandomState(7))
    other = make_connectome(40, random_state=8)
    np.testing.assert_array_equal(one.connectivity, two.connectivity)
    np.testing.assert_array_equal(one.centroids, two.centroids)
    assert not np.array_equal(one.connectivity, other.connectivity)


def test_a_seeded_connectome_stays_what_it_was():
    connectome = make_connectome(10, random_state=0)
    weights, lengths = connectome.connectivity, connectome.tract_lengths
    assert np.count_nonzero(weights) == 22
    np.testing.assert_allclose(weights[0, 5], 0.036484556887792376, rtol=1e-9)
    np.testing.assert_allclose(lengths[0, 9], 188.92047934722103, rtol=1e-9)


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_connectome(10, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_bunch_has_every_field_and_says_what_it_is():
    connectome = make_connectome(10, random_state=0)
    absent = ["fc", "subject_connectivity", "subject_tract_lengths", "subject_fc"]
    absent += ["subject_bold", "subjects", "t_r"]
    assert all(connectome[name] is None for name in absent)
    assert "exponential distance rule" in connectome.DESCR


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_nodes": 1},
        {"n_nodes": 10.0},
        {"decay": -0.1},
        {"decay": np.nan},
        {"density": 0},
        {"density": 1.1},
        {"random_state": "zero"},
    ],
)
def test_parameters_outside_their_range_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"'{name}' parameter of make_connectome"):
        make_connectome(**wrong)


def test_constants_lie_between_the_measured_connectomes(shared_data, monkeypatch):
    monkeypatch.setenv("SKNEURO_MIRROR", str(shared_data))
    curvatures, gains, slopes = [], [], []
    for name in ("gw", "hcp"):
        real = fetch_connectome(name)
        i, j = np.triu_indices(80, k=1)
        weights = (real.connectivity + real.connectivity.T)[i, j] / 2
        lengths = (real.tract_lengths + real.tract_lengths.T)[i, j] / 2
        straight = np.linalg.norm(real.centroids[i] - real.centroids[j], axis=1)
        linked = weights > 0
        within = linked & (i % 2 == j % 2)
        homotopic = linked & (i % 2 == 0) & (j == i + 1)
        curvatures.append(np.median((lengths / straight)[linked]))
        gains.append(np.median(weights[homotopic]) / np.median(weights[within]))
        slopes.append(np.polyfit(lengths[within], np.log(weights[within]), 1)[0])
    np.testing.assert_allclose(curvatures, [1.06, 1.61], atol=0.01)
    np.testing.assert_allclose(gains, [2.6, 3.0], atol=0.05)
    np.testing.assert_allclose(slopes, [-0.03, -0.03], atol=0.003)
    assert curvatures[0] < _CURVATURE < curvatures[1]
