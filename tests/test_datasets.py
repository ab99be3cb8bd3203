"""Recordings by name: fetched once, verified every time; nothing half-way or changed is kept.

No test leaves this machine: the addresses are those of a server in a thread.
"""

import contextlib
import hashlib
import http.server
import io
import socket
import threading
import time

import numpy as np
import pytest
import requests
import soundfile
from sounds import RATE, refused, tones_in_noise

import usvlib
from usvlib import DownloadError, MissingFileError, load_recording, load_recordings
from usvlib.data import datasets, downloads

NAMES = [
    "simulated",
    "ivanenko2020",
    "amvoc",
    "amvoc/rec_1",
    "amvoc/rec_2",
    "amvoc/rec_3",
    "amvoc/rec_8",
]


# A server


class _Server:
    """Serves `files` (path: bytes), some only half, some never; counts what is asked for."""

    def __init__(self):
        self.files, self.cut_off, self.asked = {}, set(), []
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                served.asked.append(self.path)
                content = served.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                half = len(content) // 2 if self.path in served.cut_off else len(content)
                self.wfile.write(content[:half])

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server():
    served = _Server()
    thread = threading.Thread(target=served.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.http.shutdown()
    thread.join()
    served.http.server_close()


@pytest.fixture
def silent_url():
    """The address of somebody who takes the call and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mice.npz"


@pytest.fixture
def nobody_url():
    """An address where nobody listens: it was free a moment ago."""
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        port = once.getsockname()[1]
    return f"http://127.0.0.1:{port}/mice.npz"


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch, cache):
    """Empty data and cache directories; no proxy between a test and its server."""
    folder = tmp_path / "data"
    monkeypatch.setenv("USVLIB_DATA_DIR", str(folder))
    monkeypatch.setenv("no_proxy", "*")
    return folder


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


# What is served


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def contents():
    """A WAV file, its table and the page's arrays, as bytes."""
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3), (90e3, 70e3)])
    samples = np.round(samples * 2**15).astype(np.int16)
    wav, npz = io.BytesIO(), io.BytesIO()
    soundfile.write(wav, samples, RATE, format="WAV")
    np.savez(
        npz,
        recording=samples,
        samplerate=RATE,
        syllable_onsets=onsets,
        syllable_offsets=offsets,
    )
    csv = "".join(f"{a / RATE},{b / RATE}\n" for a, b in zip(onsets, offsets, strict=True))
    return {"wav": wav.getvalue(), "csv": csv.encode(), "npz": npz.getvalue()}


@pytest.fixture
def amvoc(server, contents, monkeypatch):
    """The four recordings of AMVOC, or what goes for them, at the server."""
    hashes = {}
    for number in (1, 2, 3, 8):
        for file, kind in ((f"rec_{number}.wav", "wav"), (f"gt_{number}.csv", "csv")):
            server.files[f"/{number}/{file}"] = contents[kind]
            hashes[file] = _sha256(contents[kind])
    monkeypatch.setattr(datasets, "AMVOC_URL", server.url + "/{number}/{file}")
    monkeypatch.setattr(datasets, "AMVOC_SHA256", hashes)
    return server


@pytest.fixture
def ivanenko(server, contents, monkeypatch):
    """The page's recording, or what goes for it, at the server."""
    server.files["/mice.npz"] = contents["npz"]
    monkeypatch.setattr(datasets, "IVANENKO_URL", f"{server.url}/mice.npz")
    return server


# Fetching what has a known hash


def test_a_recording_is_fetched_verified_and_kept(amvoc, data, contents):
    recording = load_recording("amvoc/rec_2")
    assert recording.name == "amvoc/rec_2"
    assert recording.n_syllables == 2
    assert _files(data) == [data / "amvoc" / "gt_2.csv", data / "amvoc" / "rec_2.wav"]
    assert (data / "amvoc" / "rec_2.wav").read_bytes() == contents["wav"]


def test_what_was_fetched_is_not_fetched_again(amvoc, data):
    load_recordings("amvoc")
    assert len(amvoc.asked) == 8
    assert [r.name for r in load_recordings("amvoc")] == NAMES[3:]
    assert len(amvoc.asked) == 8


def test_fetching_is_logged_once_and_nothing_is_printed(amvoc, capsys, caplog):
    import pooch

    pooch.get_logger().addHandler(caplog.handler)
    load_recording("amvoc/rec_1")
    assert f"{amvoc.url}/1/rec_1.wav" in caplog.text
    caplog.clear()
    load_recording("amvoc/rec_1")
    pooch.get_logger().removeHandler(caplog.handler)
    assert caplog.text == ""
    assert capsys.readouterr().out == ""


