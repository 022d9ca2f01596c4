"""The random numbers: normal, independent, the same however they are asked for."""

import numpy as np
import pytest
from engine_models import OSCILLATOR, RATES, draw_job, draw_network
from numba import njit
from scipy import stats

from skneuro.engine import _backend, _scalar
from skneuro.engine._jobs import Network, Population
from skneuro.engine._noise import STEP_FACTOR, make_keys
from skneuro.engine._run import Run


@pytest.fixture(scope="module")
def series(normals):
    """Two million numbers: 8192 steps of 256 streams."""
    return normals(make_keys(7, 0, 0, np.arange(256)), 0, 8192)


def assert_few_sigma(statistic, expected, deviation, sigmas=4.0):
    assert abs(statistic - expected) < sigmas * deviation


def test_moments_are_those_of_the_normal_distribution(series):
    z, n = series.ravel(), series.size
    assert_few_sigma(z.mean(), 0, np.sqrt(1 / n))
    assert_few_sigma(z.var(), 1, np.sqrt(2 / n))
    assert_few_sigma(stats.skew(z), 0, np.sqrt(6 / n))
    assert_few_sigma(stats.kurtosis(z), 0, np.sqrt(24 / n))
    assert np.abs(z).max() < 6.67


@pytest.mark.parametrize("seed", range(6))
def test_moments_scatter_as_they_should_over_seeds(normals, seed):
    z = normals(make_keys(seed, 3, 1, np.arange(32)), 1000, 4096).ravel()
    assert_few_sigma(z.mean(), 0, np.sqrt(1 / z.size))
    assert_few_sigma(z.var(), 1, np.sqrt(2 / z.size))
    assert_few_sigma(stats.skew(z), 0, np.sqrt(6 / z.size))
    assert_few_sigma(stats.kurtosis(z), 0, np.sqrt(24 / z.size))


def test_distribution_is_normal(series):
    assert stats.kstest(series.ravel()[::7], "norm").pvalue > 1e-3
    # Each stream by itself and each step across streams.
    along = [stats.kstest(stream, "norm").pvalue for stream in series.T]
    across = [stats.kstest(step, "norm").pvalue for step in series[:500]]
    assert stats.kstest(along, "uniform").pvalue > 1e-3
    assert stats.kstest(across, "uniform").pvalue > 1e-3


def test_tails_have_their_probability(series):
    for limit in (2.0, 3.0, 4.0):
        expected = series.size * 2 * stats.norm.sf(limit)
        count = np.sum(np.abs(series) > limit)
        assert_few_sigma(count, expected, np.sqrt(expected))


@pytest.mark.parametrize("lag", [0, 1, 2, 3, 16])
def test_streams_do_not_see_each_other(series, lag):
    n, n_streams = len(series) - lag, series.shape[1]
    correlation = series[lag:].T @ series[:n] / n
    if lag == 0:
        correlation[np.diag_indices(n_streams)] = 0.0
    # The largest of N normal numbers is close to sqrt(2 ln N).
    largest = np.sqrt(2 * np.log(correlation.size))
    assert np.abs(correlation).max() * np.sqrt(n) < largest + 1.0
    assert_few_sigma(correlation.mean(), 0, 1 / np.sqrt(n * correlation.size))
    assert_few_sigma(
        n * np.mean(correlation**2) * (1 if lag else n_streams / (n_streams - 1)),
        1,
        np.sqrt(2 / correlation.size),
    )


def test_the_two_steps_of_a_pair_are_independent(series):
    even, odd = series[0::2].ravel(), series[1::2].ravel()
    n = even.size
    for f in (np.asarray, np.abs, np.square, np.sign, np.exp):
        for g in (np.asarray, np.abs, np.square, np.sign, np.exp):
            assert abs(np.corrcoef(f(even), g(odd))[0, 1]) < 4.5 / np.sqrt(n)
    cells = (stats.norm.cdf(even) * 8).astype(int) * 8
    cells += (stats.norm.cdf(odd) * 8).astype(int)
    assert stats.chisquare(np.bincount(cells, minlength=64)).pvalue > 1e-3


def test_a_number_depends_on_its_key_and_step_alone(normals, series):
    keys = make_keys(7, 0, 0, np.arange(256))
    np.testing.assert_array_equal(normals(keys[40:43], 101, 7), series[101:108, 40:43])
    far = normals(keys[:8], 10**9 + 1, 3)
    np.testing.assert_array_equal(far[1:], normals(keys[:8], 10**9 + 2, 2))


