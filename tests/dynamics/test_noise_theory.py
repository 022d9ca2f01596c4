"""Noise processes against their closed forms, and what seeds mean."""

import numpy as np
import pytest

from skneuro.dynamics import Hopf, WilsonCowan


def noise_of(model, n_nodes, duration, *, dt=0.1, **settings):
    """Values of the noise that enters x and y: (2, n_nodes, n_times)."""
    series = model(
        np.zeros((n_nodes, n_nodes)), step=dt, dt=dt, duration=duration, **settings
    ).simulate()
    return np.stack([series["x"], series["y"]])


def mean_error(variance, correlation, n_times, n_series):
    """Standard error of the mean of a stationary series with geometric correlation."""
    length = (1 + correlation) / (1 - correlation)
    return np.sqrt(variance * length / (n_times * n_series))


@pytest.mark.parametrize("tau", [5.0, 0.5, 0.1])
def test_ornstein_uhlenbeck_noise_has_its_stationary_law(relay, tau):
    sigma, dt, mean = 0.7, 0.1, 0.3
    z = noise_of(
        relay, 16, 3000.0, sigma=sigma, tau_noise=tau, noise_mean=mean, random_state=0
    )[..., 1000:]
    variance = sigma**2 * tau / (2 - dt / tau)
    decay = 1 - dt / tau
    n = z.shape[-1]
    assert abs(z.mean() - mean) < 4 * mean_error(variance, decay, n, 32)
    # of squares and of products, whose correlation decays twice as fast
    error = np.sqrt(2) * mean_error(variance**2, decay**2, n, 32)
    assert abs(np.mean((z - mean) ** 2) - variance) < 4 * error
    for lag in (1, 5, 20):
        covariance = np.mean((z[..., lag:] - mean) * (z[..., :-lag] - mean))
        assert abs(covariance - variance * decay**lag) < 4 * error


def test_white_noise_adds_variance_sigma_squared_per_ms(relay):
    sigma, dt = 0.7, 0.1
    z = noise_of(relay, 16, 2000.0, sigma=sigma, tau_noise=0.0, random_state=0)
    n = z.size
    variance = sigma**2 / dt  # so that dt * z has variance sigma^2 * dt
    assert abs(z[..., 1:].var() / variance - 1) < 4 * np.sqrt(2 / n)
    for lag in (1, 2, 7):
        correlation = np.mean(z[..., 1 + lag :] * z[..., 1:-lag]) / variance
        assert abs(correlation) < 4 / np.sqrt(n)


def test_noise_starts_at_its_mean_or_where_told(relay):
    settings = {"sigma": 0.5, "noise_mean": {"x": 0.2, "y": -0.1}, "random_state": 0}
    z = noise_of(relay, 2, 1.0, **settings)
    np.testing.assert_allclose(z[:, :, 0], [[0.2, 0.2], [-0.1, -0.1]], rtol=1e-14)
    z = noise_of(relay, 2, 1.0, initial_state={"x_noise": [1.0, 2.0]}, **settings)
    np.testing.assert_allclose(z[:, :, 0], [[1.0, 2.0], [-0.1, -0.1]], rtol=1e-14)


def test_noise_differs_between_nodes_and_populations(relay):
    z = noise_of(relay, 8, 2000.0, sigma=1.0, tau_noise=0.0, random_state=0)
    series = z.reshape(16, -1)
    correlation = np.corrcoef(series)[np.triu_indices(16, 1)]
    assert np.abs(correlation).max() < 4.5 / np.sqrt(series.shape[1])


def test_amplitudes_per_node_and_per_population(relay):
    common = {"tau_noise": 0.0, "random_state": 0}
    unit = noise_of(relay, 3, 20.0, sigma=1.0, **common)
    per_node = noise_of(relay, 3, 20.0, sigma=[0.0, 1.0, 2.0], **common)
    np.testing.assert_allclose(
        per_node, unit * np.reshape([0.0, 1.0, 2.0], (1, 3, 1)), rtol=1e-12
    )
    only_y = noise_of(relay, 3, 20.0, sigma={"y": [0.0, 1.0, 2.0]}, **common)
    np.testing.assert_array_equal(only_y[0], 0.0)
    np.testing.assert_array_equal(only_y[1], per_node[1])


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_a_seed_names_one_realisation(model, make_network):
    weights, lengths = make_network(4)
    simulator = model(weights, lengths, duration=20.0, sigma=0.1, random_state=3)
    X = np.zeros((3, 4))
    first = simulator.fit_transform(X)
    np.testing.assert_array_equal(simulator.fit(X).transform(X), first)
    np.testing.assert_array_equal(first[1], first[0])  # one realisation for all
    other = simulator.set_params(random_state=4).fit_transform(X)
    assert np.abs(other - first).max() > 1e-3


def test_unseeded_fits_differ_and_each_keeps_its_noise():
    simulator = Hopf(duration=5.0, sigma=0.1)
    X = np.zeros((1, 3))
    first = simulator.fit(X).transform(X)
    np.testing.assert_array_equal(simulator.transform(X), first)
    assert not np.isclose(simulator.fit(X).transform(X), first).any()


def test_independent_noise_of_samples():
    X = np.zeros((3, 2))
    settings = {"duration": 20.0, "sigma": 0.1, "random_state": 0}
    own = Hopf(independent_noise=True, **settings).fit(X)
    series = own.transform(X)
    assert not np.isclose(series[1:, :, -1], series[0, :, -1]).any()
    # by the position of the sample, so a repetition gives the same
    np.testing.assert_array_equal(own.transform(X), series)
    np.testing.assert_array_equal(own.transform(X[:2]), series[:2])
    shared = Hopf(**settings).fit_transform(X)
    np.testing.assert_array_equal(shared[0], series[0])


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_both_schemes_see_the_same_noise(model):
    # around a stable rest they differ by less than the noise moves the state
    rest = {"a": -0.2} if model is Hopf else {}
    settings = {"sigma": 1e-4, "duration": 200.0, "random_state": 0, **rest}
    euler = model(**settings).simulate()
    heun = model(method="heun", **settings).simulate()
    for variable in euler:
        distance = np.abs(euler[variable] - heun[variable])[0, -500:].max()
        spread = euler[variable][0, -500:].std()
        assert distance < 0.2 * spread