def test_a_wrong_hash_is_an_error_and_nothing_is_kept(amvoc, data):
    amvoc.files["/3/rec_3.wav"] += b"more"
    with refused("/3/rec_3.wav", "SHA-256", datasets.AMVOC_SHA256["rec_3.wav"]):
        load_recording("amvoc/rec_3")
    assert _files(data) == []


def test_a_download_that_is_cut_off_is_an_error_and_nothing_is_kept(amvoc, data):
    amvoc.cut_off.add("/1/rec_1.wav")
    with refused("/1/rec_1.wav", "cut off", kind=DownloadError):
        load_recording("amvoc/rec_1")
    assert _files(data) == []
    # And the next attempt succeeds.
    amvoc.cut_off.clear()
    assert load_recording("amvoc/rec_1").n_syllables == 2


def test_a_file_that_the_server_does_not_have_is_an_error(amvoc, data):
    del amvoc.files["/1/rec_1.wav"]
    with refused("/1/rec_1.wav", "404", kind=DownloadError):
        load_recording("amvoc/rec_1")
    assert _files(data) == []


def test_a_file_that_was_changed_later_is_an_error_that_names_it(amvoc, data):
    load_recording("amvoc/rec_8")
    path = data / "amvoc" / "gt_8.csv"
    path.write_text("0.05,0.06\n")
    with refused(path, "SHA-256", _sha256(b"0.05,0.06\n"), datasets.AMVOC_SHA256["gt_8.csv"]):
        load_recording("amvoc/rec_8")
    assert len(amvoc.asked) == 2


def test_a_deleted_file_is_fetched_anew(amvoc, data):
    load_recording("amvoc/rec_8")
    (data / "amvoc" / "gt_8.csv").unlink()
    load_recording("amvoc/rec_8")
    assert amvoc.asked.count("/8/gt_8.csv") == 2
    assert amvoc.asked.count("/8/rec_8.wav") == 1


# Servers that do not answer


@contextlib.contextmanager
def _at_most(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def test_a_server_that_never_answers_is_an_error_in_one_line(monkeypatch, silent_url, data):
    monkeypatch.setattr(datasets, "IVANENKO_URL", silent_url)
    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.3)
    with _at_most(5), pytest.raises(DownloadError) as caught:
        load_recording("ivanenko2020")
    assert str(caught.value) == f"{silent_url} cannot be downloaded: no answer within 0.3 s"
    assert _files(data) == []


def test_a_server_that_falls_silent_in_the_middle_is_an_error(monkeypatch, data):
    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/mice.npz"
        monkeypatch.setattr(datasets, "IVANENKO_URL", url)
        done = threading.Event()

        def answer_by_half():
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(500))
                done.wait(10)

        thread = threading.Thread(target=answer_by_half)
        thread.start()
        try:
            with _at_most(5), refused(url, "0.3 s", kind=DownloadError):
                load_recording("ivanenko2020")
        finally:
            done.set()
            thread.join()
    assert _files(data) == []


def test_no_server_is_an_error_in_one_line(monkeypatch, nobody_url, data):
    monkeypatch.setattr(datasets, "IVANENKO_URL", nobody_url)
    with _at_most(5), pytest.raises(DownloadError) as caught:
        load_recording("ivanenko2020")
    assert str(caught.value) == f"{nobody_url} cannot be downloaded: there is no connection"
    assert _files(data) == []


def test_a_data_directory_that_cannot_be_written_is_an_error(amvoc, monkeypatch, below_a_file):
    monkeypatch.setenv("USVLIB_DATA_DIR", str(below_a_file))
    with refused(below_a_file, "cannot be written"):
        load_recording("amvoc/rec_1")
    assert amvoc.asked == []


# Fetching what has no known hash: the first download's holds


def test_the_hash_of_the_first_download_is_written_down(ivanenko, data, contents):
    recording = load_recording("ivanenko2020")
    assert recording.name == "ivanenko2020"
    assert recording.n_syllables == 2
    record = data / "ivanenko2020" / "mice.npz.sha256"
    assert record.read_text().split() == [_sha256(contents["npz"])]
    load_recording("ivanenko2020")
    assert ivanenko.asked == ["/mice.npz"]


def test_a_later_change_of_the_file_is_refused(ivanenko, data, contents):
    load_recording("ivanenko2020")
    path = data / "ivanenko2020" / "mice.npz"
    path.write_bytes(contents["npz"] + b"more")
    with refused(path, _sha256(contents["npz"]), "changed or damaged", "Delete it"):
        load_recording("ivanenko2020")


