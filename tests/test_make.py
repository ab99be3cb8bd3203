"""What make passes on, installs, and says where it cannot work."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import prepare
import pytest
import recording_hash
import yaml

from usvlib._shared import file_digest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ("RECORDING", "ANNOTATIONS", "RECIPE", "CHANNEL", "SAMPLERATE")
VALUES = (
    "$(shell touch ran)",
    "${shell touch ran}",
    "$(eval RAN := $(shell touch ran))",
    r"a$\foo$b.wav",
    'it\'s "50 $$" `touch ran` $HOME #1; touch ran',
    "$",
)


@pytest.fixture
def project(tmp_path):
    """Return a folder with the Makefile and stand-ins for what it runs; they note the settings."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "tools" / "prepare.py", tmp_path / "tools")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "ruff", "oxlint", "lint-imports"):
        (programs / name).write_text("#!/bin/sh\nenv -0 > seen\n")
        (programs / name).chmod(0o755)
    for name in ("requirements.txt", "pyproject.toml", ".venv/installed"):
        (tmp_path / name).touch()
    return tmp_path


def make(project, *arguments, **environment):
    """Run make, without what a make that runs the tests has set."""
    inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", *arguments, f"PYTHON={sys.executable}"],
        cwd=project,
        env=inherited | environment,
        capture_output=True,
        text=True,
    )


def seen(project):
    """Return the environment of the last program that make has run."""
    lines = (project / "seen").read_bytes().split(b"\0")
    return dict(line.decode().split("=", 1) for line in lines if line)


class TestSettings:
    @pytest.mark.parametrize("name", SETTINGS)
    @pytest.mark.parametrize("value", VALUES)
    def test_they_pass_unchanged_and_nothing_is_run(self, project, name, value):
        for arguments, environment in (([f"{name}={value}"], {}), ([], {name: value})):
            run = make(project, "book", *arguments, **environment)
            assert run.returncode == 0, run.stderr
            assert seen(project)[name] == value
            assert not (project / "ran").exists()

    def test_a_make_within_make_runs_nothing_either(self, project):
        run = make(project, "quick", f"RECORDING={VALUES[0]}")
        assert run.returncode == 0, run.stderr
        assert not (project / "ran").exists()

    def test_a_setting_that_is_not_given_stays_out(self, project):
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        assert make(project, "book", **environment).returncode == 0
        assert not set(SETTINGS) & {name for name, value in seen(project).items() if value}


WAITER = """
import sys, time
from pathlib import Path

sys.path.insert(0, {tools!r})
import prepare

prepare.ROOT = Path({root!r})
prepare.VENV = prepare.ROOT / ".venv"


def install():
    with open(prepare.ROOT / "installs", "a") as file:
        file.write("x")
    time.sleep(1)
    (prepare.VENV / "installed").touch()


prepare.install = install
prepare.main()
"""


