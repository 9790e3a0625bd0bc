"""The wheel, installed alone over the environment, serves the dashboard and its small experiments from anywhere."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tools.patience import patience
from tools.server import answering, free_port

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("app", "vampcore", ".streamlit", "vampscope.py", "setup.py", "pyproject.toml", "LICENSE")
SMALL = ["digits-2d", "frey-2d", "mnist-2d"]
NAMES = ["Digits, 2 latent dimensions", "Frey Faces, 2 latent dimensions", "MNIST, 2 latent dimensions"]
FONT = "app/static/fonts/ibm-plex-sans-latin-wght-normal.woff2"
MISSING = [name for name in ("pip", "setuptools") if importlib.util.find_spec(name) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("CI") != "true", reason=f"no {' or '.join(MISSING)} to build a wheel with"
)

# Opens the first page, and says what is on it and where all came from.
PAGE = """
import json, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
import app, vampcore

at = AppTest.from_file(str(Path(app.__file__).with_name("main.py")), default_timeout=float(sys.argv[1])).run()
print(json.dumps({
    "code": [app.__file__, vampcore.__file__],
    "path": [str(Path(entry).resolve()) for entry in sys.path],
    "experiments": at.sidebar.selectbox(key="experiment").options,
    "titles": [each.value for each in at.title],
    "charts": len(at.get("plotly_chart")),
    "faults": [each.value for each in (*at.exception, *at.error, *at.warning)],
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed wheel: built from a copy, since building leaves files among the sources."""
    base = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, base / "source" / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, base / "source" / name)
    (base / "source" / "checkpoints").symlink_to(ROOT / "checkpoints")
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-compile"]
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", base / "installed", base / "source"]
    subprocess.run(command, check=True, timeout=patience())
    return base / "installed"


@pytest.fixture
def outside(installed: Path) -> dict[str, str]:
    """An environment that knows the wheel and nothing of this checkout."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1", "STREAMLIT_SERVER_HEADLESS": "true"}


def files_below(folder: Path) -> dict[str, bytes]:
    """The content of every file that is no code, by its path."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_holds_the_files_of_the_dashboard_and_the_small_experiments(installed):
    theme = {".streamlit/config.toml": (ROOT / ".streamlit" / "config.toml").read_bytes()}
    assert files_below(installed / "app") == files_below(ROOT / "app") | theme
    assert sorted(path.name for path in (installed / "vampcore" / "shipped").iterdir()) == SMALL
    for experiment in SMALL:
        assert files_below(installed / "vampcore" / "shipped" / experiment) == files_below(
            ROOT / "checkpoints" / experiment
        )
    assert "shipped/mnist-2d/DATA.md" in files_below(installed / "vampcore")


def test_it_takes_no_other_names(installed):
    names = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} - {"__pycache__"}
    assert names == {"app", "vampcore", "vampscope.py", "bin"}


def test_the_command_serves_from_an_empty_folder(installed, outside, tmp_path):
    folder, log, port = tmp_path / "empty", tmp_path / "log.txt", free_port()
    folder.mkdir()
    command = [sys.executable, str(installed / "bin" / "vampscope"), "--port", str(port)]
    with answering(command, port, log, outside, folder=folder) as server:
        # Served only where the configuration was found.
        with urllib.request.urlopen(f"{server.url}/{FONT}", timeout=patience()) as answer:
            assert answer.read() == (ROOT / FONT).read_bytes()
        assert server.errors() == ""
    assert list(folder.iterdir()) == []


def test_the_first_page_lists_the_small_experiments_in_an_empty_folder(installed, outside, tmp_path):
    command = [sys.executable, "-c", PAGE, str(patience())]
    done = subprocess.run(command, cwd=tmp_path, env=outside, capture_output=True, text=True, timeout=patience(120))
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["code"] == [str(installed / name / "__init__.py") for name in ("app", "vampcore")]
    assert str(ROOT) not in found["path"]
    assert found["experiments"] == NAMES
    assert (found["titles"], found["faults"]) == (["Which prior explains handwritten digits best?"], [])
    assert found["charts"] > 0
    assert list(tmp_path.iterdir()) == []
