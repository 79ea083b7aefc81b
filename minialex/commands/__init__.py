"""The commands of `minialex`, by subject; `minialex.cli` lists them.

A command is a function: tyro makes its arguments from the signature and their help from the
docstring. Each imports what it needs when it runs, because `minialex --help` must answer at once.
"""
