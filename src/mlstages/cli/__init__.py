"""The command line: parse, call the library, render, exit.

Command bodies import what they need, so that ``--help`` is quick.
"""
