"""Model objects with the face of BERG's, around the encoders of `skneuro.datasets`."""

import contextlib
import functools

import numpy as np

from skneuro.compat._berg_errors import (
    InvalidParameterError,
    ModelLoadError,
    ResourceError,
    StimulusError,
)
from skneuro.datasets import (
    describe_encoder,
    fetch_nsd_fsaverage_vit,
    fetch_nsd_fwrf,
    fetch_things_eeg2_vit,
)
from skneuro.datasets._berg_files import BergFiles
from skneuro.datasets._encoder_metadata import count_vertices
from skneuro.datasets._encoder_selection import (
    check_channels,
    check_rois,
    check_subjects,
)
from skneuro.io._cards import load_cards, metadata_key
from skneuro.utils import resolve_device
from skneuro.utils._validation import find_indices

LABELS = {"fmri": "fMRI", "eeg": "EEG"}  # of modalities, in BERG's catalog


@contextlib.contextmanager
def parameter_errors():
    """Turn what a wrong selection raises into BERG's error."""
    try:
        yield
    except InvalidParameterError:
        raise
    except (ValueError, TypeError) as exc:
        raise InvalidParameterError(str(exc)) from exc


def one_region(roi, card):
    """Check the name of one region; BERG also takes a list of one."""
    rois = check_rois(roi, card)
    if len(rois) > 1:
        raise InvalidParameterError(
            f"roi={roi!r} names {len(rois)} regions, but {card['model_id']} has one "
            "model for each; load them one by one, or use fetch_nsd_fwrf."
        )
    return rois[0]


def check_device(device):
    """Resolve a device name, or raise BERG's error."""
    try:
        return resolve_device(device)
    except (ValueError, RuntimeError) as exc:
        raise InvalidParameterError(
            f"device={device!r} cannot be used ({exc}); expected 'auto', 'cpu' or "
            "'cuda'."
        ) from exc


