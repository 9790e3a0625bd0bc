"""The command line: `python -m vampcore list | train | evaluate | sample | results | reduce | data`, a module for each.

A command is a function of the parsed options that returns the exit status; its module adds its own options.
"""

from vampcore.commands.command_line import main

__all__ = ["main"]
