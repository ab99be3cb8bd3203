"""Recordings from files: every width and container, and every way to be broken."""

import io
import os
import warnings
import zipfile

import numpy as np
import pytest
import soundfile
from sounds import RATE, noise, refused, tones_in_noise

import usvlib
from usvlib.data import recording_from_audio
from usvlib.data.readers import recording_from_npz

SWEEPS = [(60e3, 80e3), (90e3, 70e3), (65e3, 65e3)]


@pytest.fixture(scope="module")
def sound():
    """Samples of 16 bits as float64, with onsets and offsets; so written exactly by any format."""
    samples, onsets, offsets = tones_in_noise(SWEEPS)
    return np.round(samples * 2**15) / 2**15, onsets, offsets


@pytest.fixture
def table(sound):
    """The text of the table of syllables, without a header."""
    _, onsets, offsets = sound
    return "".join(f"{a / RATE:.6f},{b / RATE:.6f}\n" for a, b in zip(onsets, offsets, strict=True))


@pytest.fixture
def audio(tmp_path, sound, table):
    """Writes `mine.wav`, or another, with a table beside it; gives the audio's path."""

    def write(name="mine.wav", samples=None, text=table, samplerate=RATE, subtype=None):
        path = tmp_path / name
        samples = sound[0] if samples is None else samples
        soundfile.write(path, samples, samplerate, subtype=subtype)
        if text is not None:
            path.with_suffix(".csv").write_text(text, encoding="utf-8")
        return path

    return write


# Audio that can be read


