"""The stages on disk: the same as computed, and never those of something else."""

import ast
import dataclasses
import importlib.metadata
import os
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
from usvlib._shared import imported_modules

STAGES = ("spectrograms", "measures", "features", "coordinates", "clusters")


def _study(recordings, recipe=ORIGINAL, name="test"):
    recordings = recordings if isinstance(recordings, list) else [recordings]
    return Study(name, recipe, tuple(recordings))


def _stored(cache):
    """Names of the stages that are on disk."""
    return sorted(path.parent.name for path in cache.rglob("[!.]*.npz"))


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
    assert _stored(cache) == ["features", "spectrograms"]


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


def test_every_stage_is_computed_with_the_recipe_of_the_study(cache, monkeypatch):
    recipe, given = usvlib.Recipe(n_neighbors=5, n_clusters=3), {}
    for name in ("syllable_spectrograms", "normalise", "embed", "cluster"):
        function = getattr(usvlib.study, name)

        def watched(data, *others, function=function, name=name):
            given[name] = others
            return function(data, *others)

        monkeypatch.setattr(usvlib.study, name, watched)
    _open_all(_study(_tones(40), recipe))
    assert given == dict.fromkeys(given, (recipe,))
    assert len(given) == 4


# By name


def test_a_study_is_opened_by_name_path_or_default(cache, tmp_path, monkeypatch):
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    path = tmp_path / "mine.wav"
    soundfile.write(path, samples, RATE)
    np.savetxt(path.with_suffix(".csv"), np.stack([onsets, offsets], axis=1) / RATE, delimiter=",")
    assert usvlib.open_study().name == "simulated"
    assert usvlib.open_study("simulated").recordings[0].n_syllables == 1600
    by_path, by_text = usvlib.open_study(path), usvlib.open_study(str(path))
    assert by_path.stage_path("clusters") == by_text.stage_path("clusters")
    assert by_path.recordings[0].n_syllables == 2
    monkeypatch.setenv("USVLIB_RECORDING", str(path))
    assert usvlib.open_study().stage_path("clusters") == by_path.stage_path("clusters")


def test_a_study_says_what_it_is_of(cache):
    assert str(_study(short_recording(), name="mine")) == (
        "mine: 4 syllables in 0.5 s, sampled at 250 kHz\nrecipe tutorial: keeps 46 to 113 kHz"
    )
    pooled = _study([short_recording(), short_recording()])
    assert "2 files, 8 syllables in 0.9 s" in str(pooled)
    simulated = str(usvlib.open_study("simulated"))
    assert simulated.startswith("simulated: 1,600 syllables in ")
    assert "without types" in simulated
    assert "made from 3 types" in str(_study(usvlib.simulate_recording(9, n_types=3)))


# What the digests depend on


def _keys(recordings, recipe=ORIGINAL):
    """The file of each stage."""
    study = _study(recordings, recipe)
    return {stage: study.stage_path(stage) for stage in STAGES}


def _changed(before, after):
    return [stage for stage in STAGES if before[stage] != after[stage]]


def test_the_same_study_has_the_same_files(cache):
    keys = _keys(short_recording())
    assert keys == _keys(short_recording())
    assert {path.parents[1] for path in keys.values()} == {cache / "stages"}
    assert len(set(keys.values())) == len(STAGES)


FROM_SPECTROGRAMS = list(STAGES)
FROM_FEATURES = ["features", "coordinates", "clusters"]
FROM_COORDINATES = ["coordinates", "clusters"]


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"n_fft": 1024}, FROM_SPECTROGRAMS),
        ({"hop_s": 0.002}, FROM_SPECTROGRAMS),
        ({"n_mels": 100}, FROM_SPECTROGRAMS),
        ({"low_hz": 41_000}, FROM_SPECTROGRAMS),
        ({"high_hz": 120_000}, FROM_SPECTROGRAMS),
        ({"crop": (14, 10)}, FROM_SPECTROGRAMS),
        ({"threshold": None}, FROM_FEATURES),
        ({"threshold": 0.5}, FROM_FEATURES),
        ({"time_scaling": None}, FROM_FEATURES),
        ({"centre_halfwidth": None}, FROM_FEATURES),
        ({"n_neighbors": 10}, FROM_COORDINATES),
        ({"min_dist": 0.1}, FROM_COORDINATES),
        ({"embedding_seed": 3}, FROM_COORDINATES),
        ({"n_clusters": 10}, ["clusters"]),
        ({"clustering_seed": 3}, ["clusters"]),
        ({"low_hz": 40_000.0, "n_fft": np.int32(2048), "crop": [15, 10]}, []),
    ],
)
def test_a_field_of_the_recipe_changes_the_stages_that_use_it(changes, stages):
    recipe = dataclasses.replace(ORIGINAL, **changes)
    assert _changed(_keys(short_recording()), _keys(short_recording(), recipe)) == stages


