"""How the documentation is built: ``make doc``, without any network."""

import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from elsewhere import write_inventories  # noqa: E402

import skneuro  # noqa: E402

project = "skneuro"
author = "The skneuro developers"
project_copyright = "The skneuro developers"
version = release = skneuro.__version__

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "gallery_rules",
    "mathml",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "api/generated/backreferences"]
default_role = "literal"
smartquotes = False  # a default of "euler" keeps its quotes

extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}

autosummary_generate = True
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
# class pages list their methods themselves, see _templates/autosummary
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_attributes_as_param_list = True

# Links to other projects: a list kept here, nothing is downloaded.
intersphinx_mapping = write_inventories(HERE / "_build" / "inventories")
intersphinx_disabled_reftypes = []  # inherited docstrings name bare labels

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"[\\/]plot_",
    "subsection_order": "gallery_rules.folder_number",
    "within_subsection_order": "FileNameSortKey",
    "nested_sections": True,
    "backreferences_dir": "api/generated/backreferences",
    "doc_module": ("skneuro",),
    "reference_url": {"skneuro": None},
    "reset_modules": ("matplotlib", "gallery_rules.reset"),
    "reset_modules_order": "both",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "ignore_repr_types": r"matplotlib\.",
    "show_signature": False,
    "min_reported_time": 1,
    "junit": "junit-gallery.xml",
    "log_level": {"backreference_missing": "info"},
}
warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot")

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"skneuro {version}"
html_static_path = ["_static"]
html_css_files = ["skneuro.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skneuro"},
    "navbar_align": "left",
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_sidebars = {"changelog": [], "index": []}