def test_the_syllables_are_those_of_the_table_beside_it(audio, sound):
    samples, onsets, offsets = sound
    recording = recording_from_audio(audio())
    assert recording.name == "mine"
    assert recording.samplerate_hz == RATE
    assert recording.onsets.tolist() == onsets.tolist()
    assert recording.offsets.tolist() == offsets.tolist()
    np.testing.assert_array_equal(recording.read(0, 1), samples.astype(np.float32))


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("mine.wav", "PCM_16"),
        ("mine.wav", "PCM_24"),
        ("mine.wav", "PCM_32"),
        ("mine.wav", "FLOAT"),
        ("mine.wav", "DOUBLE"),
        ("mine.flac", "PCM_16"),
        ("mine.flac", "PCM_24"),
        ("MINE.WAV", "PCM_16"),
    ],
)
def test_the_width_and_the_container_change_nothing(audio, sound, name, subtype):
    recording = recording_from_audio(audio(name, subtype=subtype))
    np.testing.assert_array_equal(recording.read(0, 1), sound[0].astype(np.float32))
    expected = usvlib.syllable_spectrograms(usvlib.recording_from_array(sound[0], RATE, *sound[1:]))
    for ours, theirs in zip(
        usvlib.syllable_spectrograms(recording).spectrograms, expected.spectrograms, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_eight_bits_are_read_as_the_same_sound_but_coarser(audio, sound):
    # Loud, so that eight bits are enough for the noise.
    loud = np.clip(sound[0] * 8, -0.99, 0.99)
    [fine, coarse] = (
        usvlib.syllable_spectrograms(recording_from_audio(audio(samples=loud, subtype=subtype)))
        for subtype in ("PCM_16", "PCM_U8")
    )
    for a, b in zip(fine.spectrograms, coarse.spectrograms, strict=True):
        strong = a > 4
        assert strong.any()
        assert np.abs(a - b)[strong].max() < 0.3


def test_blocks_of_a_file_put_together_are_the_whole(audio):
    recording = recording_from_audio(audio("mine.flac"))
    blocks = np.concatenate(list(recording.blocks(9999)))
    np.testing.assert_array_equal(blocks, recording.read(0, recording.duration_s))


@pytest.mark.parametrize("channel", [0, 1])
def test_a_channel_of_a_stereo_file_can_be_chosen(audio, sound, channel):
    samples = sound[0]
    stereo = np.stack([samples, samples[::-1]], axis=1)
    recording = recording_from_audio(audio(samples=stereo), channel=channel)
    np.testing.assert_array_equal(recording.read(0, 1), stereo[:, channel].astype(np.float32))


def test_the_only_channel_may_be_named(audio, sound):
    recording = recording_from_audio(audio(), channel=0)
    np.testing.assert_array_equal(recording.read(0, 1), sound[0].astype(np.float32))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24"])
def test_an_odd_number_of_samples_is_read(audio, sound, subtype):
    # Chunks of a WAV file are padded to an even number of bytes.
    recording = recording_from_audio(audio(samples=sound[0][:-1], subtype=subtype))
    assert recording.n_samples == len(sound[0]) - 1
    np.testing.assert_allclose(recording.read(0, 1), sound[0][:-1], atol=1 / 128)


def test_a_file_with_something_behind_its_audio_is_read(audio, sound):
    path = audio()
    # Some recorders write notes behind the audio, and leave the header's total as it was.
    path.write_bytes(path.read_bytes() + b"note" + (10).to_bytes(4, "little") + b"0123456789")
    recording = recording_from_audio(path)
    np.testing.assert_array_equal(recording.read(0, 1), sound[0].astype(np.float32))


def test_a_name_and_a_table_may_be_given(audio, tmp_path, sound):
    path = audio(text=None)
    (tmp_path / "other.txt").write_text("0.06,0.09\n")
    recording = recording_from_audio(path, tmp_path / "other.txt", name="mouse 7")
    assert recording.name == "mouse 7"
    assert recording.onsets.tolist() == [15_000]
    assert recording.offsets.tolist() == [22_500]


# Tables


@pytest.mark.parametrize(
    "header",
    ["onset,offset\n", "start (s),stop (s)\n", '"onset","offset"\n', "\n", "onset;s,offset;s\n"],
)
def test_a_table_may_have_a_header(audio, table, sound, header):
    recording = recording_from_audio(audio(text=header + table))
    assert recording.onsets.tolist() == sound[1].tolist()


@pytest.mark.parametrize("header", ["", "onset,offset\n"])
def test_a_table_may_begin_with_a_byte_order_mark(audio, table, sound, header):
    recording = recording_from_audio(audio(text="\ufeff" + header + table))
    assert recording.onsets.tolist() == sound[1].tolist()


def test_a_table_may_have_the_line_ends_of_windows_and_spaces(audio, table, sound):
    text = table.replace(",", " , ").replace("\n", "\r\n") + "\r\n"
    recording = recording_from_audio(audio(text=text))
    assert recording.onsets.tolist() == sound[1].tolist()


def test_seconds_are_rounded_to_the_nearest_sample(audio):
    recording = recording_from_audio(audio(text="0.0500026,0.1000013\n1e-1,1.5e-1\n"))
    assert recording.onsets.tolist() == [12_501, 25_000]
    assert recording.offsets.tolist() == [25_000, 37_500]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no syllables"]),
        ("onset,offset\n", ["no syllables"]),
        ("\n\n", ["no syllables"]),
        ("0.05,0.1,0.15\n", ["0.05,0.1,0.15", "two numbers"]),
        ("0.05\n", ["0.05", "two numbers"]),
        ("0.05,\n", ["0.05,", "two numbers"]),
        ("onset,offset\n0.05,0.1\n0.15,end\n", ["0.15,end", "two numbers"]),
        ("0.05,0.1\nonset,offset\n", ["onset,offset", "two numbers"]),
        ("0.05;0.1\n0.15;0.2\n", [";0.", "two numbers"]),
        ("0.05\t0.1\n0.15\t0.2\n", ["line 1", "two numbers"]),
        ("0.05\t0.1\tup\n", ["line 1", "two numbers", "a comma between them"]),
        # One number mistyped is no header: a syllable would be lost.
        ("O.05,0.1\n0.15,0.2\n", ["O.05,0.1", "two numbers"]),
        ("onset,offset\nO.05,O.1\n0.15,0.2\n", ["O.05,O.1", "two numbers"]),
    ],
)
def test_a_malformed_table_is_an_error_that_shows_the_row(audio, tmp_path, text, words):
    path = audio(text=text)
    with refused(tmp_path / "mine.csv", *words):
        recording_from_audio(path)


def test_a_table_of_something_else_is_an_error(audio, tmp_path):
    path = audio(text=None)
    (tmp_path / "mine.csv").write_bytes(b"\xff\xfe\x00\x01\x80" * 20)
    with refused(tmp_path / "mine.csv", "table"):
        recording_from_audio(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.1,0.05\n", ["mine.csv, line 1", "0.1 to 0.05 s", "before"]),
        ("0.05,0.1\n-0.1,0.2\n", ["mine.csv, line 2", "-0.1 to 0.2 s", "negative"]),
        ("0.05,99\n", ["mine.csv, line 1", "0.05 to 99 s", "in seconds"]),
        ("0.36,0.37\n", ["mine.csv, line 1", "ends at 0.35 s"]),
        ("onset,offset\n\n0.05,0.1\nnan,0.2\n", ["mine.csv, line 4", "nan", "finite"]),
        ("0.05,inf\n", ["mine.csv, line 1", "inf", "finite"]),
    ],
)
def test_impossible_syllables_of_a_table_are_an_error(audio, text, words):
    path = audio(text=text)
    with refused("mine", *words):
        recording_from_audio(path)


