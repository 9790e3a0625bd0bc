"""The command line: a module for each command; `python -m vampcore --help` lists them.

A command is a function of the parsed options that returns the exit status; its module adds its own options.
"""

from vampcore.commands.command_line import main

__all__ = ["main"]
