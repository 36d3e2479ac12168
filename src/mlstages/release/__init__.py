"""Released models: what is kept of one, and the log of releases.

A server reads `released`, `schema`, `linear`, `log` and `places` with the standard library
alone; `extraction` and `description` make a release of a trained model, with numpy.
"""
