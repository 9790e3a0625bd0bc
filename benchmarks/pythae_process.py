"""The other side of `pythae_peer`: runs in pythae's own environment and times pythae's VAMP model when asked.

Reads a JSON object a line from standard input and answers each with one on standard output:
`{"do": "step", "threads": 1, "calls": 5}` gives `{"seconds": ...}` a training step of its model, and
`{"do": "nll", "threads": 1, "samples": 5000}` the seconds of `get_nll` on one image and its estimate in nats.
The networks are those of `plain`, so that all who are compared compute the same.
"""

import contextlib
import io
import json
import sys
import time

import torch
from pythae.models import VAMP, VAMPConfig  # type: ignore[import-not-found]
from pythae.models.base.base_utils import ModelOutput  # type: ignore[import-not-found]
from pythae.models.nn import BaseDecoder, BaseEncoder  # type: ignore[import-not-found]
from torch import Tensor

from benchmarks.plain import Decoder, Encoder, PlainVampVAE


class PythaeEncoder(BaseEncoder):  # type: ignore[misc]
    """The plain encoder behind pythae's interface."""

    def __init__(self, encoder: Encoder) -> None:
        BaseEncoder.__init__(self)
        self.encoder = encoder

    def forward(self, x: Tensor) -> ModelOutput:
        mean, logvar = self.encoder(x.flatten(1))
        return ModelOutput(embedding=mean, log_covariance=logvar)


class PythaeDecoder(BaseDecoder):  # type: ignore[misc]
    """The plain decoder behind pythae's interface."""

    def __init__(self, decoder: Decoder) -> None:
        BaseDecoder.__init__(self)
        self.decoder = decoder

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.decoder(z))


class Peer:
    """pythae's model with a plain model's weights, its optimiser, and one batch of images.

    Arguments:
        state: Parameters of a `PlainVampVAE`.
        images: Binary, N x pixels.
        learning_rate: Of Adam.
    """

    def __init__(self, state: dict[str, Tensor], images: Tensor, learning_rate: float) -> None:
        components, pixels = state["pseudo_inputs"].shape
        latent_dim, hidden = state["encoder.mean.weight"].shape
        layers = sum(name.startswith("encoder.body.") and name.endswith("value.weight") for name in state)
        plain = PlainVampVAE(pixels, hidden, layers, latent_dim, components)
        plain.load_state_dict(state)
        config = VAMPConfig(
            input_dim=(pixels,), latent_dim=latent_dim, reconstruction_loss="bce", number_components=components
        )
        self.model = VAMP(config, PythaeEncoder(plain.encoder), PythaeDecoder(plain.decoder))
        with torch.no_grad():
            # Its pseudo-inputs are a linear map of the identity matrix.
            self.model.pseudo_inputs[0].weight.copy_(plain.pseudo_inputs.mT)
            self.model.pseudo_inputs[0].bias.zero_()
        self.optimizer = torch.optim.Adam(self.model.parameters(), learning_rate)
        self.images = images

    def step(self, calls: int) -> float:
        """Seconds a step, as pythae's trainer makes it without its loader, over so many after one not counted."""
        self.model.train()
        self._step()
        started = time.perf_counter()
        for _ in range(calls):
            self._step()
        return (time.perf_counter() - started) / calls

    def _step(self) -> None:
        loss = self.model({"data": self.images}).loss
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        loss.item()

    @torch.no_grad()
    def nll(self, samples: int) -> tuple[float, float]:
        """Seconds that `get_nll` takes for the first image, and its estimate of log p(x) in nats."""
        self.model.eval()
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
            log_likelihood = self.model.get_nll(self.images[:1], n_samples=samples, batch_size=100)
        return time.perf_counter() - started, float(log_likelihood)


def main() -> None:
    """Answer until standard input ends; the first argument is a file of the tensors to work with."""
    content = torch.load(sys.argv[1], weights_only=True)
    peer = Peer(content["state"], content["images"], content["learning_rate"])
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        torch.set_num_threads(asked["threads"])
        if asked["do"] == "step":
            answer = {"seconds": peer.step(asked["calls"])}
        else:
            seconds, log_likelihood = peer.nll(asked["samples"])
            answer = {"seconds": seconds, "log_likelihood": log_likelihood}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
