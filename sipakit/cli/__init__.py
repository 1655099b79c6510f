"""The command ``sipakit``: explain a model that lies in a file, tell the cost beforehand, or take a tour."""

from sipakit.cli.command import main

__all__ = ["main"]
