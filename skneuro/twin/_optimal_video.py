"""Videos by gradient: those that excite neurons most, and those behind activity."""

import copy
import math
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torch.nn import functional as F

from skneuro.twin._training import SgdClip, cosine_rate, parameter_groups
from skneuro.twin._trials import check_traces
from skneuro.utils import progress_bar
from skneuro.utils._param_validation import HasMethods, Interval, validate_params

_FULL_SIZE = (144, 256)
_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_OPTIONS = {
    "smoothness": [_NOT_NEGATIVE],
    "spatial_std": [_NOT_NEGATIVE],
    "temporal_std": [_NOT_NEGATIVE],
    "contrast": [_POSITIVE],
    "n_steps": [_COUNT],
    "lr": [_POSITIVE],
    "momentum": [Interval(Real, 0, 1, closed="left")],
    "clip": [_POSITIVE],
    "sample_stream": ["boolean"],
    "random_state": ["random_state"],
    "progress": ["boolean"],
}


class Pixels(nn.Module):
    """A video of fixed contrast energy, bounded to (0, 1), and how smooth it is.

    Parameters
    ----------
    shape : tuple of int
        Frames, height and width; one frame stays still.
    gain : float
        First standard deviation of the pixels, before they are bounded.
    spatial_std, temporal_std : float
        Width of the Gaussian that smooth videos do not change, in pixels and frames.
    cutoff : float
        Its half-length, in standard deviations.
    """

    def __init__(
        self,
        shape,
        *,
        gain=0.1,
        spatial_std=1.0,
        temporal_std=1.0,
        cutoff=4,
    ):
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(shape))
        self.gain = nn.Parameter(torch.tensor(float(gain)))
        self.bias = nn.Parameter(torch.tensor(0.0))
        for i, std in enumerate((temporal_std, spatial_std, spatial_std)):
            self.register_buffer(f"kernel_{i}", _gaussian(std, cutoff))

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        small = (1 / self.raw.numel(), False, None)
        return {"raw": (1.0, True, None), "gain": small, "bias": small}

    def pattern(self):
        """Pixels of mean square one; zero in the beginning."""
        norm = self.raw.norm()
        if norm == 0:
            return self.raw
        return self.raw / norm * math.sqrt(self.raw.numel())

    def forward(self, n_frames):
        """Grey levels (n_frames, height, width) in (0, 1), and roughness in [0, 1]."""
        pattern = self.pattern()
        rough = (pattern - self.smooth(pattern)).square().mean()
        grey = torch.sigmoid(pattern * self.gain + self.bias)
        return grey.expand(n_frames, -1, -1), rough

    def smooth(self, pattern):
        """Filter by the Gaussian along time, rows and columns; edges are repeated."""
        for axis in range(3):
            kernel = getattr(self, f"kernel_{axis}")
            if len(kernel) == 1:
                continue
            x = pattern.movedim(axis, -1)
            reach = len(kernel) // 2
            flat = F.pad(
                x.reshape(-1, 1, x.shape[-1]), (reach, reach), mode="replicate"
            )
            x = F.conv1d(flat, kernel[None, None]).reshape(x.shape)
            pattern = x.movedim(-1, axis)
        return pattern


def _gaussian(std, cutoff):
    """Normalised Gaussian; one number where it has no width."""
    if std == 0:
        return torch.ones(1)
    x = torch.arange(-math.ceil(cutoff * std), math.ceil(cutoff * std) + 1)
    weight = torch.exp(-(x**2) / (2 * std**2))
    return weight / weight.sum()


