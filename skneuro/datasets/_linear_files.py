"""What the published linear encoders share: backbone, and arrays that fit."""

from skneuro.datasets._berg_files import FILE_CONSTRAINTS
from skneuro.exceptions import UnreadableFileError
from skneuro.utils._param_validation import HasMethods, StrOptions

BACKBONE = "vit_b_32-d86f8d99.pth"
FEATURE_CONSTRAINTS = FILE_CONSTRAINTS | {
    "features": [HasMethods("transform"), None],
    "preprocessing": [StrOptions({"train", "berg"})],
}


def locate_models(files, card, subjects, features):
    """Fetch what is missing, and the backbone if the user brings no features."""
    files.locate_models(card, subjects)
    if features is None:
        files.open_backbone(BACKBONE)


def vision_features(files, preprocessing, device):
    """Fetch the backbone and make the transformer that the models were trained on."""
    from skneuro.encoding import EncoderWeights, VisionFeatures

    weights = EncoderWeights(dict(files.open_backbone(BACKBONE)))
    return VisionFeatures(weights=weights, preprocessing=preprocessing, device=device)


def check_weights(opened, sizes):
    """Take the arrays of a linear encoder; complain about files of another model."""
    from skneuro.encoding import EncoderWeights

    kept = {}
    for name, array in opened.items():
        wanted = ("mean_", "scale_", "components_", "coef_", "intercept_")
        if name.rpartition(".")[2] in wanted:
            kept[name] = array
    for name, n_targets in sizes.items():
        if f"{name}.coef_" not in kept or "scaler_param.mean_" not in kept:
            there = sorted({key.partition(".")[0] for key in opened})
            raise UnreadableFileError(
                f"{opened.source} has no 'scaler_param' or no '{name}'; it has "
                f"{', '.join(there) or 'no arrays'}. Is it a file of another model?"
            )
        found = kept[f"{name}.coef_"].shape
        if len(found) != 2 or found[0] != n_targets:
            raise UnreadableFileError(
                f"{opened.source}: {name} has coefficients of shape {found}, but the "
                f"metadata have {n_targets} targets. The files do not belong together; "
                "fetch or copy them anew."
            )
    return EncoderWeights(kept)
