"""The calls of BERG 2.0 and its successors, and of NEST 1.0, which were the same."""

from skneuro.compat._berg_errors import (
    AbsentMetadataError,
    InvalidParameterError,
    ModelNotFoundError,
)
from skneuro.compat._berg_models import LABELS, MODELS, BergModel
from skneuro.datasets import describe_encoder
from skneuro.io._cards import load_cards


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
    Several regions of the surface model, as the newest BERG takes them, are united.

    Examples
    --------
    >>> from skneuro.compat import BERG
    >>> berg = BERG("brain-encoding-response-generator")
    >>> berg.list_models()[0]
    'eeg-things_eeg_2-vit_b_32'
    """

    def __init__(self, berg_dir=None, **options):
        self.berg_dir = berg_dir
        known = sorted(set().union(*(kind.OPTIONS for kind in MODELS.values())))
        if unknown := sorted(set(options) - set(known)):
            raise InvalidParameterError(
                f"{unknown[0]} is no option; expected some of {', '.join(known)}."
            )
        self.options = options

    def _options_of(self, kind):
        """Options that concern a kind of model."""
        return {k: v for k, v in self.options.items() if k in kind.OPTIONS}

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
            names = catalog.setdefault(LABELS[card["modality"]], [])
            names.append(card["dataset_name"])
        catalog = {label: sorted(names) for label, names in sorted(catalog.items())}
        if print_format:
            for label, names in catalog.items():
                print(label, *(f"    {name}" for name in names), sep="\n")
        return catalog

    def list_models(
        self, expand_brainscore_vision=False, expand_brainscore_language=False
    ):
        """List the ids of the models that can be loaded.

        Parameters
        ----------
        expand_brainscore_vision, expand_brainscore_language : bool, default=False
            Of the newest BERG; nothing is expanded, as skneuro reads no models of
            Brain-Score.

        Returns
        -------
        list of str
            Ids, sorted.
        """
        return sorted(MODELS)

    def get_model_variants(self, model_id):
        """List the variants of a model, as the newest BERG does.

        Parameters
        ----------
        model_id : str
            Id of the model.

        Returns
        -------
        list of str
            Empty: none of the models that skneuro reads has variants.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        """
        find_model(model_id)
        return []

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
        options = self._options_of(kind) | kwargs
        model = kind(self.berg_dir, subject, selection, device, options)
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
        AbsentMetadataError
            If the file is absent; it is an `InvalidParameterError`, as BERG raises,
            and a ``FileNotFoundError``.
        """
        kind = find_model(model_id)
        try:
            return kind.get_metadata(self.berg_dir, **(self._options_of(kind) | kwargs))
        except FileNotFoundError as exc:
            raise AbsentMetadataError(
                f"the metadata of {model_id} cannot be read: {exc} describe("
                f"{model_id!r}) shows its card."
            ) from exc

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


def find_model(model_id):
    """Return the class of a model, or say which there are."""
    if model_id not in MODELS:
        listed = load_cards().get(model_id)
        why = "has no reader yet" if listed else "does not exist"
        raise ModelNotFoundError(
            f"model {model_id!r} {why}; there are {', '.join(sorted(MODELS))}."
        )
    return MODELS[model_id]