def test_another_file_at_the_server_is_refused_later(ivanenko, data, contents):
    load_recording("ivanenko2020")
    path = data / "ivanenko2020" / "mice.npz"
    path.unlink()
    ivanenko.files["/mice.npz"] = contents["npz"] + b"more"
    with refused("mice.npz", "SHA-256", _sha256(contents["npz"])):
        load_recording("ivanenko2020")
    assert not path.exists()


def test_a_first_download_that_is_cut_off_writes_no_hash_down(ivanenko, data):
    ivanenko.cut_off.add("/mice.npz")
    with refused("mice.npz", "cut off", kind=DownloadError):
        load_recording("ivanenko2020")
    assert _files(data) == []


PORTAL = b"<html><body>Please log in</body></html>"


@pytest.mark.parametrize("answer", [PORTAL, b"", b"PK half"])
def test_a_first_answer_that_is_no_recording_is_not_kept(ivanenko, data, contents, answer):
    ivanenko.files["/mice.npz"] = answer
    with refused("mice.npz", "did not give the recording", kind=DownloadError):
        load_recording("ivanenko2020")
    assert _files(data) == []
    # The next attempt asks again, and succeeds.
    ivanenko.files["/mice.npz"] = contents["npz"]
    assert load_recording("ivanenko2020").n_syllables == 2


@pytest.mark.parametrize("text", ["", "\n", "abc", "g" * 64, "0" * 63])
def test_a_hash_record_that_is_none_is_an_error(ivanenko, data, text):
    load_recording("ivanenko2020")
    record = data / "ivanenko2020" / "mice.npz.sha256"
    record.write_text(text)
    with refused(record, "64 hexadecimal digits"):
        load_recording("ivanenko2020")


@pytest.fixture
def trickling_url():
    """The address of a server that sends some bytes now and then, and never ends."""
    ended = threading.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def trickle():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
                while not ended.wait(0.05):
                    connection.sendall(bytes(2048))

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mice.npz"
        ended.set()
        thread.join(5)


def test_a_server_that_trickles_is_given_up(monkeypatch, trickling_url, data):
    monkeypatch.setattr(datasets, "IVANENKO_URL", trickling_url)
    monkeypatch.setattr(downloads, "GRACE_S", 0.4)
    monkeypatch.setattr(downloads, "MIN_BYTES_PER_S", 1_000_000)
    with _at_most(5), refused(trickling_url, "too slow", kind=DownloadError):
        load_recording("ivanenko2020")
    assert _files(data) == []


def test_a_download_without_end_is_given_up(monkeypatch, trickling_url, data):
    monkeypatch.setattr(datasets, "IVANENKO_URL", trickling_url)
    monkeypatch.setattr(downloads, "MAX_BYTES", 30)
    with _at_most(5), refused(trickling_url, "larger than", kind=DownloadError):
        load_recording("ivanenko2020")
    assert _files(data) == []


def test_a_file_that_was_put_there_by_hand_is_taken_and_holds(data, contents):
    path = data / "ivanenko2020" / "mice.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(contents["npz"])
    assert load_recording("ivanenko2020").n_syllables == 2
    path.write_bytes(contents["npz"] + b"more")
    with refused(path, "changed or damaged"):
        load_recording("ivanenko2020")


# Names


def test_the_names_are_those_of_the_documentation():
    assert sorted(usvlib.data.NAMES) == sorted(NAMES)


def test_the_default_is_the_environments_word_then_what_was_fetched_then_simulated(
    monkeypatch, data
):
    monkeypatch.delenv("USVLIB_RECORDING")
    assert usvlib.data.default_name() == "simulated"
    path = data / "ivanenko2020" / "mice.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"fetched")
    assert usvlib.data.default_name() == "ivanenko2020"
    monkeypatch.setenv("USVLIB_RECORDING", "amvoc/rec_3")
    assert usvlib.data.default_name() == "amvoc/rec_3"
    monkeypatch.setenv("USVLIB_RECORDING", "")
    assert usvlib.data.default_name() == "ivanenko2020"


def test_the_default_recording_is_the_simulated_one_and_needs_no_network(data):
    [recording] = load_recordings()
    assert recording.name == "simulated"
    assert recording.fingerprint == usvlib.simulate_recording().fingerprint
    assert not data.exists()


