"""One step of training as a function of tensors: gradients, the check that they are finite, and Adam."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from torch.optim.adam import adam

from vampcore.compiling import Compiled, can_compile
from vampcore.config import Config, ConfigError
from vampcore.models import VAE
from vampcore.objectives import elbo, iwae_bound
from vampcore.training.processes import Processes

# Compiling takes 14 to 35 s on a CPU and saves 3 to 10 ms a step of the paper's dense networks, and pays after 2,100 to
# 5,200 steps: from here on for certain.
STEPS_WORTH_COMPILING = 6_000
# On a CPU, of images of 28 x 28 in bf16: for gated convolutions it takes 100 s and saves 250 ms of 730; a PixelCNN is
# slower for it (720 ms, not 630).
_OF_CONVOLUTIONS = {"convhvae": 1_000, "pixelhvae": None}
# Adam's: how much of each moving average stays, and what keeps the division from zero.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Moments:
    """What Adam remembers of each weight: moving averages of the gradient and of its square, and the steps done."""

    average: list[Tensor]
    average_of_squares: list[Tensor]
    steps: list[Tensor]

    @classmethod
    def of(cls, weights: Sequence[Tensor]) -> "Moments":
        """Those of weights that have not moved yet."""
        zeros = [torch.zeros_like(weight) for weight in weights], [torch.zeros_like(weight) for weight in weights]
        return cls(*zeros, [torch.zeros((), device=weight.device) for weight in weights])

    def __iter__(self) -> Iterator[Tensor]:
        return chain(self.average, self.average_of_squares, self.steps)

    def clone(self) -> "Moments":
        """A copy that shares nothing."""
        parts = (self.average, self.average_of_squares, self.steps)
        return Moments(*([value.clone() for value in values] for values in parts))

    def named(self) -> dict[str, Tensor]:
        """By `<number of the weight>.<name>`, in the terms of `torch.optim.Adam`."""
        parts = {"exp_avg": self.average, "exp_avg_sq": self.average_of_squares, "step": self.steps}
        return {f"{i}.{name}": value for name, values in parts.items() for i, value in enumerate(values)}

    def load(self, named: dict[str, Tensor]) -> None:
        """Take over what `named` gave.

        Raises:
            KeyError: If something is missing.
            RuntimeError: If a shape differs.
        """
        for name, value in self.named().items():
            value.copy_(named[name])


class Step:
    """Moves a model's weights by one step of Adam, and leaves them alone where anything is not finite.

    Called as it is, it is a Python function of a few hundred small operations. Compiled, all of it, from the forward
    pass to the new weights, is one function of tensors without a look at their values: on a CPU the operations between
    the matrix products are fused, and on a GPU the whole step is captured once and launched as one graph.

    Arguments:
        model: Whose weights are moved.
        config: Objective, precision and optimiser.
        processes: Those that share the batch.
        compile: `on`, `off`, or `auto`: where it pays and the machine can.
        steps: Steps that the whole run may take, for `auto`.
    """

    def __init__(self, model: VAE, config: Config, processes: Processes, compile: str = "off", steps: int = 0) -> None:
        self.model, self.config, self.processes = model, config, processes
        self.weights: list[Tensor] = list(model.parameters())
        self.moments = Moments.of(self.weights)
        wanted = compile == "on" or (compile == "auto" and _pays(config, processes, steps))
        self._compiled = self._compiled_step(fall_back=compile == "auto") if wanted else None

    def __call__(
        self, x: Tensor, noise: tuple[Tensor, ...], index: Tensor, count: int, beta: float, rate: float
    ) -> Tensor:
        """Make the step.

        Arguments:
            x: This process's observations of the batch.
            noise: Their noise for each layer.
            index: Their rows in the training set.
            count: Observations of the whole batch.
            beta: Weight of the KL.
            rate: Step size.

        Returns:
            Of the whole batch: the sum of log p(x | z), that of the KL, and 1 if the step was made, 0 if anything was
            not finite and it was not. They stay on the device, so that nobody waits for a GPU.
        """
        # Filled on the device: a copy from here would wait for it.
        scalars = [torch.full((), float(value), device=self.processes.device) for value in (count, beta, rate)]
        if self._compiled is not None and count == self.config.batch_size:
            done = self._compiled(x, noise, index, *scalars)
            # What a captured graph gives lies where its next launch will write.
            return done.clone() if x.device.type == "cuda" else done
        return self._in_python(x, noise, index, *scalars)

    def _in_python(
        self, x: Tensor, noise: tuple[Tensor, ...], index: Tensor, count: Tensor, beta: Tensor, rate: Tensor
    ) -> Tensor:
        gradients, sums = self._gradients(x, noise, index, count, beta)
        summed = self.processes.sum([*gradients, sums])
        gradients, sums = summed[:-1], summed[-1]
        finite = _all_finite(gradients, sums)
        if bool(finite):
            self._update(self._scaled(gradients), rate)
        return torch.cat([sums, finite.float().view(1)])

    def _compiled_step(self, fall_back: bool) -> Callable[..., Tensor]:
        if self.processes.count > 1:
            raise ConfigError("a step that several processes share is not compiled: leave out --compile on")
        # Lets torch.autograd.grad into the compiled function; compiling alone looks at it.
        torch._dynamo.config.trace_autograd_ops = True
        on_gpu = self.processes.device.type == "cuda"
        if on_gpu:
            for value in self.moments:
                torch._dynamo.mark_static_address(value)
        return Compiled(self._without_a_branch, fall_back, whole=True, graphs=on_gpu, settled=True)

    def _gradients(
        self, x: Tensor, noise: tuple[Tensor, ...], index: Tensor, count: Tensor, beta: Tensor
    ) -> tuple[list[Tensor], Tensor]:
        config = self.config
        with torch.autocast(x.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            w = self.model(x, config.samples, index=index, noise=noise)
        bound = elbo(w, beta) if config.objective == "elbo" else iwae_bound(w, beta)
        loss = -bound.sum() / count
        # A convolution's comes in another order of memory than its weights, which the fused Adam would not notice.
        gradients = [gradient.contiguous() for gradient in torch.autograd.grad(loss, self.weights)]
        sums = torch.stack([w.log_likelihood.detach().mean(0).sum(), w.kl.detach().mean(0).sum()])
        return gradients, sums

    def _without_a_branch(
        self, x: Tensor, noise: tuple[Tensor, ...], index: Tensor, count: Tensor, beta: Tensor, rate: Tensor
    ) -> Tensor:
        """The whole step without a branch: what it would write is chosen, value by value, if all is finite."""
        gradients, sums = self._gradients(x, noise, index, count, beta)
        finite = _all_finite(gradients, sums)
        moments = self.moments
        steps = torch.stack(moments.steps) + 1
        # All are equal. Compiled code makes a reduction once; what is no reduction it makes anew for every few weights.
        size = (rate / (1 - BETA_1**steps)).amax()
        shrink = (1 - BETA_2**steps).rsqrt().amax()
        state = zip(self.weights, moments.average, moments.average_of_squares, self._scaled(gradients), strict=True)
        with torch.no_grad():
            for weight, average, squares, gradient in state:
                next_average = average.lerp(gradient, 1 - BETA_1)
                next_squares = torch.addcmul(BETA_2 * squares, gradient, gradient, value=1 - BETA_2)
                moved = weight - size * next_average / (next_squares.sqrt() * shrink + EPSILON)
                for old, new in ((weight, moved), (average, next_average), (squares, next_squares)):
                    old.copy_(torch.where(finite, new, old))
            for step in moments.steps:
                step.add_(finite)
        return torch.cat([sums, finite.float().view(1)])

    def _scaled(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.config.optimizer != "adam-norm-grad":
            return gradients
        return [gradient / (gradient.norm() + 1e-7) for gradient in gradients]

    @torch.no_grad()
    def _update(self, gradients: list[Tensor], rate: Tensor) -> None:
        adam(
            self.weights,
            gradients,
            self.moments.average,
            self.moments.average_of_squares,
            [],
            self.moments.steps,
            foreach=False,
            fused=self.processes.device.type != "mps",
            amsgrad=False,
            beta1=BETA_1,
            beta2=BETA_2,
            lr=rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )


def _pays(config: Config, processes: Processes, steps: int) -> bool:
    """Whether compiling saves more time than it takes, where it can be done."""
    device = processes.device
    worth = _OF_CONVOLUTIONS.get(config.model, STEPS_WORTH_COMPILING) if device.type == "cpu" else STEPS_WORTH_COMPILING
    return worth is not None and steps >= worth and processes.count == 1 and can_compile(device)


def _all_finite(gradients: Sequence[Tensor], sums: Tensor) -> Tensor:
    return (torch.stack([gradient.norm() for gradient in gradients]).sum() + sums.sum()).isfinite()
