"""Start of the readout: best place and weights by ridge regression on the core."""

import numpy as np
import torch
from torch.nn import functional as F

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)  # over the mean square of the features
_MOST_NUMBERS = 400_000_000  # of features: 2000 frames of the full-size network
_MOST_PLACES = 400  # the full-size map has 384 pixels
_NEWTON_STEPS = 8
_MOST_WORK = 1e12  # multiplications of Newton's method; beyond, regression must do
_LEAST = 1e-3  # of a neuron's mean activity, over that of all
_HELD_OUT = 3  # every third trial chooses place and penalty


def regress_readout(net, trials, responses, *, burn_in, separately, seed):
    """Start each neuron at the point of the core that predicts it best.

    At every place of a grid, ridge regression of activity on all channels; the place
    and the penalty that predict held-out trials best are taken, and the weights where
    the readout has plain ones: those of the Poisson loss where rates are exponential
    and there are not too many.

    Parameters
    ----------
    net : TwinNet
        Its network is changed.
    trials : tuple of (videos, gaze, behavior)
        Lists; gaze and behaviour may be None.
    responses : list of ndarray of shape (n_neurons, n_frames)
        Activity, over its mean.
    burn_in : int
        First frames of each trial that do not count.
    separately : bool
        Whether streams are trained, and so started, each for itself.
    seed : int
        Seed of the draw of trials, of which as many are used as fit the memory.
    """
    features, y, held_out = _core_features(net, trials, responses, burn_in, seed)
    if held_out.all() or not held_out.any():
        return
    network = net.module_
    readout, streams = network.readout, network.streams
    positions = _positions(*features.shape[-2:], readout.bound)
    points = readout.bounded(positions).to(features.device)
    best, place = _search(features, points, _linear_target(y, network.unit), held_out)
    readout.position.mu.data.copy_(positions[place])
    if not hasattr(readout.feature, "gains"):
        channels = features.shape[1] // streams
        members = (
            [[s] for s in range(streams)] if separately else [list(range(streams))]
        )
        for group in members:
            chosen = slice(group[0] * channels, (group[-1] + 1) * channels)
            weights, offset = _refit(
                features[:, chosen], points, y, place, best, network.unit
            )
            for k, s in enumerate(group):
                own = weights[:, k * channels : (k + 1) * channels] * len(group)
                readout.feature.weights[s].data.copy_(own[:, None])
                readout.biases[s].data.copy_(offset[:, None])


@torch.no_grad()
def _core_features(net, trials, responses, burn_in, seed):
    """Core (frames, channels, y, x) and activity of some trials; which are held out."""
    network, device = net.module_, net.device
    was = network.training
    network.eval()
    videos, gaze, behavior = trials
    features, activity, held_out, size = [], [], [], 0
    for count, i in enumerate(np.random.default_rng(seed).permutation(len(videos))):
        if size >= _MOST_NUMBERS:
            break
        bound, state = network.bind(batch=1), None
        skipped = min(burn_in, len(videos[i]) - 1)
        for k in range(0, len(videos[i]), 16):
            window, kept = slice(k, k + 16), {}
            video = torch.from_numpy(np.array(videos[i][window]))[:, None]
            traces = (
                None
                if part is None
                else torch.from_numpy(part[i][:, window].T.copy())[:, None].to(device)
                for part in (gaze, behavior)
            )
            _, state = bound(video.to(device), *traces, state=state, keep=kept)
            features.append(kept["core"][max(0, skipped - k) :])
            size += features[-1].numel()
        y = torch.from_numpy(np.array(responses[i][:, skipped:].T)).to(device)
        activity.append(y)
        held_out.append(torch.full((len(y),), count % _HELD_OUT == _HELD_OUT - 1))
    network.train(was)
    return torch.cat(features), torch.cat(activity), torch.cat(held_out).to(device)


