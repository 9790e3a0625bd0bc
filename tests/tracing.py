"""torch.compile up to the code that it would generate, for tests of what it reads and keeps."""

from typing import Any

import torch


def trace_only() -> None:
    """Let torch.compile, in this process, trace and differentiate functions and check its guards; torch runs the graph.

    Of a test of a compiled step, generating code and compiling it takes four fifths of the processor time.
    """
    compile_fully = torch.compile

    def compile_to_a_graph(function: Any, fullgraph: bool, dynamic: bool, options: dict[str, Any]) -> Any:
        guards = {name: options[name] for name in ("guard_filter_fn",) if name in options}
        return compile_fully(function, fullgraph=fullgraph, dynamic=dynamic, backend="aot_eager", options=guards)

    torch.compile = compile_to_a_graph
