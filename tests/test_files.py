"""Files that are there or not, and that are written whole or not at all."""

import hashlib

import pytest
from sounds import refused

import usvlib
from usvlib._shared.files import atomic_path, existing_file, file_digest


def _write_and_fail(path, error):
    with atomic_path(path) as partial:
        partial.write_text("half of it")
        raise error


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "folder" / "stage.npz"
    with atomic_path(path) as partial:
        partial.write_text("half of it")
        assert not path.exists()
    assert path.read_text() == "half of it"
    assert list(path.parent.iterdir()) == [path]


def test_a_partial_file_keeps_the_suffix(tmp_path):
    with atomic_path(tmp_path / "stage.npz") as partial:
        assert partial.suffix == ".npz"
        partial.write_text("")


def test_writing_replaces_what_was_there_before(tmp_path):
    path = tmp_path / "stage.txt"
    for text in ("old", "new"):
        with atomic_path(path) as partial:
            partial.write_text(text)
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, usvlib.UsvError])
def test_an_error_or_an_interruption_leaves_nothing_behind(tmp_path, error):
    path = tmp_path / "stage.txt"
    with pytest.raises(error, match="in the middle"):
        _write_and_fail(path, error("in the middle"))
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_keeps_what_was_there_before(tmp_path):
    path = tmp_path / "stage.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _write_and_fail(path, KeyboardInterrupt())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_path_do_not_share_a_partial_file(tmp_path):
    with atomic_path(tmp_path / "a") as first, atomic_path(tmp_path / "a") as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a").read_text() == "first"


def test_a_folder_that_cannot_be_made_is_named(below_a_file):
    with refused(below_a_file, "cannot be written"), atomic_path(below_a_file / "stage.npz"):
        pytest.fail("there is nothing to write to")


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "stage.npz"
    with refused(path, "cannot be written", "No space left"):
        _write_and_fail(path, OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_by_a_folder_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "stage.npz"
    path.mkdir()
    with refused(path, "cannot be written"), atomic_path(path) as partial:
        partial.write_text("whole")
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_both_kinds_of_error(tmp_path):
    with refused("gone.wav", "no such file", kind=usvlib.MissingFileError):
        existing_file(tmp_path / "gone.wav")
    with refused("gone.wav", kind=FileNotFoundError):
        existing_file(tmp_path / "gone.wav")


def test_a_folder_is_not_a_file(tmp_path):
    with refused(tmp_path, kind=usvlib.MissingFileError):
        existing_file(tmp_path)


def test_the_digest_is_that_of_the_content(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    assert existing_file(str(path)) == path
    assert file_digest(path) == hashlib.sha256(b"content").hexdigest()
