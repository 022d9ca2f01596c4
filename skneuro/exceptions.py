"""Errors that skneuro raises beside Python's own."""


class SimulationError(RuntimeError):
    """A simulation left the finite numbers.

    Parameters
    ----------
    message : str
        What happened and what to try.
    time : float, default=None
        Time of the first non-finite value, in ms.
    node : int or str, default=None
        Node where it appeared.
    variable : str, default=None
        State variable that it appeared in.
    simulation : int, default=None
        Index of the parameter set or sample in a batch.
    """

    def __init__(
        self, message, *, time=None, node=None, variable=None, simulation=None
    ):
        super().__init__(message)
        self.time = time
        self.node = node
        self.variable = variable
        self.simulation = simulation

    def __reduce__(self):
        return (_rebuild, (str(self), self.__dict__))


def _rebuild(message, attributes):
    error = SimulationError(message)
    error.__dict__.update(attributes)
    return error
