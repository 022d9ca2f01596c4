"""Movies for visual cortex, in degrees of visual angle and Hz: no download needed."""

from numbers import Integral, Real

import numpy as np
from scipy import fft
from sklearn.utils import Bunch, check_random_state

from skneuro.utils._param_validation import Interval, StrOptions, validate_params

# Distance of the eye from the monitor over half the monitor's width, as in the
# released twin: the screen spans 63 degrees to either side.
_DISTANCE = 0.5
_POSITIVE = Interval(Real, 0, None, closed="neither")


def _visual_angles(height, width):
    """Azimuth (to the right) and elevation (up) of each pixel, in degrees."""
    x = (2 * np.arange(width) + 1) / width - 1
    y = (1 - (2 * np.arange(height) + 1) / height) * height / width
    azimuth = np.arctan2(x, _DISTANCE)[None, :]
    elevation = np.arctan2(y[:, None], np.hypot(x, _DISTANCE)[None, :])
    return np.degrees(np.broadcast_to(azimuth, (height, width))), np.degrees(elevation)


def _grating(angles, times, direction, spatial_frequency, temporal_frequency):
    """Contrast of a drifting grating, in [-1, 1]; (n_frames, height, width)."""
    theta = np.radians(direction)
    along = angles[0] * np.cos(theta) + angles[1] * np.sin(theta)
    cycles = spatial_frequency * along - temporal_frequency * times[:, None, None]
    return np.cos(2 * np.pi * cycles)


def _gabor(angles, times, x, y, size, **grating):
    squared = (angles[0] - x) ** 2 + (angles[1] - y) ** 2
    return np.exp(-squared / (2 * size**2)) * _grating(angles, times, **grating)


def _noise(angles, times, rng, spatial_frequency, temporal_frequency):
    """Gaussian noise below two cut-off frequencies, in [-1, 1]."""
    (height, width), n_frames = angles[0].shape, len(times)
    degrees = np.ptp(angles[0]) / width  # of a pixel, on average
    white = fft.rfftn(rng.standard_normal((n_frames, height, width)))
    fy, fx = fft.fftfreq(height, degrees), fft.rfftfreq(width, degrees)
    step = times[1] - times[0] if n_frames > 1 else 1.0
    ft = fft.fftfreq(n_frames, step)
    space = np.hypot(fy[:, None], fx) / spatial_frequency
    band = np.exp(-(space**2) / 2 - (ft[:, None, None] / temporal_frequency) ** 2 / 2)
    movie = fft.irfftn(white * band, s=(n_frames, height, width))
    return np.clip(movie / (3 * movie.std()), -1, 1)


def _dots(angles, times, rng, direction, speed, size, n_dots, coherence):
    """White and black dots, some of which move together; those that leave return."""
    theta = np.where(
        rng.random(n_dots) < coherence, direction, rng.uniform(0, 360, n_dots)
    )
    velocity = speed * np.stack([np.cos(np.radians(theta)), np.sin(np.radians(theta))])
    edge = np.array([[np.abs(a).max() + 2 * size] for a in angles])
    start = rng.uniform(-edge, edge, (2, n_dots))
    sign = np.where(np.arange(n_dots) % 2, 1.0, -1.0)
    movie = np.zeros((len(times), *angles[0].shape))
    for frame, t in zip(movie, times, strict=True):
        place = (start + velocity * t + edge) % (2 * edge) - edge
        for x, y, grey in zip(*place, sign, strict=True):
            frame[(angles[0] - x) ** 2 + (angles[1] - y) ** 2 < size**2] = grey
    return movie


