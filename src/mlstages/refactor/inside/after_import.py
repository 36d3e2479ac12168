"""A function that is called once a module has been loaded."""

import importlib.abc
import importlib.util


class AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function once a module has been loaded."""

    def __init__(self, name, call):
        self.name, self.call, self.busy = name, call, False

    def find_spec(self, name, path=None, target=None):
        if name != self.name or self.busy:
            return None
        self.busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.busy = False
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Loader(spec.loader, self.call)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader, call):
        self.loader, self.call = loader, call

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.call(module)
