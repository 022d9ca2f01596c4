"""The calls of BERG and NEST: a script of theirs runs after changing its import."""

from pathlib import Path

import numpy as np

from skneuro.compat._berg_errors import (
    BERGError,
    InvalidParameterError,
    ModelLoadError,
    ModelNotFoundError,
    ResourceError,
    StimulusError,
)
from skneuro.compat._berg_models import MODELS, BergModel
from skneuro.datasets import describe_encoder
from skneuro.io import load_npy
from skneuro.io._cards import load_cards

__all__ = [
    "BERG",
    "NEST",
    "BERGError",
    "InvalidParameterError",
    "ModelLoadError",
    "ModelNotFoundError",
    "ResourceError",
    "StimulusError",
    "load_precomputed_responses",
    "save_precomputed_responses",
]

_LABELS = {"fmri": "fMRI", "eeg": "EEG"}
_ROOT = "pregenerated_insilico_neural_responses"
_DATASET = "synthetic_neural_responses"


class BERG:
    """Generate in-silico responses by the calls of BERG.

    Arguments and returns are those of the Brain Encoding Response Generator 2.0.
    Weights are read safely, and from the second time on mapped from a conversion.

    Parameters
    ----------
    berg_dir : str or path-like, default=None
        Folder that mirrors the public bucket, as BERG wants it. None fetches what is
        needed.
    **options : dict
        Keyword arguments of the fetchers of `skneuro.datasets`: ``data_home``,
        ``registry``, ``strict``, ``features`` and so on.

    See Also
    --------
    skneuro.datasets.fetch_nsd_fwrf : The same encoder as an estimator.
    skneuro.datasets.fetch_encoder : Any encoder by its id.

    Notes
    -----
    What differs from BERG 2.0: images of any kind of numbers give the same responses
    (there, int64 images silently became black); one voxel, one channel or one time keep
    their axis; ``selection={"roi": None}`` selects all; ``"OVWFA"`` is ``"OWFA"``;
    models can be used in a ``with`` statement; missing metadata are an error rather
    than a return value of another form; the global random generator is left alone.

    Examples
    --------
    >>> from skneuro.compat import BERG
    >>> berg = BERG("brain-encoding-response-generator")
    >>> berg.list_models()[0]
    'eeg-things_eeg_2-vit_b_32'
    """

    def __init__(self, berg_dir=None, **options):
        self.berg_dir = berg_dir
        self.options = options

    def get_model_catalog(self, print_format=False):
        """List the data sets of each modality.

        Parameters
        ----------
        print_format : bool, default=False
            Whether to print the catalog as a tree too.

        Returns
        -------
        dict of str to list of str
            Names of data sets by name of modality.
        """
        catalog = {}
        for model_id in self.list_models():
            card = load_cards()[model_id]
            names = catalog.setdefault(_LABELS[card["modality"]], [])
            names.append(card["dataset_name"])
        catalog = {label: sorted(names) for label, names in sorted(catalog.items())}
        if print_format:
            for label, names in catalog.items():
                print(label, *(f"    {name}" for name in names), sep="\n")
        return catalog

    def list_models(self):
        """List the ids of the models that can be loaded.

        Returns
        -------
        list of str
            Ids, sorted.
        """
        return sorted(MODELS)

    def get_encoding_model(self, model_id, device="auto", selection=None, **kwargs):
        """Load a model.

        Parameters
        ----------
        model_id : str
            Id of the model.
        device : {"auto", "cpu", "cuda"}, default="auto"
            Where to compute.
        selection : dict, default=None
            What to predict: ``"roi"`` of the volume model (needed); ``"roi"``,
            ``"lh_vertices"`` and ``"rh_vertices"`` of the surface model;
            ``"channels"`` and ``"timepoints"`` of the EEG model.
        **kwargs : dict
            ``subject``, and keyword arguments of the fetcher.

        Returns
        -------
        BergModel
            Model with ``generate_response`` and BERG's other methods; its ``encoder``
            is the estimator.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        InvalidParameterError
            If the subject, the selection or the device is wrong.
        ModelLoadError
            If its files cannot be had or read.
        """
        kind = find_model(model_id)
        subject = kwargs.pop("subject", 1)
        model = kind(self.berg_dir, subject, selection, device, self.options | kwargs)
        model.load_model()
        return model

    def encode(self, model, stimulus, return_metadata=False, **kwargs):
        """Generate responses to images.

        Parameters
        ----------
        model : BergModel
            Model of `get_encoding_model`.
        stimulus : array-like
            Images, (n_images, 3, height, width).
        return_metadata : bool, default=False
            Whether to return the metadata too.
        **kwargs : dict
            ``show_progress``.

        Returns
        -------
        responses : ndarray, or tuple of ndarray
            (n_images, n_voxels); of the surface model left and right, (n_images,
            n_vertices) each; of the EEG model (n_images, 4, n_channels, n_times).
        metadata : dict
            Only with ``return_metadata``: content of the metadata file.

        Raises
        ------
        StimulusError
            If these are no images.
        InvalidParameterError
            If ``model`` is no model.
        """
        if not isinstance(model, BergModel):
            raise InvalidParameterError(
                f"model is a {type(model).__name__}; expected what get_encoding_model "
                "returns."
            )
        responses = model.generate_response(stimulus, **kwargs)
        return (responses, model.get_metadata()) if return_metadata else responses

    def get_model_metadata(self, model_id, **kwargs):
        """Read the metadata of a model, without its weights.

        Parameters
        ----------
        model_id : str
            Id of the model.
        **kwargs : dict
            ``subject``, and ``roi`` of the volume model.

        Returns
        -------
        dict
            Content of the metadata file.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        InvalidParameterError
            If an argument is missing or wrong.
        """
        kind = find_model(model_id)
        return kind.get_metadata(self.berg_dir, **(self.options | kwargs))

    def describe(self, model_id):
        """Print the card of a model and return it.

        Parameters
        ----------
        model_id : str
            Id of the model.

        Returns
        -------
        dict
            With ``model_id``, ``model_info``, ``description``, ``input``, ``output``,
            ``parameters``, ``parameters_by_function``, ``performance`` and
            ``example_usage``, code to paste.
        """
        card = find_model(model_id).card()
        print(describe_encoder(model_id).text)
        selection = {
            name: entry["example"]
            for name, entry in card["parameters"].items()
            if name not in ("subject",)
        }
        example = (
            "from skneuro.compat import BERG\n"
            "berg = BERG()\n"
            f"model = berg.get_encoding_model({model_id!r}, subject=1, "
            f"selection={ {k: v for k, v in selection.items() if v != 'mask'} })\n"
            "responses, metadata = berg.encode(model, images, return_metadata=True)\n"
        )
        return {
            "model_id": model_id,
            "model_info": {
                "modality": card["modality"],
                "training_dataset": card["dataset_name"],
                "model_architecture": card["model_type"],
                "creator": card["creator"],
            },
            "description": card["description"].strip(),
            "input": dict(card["input"]),
            "output": dict(card["output"]),
            "parameters": {k: dict(v) for k, v in card["parameters"].items()},
            "parameters_by_function": {
                "get_encoding_model": ["model_id", "device", "selection", "subject"],
                "encode": ["model", "stimulus", "return_metadata", "show_progress"],
                "get_model_metadata": ["model_id", "subject", "roi"],
            },
            "performance": dict(card["performance"]),
            "example_usage": example,
        }