def _positions(height, width, bound):
    """Unbounded positions (n_places, 2) of a grid as fine as there is time for."""
    finer = max(1, int((_MOST_PLACES / (height * width)) ** 0.5))
    y, x = (
        (2 * torch.arange(n * finer, dtype=torch.float32) + 1) / (n * finer) - 1
        for n in (height, width)
    )
    y, x = (part.flatten() for part in torch.meshgrid(y, x, indexing="ij"))
    at = torch.stack([x, y], -1)
    return at.atanh() if bound == "tanh" else at[(at > 0).all(-1)].logit()


def _features_at(features, point):
    """Read one point of the core: (frames, channels), in double precision."""
    grid = point.expand(len(features), 1, 1, 2)
    at = F.grid_sample(features, grid, padding_mode="border", align_corners=False)
    return at[:, :, 0, 0].double()


def _ridge(X, y, penalties):
    """Weights (features, targets) and offsets of centred least squares, by penalty."""
    mean, level = X.mean(0), y.mean(0)
    X, y = X - mean, y - level
    gram, shared = X.T @ X, X.T @ y
    size = gram.diagonal().mean().clamp_min(1e-12)
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    for penalty in penalties:
        weights = torch.linalg.solve(gram + penalty * size * identity, shared)
        yield weights, level - mean @ weights


def _search(features, points, target, held_out):
    """Penalty of all neurons, and place of each, that predict held-out frames best."""
    errors = torch.empty(len(_PENALTIES), len(points), target.shape[1])
    target = target.double()
    for p, point in enumerate(points):
        X = _features_at(features, point)
        fits = _ridge(X[~held_out], target[~held_out], _PENALTIES)
        for k, (weights, offset) in enumerate(fits):
            off = X[held_out] @ weights + offset - target[held_out]
            errors[k, p] = off.square().mean(0).cpu()
    lowest, place = errors.min(1)
    best = int(lowest.mean(1).argmin())
    return _PENALTIES[best], place[best]


def _linear_target(y, unit):
    """Deviation of activity from its mean; relative to it, where rates are exp."""
    mean = y.mean(0).clamp_min(_LEAST)
    return (y - mean) / mean if unit == "poisson" else y - mean


def _refit(features, points, y, place, penalty, unit):
    """Weights (neurons, channels) and offsets of log-rates at the place of each."""
    mean = y.mean(0).clamp_min(_LEAST).double()
    weights = features.new_empty(y.shape[1], features.shape[1])
    offsets = features.new_empty(y.shape[1])
    work = features.shape[1] ** 2 * y.numel() * _NEWTON_STEPS
    for p in place.unique().tolist():
        here = torch.nonzero(place == p)[:, 0].to(features.device)
        X = _features_at(features, points[p])
        w, b = next(_ridge(X, _linear_target(y, unit)[:, here].double(), [penalty]))
        b = b + (mean[here].log() if unit == "poisson" else mean[here] - 1)
        if unit == "poisson" and work < _MOST_WORK:
            for k, n in enumerate(here.tolist()):
                w[:, k], b[k] = _poisson(X, y[:, n].double(), w[:, k], b[k], penalty)
        weights[here], offsets[here] = w.T.float(), b.float()
    return weights, offsets


def _poisson(X, y, w, b, penalty):
    """Newton steps on the Poisson loss of one neuron from weights and offset."""
    X = torch.cat([X, X.new_ones(len(X), 1)], 1)
    w = torch.cat([w, b[None]])
    centred = X[:, :-1] - X[:, :-1].mean(0)
    size = centred.square().sum(0).mean().clamp_min(1e-12) * y.mean()
    shrink = torch.full_like(w, float(penalty * size))
    shrink[-1] = 1e-6  # the offset is free

    def loss(w):
        log_rate = X @ w
        return (log_rate.exp() - log_rate * y).sum() + (shrink * w**2).sum() / 2

    now = loss(w)
    for _ in range(_NEWTON_STEPS):
        rate = (X @ w).exp()
        gradient = X.T @ (rate - y) + shrink * w
        step = torch.linalg.solve((X.T * rate) @ X + shrink.diag(), gradient)
        scale = 1.0
        while not (then := loss(w - scale * step)) <= now and scale > 1e-3:
            scale /= 2
        if not then < now:
            break
        w, now = w - scale * step, then
    return w[:-1], w[-1]
