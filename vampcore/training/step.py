"""One step of training: gradients, compiled where that pays, the check that they are finite, and torch's Adam."""

from collections.abc import Callable

import torch
from torch import Tensor

from vampcore.compiling import Compiled, can_compile
from vampcore.config import Config, ConfigError
from vampcore.kinds import MODELS
from vampcore.models import VAE
from vampcore.objectives import elbo, iwae_bound
from vampcore.training.processes import Processes

# On a GPU, where all is captured as one graph.
STEPS_WORTH_CAPTURING = 6_000
# Of a weight, in torch's terms: moving averages of its gradient and of the gradient's square.
MOMENTS = ("exp_avg", "exp_avg_sq")


class Step:
    """Moves a model's weights by one step of Adam, and leaves them alone where anything is not finite.

    The gradients are a function of tensors without a look at their values: a few hundred small operations as it is;
    compiled, on a CPU what lies between the matrix products is fused, and on a GPU all is captured once and launched as
    one graph. The update is torch's fused Adam, which on a CPU and on CUDA skips the step itself.

    Arguments:
        model: Whose weights are moved.
        config: Objective, precision and optimiser.
        processes: Those that share the batch.
        compile: `on`, `off`, or `auto`: where it pays and the machine can.
        steps: Steps that the whole run may take, for `auto`.
    """

    def __init__(self, model: VAE, config: Config, processes: Processes, compile: str = "off", steps: int = 0) -> None:
        self.model, self.config, self.processes = model, config, processes
        self.weights = list(model.parameters())
        # On MPS the fused Adam takes no notice of `found_inf`.
        self._skips_itself = processes.device.type != "mps"
        self.optimizer = torch.optim.Adam(self.weights, fused=self._skips_itself, foreach=False)
        for weight in self.weights:
            # As torch sets it up at the first step: here before, so that a state can be saved and restored.
            zero = torch.zeros((), device=weight.device)
            moments = {name: torch.zeros_like(weight, requires_grad=False) for name in MOMENTS}
            self.optimizer.state[weight] = {"step": zero, **moments}
        wanted = compile == "on" or (compile == "auto" and _pays(config, processes, steps))
        self._compiled = self._compiled_gradients(fall_back=compile == "auto") if wanted else None

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
        scalars = [torch.full((), float(value), device=self.processes.device) for value in (count, beta)]
        full = count == self.config.batch_size
        gradients_of = self._compiled if self._compiled is not None and full else self._gradients
        *gradients, sums = self.processes.sum(gradients_of(x, noise, index, *scalars))
        skipped = sums[2].clamp(max=1)
        self._update(gradients, skipped, rate)
        return torch.stack([sums[0], sums[1], 1 - skipped])

    def moments(self) -> dict[str, Tensor]:
        """Copies of what Adam keeps of each weight, by `<number of the weight>.<name>`."""
        return {name: value.clone() for name, value in self._kept().items()}

    def load_moments(self, moments: dict[str, Tensor]) -> None:
        """Take over what `moments` gave.

        Raises:
            KeyError: If something is missing.
            RuntimeError: If a shape differs.
        """
        for name, value in self._kept().items():
            value.copy_(moments[name])

    def _kept(self) -> dict[str, Tensor]:
        kept = enumerate(self.optimizer.state[weight] for weight in self.weights)
        return {f"{number}.{name}": value for number, values in kept for name, value in values.items()}

    def _compiled_gradients(self, fall_back: bool) -> Callable[..., list[Tensor]]:
        if self.processes.count > 1:
            raise ConfigError("a step that several processes share is not compiled: leave out --compile on")
        # Lets torch.autograd.grad into the compiled function; compiling alone looks at it.
        torch._dynamo.config.trace_autograd_ops = True
        on_gpu = self.processes.device.type == "cuda"
        return Compiled(self._gradients, fall_back, fullgraph=True, graphs=on_gpu, settled=True)

    def _gradients(
        self, x: Tensor, noise: tuple[Tensor, ...], index: Tensor, count: Tensor, beta: Tensor
    ) -> list[Tensor]:
        """The gradient of each weight, and last the sums of log p(x | z) and of the KL, and 1 if not all is finite."""
        config = self.config
        with torch.autocast(x.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            w = self.model(x, config.samples, index=index, noise=noise)
        bound = elbo(w, beta) if config.objective == "elbo" else iwae_bound(w, beta)
        loss = -bound.sum() / count
        # A convolution's comes in another order of memory than its weights, which the fused Adam would not notice.
        gradients = [gradient.contiguous() for gradient in torch.autograd.grad(loss, self.weights)]
        sums = torch.stack([w.log_likelihood.detach().mean(0).sum(), w.kl.detach().mean(0).sum()])
        finite = (torch.stack([gradient.norm() for gradient in gradients]).sum() + sums.sum()).isfinite()
        return [*gradients, torch.cat([sums, finite.logical_not().to(sums.dtype).view(1)])]

    def _update(self, gradients: list[Tensor], skipped: Tensor, rate: float) -> None:
        for weight, gradient in zip(self.weights, gradients, strict=True):
            normed = self.config.optimizer == "adam-norm-grad"
            weight.grad = gradient / (gradient.norm() + 1e-7) if normed else gradient
        for group in self.optimizer.param_groups:
            group["lr"] = torch.tensor(rate)
        if self._skips_itself:
            self.optimizer.found_inf = skipped  # type: ignore[attr-defined]
            self.optimizer.step()
        elif not bool(skipped):
            self.optimizer.step()
        # A captured graph's lie where its next launch will write.
        self.optimizer.zero_grad()


def _pays(config: Config, processes: Processes, steps: int) -> bool:
    """Whether compiling saves more time than it takes, where it can be done."""
    device = processes.device
    worth = MODELS[config.model].steps_worth_compiling if device.type == "cpu" else STEPS_WORTH_CAPTURING
    return worth is not None and steps >= worth and processes.count == 1 and can_compile(device)
