"""The calls of NEST, which came before BERG, and of NED, which came before NEST."""

from skneuro.compat._berg import BERG, find_model
from skneuro.compat._berg_errors import InvalidParameterError
from skneuro.compat._berg_models import LABELS, MODELS, BergModel, check_device
from skneuro.compat._precomputed import load_precomputed_responses
from skneuro.io._cards import load_cards


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
        if "modality" not in kwargs and first not in LABELS:
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
        elsewhere = device not in (None, "auto") and isinstance(model, BergModel)
        if elsewhere and check_device(device) != model.device:
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


class NED(NEST):
    """Generate in-silico responses by the calls of NED, the first name of NEST.

    Parameters
    ----------
    ned_dir : str or path-like, default=None
        Folder that mirrors the public bucket. None fetches what is needed.
    **options : dict
        Keyword arguments of the fetchers of `skneuro.datasets`.

    Examples
    --------
    >>> from skneuro.compat import NED
    >>> ned = NED("neural-encoding-dataset")
    >>> ned.which_subjects("eeg", "things_eeg_2")
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    """

    def __init__(self, ned_dir=None, **options):
        super().__init__(ned_dir, **options)
        self.ned_dir = ned_dir
