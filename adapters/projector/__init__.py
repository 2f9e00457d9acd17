"""The projector: read models kept true from the tape, rebuilt beside and swapped, waited for."""

from adapters.projector.build import BuildFailed
from adapters.projector.check import Finding, check_against_replay
from adapters.projector.checkpoints import Checkpoint, install, shown
from adapters.projector.projector import Projector
from adapters.projector.rebuilding import rebuild
from adapters.projector.seen import Seen, reached

__all__ = [
    "BuildFailed",
    "Checkpoint",
    "Finding",
    "Projector",
    "Seen",
    "check_against_replay",
    "install",
    "reached",
    "rebuild",
    "shown",
]
