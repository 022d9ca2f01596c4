"""Recordings of neurons that are known: a small twin generates their activity."""

from numbers import Integral, Real

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.utils import Bunch, check_random_state

from skneuro.datasets._movies import make_movies
from skneuro.utils._param_validation import HasMethods, Interval, validate_params

_FRAME_SIZE = (36, 64)
_SFREQ = 30.0  # Hz
_AT_ONCE = 8  # trials that are predicted together
SMALL = {
    "streams": 2,
    "retina_size": (32, 48),
    "block_channels": (8, 16),
    "block_groups": (1, 2),
    "block_layers": (1, 1),
    "block_temporals": (3, 3),
    "block_spatials": (3, 3),
    "block_pools": (2, 2),
    "feedforward_channels": 16,
    "recurrent": "conv_lstm",
    "recurrent_in": 16,
    "recurrent_hidden": 16,
    "recurrent_common": 16,
    "recurrent_out": 16,
    "recurrent_groups": 2,
}


@validate_params(
    {
        "n_neurons": [Interval(Integral, 1, None, closed="left")],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "n_test_videos": [Interval(Integral, 1, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "duration": [Interval(Real, 0, None, closed="neither")],
        "spread": [Interval(Real, 0, None, closed="neither")],
        "count": [Interval(Real, 0, None, closed="neither"), None],
        "core": [HasMethods(["predict"]), None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_twin_data(
    n_neurons=20,
    *,
    n_trials=24,
    n_test_videos=4,
    n_repeats=8,
    duration=3.0,
    spread=0.7,
    count=3.0,
    core=None,
    random_state=None,
):
    """Make a recording of visual cortex whose neurons are known.

    A small digital twin with random weights sees movies and generates activity; the
    counts that are recorded are Poisson. Training trials show noise, Gabors and dots,
    test trials gratings, a class of stimuli that training lacks, several times each.
    Repeats share gaze and behaviour, so that they differ by noise alone.

    Parameters
    ----------
    n_neurons : int, default=20
        Number of neurons.
    n_trials : int, default=24
        Number of training trials.
    n_test_videos : int, default=4
        Number of test videos.
    n_repeats : int, default=8
        How often each test video is shown.
    duration : float, default=3.0
        Length of a trial, in s, at 30 frames per second.
    spread : float, default=0.7
        Standard deviation of each neuron's log-rate over the training trials.
    count : float or None, default=3.0
        Mean number of events per frame: the fewer, the noisier. None records the rates
        themselves.
    core : DigitalTwinRegressor or None, default=None
        Fitted twin whose core the neurons read, None for one with random weights.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, movies, behaviour and noise.

    Returns
    -------
    recording : Bunch
        With the fields, where ``n_test`` is ``n_test_videos * n_repeats``:

        - ``videos`` : ndarray of shape (n_trials, n_frames, 36, 64), uint8
        - ``responses`` : ndarray of shape (n_trials, n_neurons, n_frames), activity,
          whose mean is 1
        - ``gaze`` : ndarray of shape (n_trials, 2, n_frames), pupil centre,
          standardised
        - ``behavior`` : ndarray of shape (n_trials, 2, n_frames), pupil radius and
          running speed; standardised
        - ``test_videos``, ``test_responses``, ``test_gaze``, ``test_behavior`` : the
          same of the test trials, whose first axis is ``n_test``; repeats are adjacent
        - ``test_rates`` : ndarray of shape (n_test, n_neurons, n_frames), what test
          responses would be without noise
        - ``twin`` : DigitalTwinRegressor, which generated all
        - ``sfreq`` : float, in Hz
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    See Also
    --------
    make_movies : Movies alone.
    skneuro.twin.DigitalTwinRegressor : What generates and learns such data.

    Examples
    --------
    >>> from skneuro.datasets import make_twin_data
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=2, duration=0.5, n_test_videos=1, random_state=0
    ... )
    >>> recording.responses.shape, recording.test_videos.shape
    ((2, 3, 15), (8, 15, 36, 64))
    """
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
    kinds = [("noise", "gabors", "dots")[i % 3] for i in range(n_trials)]
    videos = np.stack([_movie(kind, duration, rng) for kind in kinds])
    test_videos = np.stack(
        [_movie("gratings", duration, rng) for _ in range(n_test_videos)]
    ).repeat(n_repeats, axis=0)
    n_frames = videos.shape[1]
    gaze, behavior = (_traces(n_trials, n_frames, rng) for _ in range(2))
    test_gaze, test_behavior = (
        _traces(n_test_videos, n_frames, rng).repeat(n_repeats, axis=0)
        for _ in range(2)
    )
    twin = _generator(n_neurons, core, rng, videos, gaze, behavior, spread)
    rates = twin.predict(videos, gaze=gaze, behavior=behavior)
    once = slice(None, None, n_repeats)  # repeats share all but the noise
    test_rates = twin.predict(
        test_videos[once], gaze=test_gaze[once], behavior=test_behavior[once]
    ).repeat(n_repeats, axis=0)
    return Bunch(
        videos=videos,
        responses=_record(rates, count, rng),
        gaze=gaze,
        behavior=behavior,
        test_videos=test_videos,
        test_responses=_record(test_rates, count, rng),
        test_gaze=test_gaze,
        test_behavior=test_behavior,
        test_rates=test_rates,
        twin=twin,
        sfreq=_SFREQ,
        DESCR="Activity of a small digital twin, made by make_twin_data.",
    )


def _movie(kind, duration, rng):
    low = kind == "noise"
    return make_movies(
        kind,
        n_movies=1,
        duration=duration,
        frame_size=_FRAME_SIZE,
        directions=[rng.uniform(0, 360)],
        spatial_frequency=rng.uniform(0.02, 0.06),
        temporal_frequency=rng.uniform(1, 4) * (2 if low else 1),
        size=rng.uniform(8, 16),
        random_state=int(rng.integers(2**31 - 1)),
    ).videos[0]


def _traces(n_trials, n_frames, rng):
    """Slow standardised traces, (n_trials, 2, n_frames)."""
    white = rng.standard_normal((n_trials, 2, n_frames + 60))
    slow = gaussian_filter1d(white, 10.0, axis=-1)[..., 30:-30]
    return (slow / slow.std()).astype(np.float32)


def _record(rates, count, rng):
    if count is None:
        return rates
    return (rng.poisson(rates * count) / count).astype(np.float32)


def _generator(n_neurons, core, rng, videos, gaze, behavior, spread):
    """Twin whose neurons vary as wanted, with rates of mean 1."""
    import torch

    from skneuro.twin._network import TwinNetwork
    from skneuro.twin._saved import build_twin
    from skneuro.utils import seeded_torch

    options = SMALL if core is None else dict(core.net_.module_.options_given)
    options = options | {"n_neurons": n_neurons}
    with seeded_torch(int(rng.integers(2**31 - 1))), torch.no_grad():
        network = TwinNetwork(**options)
        if core is not None:
            old = core.net_.module_.state_dict()
            new = network.state_dict()
            new |= {k: v for k, v in old.items() if not k.startswith("readout.")}
            network.load_state_dict(new)
        else:
            network.modulation.mlp.linears[0].weights[0].normal_(0, 0.5)
            for name, parameter in network.named_parameters():
                if "modulation.mlp" in name or "perspective.mlp.linears.0.w" in name:
                    parameter.add_(0.3 * torch.randn_like(parameter))
                if "perspective.mlp.linears.3.gains" in name:
                    parameter.fill_(0.05)  # the eye turns by a few degrees
        network.readout.position.mu.normal_(0, 0.5)
        for weights in network.readout.feature.weights:
            weights.normal_()
    frame_size = videos.shape[2:]
    twin = build_twin(
        network.state_dict(),
        options,
        frame_size=frame_size,
        device="cpu",
        trials_at_once=_AT_ONCE,
    )
    network = twin.net_.module_
    for _ in range(2):  # scale the logarithm, then the mean
        rates = twin.predict(videos, gaze=gaze, behavior=behavior)
        log_rates = np.log(rates.astype(np.float64))
        factor = spread / log_rates.std(axis=(0, 2))
        with torch.no_grad():
            for weights, bias in zip(
                network.readout.feature.weights, network.readout.biases, strict=True
            ):
                weights.mul_(torch.from_numpy(factor)[:, None, None])
                bias.mul_(torch.from_numpy(factor)[:, None])
                scaled = np.exp(log_rates * factor[:, None]).mean(axis=(0, 2))
                bias.sub_(torch.from_numpy(np.log(scaled))[:, None])
    return twin
