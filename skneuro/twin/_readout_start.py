"""Start of the readout: best place and weights by ridge regression on the core."""

import numpy as np
import torch

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)  # over the mean square of the features
_MOST_NUMBERS = 400_000_000  # of features: 2000 frames of the full-size network
_HELD_OUT = 3  # every third trial chooses place and penalty


def regress_readout(net, trials, responses, *, burn_in, separately, seed):
    """Start each neuron at the point of the core that predicts it best.

    At every pixel of the core's map, ridge regression of activity on all channels; the
    place and the penalty that predict held-out trials best are taken, and the weights
    where the readout has plain ones.

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
    height, width = features.shape[-2:]
    points = _points(height, width, readout.bound)  # (n_places, 2), place
    features = features.flatten(2)[:, :, points["pixel"]]  # (frames, channels, places)
    mean = y.mean(0).clamp_min(1e-3)
    # of the logarithm, where rates are exponential
    target = (y - mean) / mean if network.unit == "poisson" else y - mean
    best, place = _search(features, target, held_out)
    readout.position.mu.data.copy_(points["position"][place])
    if not hasattr(readout.feature, "gains"):
        channels = features.shape[1] // streams
        members = (
            [[s] for s in range(streams)] if separately else [list(range(streams))]
        )
        for group in members:
            chosen = slice(group[0] * channels, (group[-1] + 1) * channels)
            weights, offset = _refit(features[:, chosen], target, place, best)
            level = mean.log() if network.unit == "poisson" else mean - 1
            for k, s in enumerate(group):
                own = weights[:, k * channels : (k + 1) * channels] * len(group)
                readout.feature.weights[s].data.copy_(own[:, None])
                readout.biases[s].data.copy_((level + offset)[:, None])


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


def _points(height, width, bound):
    """Pixels of the map that positions can reach, and the positions."""
    y, x = (
        (2 * torch.arange(n, dtype=torch.float32) + 1) / n - 1 for n in (height, width)
    )
    y, x = (part.flatten() for part in torch.meshgrid(y, x, indexing="ij"))
    at = torch.stack([x, y], -1)
    if bound == "tanh":
        pixel = torch.arange(len(at))
        return {"pixel": pixel, "position": at.atanh()}
    pixel = torch.nonzero((at > 0).all(-1))[:, 0]
    return {"pixel": pixel, "position": at[pixel].logit()}


def _ridge(X, y, penalty):
    """Weights (features, targets) and offset, of centred least squares."""
    mean, level = X.mean(0), y.mean(0)
    centred = X - mean
    gram = centred.T @ centred
    size = gram.diagonal().mean().clamp_min(1e-12)
    gram.diagonal().add_(penalty * size)
    weights = torch.linalg.solve(gram, centred.T @ (y - level))
    return weights, level - mean @ weights


def _search(features, target, held_out):
    """Penalty of all neurons, and place of each, that predict held-out frames best."""
    places = range(features.shape[2])
    errors = torch.empty(len(_PENALTIES), len(places), target.shape[1])
    for p in places:
        X = features[:, :, p].double()
        for k, penalty in enumerate(_PENALTIES):
            weights, offset = _ridge(X[~held_out], target[~held_out].double(), penalty)
            off = X[held_out] @ weights + offset - target[held_out]
            errors[k, p] = off.square().mean(0).cpu()
    lowest, place = errors.min(1)
    best = int(lowest.mean(1).argmin())
    return _PENALTIES[best], place[best]


def _refit(features, target, place, penalty):
    """Weights (neurons, channels) and offsets at the place of each neuron."""
    weights = features.new_empty(target.shape[1], features.shape[1])
    offsets = features.new_empty(target.shape[1])
    for p in place.unique().tolist():
        here = torch.nonzero(place == p)[:, 0].to(features.device)
        w, b = _ridge(features[:, :, p].double(), target[:, here].double(), penalty)
        weights[here], offsets[here] = w.T.float(), b.float()
    return weights, offsets
