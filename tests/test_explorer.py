"""The explorer: all syllables in one file, each with its own picture and sound.

What it does in a browser is tested in tests/site.
"""

import base64
import dataclasses
import html.parser
import io
import json
import re

import numpy as np
import pytest
import soundfile
from PIL import Image
from sounds import mapped, refused

import usvlib
from usvlib.explorer import agreement, atlas
from usvlib.explorer import page as module


@pytest.fixture(scope="module")
def stages(recording, spectrograms, features):
    """What `explore` takes, of 60 syllables, of which the last is not on the map."""
    rng = np.random.default_rng(0)
    coordinates = rng.normal(0, 3, (60, 2))
    coordinates[-1] = np.nan
    return {
        "spectrograms": spectrograms,
        "measures": usvlib.syllable_measures(spectrograms),
        "coordinates": coordinates,
        "clusters": usvlib.cluster(coordinates, n_clusters=5),
        "recordings": recording,
        "features": features,
    }


@pytest.fixture(scope="module")
def explorer(stages):
    return usvlib.explore(**stages)


def carried(explorer):
    """What the page's script is given."""
    [text] = re.findall(r'id="carried">(.*?)</script>', explorer.page, re.DOTALL)
    return json.loads(text)


def picture(explorer, name, number):
    """The levels of a picture, as the page will find them."""
    [webp] = re.findall(rf'id="{name}-atlas"[^>]*base64,([^"]+)', explorer.page)
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(webp))).convert("L"))
    found = carried(explorer)
    x, y, width = found[name]["places"][3 * number : 3 * number + 3]
    return found["highest"] / 255 * grey[y : y + found[name]["height"], x : x + width]


