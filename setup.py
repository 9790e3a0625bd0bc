"""What pyproject.toml cannot say: the models of `checkpoints/` are `vampcore/shipped/` in a wheel."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["vampcore*", "app*"]), "vampcore.shipped"],
    package_dir={"vampcore.shipped": "checkpoints"},
)
