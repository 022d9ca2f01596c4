"""Write miniature files in the layouts of the published linear encoders.

The models are fitted by scikit-learn to random features, so that its own chain is the
reference: scaler, PCA, linear regression.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

N_VERTICES = 12
CHANNELS = ["Fp1", "Oz", "O1"]
N_TIMES = 5
FSAVERAGE = "encoding_models/modality-fmri/train_dataset-nsd_fsaverage/model-vit_b_32"
EEG = "encoding_models/modality-eeg/train_dataset-things_eeg_2/model-vit_b_32"
ROIS = {
    "lh": {"V1v": [7, 1, 2], "V1d": [2, 3], "OWFA": [5], "FBA-2": []},
    "rh": {"V1v": [0], "V1d": [11, 10], "OWFA": [1, 4], "FBA-2": []},
}


def describe_scaler(scaler):
    names = ("scale_", "mean_", "var_", "n_features_in_", "n_samples_seen_")
    return {name: getattr(scaler, name) for name in names}


def describe_pca(pca):
    names = "components_ mean_ explained_variance_ explained_variance_ratio_"
    names += " singular_values_ n_components_ n_samples_ noise_variance_ n_features_in_"
    return {name: getattr(pca, name) for name in names.split()}


def describe_regression(regression):
    names = ("coef_", "intercept_", "n_features_in_")
    return {name: getattr(regression, name) for name in names}


def fit(features, targets, seed=0, n_components=4):
    """Fit the chain; returns its three parts."""
    scaler = StandardScaler().fit(features)
    pca = PCA(n_components, random_state=seed)
    scores = pca.fit_transform(scaler.transform(features))
    return scaler, pca, [LinearRegression().fit(scores, y) for y in targets]


def predict(scaler, pca, regression, features):
    """Predict with scikit-learn's own objects, in float64."""
    return regression.predict(pca.transform(scaler.transform(features)))


def save(folder, prefix, kind, subject, content):
    kind_folder, name = {
        "weights": ("encoding_models_weights", "weights"),
        "metadata": ("metadata", "metadata"),
    }[kind]
    path = folder / prefix / kind_folder / f"{name}_subject-{subject:02d}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, content)


def write_fsaverage(folder, features, subject=1, suffixes=("",), rois=ROIS):
    """Write one subject; returns a function from features to all responses."""
    rng = np.random.default_rng(subject)
    targets = [rng.standard_normal((len(features), N_VERTICES)) for _ in "lr"]
    scaler, pca, (left, right) = fit(features, targets)
    save(
        folder,
        FSAVERAGE,
        "weights",
        subject,
        {
            "scaler_param": describe_scaler(scaler),
            "pca_param": describe_pca(pca),
            "lh_reg_param": describe_regression(left),
            "rh_reg_param": describe_regression(right),
        },
    )
    accuracy = {
        f"{side}_{metric}{suffix}": rng.random(N_VERTICES).astype(np.float32)
        for side in ("lh", "rh")
        for metric in ("correlation", "r2", "noise_ceiling", "explained_variance")
        for suffix in suffixes
    }
    splits = {f"{name}_img_num": np.arange(3) for name in ("train", "val", "test")}
    fmri = {
        f"{side}_ncsnr": rng.random(N_VERTICES).astype(np.float32)
        for side in ("lh", "rh")
    }
    fmri |= {
        f"{side}_fsaverage_rois": {k: np.array(v) for k, v in rois[side].items()}
        for side in ("lh", "rh")
    }
    metadata = {"fmri": fmri, "encoding_models": splits | accuracy}
    save(folder, FSAVERAGE, "metadata", subject, metadata)

    def responses(F):
        both = [predict(scaler, pca, part, F) for part in (left, right)]
        return np.concatenate(both, axis=1)

    return responses, metadata


def write_eeg(folder, features, subject=1, layout="shared"):
    """Write one subject; returns a function from features to all four responses.

    Layouts: ``"shared"`` (one PCA as a dictionary), ``"objects"`` (a scikit-learn
    object per repeat), ``"repeats"`` (a dictionary per repeat).
    """
    rng = np.random.default_rng(subject)
    shape = len(features), len(CHANNELS) * N_TIMES
    targets = [rng.standard_normal(shape) for _ in range(4)]
    scaler, pca, regressions = fit(features, targets)
    names = [f"rep-{i + 1}" for i in range(4)]
    pcas = {
        "shared": lambda: describe_pca(pca),
        "objects": lambda: dict.fromkeys(names, pca),
        "repeats": lambda: {name: describe_pca(pca) for name in names},
    }
    weights = {
        "scaler_param": describe_scaler(scaler),
        "pca_param": pcas[layout](),
        "reg_param": {
            name: describe_regression(regression)
            for name, regression in zip(names, regressions, strict=True)
        },
    }
    save(folder, EEG, "weights", subject, weights)
    correlation = rng.random((4, len(CHANNELS), N_TIMES))
    metadata = {
        "eeg": {"ch_names": CHANNELS, "times": np.linspace(-0.1, 0.1, N_TIMES)},
        "encoding_models": {
            "correlation_averaged_repetitions": correlation.mean(axis=0),
            "correlation_single_repetitions": correlation,
            "train_img_info": {"train_img_files": np.array(["a.jpg", "b.jpg"])},
            "test_img_info": {"test_img_files": np.array(["c.jpg"])},
        },
    }
    save(folder, EEG, "metadata", subject, metadata)

    def responses(F):
        parts = [predict(scaler, pca, part, F) for part in regressions]
        stacked = np.stack(parts, axis=1)
        return stacked.reshape(len(F), 4, len(CHANNELS), N_TIMES)

    return responses, metadata
