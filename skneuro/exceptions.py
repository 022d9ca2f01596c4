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


class UnsafeKeyError(ValueError):
    """A file key is not a plain relative POSIX path inside the cache."""


class UnknownKeyError(KeyError, ValueError):
    """No file in the registry has this key or fits this pattern."""

    def __str__(self):
        return ValueError.__str__(self)  # KeyError shows the repr of its message


class DownloadError(OSError):
    """A file could not be brought into the cache; the message says what to do.

    Parameters
    ----------
    message : str
        What happened and the way out.
    key : str, default=None
        Key of the file in the registry.
    url : str, default=None
        Address or path that it was to come from.
    """

    def __init__(self, message, *, key=None, url=None):
        super().__init__(message)
        self.key = key
        self.url = url


class OfflineError(DownloadError):
    """The network was needed, but offline mode is on or no server answers."""


class UnexpectedResponseError(DownloadError):
    """The server answered with an error, a web page or another file.

    Parameters
    ----------
    message : str
        What came and what was expected.
    key, url : str, default=None
        Key of the file, and its address.
    status : int, default=None
        HTTP status of the answer.
    """

    def __init__(self, message, *, key=None, url=None, status=None):
        super().__init__(message, key=key, url=url)
        self.status = status


class IncompleteDownloadError(DownloadError):
    """The body of a file broke off or stalled; the next call resumes it."""


class HashMismatchError(DownloadError):
    """The content of a file is not the one that the registry or a record names."""


class UnverifiedFileError(DownloadError):
    """``strict=True`` refuses a file whose hash the registry does not know."""


class NotCachedError(DownloadError, FileNotFoundError):
    """A file is not in the cache and downloading was not allowed."""


class CacheError(DownloadError):
    """The cache folder cannot be used: full, read-only, or not what it should be."""


class UnverifiedDownloadWarning(UserWarning):
    """A file is taken on trust, because the registry does not know its hash."""


class HashMismatchWarning(UserWarning):
    """A file of the user's own folder is not the one that skneuro knows."""


class UnreadableFileError(ValueError):
    """A file is damaged, or does not hold what it should; the message names it."""


class UnsafeFileError(UnreadableFileError):
    """A file holds more than data: something in it could run code or flood memory."""
