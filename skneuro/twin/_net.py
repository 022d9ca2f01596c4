"""The skorch net: random windows, one stream per batch, checkpoints that resume."""

import os
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn
from torch.utils.checkpoint import checkpoint as recompute
from torch.utils.data import Dataset

from skneuro.twin._network import TwinNetwork
from skneuro.twin._precision import computing
from skneuro.twin._training import SgdClip, cosine_rate, parameter_groups
from skneuro.utils import seeded_torch

_MOST_SEEDS = 2**31


class Windows(Dataset):
    """Random windows of trials; which ones depends on seed and epoch alone.

    Parameters
    ----------
    videos, gaze, behavior, responses : list of ndarray, or None
        Trials.
    n_frames : int
        Length of a window.
    n_windows : int
        Windows per epoch.
    seed : int
        Seed.
    """

    def __init__(self, videos, gaze, behavior, responses, *, n_frames, n_windows, seed):
        self.videos, self.responses = videos, responses
        self.traces = {"gaze": gaze, "behavior": behavior}
        self.n_frames, self.n_windows, self.seed = n_frames, n_windows, seed
        self.start_epoch(0)

    def start_epoch(self, epoch):
        """Draw the windows of an epoch: trials with replacement, then a start."""
        rng = np.random.default_rng([self.seed, epoch])
        self.trials = rng.integers(len(self.videos), size=self.n_windows)
        room = np.array([len(self.videos[i]) - self.n_frames for i in self.trials])
        self.starts = rng.integers(room + 1)

    def __len__(self):
        return self.n_windows

    def __getitem__(self, i):
        trial, start = self.trials[i], self.starts[i]
        window = slice(start, start + self.n_frames)
        X = {"video": np.array(self.videos[trial][window])}
        for name, traces in self.traces.items():
            if traces is None:
                X[name] = np.zeros((self.n_frames, 2), np.float32)
            else:
                X[name] = traces[trial][:, window].T.copy()
        return X, np.ascontiguousarray(self.responses[trial][:, window].T)


