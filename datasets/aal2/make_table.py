"""Build ``skneuro/datasets/data/aal2.csv`` from the public AAL2 atlas.

Usage: ``python datasets/aal2/make_table.py AAL2.nii AAL2.xml``, with the two files that
``README.md`` beside this script names.
"""

import re
import sys
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd

# The first digit of AAL2's own region codes.
LOBES = {
    2: "frontal",
    3: "insula",
    4: "limbic",
    5: "occipital",
    6: "parietal",
    7: "subcortical",
    8: "temporal",
    9: "cerebellum",
}
# Regions that are not cortex, by the start of their name.
GROUPS = {
    "Hippocampus": "hippocampus",
    "ParaHippocampal": "hippocampus",
    "Amygdala": "amygdala",
    "Caudate": "basal_ganglia",
    "Putamen": "basal_ganglia",
    "Pallidum": "basal_ganglia",
    "Thalamus": "thalamus",
    "Cereb": "cerebellum",
    "Vermis": "cerebellum",
}
HEMISPHERES = {"_L": "left", "_R": "right"}


def make_table(image_path, labels_path):
    """Return one row per region, in the order of the atlas."""
    image = nibabel.load(image_path)
    codes = np.asarray(image.dataobj)
    text = Path(labels_path).read_text(encoding="latin-1")
    rows = []
    for code, name in re.findall(r"<index>(\d+)</index><name>(\w+)</name>", text):
        voxels = np.argwhere(codes == int(code)).mean(axis=0)
        x, y, z = image.affine[:3, :3] @ voxels + image.affine[:3, 3]
        group = next((g for start, g in GROUPS.items() if name.startswith(start)), None)
        rows.append(
            {
                "name": name,
                "hemisphere": HEMISPHERES.get(name[-2:], "midline"),
                "lobe": LOBES[int(code[0])],
                "group": group or "cortex",
                "code": int(code),
                "x": x,
                "y": y,
                "z": z,
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "skneuro" / "datasets" / "data" / "aal2.csv"
    make_table(*sys.argv[1:3]).to_csv(target, index=False, float_format="%.2f")
