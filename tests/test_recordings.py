"""A recording: its samples piece by piece, and syllables that can be true."""

import dataclasses
import pickle
import warnings

import joblib
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sounds import RATE, Samples, noise, refused, short_recording, tones_in_noise

import usvlib
from usvlib import recording_from_array


@given(st.integers(1, 150_000))
def test_the_blocks_put_together_are_the_whole(n_samples):
    recording = short_recording()
    blocks = list(recording.blocks(n_samples))
    assert all(len(block) == n_samples for block in blocks[:-1])
    assert 1 <= len(blocks[-1]) <= n_samples
    whole = recording.read(0, recording.duration_s)
    assert len(whole) == recording.n_samples
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


@given(st.integers(0, 112_500), st.integers(0, 112_500))
def test_an_excerpt_is_read_by_its_seconds(start, stop):
    recording = short_recording()
    if start >= stop:
        with refused("start_s", "smaller"):
            recording.read(start / RATE, stop / RATE)
        return
    whole = recording.read(0, recording.duration_s)
    np.testing.assert_array_equal(recording.read(start / RATE, stop / RATE), whole[start:stop])


def test_an_excerpt_beyond_the_ends_is_cut_off_there():
    recording = short_recording()
    whole = recording.read(0, recording.duration_s)
    np.testing.assert_array_equal(recording.read(-3, 100), whole)
    assert len(recording.read(7, 8)) == 0
    assert len(recording.read(-8, -7)) == 0


@pytest.mark.parametrize(
    "excerpt",
    [(1, 1), (2, 1), (0, np.nan), (np.nan, 1), (0, np.inf), (0, "1"), (None, 1), (0, 10**400)],
)
def test_an_excerpt_without_a_duration_is_an_error(excerpt):
    with refused(f"start_s is {excerpt[0]!r}", f"stop_s is {excerpt[1]!r}", "finite", "smaller"):
        short_recording().read(*excerpt)


def test_samples_outside_the_recording_are_an_error():
    recording = short_recording()
    for start, stop in ((-1, 5), (0, recording.n_samples + 1), (5, 4), (0, 2.5)):
        with refused("whole number"):
            recording.read_samples(start, stop)


@pytest.mark.parametrize("n_samples", [0, -5, 0.5])
def test_blocks_of_no_length_are_an_error(n_samples):
    with refused("n_samples", n_samples, "at least 1"):
        next(short_recording().blocks(n_samples))


def test_it_knows_its_length_and_its_syllables():
    recording = short_recording()
    assert recording.n_samples == 112_500
    assert recording.duration_s == 0.45
    assert recording.n_syllables == 4
    assert recording.onsets.dtype == recording.offsets.dtype == np.int64
    assert recording.samplerate_hz == RATE


# Types of samples


@pytest.fixture(scope="module")
def sixteen_bit():
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    return np.round(samples * 2**15).astype(np.int16), onsets, offsets