class NEST(BERG):
    """Generate in-silico responses by the calls of NEST, which came before BERG.

    NEST 1.0 has the calls of `BERG`. Before it, a model was named by modality, data set
    and model, and ``encode`` returned responses and metadata; both ways work here.

    Parameters
    ----------
    nest_dir : str or path-like, default=None
        Folder that mirrors the public bucket. None fetches what is needed.
    **options : dict
        Keyword arguments of the fetchers of `skneuro.datasets`.

    Examples
    --------
    >>> from skneuro.compat import NEST
    >>> nest = NEST("neural-encoding-simulation-toolkit")
    >>> nest.which_models("fmri", "nsd")
    ['fwrf']
    """

    def __init__(self, nest_dir=None, **options):
        super().__init__(nest_dir, **options)
        self.nest_dir = nest_dir

    def which_modalities(self):
        """List the modalities.

        Returns
        -------
        list of str
            ``["fmri", "eeg"]``.
        """
        found = {card["modality"] for card in self._cards()}
        return [name for name in ("fmri", "eeg") if name in found]

    def which_train_datasets(self, modality):
        """List the data sets of a modality.

        Parameters
        ----------
        modality : str
            Modality.

        Returns
        -------
        list of str
            Names, as in the folders.
        """
        return sorted({card["training_dataset"] for card in self._cards(modality)})

    def which_models(self, modality, train_dataset):
        """List the models of a data set.

        Parameters
        ----------
        modality : str
            Modality.
        train_dataset : str
            Data set.

        Returns
        -------
        list of str
            Names, as in the folders.
        """
        cards = self._cards(modality, train_dataset)
        return sorted(card["model_id"].rpartition("-")[2] for card in cards)

    def which_subjects(self, modality, train_dataset):
        """List the subjects of a data set.

        Parameters
        ----------
        modality : str
            Modality.
        train_dataset : str
            Data set.

        Returns
        -------
        list of int
            Subjects.
        """
        return list(self._cards(modality, train_dataset)[0]["subjects"])

    def which_rois(self, train_dataset):
        """List the regions of a data set.

        Parameters
        ----------
        train_dataset : str
            Data set.

        Returns
        -------
        list of str
            Names; empty for EEG.

        Raises
        ------
        InvalidParameterError
            If there is no such data set.
        """
        for card in self._cards():
            if card["training_dataset"] == train_dataset:
                return list(card.get("rois", []))
        known = sorted({card["training_dataset"] for card in self._cards()})
        raise InvalidParameterError(
            f"train_dataset={train_dataset!r}, but there are {', '.join(known)}."
        )

    def get_encoding_model(self, *args, **kwargs):
        """Load a model, by its id or by modality, data set and model.

        Parameters
        ----------
        *args : tuple
            ``model_id``, as of `BERG`; or ``modality``, ``train_dataset``, ``model``,
            ``subject``, ``roi`` and ``device``.
        **kwargs : dict
            The same by name.

        Returns
        -------
        BergModel
            Model for `encode`.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        InvalidParameterError
            If an argument is wrong.
        """
        first = args[0] if args else kwargs.get("modality")
        if first not in _LABELS:
            return super().get_encoding_model(*args, **kwargs)
        names = ("modality", "train_dataset", "model", "subject", "roi", "device")
        given = {"roi": None, "device": "auto", **kwargs}
        given |= dict(zip(names, args, strict=False))
        if missing := [name for name in names if name not in given]:
            raise InvalidParameterError(f"{', '.join(missing)} are missing.")
        model_id = self._model_id(given)
        model = super().get_encoding_model(
            model_id,
            device=given["device"],
            selection={} if given["roi"] is None else {"roi": given["roi"]},
            subject=given["subject"],
        )
        model.returns_metadata = True
        return model

    def encode(
        self,
        model=None,
        stimulus=None,
        return_metadata=None,
        device=None,
        *,
        encoding_model=None,
        images=None,
        **kwargs,
    ):
        """Generate responses to images.

        Parameters
        ----------
        model : BergModel, default=None
            Model of `get_encoding_model`.
        stimulus : array-like, default=None
            Images, (n_images, 3, height, width).
        return_metadata : bool, default=None
            Whether to return the metadata too. None is True for a model that was named
            by modality, data set and model, as it was then, else False.
        device : str, default=None
            Where to compute, if not where the model is.
        encoding_model : BergModel, default=None
            Older name of ``model``.
        images : array-like, default=None
            Older name of ``stimulus``.
        **kwargs : dict
            ``show_progress``.

        Returns
        -------
        responses : ndarray, or tuple of ndarray
            As from `BERG.encode`.
        metadata : dict
            Only with metadata.
        """
        model = encoding_model if model is None else model
        stimulus = images if stimulus is None else stimulus
        if return_metadata is None:
            return_metadata = getattr(model, "returns_metadata", False)
        if device not in (None, "auto") and isinstance(model, BergModel):
            model.load_model(device)
        return super().encode(model, stimulus, return_metadata, **kwargs)

    def get_metadata(self, modality, train_dataset, model, subject, roi=None):
        """Read the metadata of a model, without its weights.

        Parameters
        ----------
        modality, train_dataset, model : str
            Names of the model.
        subject : int
            Subject.
        roi : str, default=None
            Region, of the volume model.

        Returns
        -------
        dict
            Content of the metadata file.
        """
        names = {"modality": modality, "train_dataset": train_dataset, "model": model}
        model_id = self._model_id(names)
        return self.get_model_metadata(model_id, subject=subject, roi=roi)

    def load_insilico_neural_responses(
        self,
        modality,
        train_dataset,
        model,
        imageset,
        subject,
        roi=None,
        return_metadata=True,
    ):
        """Read responses that were computed before, from the folder.

        Parameters
        ----------
        modality, train_dataset, model : str
            Names of the model.
        imageset : str
            Set of images: ``"nsd"``, ``"imagenet_val"``, ``"things"`` or your own.
        subject : int
            Subject.
        roi : str, default=None
            Region, of the volume model.
        return_metadata : bool, default=True
            Whether to return the metadata too.

        Returns
        -------
        responses : ndarray
            Responses to all images of the set.
        metadata : dict
            Only with ``return_metadata``.

        Raises
        ------
        InvalidParameterError
            If there is no folder to read from.
        """
        if self.berg_dir is None:
            raise InvalidParameterError(
                "precomputed responses are read from a folder; pass it to NEST, or "
                "write them with save_precomputed_responses."
            )
        return load_precomputed_responses(
            self.berg_dir,
            modality=modality,
            train_dataset=train_dataset,
            model=model,
            imageset=imageset,
            subject=subject,
            roi=roi,
            return_metadata=return_metadata,
        )

    @staticmethod
    def _cards(modality=None, train_dataset=None):
        cards = [load_cards()[model_id] for model_id in sorted(MODELS)]
        for name, wanted in (
            ("modality", modality),
            ("training_dataset", train_dataset),
        ):
            if wanted is not None:
                known = sorted({card[name] for card in cards})
                cards = [card for card in cards if card[name] == wanted]
                if not cards:
                    raise InvalidParameterError(
                        f"{name}={wanted!r}, but there are {', '.join(known)}."
                    )
        return cards

    @staticmethod
    def _model_id(names):
        model_id = "{modality}-{train_dataset}-{model}".format(**names)
        find_model(model_id)
        return model_id


