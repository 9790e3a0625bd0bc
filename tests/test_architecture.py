"""The layers of the house, held by reading the imports: they go downwards only.

A new module has to be given its place here before the tests pass.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the ground up; a module may import what stands on an earlier line, never a neighbour on its own.
VAMPCORE = (
    ("kinds",),
    ("config", "compiling", "distributions", "literature"),
    ("nn", "transforms"),
    ("likelihoods", "datasets", "priors"),
    ("models",),
    ("objectives",),
    ("metrics",),
    ("checkpoints",),
    ("training",),
    ("zoo",),
    ("results", "trusted"),
    ("commands",),
    ("__main__",),
)
APP = (
    ("records", "addresses", "names", "presenting", "duel", "engines"),
    ("figures", "services"),
    ("tours",),
    ("state", "frontend"),
    ("widgets",),
    ("views", "ready", "compression", "content"),
    ("main", "asgi"),
)
# In the library's __init__ stand the public names: it may import all but the command line, and nothing imports it.
FORBIDDEN_IN_VAMPCORE = {"streamlit", "plotly", "app"}
# Neither figures nor the records that they draw know where an array comes from, or on which page it is shown.
FORBIDDEN_IN_FIGURES = {"streamlit", "torch", "torchvision", "vampcore"}
BESIDE_THE_LIBRARY = {"services", "engines"}
ONLY_SERVICES = {"torch", "torchvision", "safetensors", "vampcore"}
ALLOWED_IN_VIEWS = {"app", "streamlit", "numpy", "pandas"} | sys.stdlib_module_names
LAYERS_FOR_VIEWS = {"records", "figures", "services", "state", "frontend", "widgets"}
# What is wanted of these is imported from the module that has it: `from app.services import images`.
PLAIN_PACKAGES = {"app.services", "app.widgets"}


def modules_of(package: Path) -> list[Path]:
    """Every Python file of a package, itself not a test and not cached."""
    return sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)


def place_of(path: Path, package: Path) -> str:
    """The module or sub-package directly under the package that a file belongs to; "" for the package's __init__."""
    first = path.relative_to(package).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imports_of(path: Path, root: Path) -> set[str]:
    """Dotted names of all imports in a file, relative ones resolved; a.b for `from a import b` where b is a module."""
    here = path.relative_to(root).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            origin = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                target = root.joinpath(*origin, alias.name)
                is_module = target.is_dir() or target.with_suffix(".py").is_file()
                names.add(".".join((*origin, alias.name) if is_module else origin))
    return names


def climbs(root: Path, package: str, tiers: tuple[tuple[str, ...], ...]) -> list[str]:
    """Imports inside a package that do not go downwards, and modules that have no place yet; a sentence each."""
    rank = {name: level for level, tier in enumerate(tiers) for name in tier}
    faults = []
    for path in modules_of(root / package):
        place, file = place_of(path, root / package), path.relative_to(root).as_posix()
        if place and place not in rank:
            faults.append(
                f"{file}: {place} has no place in the order of {package}; give it one in {Path(__file__).name}"
            )
            continue
        for name in sorted(imports_of(path, root)):
            head, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if head != package or (place and other == place):
                continue
            if not other:
                faults.append(f"{file}: imports the package {package} itself, not one of its modules")
            elif other not in rank:
                faults.append(f"{file}: imports {name}, which has no place in the order of {package}")
            elif rank[other] >= (rank[place] if place else len(tiers) - 1):
                faults.append(f"{file}: imports {name}, which does not stand below it")
    return faults


def trespasses(root: Path) -> list[str]:
    """Imports across packages and of third parties that the house forbids; a sentence each."""
    faults = []
    for path in modules_of(root / "vampcore"):
        heads = {name.partition(".")[0] for name in imports_of(path, root)}
        faults += [
            f"{path.relative_to(root).as_posix()}: imports {head}" for head in sorted(heads & FORBIDDEN_IN_VAMPCORE)
        ]
    for path in modules_of(root / "app"):
        place, file, names = place_of(path, root / "app"), path.relative_to(root).as_posix(), imports_of(path, root)
        heads = {name.partition(".")[0] for name in names}
        forbidden = set() if place in BESIDE_THE_LIBRARY else heads & ONLY_SERVICES
        if place in {"figures", "records"}:
            forbidden |= heads & FORBIDDEN_IN_FIGURES
        if place == "views":
            forbidden |= heads - ALLOWED_IN_VIEWS
            layers = {name.split(".")[1] for name in names if name.startswith("app.")}
            forbidden |= {f"app.{layer}" for layer in layers - LAYERS_FOR_VIEWS}
        faults += [f"{file}: imports {name}" for name in sorted(forbidden)]
        faults += [f"{file}: imports {name} itself, not one of its modules" for name in sorted(names & PLAIN_PACKAGES)]
    return faults