def _cast(samples, dtype):
    """The same sound of 16 bits in another type, exactly."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return samples.astype(dtype) / dtype.type(2**15)
    wide = samples.astype(np.int64) * 2 ** (8 * dtype.itemsize - 16)
    return (wide + (2 ** (8 * dtype.itemsize - 1) if dtype.kind == "u" else 0)).astype(dtype)


@pytest.mark.parametrize(
    "dtype", ["int32", "uint16", "uint32", "float32", "float64", ">i2", ">f4", "int64"]
)
def test_the_type_of_the_samples_changes_nothing(sixteen_bit, dtype):
    samples, onsets, offsets = sixteen_bit
    expected = recording_from_array(samples, RATE, onsets, offsets).read(0, 1)
    assert expected.dtype == np.float32
    assert 0.04 < expected.max() < 0.1
    ours = recording_from_array(_cast(samples, dtype), RATE, onsets, offsets).read(0, 1)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_eight_bits_are_the_same_sound_but_coarser(sixteen_bit, dtype):
    samples, onsets, offsets = sixteen_bit
    centre = 128 if dtype == "uint8" else 0
    eight = (np.round(samples / 2**8) + centre).astype(dtype)
    ours = recording_from_array(eight, RATE, onsets, offsets).read(0, 1)
    np.testing.assert_allclose(ours, samples / 2**15, atol=0.51 / 128)


def test_full_scale_is_one():
    for dtype in ("int8", "int16", "int32", "uint8", "uint16"):
        info = np.iinfo(dtype)
        recording = recording_from_array(np.array([info.min, info.max] * 9, dtype), RATE, [0], [9])
        samples = recording.read(0, 1)
        assert samples.min() == -1
        assert samples.max() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("dtype", ["int32", "uint32"])
def test_faint_samples_of_32_bits_keep_their_precision(dtype):
    # float32 has 24 bits: a sample that still has its offset of 2**31 would lose the last ones.
    samples = np.array([1, -3, 77, 2**24 - 1] * 5)
    stored = (samples + (2**31 if dtype == "uint32" else 0)).astype(dtype)
    read = recording_from_array(stored, RATE, [0], [9]).read(0, 1)
    np.testing.assert_array_equal(read, samples / 2**31)


@pytest.mark.parametrize("samples", [np.ones(9, bool), np.ones(9, complex), np.array(["a"] * 9)])
def test_samples_that_are_no_numbers_are_an_error(samples):
    with refused("array", samples.dtype, "numbers"):
        recording_from_array(samples, RATE, [0], [9])


@pytest.mark.parametrize("shape", [(100, 2), (), (1, 100)])
def test_more_than_one_channel_is_an_error(shape):
    with refused("array", shape, "one channel"):
        recording_from_array(np.zeros(shape), RATE, [0], [9])


def test_a_recording_without_samples_is_an_error():
    with refused("mine: n_samples is 0"):
        recording_from_array(np.zeros(0), RATE, [0], [1], name="mine")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_a_sample_that_is_not_finite_is_an_error_wherever_it_is_read(bad):
    samples = noise(5000)
    samples[4321] = bad
    recording = recording_from_array(samples, RATE, [0], [1000], name="mine")
    with np.errstate(over="ignore"), refused("mine", "sample 4321", "not finite"):
        list(recording.blocks(1000))
    with np.errstate(over="ignore"), refused("mine", "sample 4321", "not finite"):
        recording.read(0.017, 0.018)
    # What lies before it is fine.
    assert len(recording.read(0, 0.01)) == 2500


def test_infinities_that_cancel_are_found():
    samples = noise(5000)
    samples[[10, 20]] = np.inf, -np.inf
    with np.errstate(invalid="ignore"), refused("sample 10"):
        next(recording_from_array(samples, RATE, [0], [1000]).blocks())


def test_fewer_samples_than_promised_are_an_error():
    recording = usvlib.Recording(
        name="short",
        samplerate_hz=RATE,
        n_samples=1000,
        onsets=[0],
        offsets=[500],
        source=Samples(lambda start, stop: np.zeros(min(stop, 600) - start)),
        fingerprint="",
    )
    with refused("short", "ends too early", "0 to 1000", 600):
        next(recording.blocks())


# Sampling rates


@pytest.mark.parametrize("rate", [0, -250_000, np.nan, np.inf])
def test_a_sampling_rate_that_cannot_be_is_an_error(rate):
    with refused("array", "samplerate", rate, "above 0"):
        short_recording(samplerate_hz=rate)


@pytest.mark.parametrize("rate", ["fast", [250_000, 300_000], None])
def test_a_sampling_rate_that_is_no_number_is_an_error(rate):
    with refused("array", "samplerate", "one number"):
        short_recording(samplerate_hz=rate)


def test_a_sampling_rate_may_be_any_kind_of_number():
    for rate in (250_000, 250_000.0, np.float64(250_000), np.array(250_000), np.int32(250_000)):
        assert repr(short_recording(samplerate_hz=rate).samplerate_hz) == "250000"
    assert short_recording(samplerate_hz=250_000.5).samplerate_hz == 250_000.5


# Syllables


@pytest.mark.parametrize(
    ("onsets", "offsets", "words"),
    [
        ([100], [200, 300], ["1 onsets", "2 offsets"]),
        ([100, 300], [200, 300], ["syllable 1", "from sample 300 to 300", "before"]),
        ([100, 400], [200, 300], ["syllable 1", "from sample 400 to 300", "before"]),
        ([-1], [200], ["syllable 0", "-1 to 200", "negative"]),
        ([100], [112_501], ["syllable 0", "112501", "ends at sample 112500"]),
        ([100, np.nan], [200, 300], ["onsets[1]", "nan", "finite"]),
        ([100], [np.inf], ["offsets[0]", "inf", "finite"]),
        ([[100]], [[200]], ["onsets", "(1, 1)", "one dimension"]),
        (["a"], ["b"], ["onsets", "numbers"]),
        (100, 200, ["onsets", "()", "one dimension"]),
    ],
)
def test_syllables_that_cannot_be_are_an_error(onsets, offsets, words):
    with refused("mine", *words):
        short_recording(onsets=onsets, offsets=offsets, name="mine")


def test_unsorted_overlapping_and_touching_syllables_are_fine():
    onsets, offsets = [50_000, 0, 1000], [112_500, 2000, 60_000]
    recording = short_recording(onsets=onsets, offsets=offsets)
    assert recording.onsets.tolist() == onsets
    assert recording.offsets.tolist() == offsets


def test_onsets_between_two_samples_are_those_of_the_sample_before():
    recording = short_recording(onsets=[100.0, 1000.75], offsets=[200.0, 2000.5])
    assert recording.onsets.tolist() == [100, 1000]
    assert recording.offsets.tolist() == [200, 2000]


# Fingerprints


def _fingerprint(**changes):
    return short_recording(**changes).fingerprint


def test_the_fingerprint_is_that_of_the_content():
    assert _fingerprint() == _fingerprint()
    assert _fingerprint(name="another") == _fingerprint()


def test_the_fingerprint_changes_with_one_sample_one_onset_or_the_sampling_rate():
    recording = short_recording()
    samples = recording.read(0, 1)
    one_sample = samples.copy()
    one_sample[77] += 1e-6
    one_onset = recording.onsets.copy()
    one_onset[2] += 1
    one_offset = recording.offsets.copy()
    one_offset[3] -= 1
    found = {
        _fingerprint(),
        _fingerprint(samples=one_sample),
        _fingerprint(onsets=one_onset),
        _fingerprint(offsets=one_offset),
        _fingerprint(samplerate_hz=250_001),
    }
    assert len(found) == 5


def test_the_fingerprint_tells_apart_samples_of_the_same_bytes():
    samples = np.round(noise(5000) * 2**15).astype(np.int16)
    signed = recording_from_array(samples, RATE, [0], [1000])
    unsigned = recording_from_array(samples.view(np.uint16), RATE, [0], [1000])
    assert not np.array_equal(signed.read(0, 1), unsigned.read(0, 1))
    assert signed.fingerprint != unsigned.fingerprint


def test_the_fingerprint_sees_every_onset_of_a_long_table():
    import pandas

    samples = noise(100_000)
    onsets = 400 * np.arange(200)
    table = pandas.DataFrame({"onset": onsets, "offset": onsets + 300})
    changed = table.copy()
    changed.loc[100, "onset"] += 1
    one, other = (
        recording_from_array(samples, RATE, t["onset"], t["offset"]) for t in (table, changed)
    )
    assert one.onsets[100] != other.onsets[100]
    assert one.fingerprint != other.fingerprint


def test_what_was_read_may_be_changed_without_harm():
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3)])
    recording = recording_from_array(samples.astype(np.float32), RATE, onsets, offsets)
    before = recording.read(0, 0.01)
    changed = recording.read(0, 0.01)
    changed -= 100
    np.testing.assert_array_equal(recording.read(0, 0.01), before)


# Recordings without syllables, with labels, and what figures call them


def test_a_recording_may_hold_no_syllables():
    recording = short_recording(onsets=[], offsets=[])
    assert recording.n_syllables == 0
    assert recording.onsets.dtype == recording.offsets.dtype == np.int64
    assert len(recording.read(0, 0.01)) == 2500


def _labelled(**fields):
    return dataclasses.replace(short_recording(onsets=[0, 500], offsets=[200, 900]), **fields)


def test_labels_and_confidence_go_with_the_syllables():
    recording = _labelled(labels=["up", "down"], confidence=[0.5, 1])
    assert recording.labels.tolist() == ["up", "down"]
    assert recording.confidence.dtype == np.float64
    for field in ("labels", "confidence"):
        with refused(field, "(1,)", "2 syllables"):
            _labelled(**{field: [1]})


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("mine", "mine"),
        ("_rec1.wav", "\u200a_rec1.wav"),
        (r"a$\foo$b", r"a\$\foo\$b"),
        ("マウス.wav", "□□□.wav"),
        ("two\nlines", "two□lines"),
        ("x" * 85, "x" * 19 + "…" + "x" * 20),
    ],
)
def test_a_label_can_be_drawn(name, label):
    import matplotlib.pyplot as plt

    assert short_recording(name=name).label == label
    _, ax = plt.subplots()
    ax.plot([0, 1], label=label)
    legend = ax.legend()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of missing glyphs and skipped labels
        ax.figure.canvas.draw()
    assert len(legend.get_texts()) == 1


# Sending recordings to other processes


def _mapped(folder):
    path = folder / "samples.npy"
    np.save(path, np.arange(200_000, dtype=np.int16))
    samples = np.load(path, mmap_mode="r")[1000:150_000]  # a slice keeps the file's own offset
    return recording_from_array(samples, RATE, np.arange(0, 9000, 10), np.arange(5, 9005, 10))


def _from_file(folder):
    path = folder / "mine.wav"
    soundfile.write(path, noise(100_000), RATE)
    spans = np.stack([np.arange(0, 9000, 10), np.arange(5, 9005, 10)], axis=1) / RATE
    np.savetxt(path.with_suffix(".csv"), spans, delimiter=",")
    return usvlib.load_recording(path)


def _simulated(folder):
    return usvlib.simulate_recording(900, n_types=3)


@pytest.mark.parametrize("make", [_mapped, _from_file, _simulated])
def test_a_pickled_recording_is_small_and_reads_the_same_elsewhere(make, tmp_path):
    recording = make(tmp_path)
    audio = usvlib.Audio(
        **{f.name: getattr(recording, f.name) for f in dataclasses.fields(usvlib.Audio)}
    )
    assert len(pickle.dumps(audio)) <= 5000
    content = pickle.dumps(recording)
    assert len(content) <= 5000 + 16 * recording.n_syllables
    again = pickle.loads(content)
    assert again.fingerprint == recording.fingerprint
    np.testing.assert_array_equal(again.onsets, recording.onsets)
    np.testing.assert_array_equal(again.read(0.1, 0.3), recording.read(0.1, 0.3))
    if recording.truth:
        assert again.truth.syllables.equals(recording.truth.syllables)
    # joblib's workers get it by cloudpickle.
    [elsewhere] = joblib.Parallel(2)([joblib.delayed(_mean_level)(recording)])
    assert elsewhere == _mean_level(recording)


def _mean_level(recording):
    return float(np.abs(recording.read(0.1, 0.3)).mean())


def test_a_mapped_file_that_changed_is_not_opened_again(tmp_path):
    content = pickle.dumps(_mapped(tmp_path))
    np.save(tmp_path / "samples.npy", np.zeros(10, np.int16))
    with refused("samples.npy", "has changed"):
        pickle.loads(content)


def test_samples_in_memory_are_pickled_themselves():
    recording = short_recording()
    again = pickle.loads(pickle.dumps(recording))
    np.testing.assert_array_equal(again.read(0, 0.2), recording.read(0, 0.2))


def test_given_latents_are_pickled_and_tell_recordings_apart():
    rng = np.random.default_rng(3)
    first = usvlib.data.recording_of_latents(np.zeros((3, 6)), np.zeros(3, int), rng, seed=0)
    again = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(again.read(0.4, 0.7), first.read(0.4, 0.7))
    # The generator has moved on, and draws another recording from the same arguments.
    second = usvlib.data.recording_of_latents(np.zeros((3, 6)), np.zeros(3, int), rng, seed=0)
    assert second.fingerprint != first.fingerprint


def test_bytes_of_a_name_that_are_no_text_become_question_marks():
    # Linux allows any bytes in the name of a file, and Python keeps them as surrogates.
    recording = dataclasses.replace(short_recording(), name="mouse_\udce9_1")
    assert recording.name == "mouse_?_1"
    assert recording.label == "mouse_?_1"