@validate_params(
    {
        "kind": [StrOptions({"gratings", "gabors", "noise", "dots"})],
        "n_movies": [Interval(Integral, 1, None, closed="left")],
        "duration": [_POSITIVE],
        "frame_size": [tuple, list],
        "sfreq": [_POSITIVE],
        "directions": ["array-like", None],
        "spatial_frequency": [_POSITIVE],
        "temporal_frequency": [_POSITIVE],
        "size": [_POSITIVE],
        "contrast": [Interval(Real, 0, 1, closed="right")],
        "coherence": [Interval(Real, 0, 1, closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_movies(
    kind="gratings",
    *,
    n_movies=8,
    duration=2.0,
    frame_size=(144, 256),
    sfreq=30.0,
    directions=None,
    spatial_frequency=0.04,
    temporal_frequency=2.0,
    size=10.0,
    contrast=1.0,
    coherence=0.8,
    random_state=None,
):
    """Make movies as they are shown to mouse visual cortex.

    Pixels have the visual angles of a flat monitor straight ahead of the eye, at half
    its half-width: the geometry that the released digital twin starts from [1]_.

    Parameters
    ----------
    kind : {"gratings", "gabors", "noise", "dots"}, default="gratings"
        What is shown:

        - ``"gratings"``: sinusoids that drift over the whole screen
        - ``"gabors"``: drifting sinusoids in a Gaussian window at a random place
        - ``"noise"``: Gaussian noise without high frequencies in space and time
        - ``"dots"``: black and white dots, a part of which moves in one direction
    n_movies : int, default=8
        Number of movies.
    duration : float, default=2.0
        Length of each movie, in s.
    frame_size : tuple of int, default=(144, 256)
        Height and width, in pixels.
    sfreq : float, default=30.0
        Frames per second, in Hz.
    directions : array-like of shape (n_directions,), default=None
        Directions of motion, in degrees: 0 is to the right, 90 up. Movies take them in
        turn. None spreads them evenly over 360 degrees.
    spatial_frequency : float, default=0.04
        Cycles per degree; of noise, the cut-off. The default is what mouse V1 prefers
        [2]_.
    temporal_frequency : float, default=2.0
        Cycles per second, in Hz; of noise, the cut-off. Dots move as fast as gratings.
    size : float, default=10.0
        Standard deviation of a Gabor, or radius of a dot, in degrees.
    contrast : float, default=1.0
        Departure from mid-grey, from 0 to 1.
    coherence : float, default=0.8
        Fraction of dots that move together.
    random_state : int, RandomState instance or None, default=None
        Seed of places, noise and dots.

    Returns
    -------
    movies : Bunch
        With the fields

        - ``videos`` : ndarray of shape (n_movies, n_frames, height, width), uint8
        - ``metadata`` : DataFrame with one row per movie: kind, direction (degrees),
          spatial_frequency (cycles per degree), temporal_frequency (Hz), x, y
          (degrees, of Gabors)
        - ``sfreq`` : float, in Hz
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a parameter is outside its range, or a movie has no frame.

    See Also
    --------
    make_twin_data : Movies with the responses of known neurons.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`
    .. [2] C. M. Niell, M. P. Stryker (2008), J. Neurosci. 28, 7520-7536.
       :doi:`10.1523/JNEUROSCI.0623-08.2008`

    Examples
    --------
    >>> from skneuro.datasets import make_movies
    >>> movies = make_movies("gratings", n_movies=4, duration=0.5, frame_size=(36, 64))
    >>> movies.videos.shape
    (4, 15, 36, 64)
    >>> movies.metadata["direction"].tolist()
    [0.0, 90.0, 180.0, 270.0]
    """
    import pandas as pd

    rng = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
    n_frames = round(duration * sfreq)
    if n_frames < 1:
        raise ValueError(
            f"duration={duration} s has no frame at sfreq={sfreq} Hz; expected at "
            f"least {1 / sfreq:g} s."
        )
    if directions is None:
        directions = 360 * np.arange(n_movies) / n_movies
    directions = np.asarray(directions, float)
    if directions.ndim != 1 or not len(directions) or not np.isfinite(directions).all():
        raise ValueError(
            f"directions={directions.tolist()} are not numbers; expected at least one "
            "finite angle, in degrees."
        )
    directions = np.resize(directions, n_movies)
    times = np.arange(n_frames) / sfreq
    angles = _visual_angles(*frame_size)
    reach = [0.8 * np.abs(a).max() for a in angles]
    videos = np.empty((n_movies, n_frames, *frame_size), np.uint8)
    rows = []
    for video, direction in zip(videos, directions, strict=True):
        grating = {
            "direction": float(direction),
            "spatial_frequency": spatial_frequency,
            "temporal_frequency": temporal_frequency,
        }
        row = {"kind": kind, **grating, "x": np.nan, "y": np.nan}
        if kind == "gratings":
            pattern = _grating(angles, times, **grating)
        elif kind == "gabors":
            row["x"], row["y"] = (float(rng.uniform(-r, r)) for r in reach)
            pattern = _gabor(angles, times, row["x"], row["y"], size, **grating)
        elif kind == "noise":
            row["direction"] = np.nan
            pattern = _noise(angles, times, rng, spatial_frequency, temporal_frequency)
        else:
            speed = temporal_frequency / spatial_frequency  # degrees per second
            pattern = _dots(angles, times, rng, direction, speed, size, 40, coherence)
        video[:] = np.rint(127.5 * (1 + contrast * pattern))
        rows.append(row)
    return Bunch(
        videos=videos,
        metadata=pd.DataFrame(rows),
        sfreq=float(sfreq),
        DESCR=f"{n_movies} {kind} of {n_frames} frames, made by make_movies.",
    )
