"""The command line: `python -m vampcore list | train | evaluate | sample | data`."""

import argparse
import dataclasses
import io
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image
from torchvision.utils import make_grid
from tqdm import tqdm

from vampcore import datasets, zoo
from vampcore.checkpoints import Checkpoint, CheckpointError, PerImage, save
from vampcore.checkpoints.folder import write_bytes
from vampcore.checkpoints.records import FORMAT
from vampcore.config import CHOICES, Config, ConfigError, dumps
from vampcore.datasets import DataError, Dataset
from vampcore.distributions import DiagNormalMixture
from vampcore.metrics import Evaluation, evaluate
from vampcore.metrics.metric import Metric, metric_to_json
from vampcore.training import Processes, TrainingError, fit
from vampcore.training.state import STATE

SUBSET_SEED = 0
MOST_IMAGES_OF_A_GRID = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0, 1 (failed, one line says why) or 2 (bad usage)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.command(parser, options)
    except (CheckpointError, ConfigError, DataError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
        print("error: out of memory: ask for fewer --samples, --components or --hidden units", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return 1


def list_models(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Print the checkpoints at hand."""
    entries = zoo.entries()
    if options.json:
        print(dumps([_entry_to_json(entry) for entry in entries if entry.error is None]), end="")
    for entry in entries:
        if entry.error is not None:
            print(f"error: {entry.error}", file=sys.stderr)
        elif not options.json:
            figure = "log p(x) not evaluated" if entry.log_likelihood is None else _figure(entry.log_likelihood)
            state = "converged" if entry.converged else "not converged"
            print(f"{entry.name:34} {entry.data:24} {figure:40} {entry.epochs:5} epochs, {state}")
    return 0


def train(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Train a model, or go on with one."""
    config = _config(parser, options)
    folder = options.out or zoo.RUNS / config.experiment / config.prior
    device = _device(options.device)
    processes = Processes(device)
    if processes.first and not options.resume and any((folder / name).exists() for name in (STATE, "config.json")):
        raise CheckpointError(f"{folder} holds a model already: go on with --resume, or choose another --out")
    dataset = datasets.load(config.data, options.data_root, config.likelihood)
    done = None
    together = f" ({processes.count} processes)" if processes.count > 1 else ""
    progress = tqdm(
        total=config.epochs,
        unit="epoch",
        desc=f"{config.experiment}/{config.prior} on {device}{together}",
        disable=not processes.first,
    )
    with _stop_on_signals() as asked_to_stop, progress as bar:
        for record in fit(config, dataset, folder, device, options.resume, asked_to_stop, options.compile, processes):
            if done is None:
                bar.initial = bar.n = record.epoch - 1
            done = record.epoch
            bar.update()
            rate = len(dataset.train.images) / record.seconds
            bar.set_postfix_str(f"validation ELBO {record.validation_elbo:.2f} nats, {rate:,.0f} images/s")
            if record.skipped:
                bar.write(f"epoch {record.epoch}: {record.skipped} steps were not finite and left out")
    if done is not None:
        outcome = f"{done} epochs"
    elif asked_to_stop():
        outcome = "stopped before an epoch was done; go on with --resume"
    else:
        outcome = "no epoch was left to train"
    if processes.first:
        print(f"{folder}: {outcome}")
    processes.end()
    return 0


def evaluate_checkpoint(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Measure a checkpoint on its data set, and print or store the figures."""
    if options.save and (options.limit is not None or options.split != "test"):
        parser.error("--save stores figures of the whole test set: leave out --limit and --split")
    checkpoint = zoo.load(options.checkpoint)
    config = checkpoint.config
    dataset = datasets.load(config.data, options.data_root, config.likelihood)
    _check_same_images(checkpoint, dataset, options.save)
    split = getattr(dataset, options.split)
    generator = torch.Generator().manual_seed(SUBSET_SEED)
    count = min(options.limit or len(split.images), len(split.images))
    rows = torch.randperm(len(split.images), generator=generator)[:count].sort().values
    device = _device(options.device)
    x = datasets.observe(split.images[rows], split.levels, config.likelihood, generator).to(device)
    with tqdm(total=0, unit="sample", unit_scale=True) as bar:

        def progress(seen: int, total: int) -> None:
            bar.total = total
            bar.update(seen - bar.n)

        measured = evaluate(
            checkpoint.model.to(device),
            x,
            options.samples,
            options.seed,
            progress=progress,
            split=options.split,
            levels=checkpoint.observation.levels,
        )
    if options.save:
        save(_with_figures(checkpoint, measured), checkpoint.folder or Path(options.checkpoint))
    if options.json:
        entries = [metric_to_json(metric) for metric in measured.metrics]
        print(dumps({"format": FORMAT, "entries": entries}), end="")
    else:
        for metric in measured.metrics:
            layer = "" if metric.layer is None else f" (layer {metric.layer})"
            print(f"{metric.name + layer:24} {_figure(metric)}")
    return 0


def sample(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Draw images from a checkpoint's prior, or from one of its components, into a PNG."""
    checkpoint = zoo.load(options.checkpoint)
    model = checkpoint.model
    generator = torch.Generator().manual_seed(options.seed)
    with torch.inference_mode():
        prior = model.prior(model.encoder)
        if options.component is None:
            z = prior.sample((options.n,), generator)
        elif not isinstance(prior, DiagNormalMixture):
            parser.error(f"the prior {checkpoint.config.prior} has no components: leave out --component")
        elif 0 <= options.component < len(prior.log_weights):
            z = prior.component(options.component).sample((options.n,), generator)
        else:
            parser.error(f"--component is one of 0 to {len(prior.log_weights) - 1}")
        images = model.decode(z, generator).mean(generator)
        grid = make_grid(images, nrow=max(1, round(options.n**0.5)), padding=1, pad_value=0.5)
    enlarged = (grid * 255).round().byte().repeat_interleave(4, 1).repeat_interleave(4, 2)
    write_bytes(options.out, _png(enlarged))
    print(f"{options.out}: {options.n} decoded means, seed {options.seed}")
    return 0


def download(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Download a data set into the data folder."""
    with tqdm(unit="B", unit_scale=True, desc=options.name) as bar:

        def progress(received: int, expected: int) -> None:
            bar.total = expected
            bar.update(received - bar.n)

        folder = datasets.download(options.name, options.data_root, progress)
    print(f"{options.name}: {folder}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m vampcore", description="Train and measure VAEs with learned priors.")
    commands = parser.add_subparsers(title="commands", required=True)
    data_root = argparse.ArgumentParser(add_help=False)
    data_root.add_argument("--data-root", type=Path, help="data folder; else $VAMPCORE_DATA, else data/")
    device = argparse.ArgumentParser(add_help=False)
    device.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")

    command = commands.add_parser("list", help="the checkpoints at hand")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=list_models)

    command = commands.add_parser("train", help="train a model", parents=[data_root, device])
    command.add_argument(
        "--like", metavar="CHECKPOINT", help="the same run as this checkpoint's; other options change it"
    )
    for field in dataclasses.fields(Config):
        flag = "--" + field.name.replace("_", "-")
        kind, choices = type(field.default), CHOICES.get(field.name)
        required = field.default is dataclasses.MISSING
        command.add_argument(flag, type=str if required else kind, choices=choices, default=argparse.SUPPRESS)
    command.add_argument("--out", type=Path, help="folder of the run; else runs/EXPERIMENT/PRIOR")
    command.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    command.add_argument(
        "--compile", choices=("auto", "on", "off"), default="auto", help="compile the step; auto: where it pays"
    )
    command.set_defaults(command=train)

    command = commands.add_parser("evaluate", help="measure a checkpoint", parents=[data_root, device])
    command.add_argument("checkpoint", metavar="CHECKPOINT")
    command.add_argument("--samples", type=_whole_number(0), default=5000, help="S of log p(x); 0 leaves it out")
    command.add_argument(
        "--limit", type=_whole_number(2), help="a random subset of this many images, the same for all models"
    )
    command.add_argument("--split", choices=("train", "validation", "test"), default="test")
    command.add_argument("--seed", type=_whole_number(0), default=0)
    command.add_argument("--json", action="store_true")
    command.add_argument("--save", action="store_true", help="store the figures in the checkpoint")
    command.set_defaults(command=evaluate_checkpoint)

    command = commands.add_parser("sample", help="draw images into a PNG")
    command.add_argument("checkpoint", metavar="CHECKPOINT")
    command.add_argument("--component", type=_whole_number(0), help="of this component only")
    command.add_argument("-n", type=_whole_number(1, MOST_IMAGES_OF_A_GRID), default=64, help="number of images")
    command.add_argument("--seed", type=_whole_number(0), default=0)
    command.add_argument("--out", type=Path, required=True)
    command.set_defaults(command=sample)

    command = commands.add_parser("data", help="download a data set", parents=[data_root])
    command.add_argument("name", metavar="NAME", choices=datasets.names())
    command.set_defaults(command=download)
    return parser


def _config(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Config:
    names = {field.name for field in dataclasses.fields(Config)}
    given = {name: value for name, value in vars(options).items() if name in names}
    if options.like is None and "data" not in given:
        parser.error("train needs --data NAME, or --like CHECKPOINT")
    like = None if options.like is None else zoo.load(options.like).config
    if "data" in given and "likelihood" not in given and (like is None or like.data != given["data"]):
        given["likelihood"] = datasets.default_likelihood(given["data"])
    try:
        if like is not None:
            return dataclasses.replace(like, **given)
        posterior = given.get("posterior", Config.posterior)
        family = _family(given["data"], given.get("latent_dim", Config.latent_dim))
        family += "" if posterior == Config.posterior else f"-{posterior}"
        return Config(**{"experiment": family} | given)
    except ConfigError as error:
        parser.error(str(error))


def _family(data: str, latent_dim: int) -> str:
    """The name of an experiment that was given none; the path of a user's own images is cut to what a name may hold."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", data)[-60:].strip("-._")
    return f"{name}-{latent_dim}d"


def _check_same_images(checkpoint: Checkpoint, dataset: Dataset, whole_test_set: bool) -> None:
    """Refuse a data set that has changed since the training, as a user's own images may."""
    shape, levels = checkpoint.observation.shape, checkpoint.observation.levels
    name = checkpoint.config.data
    if (dataset.shape, dataset.levels) != (shape, levels):
        raise DataError(f"{name} no longer holds images of shape {shape} with {levels} levels: restore it")
    if whole_test_set and len(dataset.test.images) != len(checkpoint.latents.ids):
        raise DataError(f"{name} no longer has {len(checkpoint.latents.ids)} test images: leave out --save")


def _figure(metric: Metric) -> str:
    error = "" if metric.se is None else f" ± {metric.se:.2g}"
    basis = "" if metric.n is None else f", n = {metric.n}"
    basis += "" if metric.samples is None else f", S = {metric.samples}"
    return f"{metric.value:.6g}{error} {metric.unit}{basis}"


def _with_figures(checkpoint: Checkpoint, measured: Evaluation) -> Checkpoint:
    log_likelihood = None if measured.log_likelihood is None else measured.log_likelihood.cpu()
    per_image = PerImage(measured.elbo.cpu(), log_likelihood)
    return dataclasses.replace(checkpoint, model=checkpoint.model.cpu(), metrics=measured.metrics, per_image=per_image)


def _device(asked: str) -> str:
    if asked != "auto":
        if (asked == "cuda" and not torch.cuda.is_available()) or (asked == "mps" and not torch.mps.is_available()):
            raise ConfigError(f"this machine has no {asked} device: use --device cpu")
        return asked
    return "cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu"


def _out_of_memory(error: BaseException) -> bool:
    """Whether torch found no memory; for the CPU's it has no exception of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Says whether Ctrl-C or a termination was asked for in this block; a second one interrupts at once."""
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("\nstopping after this step; the best weights are kept", file=sys.stderr)

    handlers = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _whole_number(least: int, most: int = 2**63 - 1) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r:.80} is not a whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")
        return value

    return parse


def _png(image: torch.Tensor) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image.movedim(0, -1).numpy()).save(content, "PNG")
    return content.getvalue()


def _entry_to_json(entry: zoo.Entry) -> dict[str, object]:
    fields = dataclasses.asdict(entry)
    fields["path"] = str(entry.path)
    return {name: value for name, value in fields.items() if name not in ("name", "error")}


if __name__ == "__main__":
    sys.exit(main())