class BergModel:
    """Base of the model objects.

    Parameters
    ----------
    berg_dir : str or path-like, default=None
        Folder that mirrors the public bucket; None fetches what is needed.
    subject : int, default=1
        Subject.
    selection : dict, default=None
        What to predict; keys are ``SELECTION_KEYS``.
    device : str, default="auto"
        Where to compute.
    options : dict, default=None
        Keyword arguments of the fetcher.
    """

    MODEL_ID = ""
    OPTIONS = frozenset(
        {"data_home", "download_if_missing", "strict", "progress", "registry"}
    )
    SELECTION_KEYS = ()

    def __init__(
        self, berg_dir=None, subject=1, selection=None, device="auto", options=None
    ):
        self.berg_dir = berg_dir
        self.device = check_device(device)
        self.options = dict(options or {})
        if unknown := sorted(set(self.options) - self.OPTIONS):
            raise InvalidParameterError(
                f"{unknown[0]} is no argument of {self.MODEL_ID}; expected subject, "
                f"selection, device, {', '.join(sorted(self.OPTIONS))}."
            )
        with parameter_errors():
            (self.subject,) = check_subjects([subject], self.card())
        self.selection = self._check_selection(selection)
        self.roi = self.selection.get("roi")
        self.encoder = None
        # on an instance, get_metadata() needs no arguments
        self.get_metadata = functools.partial(
            type(self).get_metadata, model_instance=self
        )
        self._select()

    @classmethod
    def card(cls):
        """Return the card of the model."""
        return load_cards()[cls.MODEL_ID]

    @classmethod
    def get_model_id(cls):
        """Return the id of the model."""
        return cls.MODEL_ID

    @classmethod
    def get_supported_parameters(cls):
        """Return the parameters of the model and what they can be."""
        return {name: dict(entry) for name, entry in cls.card()["parameters"].items()}

    @staticmethod
    def describe_from_id(model_id):
        """Return the card of a model as a mapping that prints as a text."""
        return describe_encoder(model_id)

    def describe(self):
        """Return the card of this model as a mapping that prints as a text."""
        return describe_encoder(self.MODEL_ID)

    def _check_selection(self, selection):
        if selection is None:
            selection = {}
        if not isinstance(selection, dict):
            raise InvalidParameterError(
                f"selection is a {type(selection).__name__}, expected a dictionary "
                f"with keys of {', '.join(self.SELECTION_KEYS)}."
            )
        unknown = [key for key in selection if key not in self.SELECTION_KEYS]
        if unknown:
            raise InvalidParameterError(
                f"selection has the key {unknown[0]!r}, but {self.MODEL_ID} knows "
                f"{', '.join(self.SELECTION_KEYS)}."
            )
        return {key: value for key, value in selection.items() if value is not None}

    def _select(self):
        """Check the values of the selection."""

    def _fetch(self):
        """Return the Bunch of the fetcher."""
        raise NotImplementedError

    def load_model(self, device=None):
        """Load the weights; `generate_response` does so where it was not done.

        Parameters
        ----------
        device : str, default=None
            Where to compute; None is the device of the constructor.
        """
        if device is not None:
            self.device = check_device(device)
        try:
            self.bunch = self._fetch()
        except MemoryError as exc:
            raise ResourceError(f"{self.MODEL_ID} does not fit into memory.") from exc
        except (OSError, ValueError) as exc:
            raise ModelLoadError(f"{self.MODEL_ID} cannot be loaded: {exc}") from exc
        self.encoder = self.bunch.encoder

    def generate_response(self, stimulus, show_progress=True):
        """Predict the responses to images.

        Parameters
        ----------
        stimulus : array-like
            Images, (n_images, 3, height, width), or what the encoders take else.
        show_progress : bool, default=True
            Whether to show a progress bar.

        Returns
        -------
        ndarray or tuple of ndarray
            Responses, float32.
        """
        if self.encoder is None:
            self.load_model()
        try:
            responses = self.encoder.predict(stimulus, progress=show_progress)
        except (ValueError, TypeError, FileNotFoundError) as exc:
            raise StimulusError(
                f"{exc} {self.MODEL_ID} expects images of 0 to 255, (n_images, 3, "
                "height, width)."
            ) from exc
        return self._arrange(responses)

    def _arrange(self, responses):
        return responses

    @classmethod
    def get_metadata(
        cls, berg_dir=None, subject=None, roi=None, model_instance=None, **options
    ):
        """Read the metadata of a subject, without weights.

        Parameters
        ----------
        berg_dir : str or path-like, default=None
            Folder that mirrors the public bucket; None fetches.
        subject : int, default=None
            Subject; needed unless there is a model.
        roi : str, default=None
            Region; needed by models with a file for each.
        model_instance : BergModel, default=None
            Model whose folder, subject and region to take.
        **options : dict
            Keyword arguments of the fetcher.

        Returns
        -------
        dict
            Content of the file, as BERG gives it.
        """
        if model_instance is not None:
            berg_dir = model_instance.berg_dir if berg_dir is None else berg_dir
            subject = model_instance.subject if subject is None else subject
            roi = model_instance.roi if roi is None else roi
            options = model_instance.options | options
        card = cls.card()
        per_roi = "{roi}" in card["files"]["metadata"]
        needed = {"subject": subject} | ({"roi": roi} if per_roi else {})
        if missing := [name for name, value in needed.items() if value is None]:
            raise InvalidParameterError(
                f"the metadata of {cls.MODEL_ID} need {' and '.join(missing)}; pass "
                "them as keyword arguments."
            )
        with parameter_errors():
            (subject,) = check_subjects([subject], card)
            if per_roi:
                roi = one_region(roi, card)
        options = {k: v for k, v in options.items() if k in BergModel.OPTIONS}
        files = BergFiles(berg_dir, **options)
        return files.read(metadata_key(card, subject, roi if per_roi else None))

    def cleanup(self):
        """Let go of the weights; they are loaded again when needed."""
        self.encoder = self.bunch = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.cleanup()


