"""Recordings in NWB files: as HDF5 of its layout, and as pynwb writes them."""

import h5py
import numpy as np
import pytest

from skneuro.datasets import load_nwb_recording
from skneuro.twin import resample_trace, resample_video

NAMES = {
    "video": "movie",
    "responses": ["plane_1", "plane_0"],
    "gaze": "pupil",
    "behavior": ["radius", "speed"],
    "frame_size": None,
}
TRIALS = np.array([[1.0, 3.0], [4.0, 5.5]])


@pytest.fixture(scope="module")
def series():
    """Times and values of all that was recorded, each with a clock of its own."""
    rng = np.random.default_rng(0)
    flips = np.arange(0.5, 6, 1 / 30)
    found = {"movie": (flips, rng.integers(256, size=(len(flips), 4, 6)).astype("u1"))}
    for name, rate, columns in [
        ("plane_0", 6.3, 3),
        ("plane_1", 6.3, 2),
        ("pupil", 50.0, 2),
        ("radius", 50.0, None),
        ("speed", 100.0, None),
    ]:
        times = 0.1 + np.arange(0, 6.5, 1 / rate)
        shape = len(times) if columns is None else (len(times), columns)
        found[name] = times, rng.random(shape)
    return found


@pytest.fixture
def path(series, tmp_path):
    """File with times as they are, or as a first one and a rate."""
    where = {
        "movie": "stimulus/presentation",
        "plane_0": "processing/ophys/Deconvolved",
        "plane_1": "processing/ophys/Deconvolved",
    }
    path = tmp_path / "scan.nwb"
    with h5py.File(path, "w") as file:
        for name, (times, values) in series.items():
            group = file.create_group(f"{where.get(name, 'acquisition')}/{name}")
            group["data"] = values
            if name == "speed":
                group["starting_time"] = times[0]
                group["starting_time"].attrs["rate"] = 100.0
                group["data"].attrs["conversion"] = 0.01  # cm/s in m/s
            else:
                group["timestamps"] = times
        file["intervals/trials/start_time"] = TRIALS[:, 0]
        file["intervals/trials/stop_time"] = TRIALS[:, 1]
    return path


def check(recording, series):
    flips, frames = series["movie"]
    for k, (start, stop) in enumerate(TRIALS):
        here = (flips >= start) & (flips < stop)
        video = resample_video(frames[here], flips[here], frame_size=None)
        np.testing.assert_array_equal(recording.videos[k], video)
        at = flips[here][0] + np.arange(len(video)) / 30
        for field, members in {
            "responses": ("plane_1", "plane_0"),
            "gaze": ("pupil",),
            "behavior": ("radius", "speed"),
        }.items():
            rows = []
            for name in members:
                times, values = series[name]
                scale = 0.01 if name == "speed" else 1.0
                rows.append(
                    resample_trace(scale * values.reshape(len(values), -1).T, times, at)
                )
            np.testing.assert_allclose(
                recording[field][k], np.concatenate(rows), rtol=1e-5
            )


def test_series_come_at_the_frames_of_the_twin(path, series):
    recording = load_nwb_recording(path, trials="trials", **NAMES)
    check(recording, series)
    assert [len(v) for v in recording.videos] == [60, 45]
    starts = recording.metadata["start_time"]
    np.testing.assert_allclose(starts, TRIALS[:, 0], atol=1 / 30)


def test_without_trials_the_video_is_one(path, series):
    few = {"video": "movie", "responses": "processing/ophys/Deconvolved/plane_0"}
    recording = load_nwb_recording(path, **few, frame_size=(8, 12))
    (video,), (response,) = recording.videos, recording.responses
    assert video.shape == (len(series["movie"][0]), 8, 12)
    assert response.shape == (3, len(video))
    assert recording.gaze is None and recording.behavior is None


def test_files_of_pynwb_are_read(series, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    from datetime import UTC, datetime

    file = pynwb.NWBFile("twin", "one", datetime(2026, 1, 1, tzinfo=UTC))
    for name, (times, values) in series.items():
        if name == "movie":
            kind = pynwb.image.ImageSeries
            file.add_stimulus(
                kind(name=name, data=values, unit="n.a.", timestamps=times)
            )
            continue
        clock = {"timestamps": times}
        if name == "speed":
            clock = {"starting_time": times[0], "rate": 100.0, "conversion": 0.01}
        file.add_acquisition(
            pynwb.TimeSeries(name=name, data=values, unit="n.a.", **clock)
        )
    for start, stop in TRIALS:
        file.add_trial(start_time=start, stop_time=stop)
    with pynwb.NWBHDF5IO(tmp_path / "pynwb.nwb", "w") as out:
        out.write(file)
    check(load_nwb_recording(tmp_path / "pynwb.nwb", trials="trials", **NAMES), series)


def test_what_does_not_fit_is_named(path, tmp_path):
    def load(**changes):
        return load_nwb_recording(path, **{**NAMES, "trials": "trials", **changes})

    with pytest.raises(FileNotFoundError, match=r"nowhere\.nwb does not exist"):
        load_nwb_recording(tmp_path / "nowhere.nwb", **NAMES)
    with pytest.raises(ValueError, match=r"no series 'film'; it holds acquisition/pup"):
        load(video="film")
    with pytest.raises(ValueError, match=r"no table of intervals 'epochs'.*ls/trials"):
        load(trials="epochs")
    with pytest.raises(ValueError, match=r"behavior=\['radius'\] has 1 columns"):
        load(behavior="radius")
    with pytest.raises(ValueError, match=r"pupil has shape .*float64; expected grey"):
        load(video="pupil")
    with h5py.File(path, "a") as file:
        file.copy("acquisition/pupil", "processing/pupil")
        file["intervals/late/start_time"] = [10.0]
        file["intervals/late/stop_time"] = [11.0]
        file["acquisition/short/data"] = np.zeros(5)
        file["acquisition/short/timestamps"] = np.arange(4.0)
    with pytest.raises(ValueError, match=r"several of the name 'pupil': acq.*, proc"):
        load()
    with pytest.raises(ValueError, match=r"10 to 11 s shows 0 frames of 'movie'"):
        load(gaze=None, trials="late")
    with pytest.raises(ValueError, match="short has 5 samples, but 4 timestamps"):
        load(gaze=None, responses="short")
