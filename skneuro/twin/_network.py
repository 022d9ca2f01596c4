"""The network: perspective, modulation, core and readout, functional in its state."""

import difflib
import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

from skneuro.twin import _core, _modulation, _perspective, _recurrent
from skneuro.twin._blocks import Block
from skneuro.twin._readout import PositionFeature

FEEDFORWARDS = {"dense": True, "input_dense": False}  # standardise the first layer?
RECURRENTS = {
    "cvt_lstm": _recurrent.CvtLstm,
    "conv_lstm": _recurrent.ConvLstm,
    "rvt": _recurrent.Rvt,
}
PERSPECTIVES = {
    "mlp_monitor_retina": _perspective.MlpMonitorRetina,
    "monitor_retina": _perspective.MonitorRetina,
}
MODULATIONS = {
    "mlp_lstm": _modulation.MlpLstm,
    "flat_lstm": _modulation.FlatLstm,
    "sigmoid_lstm": _modulation.SigmoidLstm,
}
UNITS = ("poisson", "elu_mse")

# What differs from the defaults of `TwinNetwork`, which are those of "microns".
ARCHITECTURES = {
    "microns": {},
    "loader": {
        "feedforward": "dense",
        "perspective": "monitor_retina",
        "perspective_features": (16, 16),
        "retina_scale": 4.0,
        "retina_offset": -1.4,
        "modulation": "flat_lstm",
        "modulation_features": 4,
        "feature": "norm",
        "dropout": 0.1,
    },
}


@dataclass
class TwinState:
    """State of the network between two frames; None before the first one."""

    modulation: Any = None
    feedforward: Any = None
    recurrent: Any = None

    def detach(self):
        """Return the same state, cut from the graph."""
        return TwinState(*(_detached(part) for part in vars(self).values()))


def _detached(part):
    if isinstance(part, torch.Tensor):
        return part.detach()
    return None if part is None else type(part)(_detached(x) for x in part)


