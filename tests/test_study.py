"""The stages on disk: the same as computed, and never those of something else."""

import dataclasses
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas
import pytest
import soundfile
from sounds import RATE, refused, short_recording, tones_in_noise

import usvlib
import usvlib.study
from usvlib import ORIGINAL, Study

STAGES = ("spectrograms", "measures", "features", "coordinates", "clusters")


def _study(recordings, recipe=ORIGINAL, name="test"):
    recordings = recordings if isinstance(recordings, list) else [recordings]
    return Study(name, recipe, tuple(recordings))


def _open_all(study):
    return {stage: getattr(study, stage) for stage in STAGES}


def _tones(n, **changes):
    """A recording with n syllables."""
    rng = np.random.default_rng(n)
    sweeps = rng.uniform(55e3, 100e3, (n, 2))
    samples, onsets, offsets = tones_in_noise(sweeps)
    arguments = {"samples": samples, "samplerate_hz": RATE, "onsets": onsets, "offsets": offsets}
    return usvlib.recording_from_array(**arguments | changes)


@pytest.fixture
def never_compute(monkeypatch):
    """From here on, a stage that is computed is a failure."""

    def switch_off():
        for function in (
            "syllable_spectrograms",
            "syllable_measures",
            "normalise",
            "embed",
            "cluster",
        ):

            def computed(*_, function=function, **__):
                pytest.fail(f"{function} was called")

            monkeypatch.setattr(usvlib.study, function, computed)

    return switch_off


@pytest.fixture(scope="module")
def direct(recording, spectrograms, features):
    """The stages of the shared recording, computed without a study."""
    coordinates = usvlib.embed(features)
    return {
        "spectrograms": spectrograms,
        "measures": usvlib.syllable_measures(spectrograms),
        "features": features,
        "coordinates": coordinates,
        "clusters": usvlib.cluster(coordinates),
    }


def _assert_same_stages(ours, theirs):
    for field in dataclasses.fields(usvlib.SyllableSpectrograms):
        a, b = (getattr(stages["spectrograms"], field.name) for stages in (ours, theirs))
        assert type(a) is type(b), field.name
        if field.name == "spectrograms":
            assert len(a) == len(b)
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y)
                assert x.dtype == y.dtype
        else:
            np.testing.assert_array_equal(a, b)
    pandas.testing.assert_frame_equal(ours["measures"], theirs["measures"])
    for stage in ("features", "coordinates"):
        np.testing.assert_array_equal(ours[stage], theirs[stage])
        assert ours[stage].dtype == theirs[stage].dtype
    np.testing.assert_array_equal(ours["clusters"].labels, theirs["clusters"].labels)
    np.testing.assert_array_equal(ours["clusters"].centroids, theirs["clusters"].centroids)


def test_the_stages_are_those_computed_directly_at_first_and_from_disk(
    cache, recording, direct, never_compute
):
    _assert_same_stages(_open_all(_study(recording)), direct)
    never_compute()
    _assert_same_stages(_open_all(_study(recording)), direct)


def test_only_the_stages_that_a_stage_needs_are_computed(cache, recording, monkeypatch):
    study = _study(recording)
    monkeypatch.setattr(usvlib.study, "embed", lambda *_: pytest.fail("embed was called"))
    _ = study.features
    assert sorted(path.stem for path in study.folder.iterdir()) == ["features", "spectrograms"]


