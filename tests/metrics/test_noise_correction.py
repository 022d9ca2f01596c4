"""Noise-corrected correlation against fnn, theory and itself."""

import numpy as np
import pytest

from skneuro.metrics import cc_abs, cc_max, cc_norm


def test_values_with_missing_repeats_are_those_of_fnn(shared_data):
    with np.load(shared_data / "fnn" / "fnn_golden_pipeline.npz") as file:
        golden = dict(file)
    responses, predictions = (
        golden[f"cc/{name}"].transpose(0, 1, 2, 3)
        for name in ("responses", "predictions")
    )  # (neurons, repeats, videos, frames)
    for video, repeats in enumerate(golden["cc/repeats"]):
        responses[:, repeats:, video] = np.nan
        predictions[:, repeats:, video] = np.nan
    responses, predictions = (
        x[..., 10:].reshape(5, 10, -1) for x in (responses, predictions)
    )
    np.testing.assert_allclose(responses, golden["cc/formatted"])
    for function, arguments in [
        (cc_max, (responses,)),
        (cc_abs, (responses, predictions)),
        (cc_norm, (responses, predictions)),
    ]:
        np.testing.assert_allclose(
            function(*arguments), golden[f"cc/{function.__name__}"], rtol=1e-9
        )


def test_ceiling_is_that_of_theory():
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(50_000)
    for n_repeats, noise in [(3, 0.5), (10, 2.0)]:
        x = signal + noise * rng.standard_normal((n_repeats, len(signal)))
        expected = 1 / np.sqrt(1 + noise**2 / n_repeats)
        assert cc_max(x) == pytest.approx(expected, abs=0.01)
        assert cc_norm(x, signal[None]) == pytest.approx(1, abs=0.01)


def test_a_missing_repeat_is_as_if_it_had_not_been():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 100)) + np.sin(np.arange(100))
    padded = np.concatenate([x, np.full((1, 100), np.nan)])
    assert cc_max(padded) == pytest.approx(cc_max(x), rel=1e-12)
    assert cc_abs(padded, x[:1]) == pytest.approx(cc_abs(x, x[:1]), rel=1e-12)


def test_noise_without_signal_and_single_repeats_have_no_ceiling():
    x = np.array([[1.0, -1, 1, -1], [-1, 1, -1, 1.5]])
    assert np.isnan(cc_max(x))
    assert np.isnan(cc_max(x[:1]))
    assert np.isnan(cc_abs(x, np.ones((1, 4))))


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"predictions has shape \(2, 5\).*\(2, 4\)"):
        cc_abs(np.ones((2, 4)), np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"responses has shape \(4,\)"):
        cc_max(np.ones(4))
