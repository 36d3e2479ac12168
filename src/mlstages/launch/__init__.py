"""Run any Metaflow flow on this machine: who runs it, where its history lies, as a process.

A general engine: it knows nothing of the example pipeline.
"""
