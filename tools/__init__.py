"""What tests and benchmarks share: a server, a browser, a viewer without one, the controls of pages, checkpoints."""