class TwinNetwork(Block):
    """Digital twin of mouse visual cortex.

    Parameters
    ----------
    n_neurons : int
        Neurons of the readout.
    streams : int
        Independent copies of modulation, core and readout; log-rates are averaged.
    feedforward : {"input_dense", "dense"}
        Whether the first convolution is as it is, or standardised.
    block_channels, block_groups, block_layers, block_temporals, block_spatials, \
block_pools : tuple of int
        One number per dense block.
    in_spatial, in_stride : int
        First convolution, in pixels of the retina.
    feedforward_channels : int
        Output of the feedforward part.
    nonlinear : {"gelu", "silu", "elu", "tanh"}
        Nonlinearity of feedforward, perspective and modulation.
    recurrent : {"cvt_lstm", "conv_lstm", "rvt"}
        Kind of recurrent network.
    recurrent_in, recurrent_hidden, recurrent_common, recurrent_out : int
        Its channels; common ones are those of attention.
    recurrent_groups, recurrent_spatial : int
        Groups of channels, and size of its filters.
    perspective : {"mlp_monitor_retina", "monitor_retina"}
        How gaze turns the eye.
    perspective_features : tuple of int
        Hidden layers of the eye.
    retina_size : tuple of int
        Height and width, in pixels.
    retina_degrees : float
        Visual angle from the centre of the retina to its left or right edge.
    monitor_pixel : {"static_power", "raw"}
        Intensity of a pixel.
    monitor_power : float
        Exponent of the monitor.
    retina_pixel : {"sigmoid_power", "raw"}
        Response of the retina.
    retina_scale, retina_offset : float
        Where its learned scale and offset start.
    modulation : {"mlp_lstm", "flat_lstm", "sigmoid_lstm"}
        How behaviour is taken up.
    modulation_hidden, modulation_features : int
        Its memory, and the output where it has one of its own.
    feature : {"vanilla", "norm"}
        Whether readout weights are as they are or standardised.
    feature_groups : int
        Groups of standardised readout weights.
    bound : {"tanh", "sigmoid"}
        What keeps positions inside the map: (-1, 1), or (0, 1), its lower right
        quarter, as in the original.
    init_std : float
        Spread of positions in training, in units of the unbounded position.
    unit : {"poisson", "elu_mse"}
        Rate and loss.
    dropout : float
        Fraction of channels dropped in training.
    decorr_length : int
        Number of last frames whose channels are decorrelated; 0 for none.
    decorr_weight, decorr_rate : float
        Weight of that penalty, and the fraction of positions used, 0 for all.
    """

    def __init__(
        self,
        *,
        n_neurons=1,
        streams=4,
        feedforward="input_dense",
        block_channels=(32, 64, 128),
        block_groups=(1, 2, 4),
        block_layers=(2, 2, 2),
        block_temporals=(3, 3, 3),
        block_spatials=(3, 3, 3),
        block_pools=(2, 2, 1),
        in_spatial=6,
        in_stride=2,
        feedforward_channels=128,
        nonlinear="gelu",
        recurrent="cvt_lstm",
        recurrent_in=256,
        recurrent_hidden=256,
        recurrent_common=512,
        recurrent_out=128,
        recurrent_groups=8,
        recurrent_spatial=3,
        perspective="mlp_monitor_retina",
        perspective_features=(16, 16, 16),
        retina_size=(128, 192),
        retina_degrees=75.0,
        monitor_pixel="static_power",
        monitor_power=1.7,
        retina_pixel="sigmoid_power",
        retina_scale=1.0,
        retina_offset=0.0,
        modulation="mlp_lstm",
        modulation_hidden=16,
        modulation_features=16,
        feature="vanilla",
        feature_groups=1,
        bound="tanh",
        init_std=0.4,
        unit="poisson",
        dropout=0.0,
        decorr_length=0,
        decorr_weight=0.0,
        decorr_rate=0.0,
    ):
        options = {k: v for k, v in locals().items() if k in _OPTIONS}
        super().__init__()
        self.options_given = options
        for name, value, known in [
            ("feedforward", feedforward, FEEDFORWARDS),
            ("recurrent", recurrent, RECURRENTS),
            ("perspective", perspective, PERSPECTIVES),
            ("modulation", modulation, MODULATIONS),
            ("monitor_pixel", monitor_pixel, ("static_power", "raw")),
            ("retina_pixel", retina_pixel, ("sigmoid_power", "raw")),
            ("feature", feature, ("vanilla", "norm")),
            ("bound", bound, ("tanh", "sigmoid")),
            ("unit", unit, UNITS),
        ]:
            if value not in known:
                raise ValueError(f"{name}={value!r}; expected one of {list(known)}.")
        noise = {} if perspective == "mlp_monitor_retina" else {"dropout": dropout}
        self.perspective = PERSPECTIVES[perspective](
            features=perspective_features,
            nonlinear=nonlinear,
            size=retina_size,
            degrees=retina_degrees,
            monitor=_perspective.Plane(),
            monitor_pixel=_perspective.StaticPower(monitor_power)
            if monitor_pixel == "static_power"
            else _perspective.Raw(),
            retina_pixel=_perspective.SigmoidPower(1.0, retina_scale, retina_offset)
            if retina_pixel == "sigmoid_power"
            else _perspective.Raw(),
            **noise,
        )
        if modulation == "mlp_lstm":
            options = {"mlp": (modulation_hidden,), "nonlinear": nonlinear}
        else:
            options = {"features": modulation_features}
            options["in_features"] = modulation_hidden
        self.modulation = MODULATIONS[modulation](
            streams=streams, hidden=modulation_hidden, dropout=dropout, **options
        )
        self.core = _core.FeedforwardRecurrent(
            _core.Dense(
                streams=streams,
                in_spatial=in_spatial,
                in_stride=in_stride,
                block_channels=block_channels,
                block_groups=block_groups,
                block_layers=block_layers,
                block_temporals=block_temporals,
                block_spatials=block_spatials,
                block_pools=block_pools,
                out_channels=feedforward_channels,
                nonlinear=nonlinear,
                dropout=dropout,
                input_wnorm=FEEDFORWARDS[feedforward],
            ),
            RECURRENTS[recurrent](
                streams=streams,
                features=feedforward_channels,
                modulation=self.modulation.features,
                in_channels=recurrent_in,
                out_channels=recurrent_out,
                hidden_channels=recurrent_hidden,
                common_channels=None if recurrent == "conv_lstm" else recurrent_common,
                groups=recurrent_groups,
                spatial=recurrent_spatial,
                dropout=dropout,
            ),
        )
        self.readout = PositionFeature(
            n_neurons,
            recurrent_out,
            streams=streams,
            feature=feature,
            groups=feature_groups,
            bound=bound,
            init_std=init_std,
        )
        self.streams, self.unit = streams, unit
        self.decorr = {
            "length": decorr_length,
            "weight": decorr_weight,
            "rate": decorr_rate,
        }

    def freeze(self, names):
        """Freeze submodules for good: no gradient, and no noise in training.

        Parameters
        ----------
        names : iterable of str
            Names such as ``"core"`` and ``"modulation.lstm"``.
        """
        for name in names:
            for part in self.parts(name):
                module = self.get_submodule(part).requires_grad_(False)
                for member in module.modules():
                    member.frozen = True

    def parts(self, name):
        """Name the submodules that a part consists of.

        The memory of behaviour has no module of its own where modulation is that memory
        itself (`FlatLstm`): then it is its gates and output, and what comes before them
        is left out, as the first layers of `MlpLstm` are.

        Parameters
        ----------
        name : str
            Such as ``"core"`` and ``"modulation.lstm"``.

        Returns
        -------
        list of str
            Submodules.

        Raises
        ------
        ValueError
            If the network has no such part.
        """
        flat = isinstance(self.modulation, _modulation.FlatLstm)
        if name == "modulation.lstm" and flat:
            return [f"modulation.{part}" for part in self.modulation.memory]
        known = [known for known, _ in self.named_modules() if known]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ValueError(
                f"frozen has {name!r}, which the network does not have{hint} Expected "
                "names of its parts, such as 'core' and 'modulation.lstm'."
            )
        return [name]

    def bind(self, *, stream=None, batch=1):
        """Compute what depends on parameters alone, and draw the noise of training.

        Parameters
        ----------
        stream : int or None, default=None
            One stream, or the mean of all.
        batch : int, default=1
            Number of sequences.

        Returns
        -------
        BoundNetwork
            To be called with data, once or in chunks with their state.
        """
        return BoundNetwork(self, stream, batch)

    def forward(
        self, video, gaze=None, behavior=None, *, state=None, stream=None, **options
    ):
        """Predict log-rates.

        Parameters
        ----------
        video : Tensor of shape (n_frames, n_trials, height, width)
            Pixels, uint8, or floats in [0, 1].
        gaze, behavior : Tensor of shape (n_frames, n_trials, 2) or None
            Pupil centre; pupil radius and running speed. None is zero.
        state : TwinState or None
            From where to go on.
        stream : int or None
            One stream, or the mean of all.
        **options : dict
            See `BoundNetwork`.

        Returns
        -------
        log_rate : Tensor of shape (n_frames, n_trials, n_neurons)
            What `rate` and `loss` take.
        state : TwinState
            After the last frame.
        """
        bound = self.bind(stream=stream, batch=video.shape[1])
        return bound(video, gaze, behavior, state=state, **options)

    def rate(self, log_rate):
        """Activity that is expected: exp, or ELU + 1."""
        return log_rate.exp() if self.unit == "poisson" else F.elu(log_rate) + 1

    def loss(self, log_rate, response):
        """Poisson loss without its constant, or squared error, of each response."""
        rate = self.rate(log_rate)
        if self.unit == "poisson":
            return rate - log_rate * response
        return (rate - response) ** 2


