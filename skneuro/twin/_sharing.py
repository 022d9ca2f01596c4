"""Train one core on several recordings at once, one process or more for each."""

import torch
from torch import distributed as dist


class Sharing:
    """Which parameters this process has in common with which others.

    Processes meet through ``torch.distributed``, which must be set up; all of them
    create this object at the same point of the program.

    Parameters
    ----------
    recording : str or int
        Which recording this process trains on.
    shared : tuple of str
        Parts that all processes have in common; the rest belongs to the recording.
    agreed : dict
        What must be the same in all processes, by name.
    n_neurons : int
        Neurons of this process, the same in all of a recording.
    checkpoint : str, path-like or None
        File of this process, of which each needs its own.

    Raises
    ------
    ValueError
        If processes are not set up or do not fit each other.
    """

    def __init__(self, recording, shared, agreed, *, n_neurons, checkpoint=None):
        if not (dist.is_available() and dist.is_initialized()):
            raise ValueError(
                f"recording={recording!r} names one of several that are trained "
                "together, but torch.distributed is not set up; start the processes "
                "with torchrun and call torch.distributed.init_process_group() first, "
                "or pass recording=None."
            )
        self.shared, self.recording = tuple(shared), str(recording)
        self.rank, self.n_processes = dist.get_rank(), dist.get_world_size()
        file = None if checkpoint is None else str(checkpoint)
        told = [None] * self.n_processes
        dist.all_gather_object(told, (self.recording, agreed, n_neurons, file))
        for name in agreed:
            if len(values := {repr(other[1][name]) for other in told}) > 1:
                raise ValueError(
                    f"{name} differs between processes: {', '.join(sorted(values))}; "
                    "pass the same to all of them."
                )
        files = [other[3] for other in told if other[3] is not None]
        if len(set(files)) < len(files):
            raise ValueError(
                f"checkpoint={files[0]!r} is the file of several processes; give each "
                "its own, for example with its rank in the name."
            )
        self.group = None
        for name in sorted({other[0] for other in told}):
            members = [i for i, other in enumerate(told) if other[0] == name]
            sizes = {told[i][2] for i in members}
            if len(sizes) > 1:
                raise ValueError(
                    f"processes of recording {name!r} have {sorted(sizes)} neurons; "
                    "expected the same neurons in all of them, on different trials."
                )
            group = dist.new_group(members)  # all processes take part in each
            if self.rank in members:
                self.group, self.first = group, members[0]

    def gather(self, values):
        """Join lists of all processes of this recording."""
        found = [None] * dist.get_world_size(self.group)
        dist.all_gather_object(found, list(values), group=self.group)
        return [value for part in found for value in part]

    def mean(self, value):
        """Mean of a number over all processes."""
        told = [None] * self.n_processes
        dist.all_gather_object(told, value)
        return sum(told) / self.n_processes

    def sides(self, network):
        """Trained parameters that all have in common, and those of the recording.

        Returns
        -------
        list of (list of Parameter, group or None, int)
            With the process from which they start.
        """
        parts = [part for name in self.shared for part in network.parts(name)]
        prefixes = tuple(f"{part}." for part in parts)
        common, own = [], []
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                (common if name.startswith(prefixes) else own).append(parameter)
        sides = [(common, None, 0), (own, self.group, self.first)]
        return [side for side in sides if side[0]]

    @torch.no_grad()
    def start(self, network, epochs):
        """Begin with the same parameters wherever they are in common.

        Raises
        ------
        ValueError
            If processes resume from different epochs.
        """
        done = [None] * self.n_processes
        dist.all_gather_object(done, epochs)
        if len(set(done)) > 1:
            raise ValueError(
                f"processes would go on from the epochs {done}; expected the same for "
                "all. Give all of them files of one epoch, or remove the files."
            )
        for parameters, group, source in self.sides(network):
            for parameter in parameters:
                dist.broadcast(parameter.data, source, group=group)

    @torch.no_grad()
    def average_parameters(self, network):
        """Take the mean of what is in common."""
        for parameters, group, _ in self.sides(network):
            size = dist.get_world_size(group)
            flat = torch.cat([p.flatten() for p in parameters])
            dist.all_reduce(flat, group=group)
            for parameter, part in _parts(parameters, flat):
                parameter.copy_(part / size)

    @torch.no_grad()
    def average_gradients(self, network):
        """Take the mean of gradients, over the processes that have one."""
        for parameters, group, _ in self.sides(network):
            flat = torch.cat(
                [
                    p.new_zeros(p.numel()) if p.grad is None else p.grad.flatten()
                    for p in parameters
                ]
            )
            there = flat.new_tensor([p.grad is not None for p in parameters])
            dist.all_reduce(flat, group=group)
            dist.all_reduce(there, group=group)
            counts = there.tolist()
            for (parameter, part), n in zip(
                _parts(parameters, flat), counts, strict=True
            ):
                parameter.grad = part / n if n else None


def _parts(parameters, flat):
    """Cut a vector into the shapes of parameters."""
    pieces = flat.split([p.numel() for p in parameters])
    return [(p, piece.view_as(p)) for p, piece in zip(parameters, pieces, strict=True)]
