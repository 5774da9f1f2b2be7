"""Python packages of others, installed by version into a virtual environment once; for tests that compare with them.

A test calls run_with() first. It returns where the packages are there and this process is the environment's Python, and
otherwise starts it; where they cannot be had (no network, no wheel for this Python) it ends the process as a skip (77)
that says so in capitals.
"""
import os
import subprocess
import sys

SKIP = 77
INSTALLED = "--installed"


def environment_with(venv, packages):
    """The venv's Python, with the packages; or why there is none."""
    python = venv / "bin/python"
    wanted = [str(python), "-c", "from importlib.metadata import version;" +
              "".join(f"assert version('{name}') == '{number}';" for name, number in packages.items())]
    if python.exists() and subprocess.run(wanted, capture_output=True, check=False).returncode == 0:
        return python, ""
    pinned = [f"{name}=={version}" for name, version in packages.items()]
    for step in ([sys.executable, "-m", "venv", "--clear", str(venv)],
                 [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *pinned]):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return python, ""


def run_with(venv, packages):
    """Goes on in the venv's Python with the same arguments; packages are {name: version}."""
    if INSTALLED in sys.argv:
        return
    python, reason = environment_with(venv, packages)
    if python is None:
        names = " AND ".join(f"{name} {version}" for name, version in packages.items())
        print(f"SKIPPED: {names} CANNOT BE INSTALLED, SO NOTHING WAS COMPARED WITH THEM: {reason}")
        sys.exit(SKIP)
    os.execv(python, [str(python), *sys.argv, INSTALLED])