def test_pooled_recordings_are_one_study(cache, recording):
    other = usvlib.simulate_recording(10, seed=2)
    study = _study([recording, other])
    assert study.spectrograms.recording_index.tolist() == [0] * 60 + [1] * 10
    assert study.spectrograms.noise_floor.shape == (2, 128)
    assert len(study.measures) == len(study.features) == 70
    alone = _study(other).spectrograms
    for ours, theirs in zip(study.spectrograms.spectrograms[60:], alone.spectrograms, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_recipe_reaches_every_stage(cache):
    recipe = usvlib.Recipe(
        n_mels=60, crop=(5, 5), centre_halfwidth=None, time_scaling=None, n_clusters=2
    )
    study = _study(_tones(40), recipe)
    assert {s.shape[0] for s in study.spectrograms.spectrograms} == {50}
    assert study.features.shape == (40, 50, study.spectrograms.n_frames.max())
    assert study.clusters.n_clusters == 2


# By name


def test_a_study_is_opened_by_name_path_or_default(cache, tmp_path, monkeypatch):
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    path = tmp_path / "mine.wav"
    soundfile.write(path, samples, RATE)
    np.savetxt(path.with_suffix(".csv"), np.stack([onsets, offsets], axis=1) / RATE, delimiter=",")
    assert usvlib.open_study().name == "simulated"
    assert usvlib.open_study("simulated").recordings[0].n_syllables == 1600
    by_path, by_text = usvlib.open_study(path), usvlib.open_study(str(path))
    assert by_path.digest == by_text.digest
    assert by_path.recordings[0].n_syllables == 2
    monkeypatch.setenv("USVLIB_RECORDING", str(path))
    assert usvlib.open_study().digest == by_path.digest


def test_a_study_says_what_it_is_of(cache):
    assert str(_study(short_recording(), name="mine")) == (
        "mine: 4 syllables in 0.5 s, sampled at 250 kHz"
    )
    pooled = _study([short_recording(), short_recording()])
    assert "2 files, 8 syllables in 0.9 s" in str(pooled)
    simulated = str(usvlib.open_study("simulated"))
    assert simulated.startswith("simulated: 1,600 syllables in ")
    assert "without types" in simulated
    assert "(made of 3 types)" in str(_study(usvlib.simulate_recording(9, n_types=3)))


# What the digest depends on


def test_the_digest_is_the_same_for_the_same(cache):
    assert _study(short_recording()).digest == _study(short_recording()).digest
    assert _study(short_recording()).folder.parent == cache / "studies"


@pytest.mark.parametrize(
    "changes",
    [
        {"n_fft": 1024},
        {"hop_s": 0.002},
        {"n_mels": 100},
        {"low_hz": 41_000},
        {"high_hz": 120_000},
        {"crop": (14, 10)},
        {"threshold": None},
        {"threshold": 0.5},
        {"time_scaling": None},
        {"centre_halfwidth": None},
        {"n_neighbors": 10},
        {"min_dist": 0.1},
        {"embedding_seed": 3},
        {"n_clusters": 10},
        {"clustering_seed": 3},
    ],
)
def test_the_digest_changes_with_the_recipe(changes):
    recipe = dataclasses.replace(ORIGINAL, **changes)
    assert _study(short_recording(), recipe).digest != _study(short_recording()).digest


def test_the_digest_changes_with_the_recordings():
    recording = short_recording()
    one_sample = recording.read(0, 1).copy()
    one_sample[500] *= 1.001
    one_onset = recording.onsets + np.array([0, 0, 1, 0])
    found = {
        _study(recordings).digest
        for recordings in (
            recording,
            short_recording(samples=one_sample),
            short_recording(onsets=one_onset),
            short_recording(name="other"),
            short_recording(samplerate_hz=RATE + 1),
            [recording, recording],
            usvlib.simulate_recording(4, seed=1),
            usvlib.simulate_recording(4, seed=2),
        )
    }
    assert len(found) == 8


def test_the_digest_changes_with_a_changed_audio_file_or_table(tmp_path):
    samples, *_ = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    path, table = tmp_path / "mine.wav", tmp_path / "mine.csv"
    soundfile.write(path, samples, RATE)
    table.write_text("0.05,0.1\n0.15,0.2\n")
    digests = [usvlib.open_study(path).digest]
    table.write_text("0.05,0.1\n0.15,0.19\n")
    digests.append(usvlib.open_study(path).digest)
    samples[100] += 0.001
    soundfile.write(path, samples, RATE)
    digests.append(usvlib.open_study(path).digest)
    assert len(set(digests)) == 3


@pytest.fixture
def package_copy(tmp_path, monkeypatch):
    """A checkout of the package that a test may edit, and that the digest is taken of."""
    package = tmp_path / "checkout" / "usvlib"
    shutil.copytree(usvlib.study.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package.parent / "requirements.txt").write_text("numpy==2.0\n")
    monkeypatch.setattr(usvlib.study, "PACKAGE", package)
    # As if it had been imported from there.
    monkeypatch.setattr(usvlib.study, "CODE_DIGEST", usvlib.study.code_digest())
    return package


def _import_anew():
    usvlib.study.CODE_DIGEST = usvlib.study.code_digest()


def _digest_after_an_edit():
    _import_anew()
    return _study(short_recording()).digest


@pytest.mark.parametrize(
    "file", ["spectrograms.py", "embedding.py", "_engine/kernels.py", "../requirements.txt"]
)
def test_the_digest_changes_with_the_source_and_the_locked_versions(package_copy, file):
    before = _digest_after_an_edit()
    path = package_copy / file
    path.write_text(path.read_text() + "# edited\n")
    assert _digest_after_an_edit() != before


def test_the_digest_changes_with_a_new_module_but_not_with_what_python_caches(package_copy):
    before = _digest_after_an_edit()
    (package_copy / "__pycache__").mkdir()
    (package_copy / "__pycache__" / "recipe.pyc").write_text("compiled")
    assert _digest_after_an_edit() == before
    (package_copy / "batch.py").write_text("")
    assert _digest_after_an_edit() != before


def test_stages_of_edited_source_are_computed_anew(cache, package_copy, never_compute):
    recording = short_recording()
    _ = _study(recording).features
    (package_copy / "normalisation.py").write_text("# edited\n")
    _import_anew()
    never_compute()
    with pytest.raises(pytest.fail.Exception, match="was called"):
        _ = _study(recording).features


def test_what_old_code_computes_after_an_edit_is_not_stored(cache, package_copy):
    # In a notebook whose kernel runs the code as it was imported.
    study = _study(short_recording())
    _ = study.spectrograms
    (package_copy / "normalisation.py").write_text("# edited\n")
    assert study.features.any()
    assert [path.name for path in study.folder.iterdir()] == ["spectrograms.npz"]


def test_the_digest_changes_with_what_is_installed(monkeypatch):
    before = _study(short_recording()).digest
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0.1")
    monkeypatch.setattr(usvlib.study, "CODE_DIGEST", usvlib.study.code_digest())
    assert _study(short_recording()).digest != before


# What is on disk


def test_stored_stages_hold_plain_arrays_only(cache, recording):
    study = _study(recording)
    _open_all(study)
    files = sorted(study.folder.iterdir())
    assert [file.name for file in files] == sorted(f"{stage}.npz" for stage in STAGES)
    for file in files:
        with np.load(file, allow_pickle=False) as npz:
            assert all(npz[key].dtype.kind in "iufb" for key in npz.files)


def test_a_killed_writer_does_no_harm(cache, recording, direct):
    # What it leaves is a partial file under a name of its own.
    study = _study(recording)
    study.folder.mkdir(parents=True)
    for name in (".features.1234.abcd.npz", ".spectrograms.1.ef.npz"):
        (study.folder / name).write_bytes(b"PK half of it")
    np.testing.assert_array_equal(study.features, direct["features"])


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_stage_that_is_damaged_on_disk_is_computed_anew(cache, recording, direct, share):
    # As after a loss of power, which may come between a file's name and its content.
    _ = _study(recording).features
    path = _study(recording).folder / "features.npz"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    np.testing.assert_array_equal(_study(recording).features, direct["features"])


def test_an_interrupted_stage_is_computed_the_next_time(cache, recording, direct, monkeypatch):
    with monkeypatch.context() as interrupted:

        def interrupt(*_):
            raise KeyboardInterrupt

        interrupted.setattr(usvlib.study, "normalise", interrupt)
        with pytest.raises(KeyboardInterrupt):
            _ = _study(recording).features
    study = _study(recording)
    assert [path.stem for path in study.folder.iterdir()] == ["spectrograms"]
    np.testing.assert_array_equal(study.features, direct["features"])


def test_a_cache_that_cannot_be_written_is_an_error(monkeypatch, below_a_file):
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(below_a_file))
    with refused(below_a_file, "cannot be written"):
        _ = _study(short_recording()).spectrograms


