"""What is public: one list, read by the tests of conventions and by the API pages."""

import importlib
import inspect
import pkgutil

from sklearn.base import BaseEstimator

import skneuro


def public_modules():
    """List the names of all modules that users may import from.

    Returns
    -------
    list of str
        ``"skneuro.dynamics"`` and so on: subpackages, and modules inside them whose
        name has no leading underscore.
    """
    names = []
    for module in pkgutil.walk_packages(skneuro.__path__, prefix="skneuro."):
        parts = module.name.split(".")
        if not any(part.startswith("_") for part in parts):
            names.append(module.name)
    return sorted(names)


def public_names(module_name):
    """List the public names of one module.

    Parameters
    ----------
    module_name : str
        Name of a module, for example ``"skneuro.metrics"``.

    Returns
    -------
    list of str
        Its ``__all__`` where it has one, else the classes and functions that are
        defined in it and have no leading underscore. Modules are left out.

    Raises
    ------
    AttributeError
        If ``__all__`` holds a name that the module does not have.
    """
    module = importlib.import_module(module_name)
    if hasattr(module, "__all__"):
        names = list(module.__all__)
    else:
        names = [
            name
            for name, value in vars(module).items()
            if (inspect.isclass(value) or inspect.isfunction(value))
            and value.__module__ == module_name
            and not name.startswith("_")
        ]
    return sorted(n for n in names if not inspect.ismodule(getattr(module, n)))


def public_objects():
    """List every public class and function once.

    Returns
    -------
    dict of str to object
        From the address that users import, such as ``"skneuro.utils.progress_bar"``,
        to the object. An object that two modules export is listed under the
        shorter address.
    """
    found, seen = {}, set()
    for module_name in sorted(public_modules(), key=lambda name: name.count(".")):
        module = importlib.import_module(module_name)
        for name in public_names(module_name):
            value = getattr(module, name)
            if callable(value) and id(value) not in seen:
                seen.add(id(value))
                found[f"{module_name}.{name}"] = value
    return found


def kind_of(value):
    """Say under which heading of the API pages an object stands.

    Parameters
    ----------
    value : object
        Public class or function.

    Returns
    -------
    {"Estimators", "Base classes", "Classes", "Exceptions", "Functions"}
        Estimators have a ``fit`` method; a class whose name starts with ``Base`` is
        there to be inherited from.
    """
    if not inspect.isclass(value):
        return "Functions"
    if issubclass(value, BaseException):
        return "Exceptions"
    if value.__name__.startswith("Base"):
        return "Base classes"
    if issubclass(value, BaseEstimator) and hasattr(value, "fit"):
        return "Estimators"
    return "Classes"