def test_the_environments_recording_is_loaded(amvoc, monkeypatch):
    monkeypatch.setenv("USVLIB_RECORDING", "amvoc/rec_8")
    assert [r.name for r in load_recordings()] == ["amvoc/rec_8"]
    assert load_recording().name == "amvoc/rec_8"


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_one_recording_is_asked_for_where_a_name_means_four(amvoc, monkeypatch, how):
    if how == "environment":
        monkeypatch.setenv("USVLIB_RECORDING", "amvoc")
    with refused("'amvoc' stands for 4 recordings", *NAMES[3:]):
        load_recording("amvoc" if how == "argument" else None)


@pytest.mark.parametrize("name", ["mystery", "amvoc/rec_4", "amvoc/", "Simulated", "mine.mp3"])
def test_an_unknown_name_is_an_error_that_names_the_known_ones(name):
    with refused(f"recording {name!r} is unknown", *NAMES, ".wav", ".flac", ".npz"):
        load_recordings(name)


def test_an_unknown_name_in_the_environment_is_an_error(monkeypatch):
    monkeypatch.setenv("USVLIB_RECORDING", "mystery")
    with refused("recording 'mystery' is unknown"):
        load_recordings()


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["text", "path"])
def test_a_path_is_a_recording_of_ones_own(tmp_path, contents, kind):
    (tmp_path / "mine.wav").write_bytes(contents["wav"])
    (tmp_path / "mine.csv").write_bytes(contents["csv"])
    (tmp_path / "mine.npz").write_bytes(contents["npz"])
    audio, arrays = (load_recording(kind(tmp_path / f"mine.{s}")) for s in ("wav", "npz"))
    assert audio.name == arrays.name == "mine"
    np.testing.assert_array_equal(audio.read(0, 1), arrays.read(0, 1))


def test_a_path_relative_to_the_working_directory_is_fine(tmp_path, contents, monkeypatch):
    (tmp_path / "mine.wav").write_bytes(contents["wav"])
    (tmp_path / "mine.csv").write_bytes(contents["csv"])
    monkeypatch.chdir(tmp_path)
    recording = load_recording("mine.wav")
    # And stays so when the working directory changes before it is read.
    monkeypatch.chdir(tmp_path.parent)
    assert len(recording.read(0, 0.1)) == 25_000


@pytest.mark.parametrize("file", ["gone.wav", "gone.flac", "gone.npz"])
def test_a_path_to_nothing_is_an_error(tmp_path, file):
    with refused(tmp_path / file, "missing", kind=MissingFileError):
        load_recordings(tmp_path / file)


def _mine(folder, contents, *stems):
    for stem in stems:
        path = folder / f"{stem}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents["wav"])
        path.with_suffix(".csv").write_bytes(contents["csv"])


def test_a_folder_means_its_recordings_by_name(tmp_path, contents):
    _mine(tmp_path, contents, "b", "a", "deeper/c")
    (tmp_path / "notes.txt").write_text("not audio")
    assert [r.name for r in load_recordings(tmp_path)] == ["a", "b"]


def test_a_pattern_means_what_it_matches_and_equal_stems_stay_apart(tmp_path, contents):
    _mine(tmp_path, contents, "m1/day", "m2/day", "m2/night")
    recordings = load_recordings(str(tmp_path / "**" / "*.wav"))
    assert [r.name for r in recordings] == ["m1/day", "m2/day", "night"]


def test_a_list_may_mix_names_paths_and_folders(tmp_path, contents, amvoc):
    _mine(tmp_path, contents, "m1/day", "night")
    recordings = load_recordings(["amvoc/rec_2", tmp_path / "night.wav", str(tmp_path / "m1")])
    assert [r.name for r in recordings] == ["amvoc/rec_2", "night", "day"]
    generated = load_recordings(path for path in [tmp_path / "night.wav"])
    assert [r.name for r in generated] == ["night"]


def test_a_name_that_looks_like_a_pattern_is_a_file_if_there_is_one(tmp_path, contents):
    _mine(tmp_path, contents, "day [1]")
    assert load_recording(tmp_path / "day [1].wav").name == "day [1]"


@pytest.mark.parametrize("source", [3, 2.5, object(), [], [[]], [None]])
def test_a_source_of_another_kind_is_an_error(source):
    with refused("source"):
        load_recordings(source)


def test_a_folder_without_recordings_is_an_error_that_says_how_to_name_its_sub_folders(
    tmp_path, contents
):
    _mine(tmp_path, contents, "deeper/c")
    with refused(tmp_path, "*.wav", kind=MissingFileError):
        load_recordings(tmp_path)
    with refused("no recording matches", "x*.wav", kind=MissingFileError):
        load_recordings(str(tmp_path / "x*.wav"))


