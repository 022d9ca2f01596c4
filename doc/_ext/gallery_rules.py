"""What every example can rely on, and how long it may take."""

import os
import random
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from sphinx.util import logging

logger = logging.getLogger(__name__)

SLOWEST_EXAMPLE = 30.0  # seconds on a quiet machine


def folder_number(folder):
    """Sort sections by the number that starts their folder's name."""
    return os.path.basename(os.path.normpath(folder))


def reset(gallery_conf, fname):
    """Start every example from the same seeds and without open figures."""
    import matplotlib.pyplot as plt

    random.seed(0)
    np.random.seed(0)  # noqa: NPY002, examples seed themselves; libraries may not
    plt.close("all")


def report_slow_examples(app, exception):
    path = Path(app.outdir) / app.config.sphinx_gallery_conf["junit"]
    if exception is not None or not path.exists():
        return
    for case in ElementTree.parse(path).iter("testcase"):
        seconds = float(case.get("time"))
        if seconds > SLOWEST_EXAMPLE:
            # no warning, which would fail the build of a busy machine
            logger.info(
                "example %s took %.0f s; on a quiet machine it stays under %.0f s",
                case.get("name"),
                seconds,
                SLOWEST_EXAMPLE,
                color="yellow",
            )


def forget_removed_examples(app, config):
    """Delete what earlier builds made of examples that are gone."""
    examples = Path(app.srcdir) / config.sphinx_gallery_conf["examples_dirs"]
    pages = Path(app.srcdir) / config.sphinx_gallery_conf["gallery_dirs"]
    for page in pages.glob("*/plot_*.py"):
        if not (examples / page.relative_to(pages)).exists():
            for made in page.parent.glob(f"{page.stem}.*"):
                made.unlink()
    for folder in pages.glob("[0-9]*"):
        if not (examples / folder.name).exists():
            shutil.rmtree(folder)


def setup(app):
    app.connect("config-inited", forget_removed_examples)
    app.connect("build-finished", report_slow_examples)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
