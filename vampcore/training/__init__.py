"""Training: the paper's protocol, resumable after a kill at any moment."""

from vampcore.training.allocator import keep_freed_memory
from vampcore.training.fit import best_checkpoint, fit
from vampcore.training.processes import Processes
from vampcore.training.run import Run, TrainingError

__all__ = ["Processes", "Run", "TrainingError", "best_checkpoint", "fit", "keep_freed_memory"]