def find_model(model_id):
    """Return the class of a model, or say which there are."""
    if model_id not in MODELS:
        listed = load_cards().get(model_id)
        why = "has no reader yet" if listed else "does not exist"
        raise ModelNotFoundError(
            f"model {model_id!r} {why}; there are {', '.join(sorted(MODELS))}."
        )
    return MODELS[model_id]


def _paths(folder, modality, train_dataset, model, imageset, subject, roi):
    place = Path(folder).expanduser() / _ROOT / f"modality-{modality}"
    place = place / f"train_dataset-{train_dataset}" / f"model-{model}"
    place = place / f"imageset-{imageset}"
    whose = f"sub-{int(subject):02d}" + ("" if roi is None else f"_roi-{roi}")
    return place / f"{_DATASET}_{whose}.h5", place / f"{_DATASET}_metadata_{whose}.npy"


def load_precomputed_responses(
    folder,
    *,
    modality,
    train_dataset,
    model,
    imageset,
    subject,
    roi=None,
    images=None,
    return_metadata=True,
):
    """Read responses to a set of images that were computed before, in NEST's layout.

    Parameters
    ----------
    folder : str or path-like
        Folder that mirrors the public bucket, or your own.
    modality, train_dataset, model : str
        Names of the model, for example ``"fmri"``, ``"nsd"``, ``"fwrf"``.
    imageset : str
        Set of images, for example ``"nsd"``.
    subject : int
        Subject.
    roi : str, default=None
        Region, of models that have a file for each.
    images : slice, int or array-like of int, default=None
        Images whose responses to read; None is all.
    return_metadata : bool, default=True
        Whether to return the metadata too.

    Returns
    -------
    responses : ndarray of shape (n_images, ...)
        Responses.
    metadata : dict
        Only with ``return_metadata``.

    Raises
    ------
    FileNotFoundError
        If a file is not there; names it.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.compat import (
    ...     load_precomputed_responses,
    ...     save_precomputed_responses,
    ... )
    >>> names = {"modality": "fmri", "train_dataset": "nsd", "model": "fwrf"}
    >>> names |= {"imageset": "mine", "subject": 1, "roi": "V1"}
    >>> path = save_precomputed_responses("folder", np.ones((3, 7)), {}, **names)
    >>> path.name
    'synthetic_neural_responses_sub-01_roi-V1.h5'
    >>> responses, metadata = load_precomputed_responses("folder", **names)
    >>> responses.shape
    (3, 7)
    """
    import h5py

    paths = _paths(folder, modality, train_dataset, model, imageset, subject, roi)
    for path in paths[: 1 + return_metadata]:
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} does not exist. Copy it there, or compute the responses and "
                "write them with save_precomputed_responses."
            )
    with h5py.File(paths[0], "r") as file:
        responses = file[_DATASET][slice(None) if images is None else images]
    return (responses, load_npy(paths[1])) if return_metadata else responses


