"""Where a race is trained: on this machine (`local`) or by Slurm (`slurm`), behind one interface.

An engine is given a folder with `race.json` (`vampcore.training.race_folder`) under the folder of runs, and runs
`python -m vampcore race --out FOLDER --resume`, by torchrun where several processes are to train it. Everything else
is read from files, by any server that sees the folder:

    .races/NAME.json     what the engine does with the race, see `tickets`
    .races/NAME.owner    the sha256 of the token of whoever started it
    .races/queue.db      the queue of `local`
    .races/slurm/        what submitit keeps

`desk` is what a page talks to.
"""
