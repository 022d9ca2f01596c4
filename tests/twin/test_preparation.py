"""Resampling and standardising, against the published pipeline and known signals."""

import numpy as np
import pytest

from skneuro.twin import resample_trace, resample_video, standardize_trials


@pytest.fixture(scope="module")
def golden(shared_data):
    with np.load(shared_data / "fnn" / "fnn_golden_pipeline.npz") as file:
        return dict(file)


def test_frames_are_shown_when_the_pipeline_shows_them(golden):
    times, index = golden["flip/times"], golden["flip/index"]
    frames = np.arange(len(times), dtype=np.uint8)[:, None, None].repeat(4, 1)
    video = resample_video(frames.repeat(6, 2), times, frame_size=None)
    np.testing.assert_array_equal(video[:, 0, 0], index)


@pytest.mark.parametrize(
    ("source", "result", "lowpass"),
    [("", "slow", None), ("fast_", "fast", None), ("fast_", "lowpass", 2.5)],
)
def test_traces_are_resampled_as_by_the_pipeline(golden, source, result, lowpass):
    expected = golden[f"resample/{result}"]
    values, times = (golden[f"resample/{source}{name}"] for name in ("values", "times"))
    at = 3.01 + np.arange(len(expected)) / 30
    got = resample_trace(values, times, at, lowpass=lowpass)
    np.testing.assert_allclose(got, expected, atol=2e-7)


def test_a_window_longer_than_the_trace_is_cut():
    got = resample_trace(np.ones(5), np.arange(5.0), [1.0, 2.0], lowpass=0.01)
    assert got.shape == (2,) and np.isfinite(got).all()


def test_frames_of_one_sample_give_way_to_the_first():
    frames = np.arange(4, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(2, 2)
    video = resample_video(frames, [5.0, 5.01, 5.1, 5.2], frame_size=None)
    assert video[:, 0, 0].tolist() == [0, 0, 0, 2, 2, 2, 3]
    big = resample_video(frames, [0, 1, 2, 3], sfreq=1.0, frame_size=(8, 6))
    assert big.shape == (4, 8, 6)
    assert big[2].min() == big[2].max() == 2


def test_a_slow_rhythm_survives_and_a_fast_one_is_smoothed_away():
    times = np.arange(0, 4, 0.002)
    at = np.arange(0.5, 3.5, 1 / 30)
    slow, fast = np.sin(2 * np.pi * times), np.sin(2 * np.pi * 60 * times)
    got = resample_trace(np.stack([slow, 5 + fast]), times, at)
    np.testing.assert_allclose(got[0], np.sin(2 * np.pi * at), atol=0.02)
    np.testing.assert_allclose(got[1], 5, atol=0.1)


def test_gaps_are_filled_and_nothing_is_made_up_outside():
    values = np.array([[0, 1, np.nan, 3, 4.0], [np.nan] * 5])
    got = resample_trace(values, np.arange(5.0), np.arange(-1.0, 6.0, 0.5))
    inside = (np.arange(-1.0, 6.0, 0.5) >= 0) & (np.arange(-1.0, 6.0, 0.5) <= 4)
    np.testing.assert_allclose(got[0, inside], np.arange(0, 4.5, 0.5))
    assert np.isnan(got[0, ~inside]).all() and np.isnan(got[1]).all()


def test_standardised_traces_have_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    trials = [rng.normal([[3.0], [1.0]], [[2.0], [5.0]], (2, n)) for n in (40, 50)]
    done = standardize_trials(trials)
    joined = np.concatenate(done, axis=1)
    np.testing.assert_allclose(joined.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(joined.std(axis=1), 1, atol=1e-5)
    test = standardize_trials(trials[:1], reference=trials)
    np.testing.assert_array_equal(test[0], done[0])
    rates = standardize_trials(np.abs(trials[0])[None], by="mean", center=False)
    np.testing.assert_allclose(rates.mean(axis=(0, 2)), 1, atol=1e-6)
    still = standardize_trials(np.ones((1, 1, 4)))
    assert not still.any(), "a trace that does not vary is 0"


def test_bad_input_is_named():
    with pytest.raises(TypeError, match="float64; expected uint8"):
        resample_video(np.zeros((2, 4, 4)), [0, 1])
    with pytest.raises(ValueError, match=r"times \(3,\)"):
        resample_video(np.zeros((2, 4, 4), np.uint8), [0, 1, 2])
    with pytest.raises(ValueError, match="must ascend"):
        resample_video(np.zeros((2, 4, 4), np.uint8), [1, 0])
    with pytest.raises(ValueError, match=r"values has shape \(2,\)"):
        resample_trace([1.0, 2.0], [0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="1 sample_times"):
        resample_trace([1.0, 2.0], [0.0, 1.0], [0.0])
    with pytest.raises(ValueError, match=r"the shapes \[\(1,\), \(2,\)\]"):
        standardize_trials([np.ones((1, 3)), np.ones((2, 3))])
