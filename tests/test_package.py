"""What an editable install hides: the packages that are shipped, and the promises of the README."""

import re
import tomllib
from pathlib import Path

import minialex

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_shipped():
    folders = [path.parent.relative_to(ROOT) for path in ROOT.glob("minialex/**/__init__.py")]
    folders += [
        Path("minialex") / path.parent.relative_to(ROOT)
        for path in ROOT.glob("kernels/**/__init__.py")
    ]
    found = {".".join(folder.parts) for folder in folders}
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_versions_agree():
    assert minialex.__version__ == PROJECT["project"]["version"]


def test_every_public_name_can_be_imported():
    for name in minialex.__all__:
        assert getattr(minialex, name) is not None
    assert set(minialex.__all__) <= set(dir(minialex))


def test_ci_runs_the_command_of_the_readme():
    readme = (ROOT / "README.md").read_text()
    commands = [line for line in readme.splitlines() if line.startswith("python3 -m venv ")]
    assert len(commands) == 2
    train, test = commands
    assert train.endswith(".venv/bin/minialex train")
    assert test.endswith(".venv-dev/bin/pytest -n auto")
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"grep -m1 '(\^[^']*)' README.md", script).group(1)
    assert [line for line in readme.splitlines() if re.match(pattern, line)] == [test]


def test_pictures_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text()
    pictures = re.findall(r"(?:src=\"|!\[[^\]]*\]\()([^\")]+)", readme)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)