_OPTIONS = frozenset(inspect.signature(TwinNetwork).parameters)


class BoundNetwork:
    """The network with parameters prepared for one stream or all, and one batch size.

    Parameters
    ----------
    network : TwinNetwork
        Whose parameters.
    stream : int or None
        One stream, or the mean of all.
    batch : int
        Number of sequences.
    """

    def __init__(self, network, stream, batch):
        self.batch, self.differentiable = batch, torch.is_grad_enabled()
        self.n_streams = network.streams if stream is None else 1
        self.perspective = network.perspective.bind(batch)
        self.modulation = network.modulation.bind(stream, batch)
        streams = [stream]
        device = network.perspective.retina.grid.device
        if stream is None and device.type == "cpu" and not torch.is_grad_enabled():
            streams = range(network.streams)  # one by one they fit the cache
        core = network.core
        self.feedforward = [core.feedforward.bind(s, batch) for s in streams]
        self.recurrent = core.recurrent.bind(stream, batch)
        self.readout = network.readout.bind(stream, batch)
        self.decorr = network.decorr

    def __call__(
        self,
        video,
        gaze=None,
        behavior=None,
        *,
        state=None,
        periphery="dark",
        keep=None,
    ):
        """Predict log-rates of all frames; see `TwinNetwork.forward`.

        ``periphery`` is what lies beyond the monitor: ``"dark"``, or ``"extend"`` for
        its edge. ``keep``, a dict, collects what the stages return.
        """
        if torch.is_grad_enabled() and not self.differentiable:
            raise RuntimeError(
                "the network was bound without gradients, but they are on now; bind it "
                "where they are on too."
            )
        n_frames, batch = video.shape[:2]
        state = TwinState() if state is None else state
        x = video.flatten(0, 1)[:, None]
        if not x.is_floating_point():
            x = x.to(torch.float32) / 255
        gaze = None if gaze is None else gaze.flatten(0, 1)
        with torch.autocast(x.device.type, enabled=False):  # rays must meet their pixel
            image = self.perspective(x, gaze, periphery)
        if behavior is None:
            behavior = x.new_zeros(n_frames, batch, 2)
        behavior = behavior[:, :, None].expand(-1, -1, self.n_streams, -1)
        modulation, slow = self.modulation(behavior, state.modulation)
        features, past = self._run_feedforward(image, state.feedforward)
        core, recurrent = self.recurrent(features, modulation, state.recurrent)
        streams = self.readout(core)
        if keep is not None:
            keep.update(
                perspective=image,
                modulation=modulation,
                feedforward=features,
                core=core,
                readout=streams,
            )
        log_rate = streams.mean(1).unflatten(0, (n_frames, batch))
        return log_rate, TwinState(slow, past, recurrent)

    def _run_feedforward(self, image, state):
        """Features of all streams, and the state of each part."""
        n = len(self.feedforward)
        state = [None] * n if state is None else state
        if len(state) != n:
            raise ValueError(
                f"state is of {len(state)} parts of the core, but {n} are computed; go "
                "on from a state with gradients where they are on, without where off."
            )
        parts = [f(image, s) for f, s in zip(self.feedforward, state, strict=True)]
        features, later = zip(*parts, strict=True)
        return torch.cat(features, 1), list(later)

    def penalty(self, core):
        """Regulariser of the core's output, 0 where the network has none."""
        if not self.decorr["length"]:
            return core.new_zeros(())
        return _core.decorrelation(core, self.batch, self.n_streams, **self.decorr)