def test_every_field_of_the_recipe_belongs_to_a_stage():
    used = [field for stage in usvlib.study.STAGES.values() for field in stage.fields]
    assert sorted(used) == sorted(field.name for field in dataclasses.fields(ORIGINAL))


def test_another_number_of_clusters_computes_the_clusters_alone(cache, never_compute, monkeypatch):
    recording = _tones(24)
    _ = _study(recording).clusters
    cluster = usvlib.study.cluster
    never_compute()
    monkeypatch.setattr(usvlib.study, "cluster", cluster)
    two = dataclasses.replace(ORIGINAL, n_clusters=1)
    assert _study(recording, two).clusters.n_clusters == 1


def test_every_stage_changes_with_the_recordings():
    recording = short_recording()
    one_sample = recording.read(0, 1).copy()
    one_sample[500] *= 1.001
    one_onset = recording.onsets + np.array([0, 0, 1, 0])
    found = [
        _keys(recordings)
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
    ]
    for stage in STAGES:
        assert len({keys[stage] for keys in found}) == 8


def test_the_stages_change_with_a_changed_audio_file_or_table(tmp_path):
    samples, *_ = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    path, table = tmp_path / "mine.wav", tmp_path / "mine.csv"
    soundfile.write(path, samples, RATE)
    table.write_text("0.05,0.1\n0.15,0.2\n")
    paths = [usvlib.open_study(path).stage_path("clusters")]
    table.write_text("0.05,0.1\n0.15,0.19\n")
    paths.append(usvlib.open_study(path).stage_path("clusters"))
    samples[100] += 0.001
    soundfile.write(path, samples, RATE)
    paths.append(usvlib.open_study(path).stage_path("clusters"))
    assert len(set(paths)) == 3


@pytest.fixture
def edit(monkeypatch):
    """Edit a module of the package, as if it had been imported like that."""

    def edited(module, change=lambda text: text + "\nEDITED = True\n"):
        path = usvlib.study.PACKAGE / module
        sources = dict(usvlib.study.SOURCES)
        text = change(sources[path].decode())
        assert text.encode() != sources[path]
        sources[path] = text.encode()
        monkeypatch.setattr(usvlib.study, "SOURCES", sources)
        usvlib.study._code_digest.cache_clear()

    yield edited
    usvlib.study._code_digest.cache_clear()


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("explorer/page.py", []),
        ("continuum/assessment.py", []),
        ("figures.py", []),
        ("study.py", []),
        ("data/datasets.py", []),
        ("data/simulation.py", []),
        ("spectrograms.py", FROM_SPECTROGRAMS),
        ("_engine/kernels.py", FROM_SPECTROGRAMS),
        ("data/audio.py", FROM_SPECTROGRAMS),
        ("measures.py", ["measures"]),
        ("normalisation.py", FROM_FEATURES),
        ("embedding.py", FROM_COORDINATES),
        ("clustering.py", ["clusters"]),
    ],
)
def test_an_edit_changes_the_stages_that_use_the_module(edit, module, stages):
    before = _keys(short_recording())
    edit(module)
    assert _changed(before, _keys(short_recording())) == stages


def test_an_edit_of_the_simulator_changes_the_stages_of_simulated_recordings(edit):
    recording = usvlib.simulate_recording(3)
    before = _keys(recording)
    edit("data/synthesis.py")
    assert _changed(before, _keys(recording)) == FROM_SPECTROGRAMS


@pytest.mark.parametrize("module", ["spectrograms.py", "_engine/kernels.py", "clustering.py"])
def test_comments_docstrings_and_blank_lines_change_nothing(edit, module):
    before = _keys(short_recording())
    edit(module, lambda text: text.replace('"""', '"""Edited: ', 1) + "\n\n# edited\n")
    assert _keys(short_recording()) == before


def test_stages_of_edited_source_are_computed_again(cache, edit, never_compute):
    recording = short_recording()
    _ = _study(recording).features
    edit("normalisation.py")
    never_compute()
    _ = _study(recording).spectrograms
    with pytest.raises(pytest.fail.Exception, match="was called"):
        _ = _study(recording).features