def save_precomputed_responses(
    folder,
    responses,
    metadata,
    *,
    modality,
    train_dataset,
    model,
    imageset,
    subject,
    roi=None,
):
    """Write responses to a set of images, in NEST's layout.

    Parameters
    ----------
    folder : str or path-like
        Folder to write into, made where there is none.
    responses : array-like of shape (n_images, ...), or tuple of them
        Responses, written as float32; left and right hemisphere side by side.
    metadata : dict
        Metadata to write beside them.
    modality, train_dataset, model : str
        Names of the model, for example ``"fmri"``, ``"nsd"``, ``"fwrf"``.
    imageset : str
        Set of images.
    subject : int
        Subject.
    roi : str, default=None
        Region, of models that have a file for each.

    Returns
    -------
    pathlib.Path
        The file with the responses.

    Examples
    --------
    See `load_precomputed_responses`.

    >>> import numpy as np
    >>> from skneuro.compat import save_precomputed_responses
    >>> path = save_precomputed_responses(
    ...     "folder",
    ...     np.ones((3, 2, 4)),
    ...     {},
    ...     modality="eeg",
    ...     train_dataset="things_eeg_2",
    ...     model="vit_b_32",
    ...     imageset="mine",
    ...     subject=1,
    ... )
    """
    import h5py

    if isinstance(responses, tuple):
        responses = np.concatenate(responses, axis=1)
    place, beside = _paths(
        folder, modality, train_dataset, model, imageset, subject, roi
    )
    place.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(place, "w") as file:
        file.create_dataset(_DATASET, data=np.asarray(responses, np.float32))
    np.save(beside, metadata)
    return place
