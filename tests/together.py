"""Run a script in several processes, as torchrun does, but forked from one that has imported PyTorch.

`python -m tests.together COUNT SCRIPT ARGUMENT ...`; torchrun and each of its processes would import it anew.
"""

import os
import runpy
import signal
import sys
import traceback

import accelerate  # noqa: F401
import torch._dynamo  # noqa: F401 - two seconds, which the first optimiser of each process would take

import vampcore.commands  # noqa: F401
from tools.server import free_port


def main(count: int, script: str, arguments: list[str]) -> int:
    """The exit status: 1 if a process fails, at which the others are ended."""
    named = {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    named |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    running = set()
    for rank in range(count):
        if (pid := os.fork()) == 0:
            os.environ.update(named | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
            sys.argv = [script, *arguments]
            runpy.run_path(script, run_name="__main__")
            return 0
        running.add(pid)
    while running:
        pid, ended = os.wait()
        running.remove(pid)
        if status := os.waitstatus_to_exitcode(ended):
            for other in running:
                os.kill(other, signal.SIGKILL)
            print(f"a process ended with {signal.Signals(-status).name if status < 0 else status}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    status = 1
    try:
        status = main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except BaseException:  # noqa: BLE001 - said, whatever it is: what follows lets nothing pass
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)  # to take PyTorch down takes a second, in each process