class TestWhatIsCarried:
    def test_every_syllable_on_the_map_is_there_and_no_other(self, explorer, stages):
        found = carried(explorer)
        assert explorer.n_syllables == 59
        assert found["syllable"] == list(range(59))
        assert found["cluster"] == stages["clusters"].labels[:59].tolist()
        assert "Not on the map: 1." in explorer.page

    @pytest.mark.parametrize("number", [0, 17, 58])
    def test_each_has_its_own_picture(self, explorer, stages, number):
        spectrogram = stages["spectrograms"].spectrograms[number]
        expected = np.clip(spectrogram, 0, carried(explorer)["highest"])
        found = picture(explorer, "syllables", number)
        assert found.shape == expected.shape
        assert np.abs(found - expected).mean() < 0.35
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9
        features = picture(explorer, "features", number)
        assert np.abs(features - stages["features"][number]).mean() < 0.35

    def test_each_has_its_own_measures(self, explorer, stages):
        found, measures = carried(explorer), stages["measures"]
        for column in agreement.MEASURES:
            expected = measures[column].to_numpy()[:59]
            values = [np.nan if value is None else value for value in found[column]]
            np.testing.assert_allclose(values, expected, atol=0.06)

    def test_the_syllables_in_the_middle_of_each_cluster_are_heard_first(self, stages, monkeypatch):
        monkeypatch.setattr(module, "CARRIED_BYTES", 0)
        monkeypatch.setattr(module, "LEAST_SOUND_BYTES", 60_000)
        found = carried(usvlib.explore(**stages))
        heard = np.array([clip is not None for clip in found["clips"]])
        assert 5 <= heard.sum() < 59
        labels, centroids = stages["clusters"].labels[:59], stages["clusters"].centroids
        distances = np.linalg.norm(stages["coordinates"][:59] - centroids[labels], axis=1)
        for label in range(5):
            members = np.flatnonzero(labels == label)
            nearest_first = members[np.argsort(distances[members])]
            assert found["exemplars"][label] == nearest_first[0]
            # Those that are heard are nearer than those that are not.
            assert heard[nearest_first].tolist() == sorted(heard[nearest_first], reverse=True)
            assert heard[nearest_first[0]]

    def test_sounds_take_the_room_that_pictures_leave(self, stages, explorer, monkeypatch):
        most = 60_000 + sum(map(len, re.findall(r"data:image/webp[^\"]+", explorer.page)))
        monkeypatch.setattr(module, "CARRIED_BYTES", most)
        monkeypatch.setattr(module, "LEAST_SOUND_BYTES", 0)
        clips = carried(usvlib.explore(**stages))["clips"]
        assert 50_000 < sum(len(clip) for clip in clips if clip) < 62_000
        assert None in clips

    def test_a_clip_is_of_its_own_syllable(self, explorer, stages):
        found = carried(explorer)
        assert all(found["clips"])
        for number in (3, 30):
            samples, rate = soundfile.read(io.BytesIO(base64.b64decode(found["clips"][number])))
            spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
            hz = 16 * np.fft.rfftfreq(len(samples), 1 / rate)
            contour = usvlib.frequency_contours(stages["spectrograms"])[number]
            strongest = hz[spectrum.argmax()] / 1000
            assert np.nanmin(contour) - 1 < strongest < np.nanmax(contour) + 1

    def test_a_contour_is_carried_within_its_resolution(self, explorer, stages):
        found = carried(explorer)
        low, high = found["contour_khz"]
        for number in (0, 20):
            contour = usvlib.frequency_contours(stages["spectrograms"])[number][::2]
            codes = np.frombuffer(base64.b64decode(found["contours"][number]), np.uint8)
            held = np.isfinite(contour)
            assert (codes > 0).tolist() == held.tolist()
            khz = low + (codes[held].astype(float) - 1) / 254 * (high - low)
            np.testing.assert_allclose(khz, contour[held], atol=(high - low) / 254)

    @pytest.mark.parametrize(("hop_s", "step_ms"), [(0.0005, 2), (0.001, 2), (0.0015, 1.5)])
    def test_a_contour_lasts_as_long_as_its_syllable(self, recording, hop_s, step_ms):
        spectrograms = usvlib.syllable_spectrograms(recording, usvlib.Recipe(hop_s=hop_s))
        found = carried(usvlib.explore(**mapped(spectrograms)))
        assert found["contour_step_ms"] == pytest.approx(step_ms)
        for number, contour in enumerate(found["contours"]):
            length_ms = len(base64.b64decode(contour)) * step_ms
            assert length_ms == pytest.approx(found["duration_ms"][number], abs=2 * step_ms)

    def test_without_recordings_nothing_is_claimed_to_be_recorded(self, stages):
        explorer = usvlib.explore(**stages | {"recordings": None})
        assert not any(carried(explorer)["clips"])
        assert "times slower, as tones along their contours." in explorer.page
        assert "as recorded, but" not in explorer.page

    def test_features_are_the_normalised_spectrograms_unless_given(self, stages, explorer):
        default = usvlib.explore(**stages | {"features": None, "recordings": None})
        assert carried(default)["features"] == carried(explorer)["features"]
        np.testing.assert_array_equal(
            picture(default, "features", 5), picture(explorer, "features", 5)
        )

    def test_syllables_of_several_recordings_say_which_they_are_of(self, recording):
        other = usvlib.simulate_recording(n_syllables=20, seed=2)
        other = dataclasses.replace(other, name="</script><b>other")
        both = [recording, other]
        spectrograms = usvlib.syllable_spectrograms(both)
        explorer = usvlib.explore(**mapped(spectrograms), recordings=both)
        assert carried(explorer)["recording"] == [recording.name] * 60 + [other.name] * 20
        assert "<option>recording</option>" in explorer.page
        assert "</script><b>" not in explorer.page

    def test_the_mean_is_as_wide_as_its_axis_however_small_the_pictures(self, stages, monkeypatch):
        monkeypatch.setattr(atlas, "MOST_PIXELS", 30_000)
        found = carried(usvlib.explore(**stages | {"recordings": None}))["features"]
        assert found["columns"] == stages["features"].shape[2]
        assert found["places"][2] < found["columns"]

    def test_time_goes_on_in_whatever_order_the_syllables_are(self, recording):
        turned = dataclasses.replace(
            recording, onsets=recording.onsets[::-1], offsets=recording.offsets[::-1]
        )
        spectrograms = usvlib.syllable_spectrograms(turned)
        explorer = usvlib.explore(**mapped(spectrograms))
        assert carried(explorer)["in_time"] == list(range(60))[::-1]

    def test_a_single_syllable_is_a_map(self, stages):
        alone = np.full((60, 2), np.nan)
        alone[7] = 1.5
        clusters = usvlib.Clusters(np.where(np.arange(60) == 7, 0, -1), alone[7:8])
        explorer = usvlib.explore(**stages | {"coordinates": alone, "clusters": clusters})
        assert carried(explorer)["syllable"] == [7]

    def test_a_table_may_have_rows_of_any_name(self, stages, explorer):
        renamed = stages["measures"].set_index(np.arange(60)[::-1])
        found, expected = (
            {key: value for key, value in carried(each).items() if key != "clips"}
            for each in (usvlib.explore(**stages | {"measures": renamed}), explorer)
        )
        assert found == expected


class Sources(html.parser.HTMLParser):
    """What a page would ask for."""

    def __init__(self, page):
        super().__init__()
        self.asked, self.frames = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.asked += [attributes[key] for key in ("src", "href") if key in attributes]
        if tag == "iframe":
            self.frames.append(attributes)