def test_an_error_of_a_stage_is_its_own_and_not_the_caches(cache, monkeypatch):
    def unreadable(*_):
        raise PermissionError(13, "Permission denied", "mine.wav")

    study = _study(short_recording())
    monkeypatch.setattr(usvlib.study, "syllable_spectrograms", unreadable)
    with pytest.raises(Exception, match=r"mine\.wav") as caught:
        _ = study.spectrograms
    assert "spectrograms.npz" not in str(caught.value)


def test_two_processes_at_once_do_no_harm(cache, tmp_path, never_compute):
    recording = usvlib.simulate_recording(30, seed=9)
    code = (
        "import usvlib\n"
        "study = usvlib.Study('s', usvlib.ORIGINAL, (usvlib.simulate_recording(30, seed=9),))\n"
        "study.measures, study.features\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    study = _study(recording)
    assert sorted(path.name for path in study.folder.iterdir()) == [
        "features.npz",
        "measures.npz",
        "spectrograms.npz",
    ]
    expected = usvlib.syllable_spectrograms(recording)
    never_compute()
    np.testing.assert_array_equal(study.features, usvlib.normalise(expected))
    pandas.testing.assert_frame_equal(study.measures, usvlib.syllable_measures(expected))


# Few syllables


@pytest.mark.parametrize("n", [1, 2, 3])
def test_of_one_to_three_syllables_there_is_no_map_and_all_stages_open(cache, capsys, n):
    study = _study(_tones(n))
    stages = _open_all(study)
    assert len(stages["spectrograms"]) == len(stages["measures"]) == n
    assert stages["features"].shape[0] == n
    assert stages["coordinates"].shape == (n, 2)
    assert np.isnan(stages["coordinates"]).all()
    assert stages["clusters"].labels.tolist() == [-1] * n
    assert stages["clusters"].n_clusters == 0
    assert f"no map: {n} syllables" in capsys.readouterr().out
    _assert_same_stages(_open_all(_study(_tones(n))), stages)


@pytest.mark.parametrize("n", [4, 12])
def test_of_four_syllables_and_more_there_is_a_map(cache, n):
    stages = _open_all(_study(_tones(n)))
    assert np.isfinite(stages["coordinates"]).all()
    assert stages["clusters"].labels.tolist() == [0] * n


def test_blank_syllables_stay_aligned_through_all_stages(cache):
    sweeps = [(60e3, 80e3), (42e3, 42e3), (90e3, 70e3), (65e3, 65e3), (100e3, 80e3), (42e3, 42e3)]
    samples, onsets, offsets = tones_in_noise(sweeps)
    study = _study(usvlib.recording_from_array(samples, RATE, onsets, offsets))
    blank = np.array([False, True, False, False, False, True])
    np.testing.assert_array_equal(study.spectrograms.blank, blank)
    np.testing.assert_array_equal(~study.features.any(axis=(1, 2)), blank)
    np.testing.assert_array_equal(np.isnan(study.coordinates).all(axis=1), blank)
    np.testing.assert_array_equal(study.clusters.labels == -1, blank)
    assert len(study.measures) == 6