def namers(root: Path) -> list[str]:
    """Modules of the library outside its priors that name one by its key; a sentence each.

    What a prior can do is said where it is declared. A configuration has a default, and published figures have names.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in modules_of(root / "vampcore")}
    places = {path: place_of(path, root / "vampcore") for path in trees}
    keys = {
        node.value.value
        for path, tree in trees.items()
        if places[path] == "priors"
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "key" and isinstance(node.value, ast.Constant)
    }
    return [
        f"{path.relative_to(root).as_posix()}:{node.lineno}: names the prior {node.value}"
        for path, tree in trees.items()
        if places[path] not in {"priors", "config", "literature"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in keys
    ]


def kept_by_pages(root: Path) -> list[str]:
    """Functions that a page keeps in its own file: it runs anew in every run, and so would their memory."""
    return [
        f"{path.relative_to(root).as_posix()}: {node.name} is kept"
        for path in modules_of(root / "app" / "views")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
        if isinstance(node, ast.FunctionDef)
        and any("cached" in ast.unparse(each).partition("(")[0].split(".") for each in node.decorator_list)
    ]


def test_imports_of_the_library_go_downwards():
    assert modules_of(ROOT / "vampcore")
    assert climbs(ROOT, "vampcore", VAMPCORE) == []


def test_imports_of_the_dashboard_go_downwards():
    assert modules_of(ROOT / "app")
    assert climbs(ROOT, "app", APP) == []


def test_nothing_imports_what_its_layer_must_not_know():
    assert trespasses(ROOT) == []


def apart(root: Path) -> list[str]:
    """Imports between tests and benchmarks, but for the benchmarks' own tests, and of either in what they share."""
    forbidden = {"tools": {"tests", "benchmarks"}, "benchmarks": {"tests"}, "tests": {"benchmarks"}}
    return [
        f"{path.relative_to(root).as_posix()}: imports {head}"
        for package, heads in forbidden.items()
        for path in modules_of(root / package)
        if path.parent != root / "tests" / "benchmarks"
        for head in sorted({name.partition(".")[0] for name in imports_of(path, root)} & heads)
    ]


def test_tests_and_benchmarks_do_not_import_each_other():
    assert modules_of(ROOT / "tools")
    assert apart(ROOT) == []


def test_no_page_keeps_results_in_its_own_file(house):
    assert kept_by_pages(ROOT) == []
    files = {"app/views/a": "@memory.cached(3)\ndef drawn(): pass\n\n@cached(3)\ndef too(): pass\n"}
    assert kept_by_pages(house(files)) == ["app/views/a.py: drawn is kept", "app/views/a.py: too is kept"]


def test_no_module_of_the_library_names_a_prior_but_where_it_is_declared(house):
    assert namers(ROOT) == []
    files = {"vampcore/priors/a": 'KIND = PriorKind(key="mine")\n', "vampcore/nn": 'if config.prior == "mine": pass\n'}
    assert namers(house(files)) == ["vampcore/nn.py:1: names the prior mine"]


