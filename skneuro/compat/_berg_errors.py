"""Errors of BERG by their names; each is also one of Python's own kinds."""


class BERGError(Exception):
    """Something that a user of BERG's calls can catch; the cause is kept."""


class ModelNotFoundError(BERGError, ValueError):
    """There is no model of this name; the message lists those that there are."""


class ModelLoadError(BERGError, RuntimeError):
    """The files of a model cannot be had or read; the message says why."""


class InvalidParameterError(BERGError, ValueError):
    """A subject, selection or device is wrong; the message says what exists."""


class StimulusError(BERGError, ValueError):
    """Stimuli are no images that the model can see."""


class ResourceError(BERGError, RuntimeError):
    """The machine lacks what a model needs, for example memory."""


class AbsentMetadataError(InvalidParameterError, FileNotFoundError):
    """Metadata are not where they should be: BERG's error and Python's in one."""