def _descend(twin, pixels, n_frames, objective, traces, options):
    """Minimise an objective of log-rates and roughness; return video and losses."""
    network = copy.deepcopy(twin.net_.module_).requires_grad_(False).eval()
    device = twin.net_.device
    rng = np.random.default_rng(
        check_random_state(options["random_state"]).randint(2**31 - 1)
    )
    pixels.to(device)
    streams = range(network.streams) if options["sample_stream"] else [None]
    bounds = [network.bind(stream=s, batch=1) for s in streams]
    optimizer = SgdClip(
        parameter_groups(pixels),
        lr=options["lr"],
        momentum=options["momentum"],
        nesterov=options["momentum"] > 0,
        clip=options["clip"],
        eps=1e-2,
    )
    parameters = list(pixels.parameters())
    losses = []
    with progress_bar(
        options["n_steps"], desc="video", enabled=options["progress"]
    ) as bar:
        for step in range(options["n_steps"]):
            rate = cosine_rate(step, cycle_size=options["n_steps"])
            for group in optimizer.param_groups:
                group["lr"] = options["lr"] * rate
            bound = bounds[int(rng.integers(len(bounds)))]
            grey, rough = pixels(n_frames)
            log_rate, _ = bound(grey[:, None], *traces)
            loss = objective(log_rate[:, 0]) + options["smoothness"] * rough
            gradients = torch.autograd.grad(loss, parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
            losses.append(loss.item())
            bar.update()
    with torch.no_grad():
        grey, _ = pixels(n_frames)
        video = (255 * grey).round().to(torch.uint8).cpu().numpy()
    return video, losses


def _traces(twin, n_frames, gaze, behavior):
    """Traces of one trial as tensors (n_frames, 1, 2), or None."""
    found = []
    for name, trace in (("gaze", gaze), ("behavior", behavior)):
        if trace is not None:
            trace = check_traces([trace], [range(n_frames)], name)[0]
            trace = torch.from_numpy(trace).T[:, None].to(twin.net_.device)
        found.append(trace)
    return found


def _skipped(burn_in, n_frames):
    if burn_in >= n_frames:
        raise ValueError(
            f"burn_in={burn_in} leaves none of {n_frames} frames; make it shorter, or "
            "the video longer."
        )
    return burn_in


@validate_params(
    {
        "twin": [HasMethods(["predict"])],
        "neurons": ["array-like", Integral, None],
        "n_frames": [_COUNT],
        "still": ["boolean"],
        "temperature": [_POSITIVE],
        "burn_in": [Interval(Integral, 0, None, closed="left")],
        "gaze": ["array-like", None],
        "behavior": ["array-like", None],
        **_OPTIONS,
    },
    prefer_skip_nested_validation=True,
)
def most_exciting_video(
    twin,
    neurons=None,
    *,
    n_frames=30,
    still=False,
    temperature=1.0,
    burn_in=10,
    gaze=None,
    behavior=None,
    smoothness=1.0,
    spatial_std=1.0,
    temporal_std=1.0,
    contrast=0.5,
    n_steps=100,
    lr=1.0,
    momentum=0.5,
    clip=0.2,
    sample_stream=True,
    random_state=None,
    progress=False,
):
    r"""Find the video that excites neurons most, by gradient [1]_ [2]_.

    The video starts grey. What is lowered is the mean over frames and
    neurons of :math:`r^{-\tau}`, with the temperature :math:`\tau`, plus a penalty on
    what a narrow Gaussian in space and time would smooth away. A sigmoid bounds pixels.

    Parameters
    ----------
    twin : DigitalTwinRegressor
        Fitted; it is not changed.
    neurons : int, array-like of int or None, default=None
        Which neurons; None is all.
    n_frames : int, default=30
        Length of the video.
    still : bool, default=False
        Whether all frames are the same image.
    temperature : float, default=1.0
        Exponent, dimensionless. The higher, the more neurons that fire little count.
    burn_in : int, default=10
        First frames that do not count.
    gaze, behavior : array-like of shape (2, n_frames), default=None
        Traces during the video, standardised. None is 0.
    smoothness : float, default=1.0
        Factor of the penalty, which is between 0 and 1.
    spatial_std, temporal_std : float, default=1.0
        Width of its Gaussian, in pixels and in frames.
    contrast : float, default=0.5
        First standard deviation of the pixels, before they are bounded.
    n_steps : int, default=100
        Steps of the optimizer.
    lr : float, default=1.0
        Learning rate, dimensionless.
    momentum : float, default=0.5
        Nesterov momentum, dimensionless.
    clip : float, default=0.2
        Largest norm of a step over that of the video.
    sample_stream : bool, default=True
        Whether each step goes through one stream of the network, drawn at random.
    random_state : int, RandomState instance or None, default=None
        Seed of the streams.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    found : Bunch
        With the fields

        - ``video`` : ndarray of shape (n_frames, height, width), uint8
        - ``response`` : ndarray of shape (n_chosen, n_frames), activity that the twin
          predicts for it
        - ``loss_curve`` : list of float

    Raises
    ------
    ValueError
        If there is no such neuron, or no frame is left after ``burn_in``.

    See Also
    --------
    reconstruct_video : The video behind recorded activity.

    References
    ----------
    .. [1] E. Y. Walker et al. (2019), Nat. Neurosci. 22, 2060-2065.
       :doi:`10.1038/s41593-019-0517-x`
    .. [2] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> from skneuro.datasets import make_twin_data
    >>> from skneuro.twin import most_exciting_video
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> found = most_exciting_video(
    ...     recording.twin, 0, n_frames=4, burn_in=2, n_steps=3, random_state=0
    ... )
    >>> found.video.shape, found.response.shape
    ((4, 36, 64), (1, 4))
    """
    options = {name: value for name, value in locals().items() if name in _OPTIONS}
    check_is_fitted(twin)
    chosen = np.arange(twin.n_neurons_) if neurons is None else np.atleast_1d(neurons)
    if not np.isin(chosen, np.arange(twin.n_neurons_)).all():
        raise ValueError(
            f"neurons={neurons!r}, but the twin has the neurons 0 to "
            f"{twin.n_neurons_ - 1}."
        )
    network, skipped = twin.net_.module_, _skipped(burn_in, n_frames)
    size = twin.frame_size_ or _FULL_SIZE
    pixels = Pixels(
        (1 if still else n_frames, *size),
        gain=contrast,
        spatial_std=spatial_std,
        temporal_std=0.0 if still else temporal_std,
    )

    def objective(log_rate):
        rate = network.rate(log_rate[skipped:, chosen])
        return rate.pow(-temperature).mean()

    traces = _traces(twin, n_frames, gaze, behavior)
    video, losses = _descend(twin, pixels, n_frames, objective, traces, options)
    return _result(twin, video, losses, gaze, behavior, chosen)


@validate_params(
    {
        "twin": [HasMethods(["predict"])],
        "responses": ["array-like"],
        "burn_in": [Interval(Integral, 0, None, closed="left")],
        "gaze": ["array-like", None],
        "behavior": ["array-like", None],
        **_OPTIONS,
    },
    prefer_skip_nested_validation=True,
)
def reconstruct_video(
    twin,
    responses,
    *,
    burn_in=0,
    gaze=None,
    behavior=None,
    smoothness=0.1,
    spatial_std=1.0,
    temporal_std=1.0,
    contrast=1.0,
    n_steps=200,
    lr=1.0,
    momentum=0.5,
    clip=0.2,
    sample_stream=False,
    random_state=None,
    progress=False,
):
    """Find a video whose predicted activity is that of a recording.

    What is lowered is the mean loss of the network, plus the penalty of
    `most_exciting_video`.

    Parameters
    ----------
    twin : DigitalTwinRegressor
        Fitted; it is not changed.
    responses : array-like of shape (n_neurons, n_frames)
        Activity in the units that the twin predicts.
    burn_in : int, default=0
        First frames that do not count.
    gaze, behavior : array-like of shape (2, n_frames), default=None
        Traces of the recording, standardised. None is 0.
    smoothness : float, default=0.1
        Factor of the penalty, which is between 0 and 1.
    spatial_std, temporal_std : float, default=1.0
        Width of its Gaussian, in pixels and in frames.
    contrast : float, default=1.0
        First standard deviation of the pixels, before they are bounded.
    n_steps : int, default=200
        Steps of the optimizer.
    lr : float, default=1.0
        Learning rate, dimensionless.
    momentum : float, default=0.5
        Nesterov momentum, dimensionless.
    clip : float, default=0.2
        Largest norm of a step over that of the video.
    sample_stream : bool, default=False
        Whether each step goes through one stream of the network, drawn at random.
    random_state : int, RandomState instance or None, default=None
        Seed of the streams.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    found : Bunch
        With the fields

        - ``video`` : ndarray of shape (n_frames, height, width), uint8
        - ``response`` : ndarray of shape (n_neurons, n_frames), activity that the twin
          predicts for it
        - ``loss_curve`` : list of float

    Raises
    ------
    ValueError
        If there is not one response per neuron, or no frame is left after ``burn_in``.

    See Also
    --------
    most_exciting_video : Optimal stimuli.

    Examples
    --------
    >>> from skneuro.datasets import make_twin_data
    >>> from skneuro.twin import reconstruct_video
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> found = reconstruct_video(
    ...     recording.twin, recording.responses[0], n_steps=3, random_state=0
    ... )
    >>> found.video.shape
    (6, 36, 64)
    """
    options = {name: value for name, value in locals().items() if name in _OPTIONS}
    check_is_fitted(twin)
    responses = np.asarray(responses, np.float32)
    if responses.ndim != 2 or len(responses) != twin.n_neurons_:
        raise ValueError(
            f"responses has shape {responses.shape}; expected ({twin.n_neurons_}, "
            "n_frames), one row per neuron of the twin."
        )
    network, n_frames = twin.net_.module_, responses.shape[1]
    skipped = _skipped(burn_in, n_frames)
    pixels = Pixels(
        (n_frames, *(twin.frame_size_ or _FULL_SIZE)),
        gain=contrast,
        spatial_std=spatial_std,
        temporal_std=temporal_std,
    )
    target = torch.from_numpy(responses / twin.response_scale_).T.to(twin.net_.device)

    def objective(log_rate):
        return network.loss(log_rate, target)[skipped:].mean()

    traces = _traces(twin, n_frames, gaze, behavior)
    video, losses = _descend(twin, pixels, n_frames, objective, traces, options)
    return _result(twin, video, losses, gaze, behavior, slice(None))


def _result(twin, video, losses, gaze, behavior, chosen):
    traces = {"gaze": gaze, "behavior": behavior}
    traces = {k: None if v is None else np.asarray(v)[None] for k, v in traces.items()}
    response = twin.predict(video[None], **traces)[0][chosen]
    return Bunch(video=video, response=response, loss_curve=losses)
