"""Compiling changes the time, not the value; where it fails the function itself is called."""

import pytest
import torch

from tests.processes import run_python
from vampcore import compiling
from vampcore.compiling import Compiled, can_compile


def broken(function, **options):
    def fail(*arguments):
        raise RuntimeError("no compiler\nand much more about it")

    return fail


class TestCompiled:
    def test_falls_back_once_and_says_why(self, monkeypatch):
        monkeypatch.setattr(torch, "compile", broken)
        double = Compiled(lambda x: 2 * x)
        with pytest.warns(UserWarning, match="compiling failed, so this will take longer than it could: no compiler$"):
            assert double(torch.tensor(3.0)) == 6
        assert double(torch.tensor(4.0)) == 8

    def test_raises_where_it_was_asked_for(self, monkeypatch):
        monkeypatch.setattr(torch, "compile", broken)
        with pytest.raises(RuntimeError, match="no compiler"):
            Compiled(lambda x: 2 * x, fall_back=False)(torch.tensor(3.0))

    def test_needs_a_compiler(self, monkeypatch):
        cpu, cuda, mps = map(torch.device, ("cpu", "cuda", "mps"))
        monkeypatch.setenv("CXX", "no-such-compiler")
        assert not can_compile(cpu)
        assert can_compile(cuda)
        monkeypatch.setattr(compiling.shutil, "which", lambda name: f"/usr/bin/{name}")
        assert can_compile(cpu)
        assert not can_compile(mps)

    def test_an_error_of_a_later_call_is_the_callers(self, monkeypatch):
        """Such as memory that has run out: another form would hide it, and change the bits of a training."""

        def once(function, **options):
            calls = iter((function,))
            return lambda *arguments: next(calls, broken(function))(*arguments)

        monkeypatch.setattr(torch, "compile", once)
        double = Compiled(lambda x: 2 * x)
        assert double(torch.tensor(3.0)) == 6
        with pytest.raises(RuntimeError, match="no compiler"):
            double(torch.tensor(3.0))


def test_what_is_compiled_gives_the_values_of_the_function():
    """In a process without the hook that checks shapes, which torch.compile cannot look through.

    Importance sampling, in code that is generated for parts of the samples, and of which the graph is traced for parts
    of the images. Then settled methods of one class: what is compiled of a method is kept with its code, and without a
    look at `self` all of them would be the first.
    """
    run_python("""
import warnings
import torch
from tests.tracing import trace_only
from vampcore import zoo
from vampcore.compiling import Compiled
from vampcore.metrics import log_likelihood

warnings.filterwarnings("error", message="compiling failed")
model = zoo.load("digits-2d/vamp").model
with torch.no_grad():
    x = model.decode(model.prior(model.encoder).sample((7,), torch.Generator().manual_seed(0))).sample()
    x = (x * 16).round() / 16

def check_parts(samples, chunk):
    found = [
        log_likelihood(model, x, samples, chunk, torch.Generator().manual_seed(1), compile=compile)
        for compile in (False, True)
    ]
    torch.testing.assert_close(found[0].log_likelihood, found[1].log_likelihood, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(found[0].ess, found[1].ess, rtol=1e-3, atol=1e-3)

# Parts of 17 samples of an image, the last of 16; then of 3 images, the last of 1.
check_parts(50, 20)
trace_only()
check_parts(10, 30)

class Scale:
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return (self.by * x).sum()

twice, thrice = (Compiled(Scale(by).__call__, fall_back=False, fullgraph=True, settled=True) for by in (2, 3))
for length in (4, 6, 4):
    x = torch.arange(length, dtype=torch.float32)
    assert twice(x) == 2 * x.sum() and thrice(x) == 3 * x.sum(), length
with torch.no_grad():
    assert not twice(x.requires_grad_()).requires_grad
assert twice(x).requires_grad
""")
