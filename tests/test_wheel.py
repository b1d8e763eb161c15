"""What is published: a wheel that works in an empty environment, from any folder."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr + done.stdout
    (built,) = out.glob("copper_mqtt-*.whl")
    return built


def test_the_wheel_brings_copper_tracer_and_viz_and_nothing_else(wheel):
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"copper", "tracer", "viz"}


@pytest.mark.parametrize("page", ["viz/formats/page", "viz/live/page"])
def test_the_wheel_brings_the_files_of_the_page(wheel, page):
    brought = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(page)}
    assert brought == {f"{page}/{path.name}" for path in (ROOT / page).iterdir() if path.is_file()}


def test_the_wheel_in_an_empty_environment_runs_the_demo_from_another_folder(wheel, tmp_path):
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=50)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=50, env={"PATH": "/usr/bin:/bin"})
    # The libraries that the wheel asks for are those of the tests' own environment: no test leaves this machine.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [str(environment / "bin" / "copper"), "demo", "--broker", "builtin"]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in (elsewhere / ".copper" / "demo" / "workflow.yaml").read_text()