class TestInstallation:
    def test_two_at_once_install_once_and_one_waits(self, tmp_path):
        for name in ("requirements.txt", "pyproject.toml"):
            (tmp_path / name).touch()
        code = WAITER.format(tools=str(ROOT / "tools"), root=str(tmp_path))
        makes = [
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        outputs = [process.communicate(timeout=60)[0] for process in makes]
        assert [process.returncode for process in makes] == [0, 0]
        assert (tmp_path / "installs").read_text() == "x"
        assert sorted(outputs) == [
            "",
            "Another make is installing into .venv: waiting for it\n",
        ]

    def test_a_changed_lock_is_installed(self, project, monkeypatch):
        monkeypatch.setattr(prepare, "ROOT", project)
        monkeypatch.setattr(prepare, "VENV", project / ".venv")
        assert prepare.is_installed()
        later = time.time() + 10
        os.utime(project / "requirements.txt", (later, later))
        assert not prepare.is_installed()

    def test_every_package_is_compared_with_its_hash(self, project, monkeypatch):
        commands = []
        monkeypatch.setattr(prepare, "run", lambda *command: commands.append(command))
        monkeypatch.setattr(prepare, "VENV", project / ".venv")
        prepare.install()
        _, locked, own = commands
        assert locked[-3:] == ("--require-hashes", "-r", prepare.ROOT / "requirements.txt")
        assert "--no-deps" in own

    def test_an_old_python_is_named(self, project, monkeypatch):
        monkeypatch.setattr(prepare, "ROOT", project)
        monkeypatch.setattr(prepare, "VENV", project / "none")
        monkeypatch.setattr(prepare, "OLDEST", (99, 0))
        with pytest.raises(SystemExit, match=r"Python 99\.0 or newer is needed; this is 3\."):
            prepare.main()


class TestFolders:
    def test_a_home_that_cannot_be_written_to_is_named(self, project, below_a_file):
        run = make(project, "book", HOME=str(below_a_file))
        assert run.returncode != 0
        line, of_make = run.stderr.splitlines()
        assert line.startswith(f"the home folder {below_a_file} cannot be written to: set HOME")
        assert of_make.startswith("make: ***")

    def test_a_user_without_a_home_is_told(self, monkeypatch):
        # This is what Python returns for a user whom the system does not know.
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)
        with pytest.raises(SystemExit, match="the home folder ~ cannot be written to"):
            prepare.check_folders()

    def test_a_home_that_can_be_made_will_do(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path / "new" / "home"))
        prepare.check_folders()
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("folder", [".", "_build", "chapters", ".venv"])
    def test_a_checkout_that_cannot_be_written_to_is_named(self, project, monkeypatch, folder):
        monkeypatch.setattr(prepare, "ROOT", project)
        monkeypatch.setattr(prepare, "VENV", project / ".venv")
        (project / folder).mkdir(exist_ok=True)
        access = os.access
        monkeypatch.setattr(
            os, "access", lambda path, mode: path != project / folder and access(path, mode)
        )
        with pytest.raises(SystemExit, match="cannot be written to: copy the book") as refusal:
            prepare.check_folders()
        assert str(project / folder) in refusal.value.code


def test_the_lock_has_a_hash_for_every_package_and_names_no_host():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    packages = [i for i, line in enumerate(lines) if not line.startswith(" ")]
    assert len(packages) > 100
    for i in packages:
        assert "==" in lines[i]
        assert lines[i + 1].strip().startswith("--hash=sha256:"), lines[i]
    assert not [line for line in lines if "//" in line or "index" in line or "find-links" in line]


class TestPublishing:
    JOBS = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text())["jobs"]

    def test_the_job_may_read_the_repository_and_write_pages_alone(self):
        permissions = {"contents": "read", "pages": "write", "id-token": "write"}
        assert self.JOBS["publish"]["permissions"] == permissions
        assert not [name for name in self.JOBS if "permissions" in self.JOBS[name]][1:]

    def test_the_hash_is_compared_before_the_book_is_built(self):
        runs = [step.get("run", "") for step in self.JOBS["publish"]["steps"]]
        compared = next(i for i, run in enumerate(runs) if "tools/recording_hash.py" in run)
        assert compared < next(i for i, run in enumerate(runs) if run.startswith("make book"))

    def test_every_action_is_pinned_by_commit(self):
        for job in self.JOBS.values():
            for step in job["steps"]:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", "a@" + "0" * 40))

    @pytest.fixture
    def file(self, tmp_path, monkeypatch, cache):
        """Return a stand-in for the tutorial's recording."""
        monkeypatch.setenv("USVLIB_DATA_DIR", str(tmp_path))
        path = tmp_path / "ivanenko2020" / "mice.npz"
        path.parent.mkdir()
        syllables = {"syllable_onsets": [1_000], "syllable_offsets": [9_000]}
        np.savez(path, recording=np.ones(250_000, np.int16), samplerate=250_000, **syllables)
        return path

    @pytest.mark.parametrize("pinned", [None, "", "its own"])
    def test_the_hash_is_printed(self, file, monkeypatch, capsys, pinned):
        if pinned is None:
            monkeypatch.delenv("IVANENKO_SHA256", raising=False)
        else:
            own = file_digest(file).upper()
            monkeypatch.setenv("IVANENKO_SHA256", own if pinned else pinned)
        recording_hash.main()
        printed = capsys.readouterr().out
        assert f"recording: {file_digest(file)}\n" in printed
        assert ("compared with nothing" in printed) == (not pinned)

    def test_another_hash_stops_the_job(self, file, monkeypatch):
        monkeypatch.setenv("IVANENKO_SHA256", "0" * 64)
        with pytest.raises(SystemExit, match="another recording"):
            recording_hash.main()

    def test_a_damaged_recording_stops_the_job_with_a_line(self, file):
        file.write_bytes(b"<html>")
        with pytest.raises(SystemExit, match=r"mice\.npz"):
            recording_hash.main()