def test_the_header_that_pandas_writes_for_nameless_columns_is_a_header(audio, table, sound):
    recording = recording_from_audio(audio(text="0,1\n" + table))
    assert recording.onsets.tolist() == sound[1].tolist()


def test_a_syllable_that_begins_at_0_is_no_header(audio):
    recording = recording_from_audio(audio(text="0,0.1\n0.2,0.3\n"))
    assert recording.onsets.tolist() == [0, 50_000]


def test_repeated_rows_are_counted_once_and_said(audio):
    path = audio(text="0.05,0.1\n0.2,0.3\n0.05,0.1\n0.05,0.1\n")
    with pytest.warns(usvlib.UsvWarning, match=r"mine\.csv: 2 repeated rows left out"):
        recording = recording_from_audio(path)
    assert recording.onsets.tolist() == [12_500, 50_000]


def test_a_last_syllable_that_ends_a_little_late_is_cut_and_said(audio):
    path = audio(text="0.05,0.1\n0.3,0.3501\n")
    with pytest.warns(usvlib.UsvWarning, match=r"line 2 ended 0\.1 ms after the recording"):
        recording = recording_from_audio(path)
    assert recording.offsets.tolist() == [25_000, recording.n_samples]
    with refused("line 1", "ends at 0.35 s"):
        recording_from_audio(audio(text="0.3,0.37\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.01,0.3\n0.05,0.1\n0.2,0.25\n", "2 syllables inside another one.*line 2 .* line 1"),
        ("0.05,0.1\n0.01,0.3\n", "1 syllable inside another one.*line 1 .* line 2"),
    ],
)
def test_syllables_inside_others_are_pointed_out(audio, text, words):
    with pytest.warns(usvlib.UsvWarning, match=words):
        recording_from_audio(audio(text=text))


def test_overlapping_and_touching_syllables_are_not_pointed_out(audio):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recording_from_audio(audio(text="0.01,0.1\n0.1,0.15\n0.14,0.2\n"))


def test_a_syllable_of_over_a_second_is_pointed_out(audio, sound):
    path = audio(samples=np.tile(sound[0], 4), text="0.05,0.1\n0.2,1.3\n")
    with pytest.warns(usvlib.UsvWarning, match=r"1 syllable longer than 1 s.*line 2"):
        recording_from_audio(path)


def test_a_missing_table_is_an_error_that_says_what_it_must_hold(audio, tmp_path):
    path = audio(text=None)
    with refused(
        tmp_path / "mine.csv", "missing", "mine.wav", "seconds", kind=usvlib.MissingFileError
    ):
        recording_from_audio(path)
    with refused("nowhere.csv", "missing", kind=usvlib.MissingFileError):
        recording_from_audio(path, tmp_path / "nowhere.csv")


# Audio that cannot be read


@pytest.mark.parametrize("name", ["gone.wav", "gone.flac"])
def test_a_missing_file_is_an_error(tmp_path, name):
    with refused(tmp_path / name, "missing", kind=usvlib.MissingFileError):
        recording_from_audio(tmp_path / name)
    with refused(tmp_path / name, kind=FileNotFoundError):
        usvlib.load_recording(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"no audio at all" * 50, b"RIFF", b"fLaC" + bytes(99)])