class FwrfModel(BergModel):
    """Voxels of one region; see `fetch_nsd_fwrf`."""

    MODEL_ID = "fmri-nsd-fwrf"
    SELECTION_KEYS = ("roi",)

    def _select(self):
        if "roi" not in self.selection:
            raise InvalidParameterError(
                f"{self.MODEL_ID} needs selection={{'roi': ...}}, one of "
                f"{', '.join(self.card()['rois'])}."
            )
        with parameter_errors():
            self.roi = one_region(self.roi, self.card())

    def _fetch(self):
        return fetch_nsd_fwrf(
            self.subject,
            roi=self.roi,
            berg_dir=self.berg_dir,
            device=str(self.device),
            **self.options,
        )


class FsaverageModel(BergModel):
    """Vertices of both hemispheres; see `fetch_nsd_fsaverage_vit`."""

    MODEL_ID = "fmri-nsd_fsaverage-vit_b_32"
    SELECTION_KEYS = ("roi", "lh_vertices", "rh_vertices")
    OPTIONS = BergModel.OPTIONS | {"features", "preprocessing"}

    def _select(self):
        if self.roi is None:
            return
        with parameter_errors():
            rois = check_rois(self.roi, self.card())
        self.roi = rois[0] if len(rois) == 1 else rois

    def _fetch(self):
        which = {"roi": self.roi}
        if self.roi is None:  # a hemisphere without mask is complete
            counts = count_vertices(self.get_metadata(), self.MODEL_ID)
            which = {}
            for side, n in counts.items():
                name = f"{side}_vertices"
                with parameter_errors():
                    which[name] = _selected(self.selection.get(name), n, name)
        bunch = fetch_nsd_fsaverage_vit(
            self.subject,
            **which,
            berg_dir=self.berg_dir,
            device=str(self.device),
            **{"preprocessing": "berg", **self.options},
        )
        vertex, side = bunch.metadata["vertex"], bunch.metadata["hemisphere"]
        self.selected_lh_vertices = vertex[side == "left"].to_numpy()
        self.selected_rh_vertices = vertex[side == "right"].to_numpy()
        return bunch

    def _arrange(self, responses):
        """Return left and right, as BERG does."""
        n_left = len(self.selected_lh_vertices)
        return responses[:, :n_left], responses[:, n_left:]


def _selected(selection, n, name):
    return np.arange(n) if selection is None else find_indices(selection, n, name)


class EEGModel(BergModel):
    """Channels and times; see `fetch_things_eeg2_vit`."""

    MODEL_ID = "eeg-things_eeg_2-vit_b_32"
    SELECTION_KEYS = ("channels", "timepoints")
    OPTIONS = BergModel.OPTIONS | {"features", "preprocessing"}

    def _fetch(self):
        found = self.get_metadata()["eeg"]
        self.ch_names = [str(name) for name in found["ch_names"]]
        self.times = np.asarray(found["times"])
        with parameter_errors():
            channels = self.selection.get("channels")
            self.channel_indices = check_channels(channels, self.ch_names)
            self.selected_timepoints = _selected(
                self.selection.get("timepoints"), len(self.times), "timepoints"
            )
        return fetch_things_eeg2_vit(
            self.subject,
            channels=channels,
            timepoints=self.selection.get("timepoints"),
            repeats="all",
            berg_dir=self.berg_dir,
            device=str(self.device),
            **{"preprocessing": "berg", **self.options},
        )


for _model, _names in (
    (FwrfModel, {"VALID_SUBJECTS": "subjects", "VALID_ROIS": "rois"}),
    (
        FsaverageModel,
        {
            "VALID_SUBJECTS": "subjects",
            "VALID_ROIS": "rois",
            "VERTICES_LENGTH": "n_vertices",
        },
    ),
    (
        EEGModel,
        {
            "VALID_SUBJECTS": "subjects",
            "VALID_CHANNELS": "channels",
            "TIMEPOINTS_LENGTH": "n_times",
        },
    ),
):
    for _constant, _fact in _names.items():
        setattr(_model, _constant, _model.card()[_fact])

MODELS = {model.MODEL_ID: model for model in (FwrfModel, FsaverageModel, EEGModel)}
