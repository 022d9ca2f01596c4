"""Start the competitors and keep them, one long-lived process each."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
NEUROLIB = "neurolib==0.6.2"
NEUROLIB_ENVIRONMENT = ROOT / ".venv-neurolib"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class WorkerError(RuntimeError):
    """A competitor could not run a case."""


def neurolib_python():
    """Path of the Python that has neurolib, in an environment made on first use.

    Its NumPy and numba are the versions that we ourselves are locked to.
    """
    python = NEUROLIB_ENVIRONMENT / "bin" / "python"
    stamp = NEUROLIB_ENVIRONMENT / "installed"
    if stamp.exists() and stamp.read_text() == NEUROLIB:
        return python
    print(f"installing {NEUROLIB} into {NEUROLIB_ENVIRONMENT.name}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", NEUROLIB_ENVIRONMENT], check=True)
    constraints = ["--constraint", ROOT / "requirements" / "dev.txt"]
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [python, "-m", "pip", "install", *quiet, *constraints, NEUROLIB], check=True
    )
    stamp.write_text(NEUROLIB)
    return python


class Worker:
    """One process that runs cases when asked, and is idle in between.

    Parameters
    ----------
    competitor : {"skneuro", "neurolib"}
        Whose side to start.
    environment : dict, default=None
        Environment variables beside those of this process.
    """

    def __init__(self, competitor, environment=None):
        python = neurolib_python() if competitor == "neurolib" else sys.executable
        self.competitor = competitor
        self.process = subprocess.Popen(
            [python, HERE / f"worker_{competitor}.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | ONE_THREAD | (environment or {}),
        )
        hello = self._read()
        self.versions = hello["versions"]
        self.import_seconds = hello["import_seconds"]

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(
                f"the {self.competitor} worker ended with exit code "
                f"{self.process.wait()}; its last words are above"
            )
        return json.loads(line)

    def run(self, message):
        """Run one case and return its answer."""
        self.process.stdin.write(json.dumps(message) + "\n")
        answer = self._read()
        if "error" in answer:
            raise WorkerError(
                f"{self.competitor} could not run {message['name']}:\n{answer['error']}"
            )
        if not answer["finite"]:
            raise WorkerError(
                f"{self.competitor} returned non-finite numbers for {message['name']}"
            )
        return answer

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
