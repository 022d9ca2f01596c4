"""Envelope connectivity with what signals share without delay removed."""

import numpy as np
import pytest

from skneuro.metrics import envelope_connectivity

SFREQ = 200.0


def by_definition(x, y):
    """Hipp et al. 2012, sample by sample."""
    from scipy.signal import hilbert

    a, b = hilbert(x - x.mean()), hilbert(y - y.mean())

    def one_way(a, b):
        part = np.array(
            [(q * p.conjugate() / abs(p)).imag for p, q in zip(a, b, strict=True)]
        )
        return np.corrcoef(np.log(part**2), np.log(np.abs(a) ** 2))[0, 1]

    return (one_way(a, b) + one_way(b, a)) / 2


@pytest.fixture
def carriers():
    """Independent narrow-band noise of common and of own amplitude."""
    rng = np.random.default_rng(0)
    n = 60_000
    times = np.arange(n) / SFREQ
    slow = np.cumsum(rng.standard_normal((3, n)), axis=1) * 0.05  # phases that wander
    waves = np.cos(2 * np.pi * 10 * times + slow)
    common = 1 + 0.8 * np.sin(2 * np.pi * 0.05 * times)
    own = 1 + 0.8 * np.cos(2 * np.pi * 0.05 * times)
    return waves * np.stack([common, common, own])


def test_equals_the_definition():
    x, y = np.random.default_rng(1).standard_normal((2, 3000))
    y = 0.4 * x + y
    fc = envelope_connectivity(np.stack([x, y]), SFREQ, band=None)
    assert fc[0, 1] == pytest.approx(by_definition(x, y), abs=1e-9)
    assert fc[1, 0] == fc[0, 1]
    assert fc[0, 0] == fc[1, 1] == 0


def test_common_amplitudes_are_found(carriers):
    for envelope in ("log_power", "amplitude"):
        fc = envelope_connectivity(
            carriers, SFREQ, band=(7.0, 13.0), envelope=envelope, cutoff=0.2
        )
        assert fc[0, 1] > 0.5
        assert abs(fc[0, 2]) < 0.1


@pytest.mark.parametrize("lag", [0.0, 1.0, 2.5, np.pi])
def test_known_envelopes_correlate_as_they_must(lag):
    times, depth = np.arange(80_000) / SFREQ, np.array([[0.8], [0.5]])
    lags = np.array([[0.0], [lag]])
    envelopes = 1 + depth * np.sin(2 * np.pi * 0.05 * times + lags)
    X = envelopes * np.cos(2 * np.pi * np.array([[20.0], [20.37]]) * times)
    kwargs = {"band": None, "envelope": "amplitude"}
    plain = envelope_connectivity(X, SFREQ, orthogonalize=False, **kwargs)[0, 1]
    assert plain == pytest.approx(np.cos(lag), abs=1e-3)
    # of b only b * |sin| counts, by the angle between both, which is anything
    mean, square = 2 / np.pi, 0.5  # of |sin|
    one_way = [
        mean * d / np.sqrt(2) / np.sqrt((1 + d**2 / 2) * square - mean**2)
        for d in depth.ravel()
    ]
    found = envelope_connectivity(X, SFREQ, **kwargs)[0, 1]
    assert found == pytest.approx(np.cos(lag) * np.mean(one_way), abs=2e-3)


def test_cutoff_leaves_slow_envelopes(carriers):
    kwargs = {"band": (7.0, 13.0), "envelope": "amplitude", "orthogonalize": False}
    fast = envelope_connectivity(carriers, SFREQ, **kwargs)[0, 1]
    slow = envelope_connectivity(carriers, SFREQ, cutoff=0.2, **kwargs)[0, 1]
    assert fast < slow
    assert slow > 0.95


def test_mixing_without_delay_does_not_count(carriers):
    mixed = carriers[[0, 2]]
    mixed = np.stack([mixed[0], 0.7 * mixed[0] + 0.3 * mixed[1]])
    plain = envelope_connectivity(mixed, SFREQ, orthogonalize=False, cutoff=0.2)
    clean = envelope_connectivity(mixed, SFREQ, cutoff=0.2)
    assert plain[0, 1] > 0.6
    assert clean[0, 1] < 0.25


def test_samples_dtypes_and_constants(carriers):
    X = np.stack([carriers, carriers[::-1]])[..., :4000].astype(np.float32)
    X[0, 1] = 3.0
    fc = envelope_connectivity(X, SFREQ)
    assert fc.shape == (2, 3, 3)
    assert fc.dtype == np.float32
    assert not fc[0, 1].any()
    np.testing.assert_array_equal(fc[1], envelope_connectivity(X[1], SFREQ))


def test_without_orthogonalization_the_diagonal_is_one(carriers):
    fc = envelope_connectivity(carriers[:, :2000], SFREQ, orthogonalize=False)
    np.testing.assert_allclose(np.diag(fc), 1)


def test_wrong_band_says_so():
    with pytest.raises(ValueError, match=r"band is \(8.0,\); expected \(low, high\)"):
        envelope_connectivity(np.zeros((2, 50)), SFREQ, band=(8.0,))