def test_a_file_without_audio_is_an_error(tmp_path, content, table):
    path = tmp_path / "mine.wav"
    path.write_bytes(content)
    path.with_suffix(".csv").write_text(table)
    with refused(path, "audio"):
        recording_from_audio(path)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_a_truncated_wav_is_an_error_at_once(audio, subtype, share):
    path = audio(subtype=subtype)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with refused(path, "truncated"):
        recording_from_audio(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_flac_is_an_error_when_it_is_read(audio, share):
    path = audio("mine.flac")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with refused("mine"):
        usvlib.syllable_spectrograms(recording_from_audio(path))


def test_a_file_that_shrinks_after_it_was_opened_is_an_error(audio):
    path = audio()
    recording = recording_from_audio(path)
    audio(samples=noise(40_000))
    with refused("mine"):
        list(recording.blocks())


def test_a_file_that_goes_after_it_was_opened_is_an_error(audio):
    path = audio()
    recording = recording_from_audio(path)
    path.unlink()
    with refused(path):
        recording.read(0, 0.1)


def test_an_empty_recording_is_an_error(audio):
    path = audio(samples=np.zeros(0))
    with refused(path, "no samples"):
        recording_from_audio(path)


def test_several_channels_without_a_choice_are_an_error(audio, sound):
    path = audio(samples=np.stack([sound[0]] * 2, axis=1))
    with refused(path, "2 channels", "channel=0"):
        recording_from_audio(path)
    with refused(path, "2 channels"):
        usvlib.load_recording(path)


@pytest.mark.parametrize("channel", [2, -1, 0.5, "left"])
def test_a_channel_that_is_not_there_is_an_error(audio, sound, channel):
    path = audio(samples=np.stack([sound[0]] * 2, axis=1))
    with refused("channel", channel, path):
        recording_from_audio(path, channel=channel)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_sample_of_a_file_that_is_not_finite_is_an_error(audio, sound, bad, cache):
    samples = sound[0].copy()
    samples[12_345] = bad
    path = audio(samples=samples, subtype="FLOAT")
    with refused("mine", "sample 12345", "not finite"):
        usvlib.syllable_spectrograms(recording_from_audio(path))
    study = usvlib.open_study(path)
    with refused("mine", "sample 12345"):
        _ = study.features
    assert [p for p in cache.rglob("*") if p.is_file()] == []


def test_a_sampling_rate_below_the_band_is_an_error(audio, table):
    path = audio(samplerate=48_000, text="0.3,0.5\n")
    with refused(48_000, 24_000, "40000"):
        usvlib.syllable_spectrograms(recording_from_audio(path))


# Fingerprints


def test_the_fingerprint_changes_with_the_audio_the_table_and_the_channel(audio, sound, table):
    one_sample = sound[0].copy()
    one_sample[99] += 2**-15
    assert recording_from_audio(audio()).fingerprint == recording_from_audio(audio()).fingerprint
    found = {
        recording_from_audio(audio()).fingerprint,
        recording_from_audio(audio(samples=one_sample)).fingerprint,
        recording_from_audio(audio(text=table.replace("0.050000", "0.050040"))).fingerprint,
        recording_from_audio(audio(samplerate=RATE + 1)).fingerprint,
    }
    assert len(found) == 4
    stereo = audio(samples=np.stack([sound[0], one_sample], axis=1))
    left, right = (recording_from_audio(stereo, channel=channel) for channel in (0, 1))
    assert left.fingerprint != right.fingerprint


# The page's four arrays


@pytest.fixture
def npz(tmp_path, sound):
    """Writes `mice.npz` with the page's arrays, changed or left out (None); gives its path."""

    def write(name="mice.npz", save=np.savez, **changes):
        samples, onsets, offsets = sound
        arrays = {
            "recording": np.round(samples * 2**15).astype(np.int16),
            "samplerate": np.array(RATE),
            "syllable_onsets": onsets,
            "syllable_offsets": offsets,
        } | changes
        path = tmp_path / name
        save(path, **{key: value for key, value in arrays.items() if value is not None})
        return path

    return write


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", ">i2"])
def test_the_four_arrays_are_the_recording(npz, cache, sound, save, dtype):
    samples, onsets, offsets = sound
    if np.dtype(dtype).kind == "i":
        samples = np.round(samples * 2**15)
    recording = recording_from_npz(npz(save=save, recording=samples.astype(dtype)))
    assert recording.name == "mice"
    assert recording.samplerate_hz == RATE
    assert recording.onsets.tolist() == onsets.tolist()
    assert recording.offsets.tolist() == offsets.tolist()
    np.testing.assert_array_equal(recording.read(0, 1), sound[0].astype(np.float32))


def test_the_spectrograms_are_those_of_the_audio_file(npz, audio, cache):
    arrays = usvlib.syllable_spectrograms(recording_from_npz(npz()))
    file = usvlib.syllable_spectrograms(recording_from_audio(audio()))
    np.testing.assert_array_equal(arrays.noise_floor, file.noise_floor)
    for a, b in zip(arrays.spectrograms, file.spectrograms, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_onsets_may_be_floating_point_numbers(npz, cache, sound):
    path = npz(syllable_onsets=sound[1] + 0.25, samplerate=np.float64(RATE))
    recording = recording_from_npz(path)
    assert recording.onsets.tolist() == sound[1].tolist()
    assert repr(recording.samplerate_hz) == str(RATE)


def test_the_audio_is_unpacked_once_and_mapped_into_memory(npz, cache, monkeypatch):
    path = npz()
    first = recording_from_npz(path)
    [unpacked] = _files(cache)
    before = unpacked.stat().st_mtime_ns

    def never(*_):
        raise AssertionError("unpacked a second time")

    monkeypatch.setattr("usvlib.data.readers._unpack", never)
    second = recording_from_npz(path)
    assert unpacked.stat().st_mtime_ns == before
    assert first.fingerprint == second.fingerprint
    assert isinstance(second.source.samples(0, 10), np.memmap)


def test_unpacked_audio_that_was_changed_in_the_cache_is_unpacked_again(npz, cache, sound):
    path = npz()
    expected = recording_from_npz(path).read(0, 0.1)
    [unpacked] = _files(cache)
    content = bytearray(unpacked.read_bytes())
    content[-1000] ^= 0xFF
    unpacked.write_bytes(content)
    np.testing.assert_array_equal(recording_from_npz(path).read(0, 0.1), expected)
    assert unpacked.read_bytes() != content


def test_an_archive_that_unpacks_to_far_more_than_audio_can_is_refused(npz, cache, monkeypatch):
    monkeypatch.setattr("usvlib.data.readers.MIN_SUSPECT_BYTES", 10_000)
    path = npz(recording=np.zeros(1_000_000, np.int16), save=np.savez_compressed)
    with refused(path, "packed so tightly"):
        recording_from_npz(path)
    assert _files(cache) == []


def test_other_content_under_the_same_name_is_unpacked_anew(npz, cache, sound):
    first = recording_from_npz(npz())
    other = np.round(sound[0] * 2**15).astype(np.int16)
    other[500] += 1
    second = recording_from_npz(npz(recording=other))
    assert first.fingerprint != second.fingerprint
    assert second.source.samples(500, 501) - first.source.samples(500, 501) == 1


@pytest.mark.parametrize(
    "missing", ["recording", "samplerate", "syllable_onsets", "syllable_offsets"]
)
def test_a_missing_array_is_an_error_that_names_it(npz, cache, missing):
    path = npz(**{missing: None})
    with refused(path, f"no array {missing}", "must hold recording, samplerate"):
        recording_from_npz(path)
    assert _files(cache) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recording": np.zeros((500, 2), np.int16)}, ["recording", "(500, 2)", "one dimension"]),
        ({"recording": np.zeros(500, complex)}, ["recording", "complex128", "numbers"]),
        ({"recording": np.array(["a", "b"])}, ["recording", "numbers"]),
        ({"samplerate": np.array([1, 2])}, ["samplerate", "one number"]),
        ({"samplerate": np.array("fast")}, ["samplerate", "one number"]),
        ({"samplerate": np.array(0)}, ["samplerate", "above 0"]),
        ({"syllable_onsets": np.zeros((2, 2))}, ["onsets", "(2, 2)", "one dimension"]),
        ({"syllable_onsets": np.array([100])}, ["1 onsets", "3 offsets"]),
        ({"syllable_onsets": np.array([1.0, np.nan, 3])}, ["onsets[1]", "finite"]),
        ({"syllable_offsets": np.array([1, 2, 3])}, ["syllable 0", "before"]),
        ({"recording": np.zeros(0, np.int16)}, ["n_samples is 0"]),
    ],
)
def test_arrays_that_do_not_fit_are_an_error(npz, cache, changes, words):
    path = npz(**changes)
    with refused("mice", *words):
        recording_from_npz(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_sample_that_is_not_finite_leaves_nothing_in_the_cache(npz, cache, sound, bad, save):
    samples = sound[0].copy()
    samples[23_456] = bad
    path = npz(recording=samples, save=save)
    with refused(path, "sample 23456", "not finite"):
        recording_from_npz(path)
    assert _files(cache) == []


class _Payload:
    """Makes a folder if it is ever unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "key", ["recording", "samplerate", "syllable_onsets", "syllable_offsets", "another"]
)
def test_a_pickled_object_is_never_executed(npz, cache, tmp_path, key):
    trap = tmp_path / "executed"
    path = npz(**{key: np.array([_Payload(trap)] * 3, object)})
    if key == "another":
        recording_from_npz(path)
    else:
        with refused(path):
            recording_from_npz(path)
        assert _files(cache) == []
    assert not trap.exists()
    # The trap does work where pickles are allowed.
    with np.load(path, allow_pickle=True) as arrays:
        _ = arrays[key]
    assert trap.exists()


@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 9, b"PK\x03\x04" + bytes(50)])
def test_a_file_that_is_no_npz_is_an_error(tmp_path, cache, content):
    path = tmp_path / "mice.npz"
    path.write_bytes(content)
    with refused(path, "cannot be read"):
        recording_from_npz(path)


def test_a_single_array_under_that_name_is_an_error(tmp_path, cache):
    path = tmp_path / "mice.npz"
    with open(path, "wb") as file:
        np.save(file, np.zeros(9))
    with refused(path):
        recording_from_npz(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_truncated_npz_is_an_error(npz, cache, share):
    path = npz()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with refused(path, "cannot be read"):
        recording_from_npz(path)
    assert _files(cache) == []


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_npz_is_an_error_and_leaves_nothing(npz, cache, save):
    path = npz(save=save)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(b ^ 0x55 for b in content[middle : middle + 8])
    path.write_bytes(content)
    with refused(path, "cannot be read"):
        recording_from_npz(path)
    assert _files(cache) == []


def test_an_array_that_ends_early_is_an_error_and_leaves_nothing(npz, cache, tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(1000, np.int16))
    whole = npz()
    path = tmp_path / "short.npz"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            target.writestr(
                member,
                buffer.getvalue()[:-500] if member == "recording.npy" else source.read(member),
            )
    with refused(path, "truncated", "250 samples early"):
        recording_from_npz(path)
    assert _files(cache) == []


def test_a_missing_npz_is_an_error(tmp_path, cache):
    with refused("gone.npz", "missing", kind=usvlib.MissingFileError):
        recording_from_npz(tmp_path / "gone.npz")


def _file(folder, name="mine.wav"):
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    soundfile.write(folder / name, samples, RATE)
    table = np.stack([onsets, offsets], axis=1) / RATE
    np.savetxt((folder / name).with_suffix(".csv"), table, delimiter=",")
    return folder / name


def test_a_file_that_changes_while_it_is_open_is_an_error(tmp_path):
    path = _file(tmp_path)
    recording = recording_from_audio(path)
    soundfile.write(path, np.zeros(RATE), RATE)
    with refused("mine.wav", "has changed"):
        recording.read(0, 0.01)


def test_a_link_has_its_table_beside_itself(tmp_path):
    (tmp_path / "store").mkdir()
    target = _file(tmp_path / "store", "abc.wav")
    (tmp_path / "mine.wav").symlink_to(target)
    target.with_suffix(".csv").rename(tmp_path / "store" / "def.csv")
    (tmp_path / "mine.csv").symlink_to(tmp_path / "store" / "def.csv")
    assert recording_from_audio(tmp_path / "mine.wav").n_syllables == 2


# Sizes in the header of a WAV, which libsndfile does not check


def _with_data_size(path, size):
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)


def test_a_wav_whose_size_was_not_known_when_it_was_written_is_read_to_its_end(audio, sound):
    path = audio()
    _with_data_size(path, 0xFFFFFFFF)
    np.testing.assert_array_equal(
        np.concatenate(list(recording_from_audio(path).blocks())), sound[0]
    )


def test_a_wav_that_promises_one_byte_too_many_is_truncated(audio, sound):
    path = audio()
    _with_data_size(path, 2 * len(sound[0]) + 1)
    with refused(path, "truncated"):
        recording_from_audio(path)


@pytest.mark.parametrize("channel", [True, 1.5, np.nan])
def test_a_channel_is_a_whole_number(audio, sound, channel):
    path = audio(samples=np.stack([sound[0]] * 2, axis=1))
    with refused("channel is", channel):
        recording_from_audio(path, channel=channel)
    assert recording_from_audio(path, channel=1.0).source.channel == 1


def test_audio_needs_no_table(audio, sound):
    opened = usvlib.load_audio(audio(text=None))
    assert opened.n_samples == len(sound[0])
    np.testing.assert_array_equal(np.concatenate(list(opened.blocks())), sound[0])