def test_what_is_computed_after_an_edit_on_disk_is_not_stored(cache, edit):
    # A notebook's kernel runs the code as it was imported; here the files on disk differ from it.
    edit("normalisation.py")
    study = _study(short_recording())
    assert study.features.any()
    assert study.stage_path("spectrograms").is_file()
    assert not study.stage_path("features").exists()


def test_the_stages_change_with_what_is_installed(monkeypatch):
    before = _keys(short_recording())
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0.1")
    assert _changed(before, _keys(short_recording())) == FROM_SPECTROGRAMS


# Packages that change no number: they fetch, list, cache, show or hold what others compute.
HARMLESS = {
    "joblib",
    "pooch",
    "platformdirs",
    "requests",
    "tqdm",
    "urllib3",
    "pandas",
    "matplotlib",
}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "umap": "umap-learn", "PIL": "pillow"}


def _imported_packages(stage):
    """The packages outside of Python's own that the modules of a stage import."""
    paths = imported_modules(_study(short_recording())._modules(stage), usvlib.study.SOURCES)
    imported = set()
    for node in (node for path in paths for node in ast.walk(ast.parse(path.read_bytes()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(node.module.split(".")[0])
    return {DISTRIBUTIONS.get(name, name) for name in imported - sys.stdlib_module_names} - HARMLESS


@pytest.mark.parametrize("stage", STAGES)
def test_the_digest_of_a_stage_has_the_versions_of_all_packages_that_it_imports(stage):
    known, before = set(), stage
    while before:
        known |= set(usvlib.study.STAGES[before].packages)
        before = usvlib.study.STAGES[before].before
    assert _imported_packages(stage) <= known


@pytest.mark.parametrize(
    ("package", "first"), [("scipy", 0), ("pillow", 2), ("umap-learn", 3), ("scikit-learn", 3)]
)
def test_another_version_of_a_package_changes_the_stages_that_use_it(monkeypatch, package, first):
    before, version = _keys(short_recording()), importlib.metadata.version
    monkeypatch.setattr(
        "importlib.metadata.version", lambda name: "0.0.1" if name == package else version(name)
    )
    assert _changed(before, _keys(short_recording())) == list(STAGES[first:])


# What is on disk


def test_stored_stages_hold_plain_arrays_only(cache, recording):
    study = _study(recording)
    _open_all(study)
    assert _stored(cache) == sorted(STAGES)
    for stage in STAGES:
        with np.load(study.stage_path(stage), allow_pickle=False) as npz:
            assert all(npz[key].dtype.kind in "iufbU" for key in npz.files)


def test_a_killed_writer_does_no_harm(cache, recording, direct):
    # What it leaves is a partial file under a name of its own.
    study = _study(recording)
    for stage in ("features", "spectrograms"):
        path = study.stage_path(stage)
        path.parent.mkdir(parents=True)
        path.with_name(f".{path.stem}.1234.abcd.npz").write_bytes(b"PK half of it")
    np.testing.assert_array_equal(study.features, direct["features"])


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_stage_that_is_damaged_on_disk_is_computed_anew(cache, recording, direct, share):
    # As after a loss of power, which may come between a file's name and its content.
    _ = _study(recording).features
    path = _study(recording).stage_path("features")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.warns(usvlib.UsvWarning, match="features.*damaged.*computed again"):
        np.testing.assert_array_equal(_study(recording).features, direct["features"])


def test_a_stage_without_one_of_its_arrays_is_computed_anew(cache, recording, direct):
    _ = _study(recording).features
    path = _study(recording).stage_path("features")
    np.savez(path, feature=np.zeros(3), warnings=np.array([], str))
    with pytest.warns(usvlib.UsvWarning, match="it has no array features"):
        np.testing.assert_array_equal(_study(recording).features, direct["features"])


def test_an_interrupted_stage_is_computed_the_next_time(cache, recording, direct, monkeypatch):
    with monkeypatch.context() as interrupted:

        def interrupt(*_):
            raise KeyboardInterrupt

        interrupted.setattr(usvlib.study, "normalise", interrupt)
        with pytest.raises(KeyboardInterrupt):
            _ = _study(recording).features
    study = _study(recording)
    assert _stored(cache) == ["spectrograms"]
    np.testing.assert_array_equal(study.features, direct["features"])


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch, below_a_file):
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(below_a_file))
    with pytest.warns(usvlib.UsvWarning, match=r"cannot be written.*computed again"):
        stage = _study(short_recording()).spectrograms
    assert len(stage) == 4


def test_a_warning_of_a_stage_is_given_again_when_it_is_read(cache):
    recording = _tones(12)
    for _ in range(2):
        with pytest.warns(usvlib.UsvWarning, match="neighbours"):
            _ = _study(recording).coordinates


def test_the_cache_is_kept_within_its_limit_and_can_be_cleared(cache, monkeypatch):
    recording = short_recording()
    _ = _study(recording).features
    old = _study(recording).stage_path("spectrograms")
    os.utime(old, (1, 1))
    # What was used lately stays, even if there is too much of it.
    usvlib.data.trim_cache(max_bytes=0)
    assert _stored(cache) == ["features"]
    assert usvlib.data.clear_cache() > 0
    assert _stored(cache) == []


def test_a_stage_that_is_read_is_marked_as_used(cache):
    recording = short_recording()
    _ = _study(recording).features
    path = _study(recording).stage_path("features")
    os.utime(path, (1, 1))
    _ = _study(recording).features
    usvlib.data.trim_cache(max_bytes=0)
    assert path.is_file()


def test_writing_a_stage_trims_the_cache(cache, monkeypatch):
    called = []
    monkeypatch.setattr(usvlib.study, "trim_cache", lambda: called.append(True))
    _ = _study(short_recording()).features
    assert called == [True, True]


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
    assert _stored(cache) == ["features", "measures", "spectrograms"]
    expected = usvlib.syllable_spectrograms(recording)
    never_compute()
    np.testing.assert_array_equal(study.features, usvlib.normalise(expected))
    pandas.testing.assert_frame_equal(study.measures, usvlib.syllable_measures(expected))


# Few syllables


@pytest.mark.parametrize("n", [1, 2, 3])
def test_of_one_to_three_syllables_there_is_no_map_and_all_stages_open(cache, n):
    study = _study(_tones(n))
    with pytest.warns(usvlib.UsvWarning, match=f"no map: {n} syllables"):
        stages = _open_all(study)
    assert len(stages["spectrograms"]) == len(stages["measures"]) == n
    assert stages["features"].shape[0] == n
    assert stages["coordinates"].shape == (n, 2)
    assert np.isnan(stages["coordinates"]).all()
    assert stages["clusters"].labels.tolist() == [-1] * n
    assert stages["clusters"].n_clusters == 0
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


def test_a_recording_without_syllables_opens_and_says_so_where_some_are_needed(cache):
    study = _study(short_recording(onsets=[], offsets=[]))
    assert "0 syllables" in str(study)
    for _ in range(2):
        assert len(study.spectrograms) == len(study.measures) == 0
        assert study.spectrograms.noise_floor.shape == (1, 128)
        study = _study(short_recording(onsets=[], offsets=[]))
    with refused("no syllables"):
        _ = study.features


@pytest.mark.parametrize("recipe", ["tutorial", None, {}])
def test_a_study_of_another_kind_of_recipe_is_an_error(recipe):
    with refused(f"recipe is {recipe!r}", "type Recipe"):
        Study("mine", recipe, (short_recording(),))


@pytest.mark.parametrize("recordings", [None, "simulated", 3, [1, 2], []])
def test_a_study_of_something_else_is_an_error(recordings):
    with refused("recordings", "must be", "Recording"):
        Study("mine", ORIGINAL, recordings)


def test_the_recipe_may_be_named_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("USVLIB_RECIPE", "rat")
    study = usvlib.open_study("simulated")
    assert study.recipe == usvlib.RECIPES["rat"]
    assert "recipe rat: keeps 18 to" in str(study)
    assert usvlib.open_study("simulated", ORIGINAL).recipe == ORIGINAL
    (tmp_path / "mine.toml").write_text("n_mels = 100\n")
    monkeypatch.setenv("USVLIB_RECIPE", str(tmp_path / "mine.toml"))
    assert usvlib.open_study("simulated").recipe.n_mels == 100


def test_several_files_are_one_study(tmp_path):
    for name in ("a", "b"):
        samples, onsets, offsets = tones_in_noise([(60e3, 80e3)])
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE)
        times = np.stack([onsets, offsets], axis=1) / RATE
        np.savetxt(tmp_path / f"{name}.csv", times, delimiter=",")
    assert usvlib.open_study(tmp_path).name == tmp_path.name
    study = usvlib.open_study([tmp_path / "a.wav", tmp_path / "b.wav"])
    assert study.name == "2 recordings"
    assert len(study.recordings) == 2
