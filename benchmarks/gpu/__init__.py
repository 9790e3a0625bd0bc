"""Everything that waits for a GPU, by one command: `make gpu`, or `python -m benchmarks.gpu`."""
