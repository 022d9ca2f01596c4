"""Links to the documentation of other projects, from a list instead of a download.

Sphinx usually fetches each project's inventory. Here the few names that our pages
refer to are written down, so the build needs no network and gives the same pages
everywhere.
"""

import zlib

ELSEWHERE = {
    "sklearn": {
        "address": "https://scikit-learn.org/stable/",
        "page": "modules/generated/$.html#$",
        "class": [
            "sklearn.base.BaseEstimator",
            "sklearn.base.TransformerMixin",
            "sklearn.frozen.FrozenEstimator",
            "sklearn.linear_model.Ridge",
            "sklearn.model_selection.GridSearchCV",
            "sklearn.model_selection.LeaveOneOut",
            "sklearn.pipeline.Pipeline",
            "sklearn.preprocessing.FunctionTransformer",
            "sklearn.utils.Bunch",
            "sklearn.utils.metadata_routing.MetadataRequest",
        ],
        "function": [
            "sklearn.base.clone",
            "sklearn.pipeline.make_pipeline",
            "sklearn.set_config",
            "sklearn.utils.estimator_checks.parametrize_with_checks",
        ],
        # inherited docstrings refer to these labels and terms
        "labels": {
            "accuracy_score": "modules/model_evaluation.html#accuracy-score",
            "array_api": "modules/array_api.html",
            "developer_api_set_output": (
                "developers/develop.html#developer-api-set-output"
            ),
            "df_output_transform": "modules/df_output_transform.html",
            "metadata_routing": "metadata_routing.html",
            "r2_score": "modules/model_evaluation.html#r2-score",
            "randomness": "common_pitfalls.html#randomness",
            "rolling_your_own_estimator": "developers/develop.html",
            "sphx_glr_auto_examples_miscellaneous_plot_set_output.py": (
                "auto_examples/miscellaneous/plot_set_output.html"
            ),
        },
        "terms": ["array-like", "consumer", "fit", "meta-estimator", "router"],
    },
    "numpy": {
        "address": "https://numpy.org/doc/stable/",
        "page": "reference/generated/$.html#$",
        "class": ["numpy.ndarray"],
    },
    "pandas": {
        "address": "https://pandas.pydata.org/docs/",
        "page": "reference/api/$.html#$",
        "class": ["pandas.DataFrame", "pandas.Series"],
    },
    "xarray": {
        "address": "https://docs.xarray.dev/en/stable/",
        "page": "generated/$.html#$",
        "class": ["xarray.DataArray", "xarray.Dataset"],
    },
    "matplotlib": {
        "address": "https://matplotlib.org/stable/",
        "page": "api/_as_gen/$.html#$",
        "class": ["matplotlib.axes.Axes", "matplotlib.figure.Figure"],
    },
}


def inventory(project, entry):
    """One project's inventory in Sphinx' format, version 2."""
    lines = [
        f"{name} py:{kind} 1 {entry['page'].replace('$', name)} -"
        for kind in ("class", "function")
        for name in entry.get(kind, [])
    ]
    lines += [
        f"{label} std:label -1 {page} {label}"
        for label, page in entry.get("labels", {}).items()
    ]
    lines += [
        f"{term} std:term -1 glossary.html#term-{term} -"
        for term in entry.get("terms", [])
    ]
    head = (
        f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    return head.encode() + zlib.compress("\n".join(lines).encode() + b"\n")


def write_inventories(folder):
    """Write one inventory per project and return Sphinx' mapping onto them."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, entry in ELSEWHERE.items():
        path = folder / f"{project}.inv"
        content = inventory(project, entry)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        mapping[project] = (entry["address"], str(path))
    return mapping