def test_runs_of_both_precisions_see_the_same_numbers(normals, series):
    keys = make_keys(7, 0, 0, np.arange(256))
    short = normals(keys, 0, 512, np.float32)
    np.testing.assert_array_equal(short, series[:512])


def test_single_numbers_are_those_of_vectors(normals):
    @njit
    def fill(out, keys, step):
        first, last = np.array([0]), np.array([len(keys)])
        _scalar.fill_normals(out, keys, first, last, step * STEP_FACTOR, 0)

    keys = make_keys(1, 2, 3, np.arange(4096))
    for step in (0, 2, 123456):
        out = np.empty(2 * len(keys))
        fill(out, keys, step)
        expected = normals(keys, step, 2).ravel()
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("module", [_backend, _scalar])
def test_only_numbers_of_given_ranges_are_drawn(normals, module):
    fill_normals = module.fill_normals

    @njit
    def fill(out, keys, first, last):
        fill_normals(out, keys, first, last, 4 * STEP_FACTOR, 0)

    keys = make_keys(1, 2, 3, np.arange(96))
    out = np.full(192, np.nan)
    fill(out, keys, np.array([16, 64]), np.array([32, 96]))
    drawn = np.isfinite(out.reshape(2, 96))
    np.testing.assert_array_equal(
        np.flatnonzero(drawn[0]), [*range(16, 32), *range(64, 96)]
    )
    np.testing.assert_array_equal(drawn[0], drawn[1])
    expected = normals(keys, 4, 2)[:, drawn[0]]
    np.testing.assert_allclose(out.reshape(2, 96)[:, drawn[0]], expected, atol=1e-6)


def test_numbers_follow_box_and_muller(normals):
    keys = make_keys(1, 2, 3, np.arange(4096))
    first, second = normals(keys, 10, 2)
    z = keys.view(np.uint64) + np.uint64((10 * STEP_FACTOR) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    z ^= z >> np.uint64(31)
    radius = np.sqrt(-2 * np.log(((z >> np.uint64(33)) + 0.5) / 2.0**31))
    angle = 2 * np.pi * (z & np.uint64(0xFFFFFFFF)) / 2.0**32
    for got, expected in zip(
        (first, second),
        (radius * np.cos(angle), radius * np.sin(angle)),
        strict=True,
    ):
        assert np.abs(got - expected).max() < 3e-5
        assert np.abs(got - expected)[radius > 0.01].max() < 1e-5
        assert np.abs(got - expected)[radius > 0.5].max() < 1e-6


def test_keys_are_distinct_and_ordered_names():
    parts = np.ix_(range(60), range(10), range(4), range(100))
    keys = make_keys(*parts)
    assert keys.dtype == np.int64
    assert keys.shape == (60, 10, 4, 100)
    assert len(np.unique(keys)) == keys.size
    np.testing.assert_array_equal(keys[3, 2, 1], make_keys(3, 2, 1, np.arange(100)))


def test_keys_look_random():
    bits = make_keys(0, 0, 0, np.arange(20000)).view(np.uint64)
    ones = (bits[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    share = ones.mean(axis=0)
    assert np.abs(share - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(bits))
    changed = (ones[1:] != ones[:-1]).mean(axis=0)  # neighbours share no bits
    assert np.abs(changed - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(bits))


def test_every_process_of_a_network_has_its_own_stream():
    network = Network((Population(OSCILLATOR, 5), Population(RATES, 9)))
    job = draw_job(np.random.default_rng(0), network)
    run = Run(network, [job])
    first, second = run.n_units
    keys = run.noise.keys
    streams = [
        keys[start : start + n]
        for start, n in ((0, 5), (first, 9), (first + second, 9))
    ]
    assert len(np.unique(np.concatenate(streams))) == 5 + 9 + 9
    for number, stream in enumerate(streams):
        expected = make_keys(job.seed, job.simulation, number, np.arange(len(stream)))
        np.testing.assert_array_equal(stream, expected)


@pytest.mark.skipif(not _backend.VECTORS, reason="this processor has no vectors")
def test_lanes_have_the_streams_of_their_simulations():
    network = draw_network(np.random.default_rng(1), (3, 0, 0))
    jobs = [draw_job(np.random.default_rng(2), network, simulation=k) for k in range(5)]
    run = Run(network, jobs)
    keys = run.noise.keys[: 3 * run.lanes].reshape(3, run.lanes)
    nodes, simulations = np.arange(3)[:, None], np.arange(5)
    np.testing.assert_array_equal(
        keys[:, :5], make_keys(jobs[0].seed, simulations, 0, nodes)
    )