class TestThePage:
    def test_it_asks_for_nothing_else(self, explorer):
        asked = Sources(explorer.page).asked
        assert len(asked) >= 7
        assert {source.split(":")[0] for source in asked} == {"data"}

    def test_a_notebook_shows_it_whole_in_a_frame_that_has_a_title(self, explorer):
        [frame] = Sources(explorer._repr_html_()).frames
        assert frame["srcdoc"] == explorer.page
        assert frame["title"] == "Explorer of 59 syllables"
        assert explorer._repr_html_().isascii()

    def test_it_is_saved_as_it_is(self, explorer, tmp_path):
        explorer.save(tmp_path / "new folder" / "map.html")
        assert (tmp_path / "new folder" / "map.html").read_text("utf-8") == explorer.page
        explorer.save(str(tmp_path / "map.html"))

    def test_home_is_where_the_reader_means(self, explorer, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        explorer.save("~/map.html")
        assert [path.name for path in tmp_path.iterdir()] == ["map.html"]

    def test_a_file_must_have_a_name(self, explorer):
        with refused("path", "map.html"):
            explorer.save("")

    def test_where_it_cannot_be_saved_that_is_said_and_nothing_left(self, explorer, below_a_file):
        with refused(below_a_file.name, "cannot be written"):
            explorer.save(below_a_file / "map.html")
        assert list(below_a_file.parent.parent.rglob("*.html")) == []

    def test_its_words_do_not_depend_on_who_prints_it(self, explorer):
        assert repr(explorer) == "Explorer(n_syllables=59)"


class TestBadInput:
    @pytest.mark.parametrize("name", ["measures", "coordinates", "features"])
    def test_what_is_of_other_syllables(self, stages, name):
        with refused(name, 59, 60, "must go together"):
            usvlib.explore(**stages | {name: stages[name][:59]})

    def test_clusters_of_other_syllables(self, stages):
        clusters = usvlib.Clusters(stages["clusters"].labels[:50], stages["clusters"].centroids)
        with refused("clusters", 50, 60):
            usvlib.explore(**stages | {"clusters": clusters})

    def test_features_without_frames(self, stages):
        with refused("features", "(60, 40)", "[n_syllables, n_bands, n_frames]"):
            usvlib.explore(**stages | {"features": stages["features"][:, :, 0]})

    def test_measures_of_another_kind(self, stages):
        with refused("measures", "duration_ms", "syllable_measures"):
            usvlib.explore(**stages | {"measures": stages["measures"].drop(columns="duration_ms")})

    def test_measures_that_are_no_table(self, stages):
        with refused("measures", "syllable_measures"):
            usvlib.explore(**stages | {"measures": stages["measures"].to_numpy()})

    def test_measures_that_are_words(self, stages):
        words = stages["measures"].assign(onset_s="early")
        with refused("measures", "numbers", "onset_s"):
            usvlib.explore(**stages | {"measures": words})

    def test_features_that_are_no_numbers(self, stages):
        features = stages["features"].copy()
        features[4, 0, 0] = np.nan
        with refused("features of syllable 4", "finite"):
            usvlib.explore(**stages | {"features": features})

    @pytest.mark.parametrize(
        ("syllable", "label", "words"),
        [(3, -1, "syllable 3 is on the map and in no"), (59, 0, "syllable 59 is in a cluster and")],
    )
    def test_clusters_of_another_map(self, stages, syllable, label, words):
        labels = stages["clusters"].labels.copy()
        labels[syllable] = label
        clusters = usvlib.Clusters(labels, stages["clusters"].centroids)
        with refused(words, "cluster(coordinates)"):
            usvlib.explore(**stages | {"clusters": clusters})

    def test_nothing_on_the_map(self, stages):
        nowhere = np.full((60, 2), np.nan)
        with refused("coordinates", "at least one"):
            usvlib.explore(**stages | {"coordinates": nowhere, "clusters": usvlib.cluster(nowhere)})

    def test_measures_in_another_order(self, stages):
        sorted_ones = stages["measures"].sort_values("duration_ms")
        with refused("begins at", "in measures", "same order"):
            usvlib.explore(**stages | {"measures": sorted_ones})

    @pytest.mark.parametrize("change", ["an unused label", "a misplaced centroid", "floats"])
    def test_clusters_that_are_none_of_the_coordinates(self, stages, change):
        labels, centroids = stages["clusters"].labels.copy(), stages["clusters"].centroids.copy()
        if change == "an unused label":
            labels[labels == 2] = 1
        elif change == "a misplaced centroid":
            centroids[3] += 1
        else:
            labels = labels.astype(float)
        with refused("cluster"):
            usvlib.explore(**stages | {"clusters": usvlib.Clusters(labels, centroids)})

    @pytest.mark.parametrize(
        ("name", "value", "kind"),
        [
            ("spectrograms", "mine.wav", "SyllableSpectrograms"),
            ("clusters", np.zeros(60, int), "Clusters"),
            ("recordings", "mine.wav", "Recording"),
            ("recordings", ["mine.wav"], "Recording"),
        ],
    )
    def test_arguments_in_another_order(self, stages, name, value, kind):
        with refused(name, kind):
            usvlib.explore(**stages | {name: value})

    def test_coordinates_of_three_dimensions(self, stages):
        with refused("coordinates", "(60, 3)"):
            usvlib.explore(**stages | {"coordinates": np.zeros((60, 3))})

    def test_too_many_recordings(self, stages, recording):
        with refused("recordings", 2, 1):
            usvlib.explore(**stages | {"recordings": [recording, recording]})

    def test_another_recording(self, stages):
        other = usvlib.simulate_recording(n_syllables=60, seed=9)
        with refused("recordings[0]", other.name, "not those of the spectrograms"):
            usvlib.explore(**stages | {"recordings": other})