def test_a_recording_that_is_named_twice_is_an_error(tmp_path, contents):
    _mine(tmp_path, contents, "a")
    for twice in ([tmp_path / "a.wav", tmp_path], ["simulated", "simulated"]):
        with refused("twice"):
            load_recordings(twice)


def test_a_table_may_be_named_for_one_file_and_only_for_one(tmp_path, contents):
    _mine(tmp_path, contents, "a", "b")
    table = (tmp_path / "a.csv").rename(tmp_path / "marks.csv")
    assert load_recording(tmp_path / "a.wav", table).n_syllables == 2
    for source in (tmp_path, "simulated"):
        with refused("annotations", "marks.csv", "one file"):
            load_recordings(source, table)


def test_a_corrected_sampling_rate_and_a_channel_reach_the_files(tmp_path, contents):
    _mine(tmp_path, contents, "a")
    slow = load_recording(tmp_path / "a.wav")
    slower = load_recording(tmp_path / "a.wav", samplerate_hz=slow.samplerate_hz / 2, channel=0)
    assert slower.duration_s == 2 * slow.duration_s
    assert slower.fingerprint != slow.fingerprint
    with refused("channel is 1", "a.wav"):
        load_recordings(tmp_path / "a.wav", channel=1)


def test_the_environment_may_name_channel_rate_and_table(tmp_path, contents, monkeypatch):
    _mine(tmp_path, contents, "a")
    table = (tmp_path / "a.csv").rename(tmp_path / "marks.csv")
    monkeypatch.setenv("USVLIB_RECORDING", str(tmp_path / "a.wav"))
    monkeypatch.setenv("USVLIB_ANNOTATIONS", str(table))
    monkeypatch.setenv("USVLIB_CHANNEL", "0")
    monkeypatch.setenv("USVLIB_SAMPLERATE", "300000")
    assert load_recording().samplerate_hz == 300_000
    monkeypatch.setenv("USVLIB_CHANNEL", "left")
    with refused("USVLIB_CHANNEL is 'left'"):
        load_recording()
    # They are not for a recording that is named in the call.
    assert load_recording("simulated").samplerate_hz == 300_000


def test_arrays_in_a_cache_that_cannot_be_written_are_held_in_memory(
    tmp_path, contents, monkeypatch, below_a_file
):
    (tmp_path / "mine.npz").write_bytes(contents["npz"])
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(below_a_file))
    with pytest.warns(usvlib.UsvWarning, match=r"cannot be written.*kept in memory"):
        recording = load_recording(tmp_path / "mine.npz")
    assert len(recording.read(0, 0.01)) == 2500


def test_folders_are_the_users_where_the_environment_names_none(monkeypatch):
    import platformdirs

    monkeypatch.delenv("USVLIB_DATA_DIR")
    monkeypatch.delenv("USVLIB_CACHE_DIR")
    user = platformdirs.user_cache_path("usvlib", appauthor=False)
    assert usvlib.data.data_dir() == user / "recordings"
    assert usvlib.data.cache_dir() == user / "stages"


# The real ones


def test_the_real_recordings_of_amvoc_have_their_pinned_hashes(shared_recordings, monkeypatch):
    monkeypatch.setenv("USVLIB_DATA_DIR", str(shared_recordings))
    recordings = load_recordings("amvoc")
    assert [r.name for r in recordings] == NAMES[3:]
    assert [r.n_syllables for r in recordings] == [16, 44, 36, 32]
    assert {r.samplerate_hz for r in recordings} == {250_000}
    assert len(datasets.AMVOC_SHA256) == 8


def test_amvocs_address_is_that_of_a_commit():
    url = datasets.AMVOC_URL.format(number=2, file="gt_2.csv")
    assert url.startswith("https://raw.githubusercontent.com/tyiannak/amvoc/")
    assert url.endswith("/data/vocalizations_evaluation/2/gt_2.csv")
    assert len(url.split("/")[5]) == 40


# What a bad connection must not be mistaken for


def test_a_download_error_is_a_usv_error():
    assert issubclass(DownloadError, usvlib.UsvError)
    assert not issubclass(DownloadError, MissingFileError)


def test_a_tilde_is_the_home_of_the_reader(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USVLIB_DATA_DIR", "~/data")
    assert usvlib.data.data_dir() == tmp_path / "data"
    with pytest.raises(MissingFileError, match=str(tmp_path / "mine.wav")):
        load_recording("~/mine.wav")


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.SSLError("certificate verify failed"),
        requests.exceptions.ProxyError("407"),
    ],
)
def test_what_stands_between_is_said_as_it_is(error):
    assert str(error) in downloads._in_short(error)