class TwinNet(NeuralNet):
    """skorch net whose batches are windows of trials.

    Parameters
    ----------
    module : type
        Class of the network.
    criterion : type
        Not used: the loss belongs to the network.
    burn_in : int
        First frames of each window that do not count.
    sample_stream : bool
        Whether a batch trains one stream, drawn at random, or all.
    warmup_epochs, cycle_size : int
        Schedule of the learning rate.
    seed : int
        Seed of streams, noise and windows, together with the number of the epoch.
    recompute_frames : int or None
        If not None, activations are computed again in the backward pass for pieces of
        so many frames.
    resume_file : str, path-like or None
        File that is written after each epoch.
    keep_best : bool
        Whether weights of the epoch with the least validation loss are kept.
    precision : {"float32", "tf32", "bfloat16"}
        How precisely a GPU computes.
    sharing : Sharing or None
        What other processes train too.
    **options : dict
        Of skorch's ``NeuralNet``.
    """

    def __init__(
        self,
        module=TwinNetwork,
        criterion=nn.Identity,
        *,
        burn_in=10,
        sample_stream=True,
        warmup_epochs=10,
        cycle_size=100,
        seed=0,
        recompute_frames=None,
        resume_file=None,
        keep_best=False,
        precision="float32",
        sharing=None,
        **options,
    ):
        self.burn_in = burn_in
        self.sample_stream = sample_stream
        self.warmup_epochs = warmup_epochs
        self.cycle_size = cycle_size
        self.seed = seed
        self.recompute_frames = recompute_frames
        self.resume_file = resume_file
        self.keep_best = keep_best
        self.precision = precision
        self.sharing = sharing
        options.setdefault("optimizer", SgdClip)
        super().__init__(module, criterion=criterion, train_split=None, **options)

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Group parameters by scale, decay and norm; leave out frozen ones."""
        _, options = super().get_params_for_optimizer(prefix, named_parameters)
        if self.optimizer is SgdClip:
            return (parameter_groups(self.module_),), options
        return ([p for p in self.module_.parameters() if p.requires_grad],), options

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Train one epoch with seeds and learning rate of its own."""
        if not training:
            if iterator is not None:
                super().run_single_epoch(
                    iterator, training, prefix, step_fn, **fit_params
                )
            return
        epoch = len(self.history) - 1
        rate = cosine_rate(
            epoch % self.cycle_size,
            cycle_size=self.cycle_size,
            warmup=self.warmup_epochs,
            warmup_cycles=1,
            cycle=epoch // self.cycle_size,
        )
        for group in self.optimizer_.param_groups:
            group["lr"] = self.lr * rate
        number = epoch  # of draws: processes that train together have different ones
        if self.sharing is not None:
            self.sharing.average_parameters(self.module_)
            number = self.sharing.rank + self.sharing.n_processes * epoch
        seed = (self.seed + number) % _MOST_SEEDS
        iterator.dataset.start_epoch(number)
        self.streams_ = np.random.default_rng([seed, 1])
        with seeded_torch(seed):
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)

    def train_step_single(self, batch, **fit_params):
        """Run windows through one stream and back."""
        self._set_training(True)
        video, gaze, behavior, y = self._time_first(batch)
        network = self.module_
        stream = None
        if self.sample_stream:
            stream = int(self.streams_.integers(network.streams))
        with computing(self.precision, y.device):
            bound = network.bind(stream=stream, batch=video.shape[1])
            log_rate, core = self._run(bound, video, gaze, behavior)
            penalty = bound.penalty(core)
        skipped = min(self.burn_in, len(y) - 1)
        loss = network.loss(log_rate.to(y.dtype), y)[skipped:].mean() + penalty
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the training loss is {loss.item()} in epoch {len(self.history) - 1}; "
                "lower lr, or check that responses are not huge."
            )
        exact = "tf32" if self.precision == "tf32" else "float32"
        with computing(exact, y.device):  # types are those of the way forward
            loss.backward()
        if self.sharing is not None:
            self.sharing.average_gradients(network)
        return {"loss": loss, "y_pred": log_rate.detach()}

    def validation_step(self, batch, **fit_params):
        """Run windows through all streams, without noise."""
        self._set_training(False)
        *inputs, y = self._time_first(batch)
        network = self.module_
        with torch.no_grad(), computing(self.precision, y.device):
            log_rate, _ = network(*inputs)
        skipped = min(self.burn_in, len(y) - 1)
        loss = network.loss(log_rate.to(y.dtype), y)[skipped:].mean()
        return {"loss": loss, "y_pred": log_rate}

    def _time_first(self, batch):
        """Video, gaze, behaviour and responses, (time, batch, ...), on the device."""
        X, y = batch
        parts = [X[name] for name in ("video", "gaze", "behavior")]
        return [part.to(self.device).transpose(0, 1) for part in (*parts, y)]

    def _run(self, bound, video, gaze, behavior):
        size = self.recompute_frames
        if size is None:
            kept = {}
            log_rate, _ = bound(video, gaze, behavior, keep=kept)
            return log_rate, kept["core"]

        def piece(video, gaze, behavior, state):
            kept = {}
            log_rate, state = bound(video, gaze, behavior, state=state, keep=kept)
            return log_rate, kept["core"], state

        parts, cores, state = [], [], None
        for k in range(0, len(video), size):
            window = slice(k, k + size)
            log_rate, core, state = recompute(
                piece,
                video[window],
                gaze[window],
                behavior[window],
                state,
                use_reentrant=False,
            )
            parts.append(log_rate)
            cores.append(core)
        return torch.cat(parts), torch.cat(cores)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Write the file from which training resumes."""
        super().on_epoch_end(net, dataset_train, dataset_valid, **kwargs)
        losses = self.history[-1, "batches", :, "train_loss"]
        self.history.record("train_loss", float(np.mean(losses)))
        found = {"loss": [float(row["train_loss"]) for row in self.history]}
        if dataset_valid is not None:
            losses = self.history[-1, "batches", :, "valid_loss"]
            loss = float(np.mean(losses))
            if self.sharing is not None:  # all keep the same epoch
                loss = self.sharing.mean(loss)
            self.history.record("validation_loss", loss)
            found["validation"] = [
                float(row["validation_loss"]) for row in self.history
            ]
            if self.keep_best and np.argmin(found["validation"]) + 1 == len(
                self.history
            ):
                state = self.module_.state_dict().items()
                self.best_state_ = {k: v.detach().clone() for k, v in state}
        if self.resume_file is not None:
            path = Path(self.resume_file)
            state = {
                "epochs": len(self.history),
                "seed": self.seed,
                "network": self.module_.state_dict(),
                "optimizer": self.optimizer_.state_dict(),
                "best": getattr(self, "best_state_", None),
                **found,
            }
            part = path.with_name(f"{path.name}.part")
            torch.save(state, part)
            os.replace(part, path)

    def resume(self):
        """Go back to where ``resume_file`` was written; return the epochs done."""
        path = Path(self.resume_file)
        if not path.exists():
            return 0
        state = torch.load(path, map_location=self.device, weights_only=True)
        try:
            self.module_.load_state_dict(state["network"])
            self.optimizer_.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, KeyError) as exc:
            raise ValueError(
                f"checkpoint={str(path)!r} is of another network than this one; remove "
                "the file to start anew, or pass the parameters and data that it was "
                "written with."
            ) from exc
        if state["seed"] != self.seed:
            raise ValueError(
                f"checkpoint={str(path)!r} was written with the seed {state['seed']}, "
                f"but this run has {self.seed}; pass the same random_state, or remove "
                "the file to start anew."
            )
        for k, loss in enumerate(state["loss"]):
            self.history.new_epoch()
            self.history.record("epoch", len(self.history))
            self.history.record("train_loss", loss)
            if "validation" in state:
                self.history.record("validation_loss", state["validation"][k])
        if state["best"] is not None:
            self.best_state_ = state["best"]
        return state["epochs"]