@pytest.fixture
def house(tmp_path):
    """Writes files into an empty house and returns its root."""

    def build(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return build


@pytest.mark.parametrize(
    ("package", "tiers", "files", "fault"),
    [
        ("vampcore", VAMPCORE, {"vampcore/nn": "from vampcore.models import VAE\n"}, "does not stand below"),
        ("vampcore", VAMPCORE, {"vampcore/nn": "from .models.vae import VAE\n"}, "does not stand below"),
        ("vampcore", VAMPCORE, {"vampcore/metrics/a": "def f():\n    import vampcore.zoo\n"}, "does not stand below"),
        ("vampcore", VAMPCORE, {"vampcore/priors": "from vampcore import VAE\n"}, "the package vampcore itself"),
        ("vampcore", VAMPCORE, {"vampcore/priors": "import vampcore.likelihoods\n"}, "does not stand below"),
        ("vampcore", VAMPCORE, {"vampcore/helpers": ""}, "helpers has no place"),
        ("vampcore", VAMPCORE, {"vampcore/nn": "from vampcore.helpers import f\n"}, "helpers, which has no place"),
        ("app", APP, {"app/state": "from app import widgets\n", "app/widgets": ""}, "does not stand below"),
        ("app", APP, {"app/figures/a": "import app.services\n"}, "does not stand below"),
        ("app", APP, {"app/records": "from app.figures import a\n", "app/figures/a": ""}, "does not stand below"),
        ("app", APP, {"app/helpers/a": ""}, "helpers has no place"),
    ],
)
def test_an_import_that_climbs_is_found(house, package, tiers, files, fault):
    (found,) = climbs(house(files), package, tiers)
    assert fault in found


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"vampcore/nn": "import plotly.express\n"}, "vampcore/nn.py: imports plotly"),
        ({"vampcore/nn": "from app import state\n"}, "vampcore/nn.py: imports app"),
        ({"app/figures/a": "import streamlit\n"}, "app/figures/a.py: imports streamlit"),
        ({"app/figures/a": "from torch import nn\n"}, "app/figures/a.py: imports torch"),
        ({"app/records": "import streamlit\n"}, "app/records.py: imports streamlit"),
        ({"app/records": "from vampcore.metrics import Metric\n"}, "app/records.py: imports vampcore"),
        ({"app/widgets": "import vampcore.zoo\n"}, "app/widgets.py: imports vampcore"),
        ({"app/views/a": "import plotly.graph_objects\n"}, "app/views/a.py: imports plotly"),
        ({"app/views/a": "from app.ready import wait\n"}, "app/views/a.py: imports app.ready"),
        ({"app/views/a": "from . import b\n", "app/views/b": ""}, "app/views/a.py: imports app.views"),
        (
            {"app/views/a": "from app.services import Ref\n", "app/services/loading": ""},
            "app/views/a.py: imports app.services itself, not one of its modules",
        ),
        (
            {"app/state": "from app import services\n", "app/services/loading": ""},
            "app/state.py: imports app.services itself, not one of its modules",
        ),
    ],
)
def test_a_trespass_is_found(house, files, fault):
    assert trespasses(house(files)) == [fault]


def test_an_import_between_tests_and_benchmarks_is_found(house):
    files = {
        "tests/browser/a": "from benchmarks.pages import CONTROLS\n",
        "tests/benchmarks/b": "from benchmarks import pages\nfrom tools.server import serve\n",
        "benchmarks/pages": "from tests.processes import ROOT\n",
        "benchmarks/gpu/job": "from benchmarks import pages\nfrom tools import server\n",
        "tools/server": "def f():\n    from tests import processes\n",
    }
    assert apart(house(files)) == [
        "tools/server.py: imports tests",
        "benchmarks/pages.py: imports tests",
        "tests/browser/a.py: imports benchmarks",
    ]


def test_what_is_allowed_is_not_found(house):
    files = {
        "vampcore/__init__": "from vampcore.zoo import load\n",
        "vampcore/zoo": "import torch\nfrom vampcore.checkpoints import save\nfrom vampcore import metrics\n",
        "vampcore/checkpoints": "",
        "vampcore/metrics/a": "from .b import c\nfrom vampcore.models import VAE\n",
        "vampcore/metrics/b": "",
        "app/services/images": "import torch\nfrom vampcore import zoo\n",
        "app/views/a": "import math\nimport numpy as np\nimport streamlit as st\nfrom app.services import images\n"
        "from app.figures import b\nfrom app.widgets import c\n",
        "app/figures/b": "import plotly.graph_objects as go\nfrom app import records\nfrom app.figures import c\n",
        "app/records": "import numpy as np\n",
        "app/figures/c": "",
        "app/widgets/c": "import streamlit as st\nfrom app.frontend.pick import pick\n",
        "app/main": "from app import state\nfrom app.widgets import c\n",
        "app/state": "",
        "app/frontend/pick": "import streamlit\n",
    }
    root = house(files)
    assert climbs(root, "vampcore", VAMPCORE) + climbs(root, "app", APP) + trespasses(root) == []
