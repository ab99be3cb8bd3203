"""The explorer: all syllables in one file, each with its own spectrogram and sound.

Its behaviour in a browser is tested in tests/site.
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
    """Arguments of `explore`: 60 syllables, the last of which is not on the map."""
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
    """The data that the page's script reads."""
    [text] = re.findall(r'id="carried">(.*?)</script>', explorer.page, re.DOTALL)
    return json.loads(text)


def packed(explorer, name, number):
    """The values of a packed spectrogram, as the page will read them."""
    [webp] = re.findall(rf'id="{name}-atlas"[^>]*base64,([^"]+)', explorer.page)
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(webp))).convert("L"))
    found = carried(explorer)
    x, y, width = found[name]["places"][3 * number : 3 * number + 3]
    return found["highest"] / 255 * grey[y : y + found[name]["height"], x : x + width]


class TestDataInThePage:
    def test_it_holds_the_syllables_on_the_map_and_no_others(self, explorer, stages):
        found = carried(explorer)
        assert explorer.n_syllables == 59
        assert found["syllable"] == list(range(59))
        assert found["cluster"] == stages["clusters"].labels[:59].tolist()
        assert "Not on the map: 1." in explorer.page

    @pytest.mark.parametrize("number", [0, 17, 58])
    def test_each_syllable_has_its_own_spectrogram(self, explorer, stages, number):
        spectrogram = stages["spectrograms"].spectrograms[number]
        expected = np.clip(spectrogram, 0, carried(explorer)["highest"])
        found = packed(explorer, "syllables", number)
        assert found.shape == expected.shape
        assert np.abs(found - expected).mean() < 0.35
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9
        features = packed(explorer, "features", number)
        assert np.abs(features - stages["features"][number]).mean() < 0.35

    def test_each_syllable_has_its_own_measures(self, explorer, stages):
        found, measures = carried(explorer), stages["measures"]
        for column in agreement.MEASURES:
            expected = measures[column].to_numpy()[:59]
            values = [np.nan if value is None else value for value in found[column]]
            np.testing.assert_allclose(values, expected, atol=0.06)

    def test_the_syllables_in_the_middle_of_each_cluster_are_heard_first(self, stages, monkeypatch):
        monkeypatch.setattr(module, "CARRIED_BYTES", 0)
        monkeypatch.setattr(module, "MIN_SOUND_BYTES", 60_000)
        found = carried(usvlib.explore(**stages))
        heard = np.array([clip is not None for clip in found["clips"]])
        assert 5 <= heard.sum() < 59
        labels, centroids = stages["clusters"].labels[:59], stages["clusters"].centroids
        distances = np.linalg.norm(stages["coordinates"][:59] - centroids[labels], axis=1)
        for label in range(5):
            members = np.flatnonzero(labels == label)
            nearest_first = members[np.argsort(distances[members])]
            assert found["exemplars"][label] == nearest_first[0]
            # Syllables with sound are nearer than those without.
            assert heard[nearest_first].tolist() == sorted(heard[nearest_first], reverse=True)
            assert heard[nearest_first[0]]

    def test_sounds_take_the_space_that_spectrograms_leave(self, stages, explorer, monkeypatch):
        most_bytes = 60_000 + sum(map(len, re.findall(r"data:image/webp[^\"]+", explorer.page)))
        monkeypatch.setattr(module, "CARRIED_BYTES", most_bytes)
        monkeypatch.setattr(module, "MIN_SOUND_BYTES", 0)
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

    def test_a_contour_is_stored_within_its_resolution(self, explorer, stages):
        found = carried(explorer)
        low, high = found["contour_khz"]
        for number in (0, 20):
            contour = usvlib.frequency_contours(stages["spectrograms"])[number][::2]
            codes = np.frombuffer(base64.b64decode(found["contours"][number]), np.uint8)
            tracked = np.isfinite(contour)
            assert (codes > 0).tolist() == tracked.tolist()
            khz = low + (codes[tracked].astype(float) - 1) / 254 * (high - low)
            np.testing.assert_allclose(khz, contour[tracked], atol=(high - low) / 254)

    @pytest.mark.parametrize(("hop_s", "step_ms"), [(0.0005, 2), (0.001, 2), (0.0015, 1.5)])
    def test_a_contour_lasts_as_long_as_its_syllable(self, recording, hop_s, step_ms):
        spectrograms = usvlib.syllable_spectrograms(recording, usvlib.Recipe(hop_s=hop_s))
        found = carried(usvlib.explore(**mapped(spectrograms)))
        assert found["contour_step_ms"] == pytest.approx(step_ms)
        for number, contour in enumerate(found["contours"]):
            length_ms = len(base64.b64decode(contour)) * step_ms
            assert length_ms == pytest.approx(found["duration_ms"][number], abs=2 * step_ms)

    def test_without_recordings_all_sounds_are_said_to_be_tones(self, stages):
        explorer = usvlib.explore(**stages | {"recordings": None})
        assert not any(carried(explorer)["clips"])
        assert "times slower, as tones along their contours." in explorer.page
        assert "as recorded, but" not in explorer.page

    def test_where_some_are_off_the_map_all_others_keep_what_is_theirs(self, stages, recording):
        coordinates = stages["coordinates"].copy()
        coordinates[[0, 7, 30]] = np.nan
        clusters = usvlib.cluster(coordinates, n_clusters=5)
        explorer = usvlib.explore(**stages | {"coordinates": coordinates, "clusters": clusters})
        found, shown = carried(explorer), np.delete(np.arange(59), [0, 7, 30])
        assert explorer.n_syllables == 56
        assert "Not on the map: 4." in explorer.page
        assert found["syllable"] == shown.tolist()
        assert found["cluster"] == clusters.labels[shown].tolist()
        for column in agreement.MEASURES:
            expected = stages["measures"][column].to_numpy()[shown]
            values = [np.nan if value is None else value for value in found[column]]
            np.testing.assert_allclose(values, expected, atol=0.06)
        spectrograms = stages["spectrograms"].spectrograms
        assert found["n_frames"] == [spectrograms[i].shape[1] for i in shown]
        lengths = [len(base64.b64decode(contour)) for contour in found["contours"]]
        assert lengths == [-(-n // 2) for n in found["n_frames"]]
        assert found["in_time"] == np.argsort(stages["spectrograms"].onset_s[shown]).tolist()
        number = 20
        expected = np.clip(spectrograms[shown[number]], 0, found["highest"])
        assert np.abs(packed(explorer, "syllables", number) - expected).mean() < 0.35
        expected = np.clip(stages["features"][shown[number]], 0, found["highest"])
        assert np.abs(packed(explorer, "features", number) - expected).mean() < 0.35
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(found["clips"][number])))
        duration_ms = 1000 * len(samples) / rate / 16 - 2 * found["margin_ms"]
        assert duration_ms == pytest.approx(found["duration_ms"][number], abs=1)

    def test_the_colours_end_where_one_in_a_hundred_syllables_is_louder(self, explorer, stages):
        peaks = [s.max() for s in stages["spectrograms"].spectrograms[:59]]
        assert carried(explorer)["highest"] == pytest.approx(np.percentile(peaks, 99))

    def test_each_cluster_has_a_button_that_describes_it(self, explorer, stages):
        features, measures, clusters = (stages[k] for k in ("features", "measures", "clusters"))
        buttons = module._cluster_buttons(features, clusters, measures[:59], clusters.labels[:59])
        for label, button in enumerate(buttons):
            members = measures[clusters.labels == label]
            assert button["n"] == len(members) == clusters.sizes[label]
            assert button["duration"] == f"{members.duration_ms.mean():.0f} ms"
            assert button["frequency"] == f"{members.mean_frequency_khz.mean():.0f} kHz"
            assert button["mean"] in explorer.page
        # The means share one scale, whose end is the highest value of all of them.
        means = clusters.means(features)
        pngs = [
            base64.b64decode(one)
            for one in re.findall(r"image/png;base64,([^\"']+)", explorer.page)
        ]
        assert atlas.mean_png(means[2], means.max()) in pngs

    def test_features_are_the_normalised_spectrograms_unless_given(self, stages, explorer):
        default = usvlib.explore(**stages | {"features": None, "recordings": None})
        assert carried(default)["features"] == carried(explorer)["features"]
        np.testing.assert_array_equal(
            packed(default, "features", 5), packed(explorer, "features", 5)
        )

    def test_syllables_of_several_recordings_name_theirs(self, recording):
        other = usvlib.simulate_recording(n_syllables=20, seed=2)
        other = dataclasses.replace(other, name="</script><b>other")
        both = [recording, other]
        spectrograms = usvlib.syllable_spectrograms(both)
        explorer = usvlib.explore(**mapped(spectrograms), recordings=both)
        assert carried(explorer)["recording"] == [recording.name] * 60 + [other.name] * 20
        assert "<option>recording</option>" in explorer.page
        assert "</script><b>" not in explorer.page

    def test_the_mean_is_as_wide_as_its_axis_also_if_features_are_reduced_in_size(
        self, stages, monkeypatch
    ):
        monkeypatch.setattr(atlas, "MAX_PIXELS", 30_000)
        found = carried(usvlib.explore(**stages | {"recordings": None}))["features"]
        assert found["columns"] == stages["features"].shape[2]
        assert found["places"][2] < found["columns"]

    def test_syllables_are_sorted_by_time_whatever_their_order(self, recording):
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

    def test_a_table_may_have_any_index(self, stages, explorer):
        renamed = stages["measures"].set_index(np.arange(60)[::-1])
        found, expected = (
            {key: value for key, value in carried(each).items() if key != "clips"}
            for each in (usvlib.explore(**stages | {"measures": renamed}), explorer)
        )
        assert found == expected


class Sources(html.parser.HTMLParser):
    """The addresses from which a page would load something."""

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
    def test_it_loads_nothing_from_elsewhere(self, explorer):
        asked = Sources(explorer.page).asked
        assert len(asked) >= 7
        assert {source.split(":")[0] for source in asked} == {"data"}

    def test_a_notebook_shows_the_whole_page_in_a_frame_with_a_title(self, explorer):
        [frame] = Sources(explorer._repr_html_()).frames
        assert frame["srcdoc"] == explorer.page
        assert frame["title"] == "Explorer of 59 syllables"
        assert explorer._repr_html_().isascii()

    def test_it_is_saved_as_it_is(self, explorer, tmp_path):
        explorer.save(tmp_path / "new folder" / "map.html")
        assert (tmp_path / "new folder" / "map.html").read_text("utf-8") == explorer.page
        explorer.save(str(tmp_path / "map.html"))

    def test_a_tilde_stands_for_the_home_folder(self, explorer, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        explorer.save("~/map.html")
        assert [path.name for path in tmp_path.iterdir()] == ["map.html"]

    @pytest.mark.parametrize("path", ["", None, 3, "~nobody-of-this-name/map.html"])
    def test_a_path_must_name_a_file(self, explorer, path):
        with refused(f"path is {path!r}", "file"):
            explorer.save(path)

    def test_a_folder_is_no_file(self, explorer, tmp_path):
        with refused(tmp_path.name, "cannot be written"):
            explorer.save(tmp_path)

    def test_a_path_that_cannot_be_written_is_an_error_and_leaves_nothing(
        self, explorer, below_a_file
    ):
        with refused(below_a_file.name, "cannot be written"):
            explorer.save(below_a_file / "map.html")
        assert list(below_a_file.parent.parent.rglob("*.html")) == []

    def test_its_repr_does_not_hold_the_page(self, explorer):
        assert repr(explorer) == "Explorer(n_syllables=59)"


@pytest.fixture
def study(stages):
    """A study with all its stages."""
    study = usvlib.Study("simulated", usvlib.ORIGINAL, (stages["recordings"],))
    vars(study).update({name: stages[name] for name in stages if name != "recordings"})
    return study


class TestStudies:
    def test_a_study_is_the_same_as_its_stages(self, study, explorer):
        found, expected = (
            # The encoder of sounds numbers its streams at random.
            {key: value for key, value in carried(each).items() if key != "clips"}
            for each in (usvlib.explore(study), explorer)
        )
        assert found == expected
        np.testing.assert_array_equal(
            packed(usvlib.explore(study), "features", 5), packed(explorer, "features", 5)
        )

    def test_the_sounds_and_features_are_those_of_the_study(self, study):
        vars(study)["features"] = 2 * study.features
        found = usvlib.explore(study)
        assert all(carried(found)["clips"])
        expected = np.clip(study.features[5], 0, carried(found)["highest"])
        assert np.abs(packed(found, "features", 5) - expected).mean() < 0.35

    @pytest.mark.parametrize(
        "name", ["measures", "coordinates", "clusters", "recordings", "features"]
    )
    def test_a_study_with_further_arguments_is_an_error(self, study, stages, name):
        with refused(f"{name} is given besides a study", "alone"):
            usvlib.explore(study, **{name: stages[name]})

    def test_a_study_without_a_map_is_an_error(self, study):
        nowhere = np.full((60, 2), np.nan)
        vars(study).update(coordinates=nowhere, clusters=usvlib.cluster(nowhere))
        with refused("coordinates", "at least one"):
            usvlib.explore(study)


class TestRecordingNames:
    @pytest.mark.parametrize(
        ("names", "shown"),
        [
            (["a", "b"], ["a", "b"]),
            (["mine", "mine"], ["mine (1)", "mine (2)"]),
            (["mine", "other", "mine"], ["mine (1)", "other", "mine (2)"]),
            (["a", "b", "b", "a"], ["a (1)", "b (1)", "b (2)", "a (2)"]),
            (["mine", "mine", "mine (1)"], ["mine (2)", "mine (3)", "mine (1)"]),
        ],
    )
    def test_names_are_made_distinct(self, names, shown):
        assert module._distinct(names) == shown

    def test_recordings_of_equal_name_stay_apart(self):
        both = [
            dataclasses.replace(usvlib.simulate_recording(n_syllables=8, seed=seed), name="mine")
            for seed in (1, 2)
        ]
        spectrograms = usvlib.syllable_spectrograms(both)
        explorer = usvlib.explore(**mapped(spectrograms), recordings=iter(both))
        assert carried(explorer)["recording"] == ["mine (1)"] * 8 + ["mine (2)"] * 8
        assert "From mine (1), mine (2)." in explorer.page
        [factors] = re.findall(r'"factors":(\["mine[^]]*\])', explorer.page)
        assert json.loads(factors) == ["mine (1)", "mine (2)"]


class TestBadInput:
    @pytest.mark.parametrize("name", ["measures", "coordinates", "features"])
    def test_stages_of_other_syllables(self, stages, name):
        with refused(name, 59, 60, "must match"):
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

    def test_measures_that_are_not_a_table(self, stages):
        with refused("measures", "syllable_measures"):
            usvlib.explore(**stages | {"measures": stages["measures"].to_numpy()})

    def test_measures_that_are_words(self, stages):
        words = stages["measures"].assign(onset_s="early")
        with refused("measures", "numbers", "onset_s"):
            usvlib.explore(**stages | {"measures": words})

    def test_features_that_are_not_numbers(self, stages):
        features = stages["features"].copy()
        features[4, 0, 0] = np.nan
        with refused("features of syllable 4", "finite"):
            usvlib.explore(**stages | {"features": features})

    @pytest.mark.parametrize(
        ("syllable", "label", "words"),
        [
            (3, -1, "syllable 3 is on the map and in no"),
            (59, 0, "syllable 59 is in a cluster, but"),
        ],
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

    @pytest.mark.parametrize(
        "change", ["an unused label", "a misplaced centroid", "floats", "three axes", "two columns"]
    )
    def test_clusters_that_are_not_of_the_coordinates(self, stages, change):
        labels, centroids = stages["clusters"].labels.copy(), stages["clusters"].centroids.copy()
        if change == "an unused label":
            labels[labels == 2] = 1
        elif change == "a misplaced centroid":
            centroids[3] += 1
        elif change == "floats":
            labels = labels.astype(float)
        elif change == "three axes":
            centroids = np.pad(centroids, ((0, 0), (0, 1)))
        else:
            labels = labels[:, np.newaxis]
        with refused("cluster"):
            usvlib.explore(**stages | {"clusters": usvlib.Clusters(labels, centroids)})

    @pytest.mark.parametrize(
        ("name", "value", "kind"),
        [
            ("spectrograms", "mine.wav", "SyllableSpectrograms"),
            ("clusters", np.zeros(60, int), "Clusters"),
            ("recordings", "mine.wav", "Recording"),
            ("recordings", ["mine.wav"], "Recording"),
            ("recordings", 3, "Recording"),
            ("spectrograms", None, "SyllableSpectrograms"),
            ("measures", 3, "table"),
            ("measures", "mine.csv", "table"),
            ("coordinates", "mine.csv", ""),
            ("coordinates", 3, "()"),
            ("features", "mine.npy", ""),
        ],
    )
    def test_arguments_of_another_kind(self, stages, name, value, kind):
        with refused(name, kind):
            usvlib.explore(**stages | {name: value})

    @pytest.mark.parametrize("name", ["measures", "coordinates", "clusters"])
    def test_a_missing_argument(self, stages, name):
        with refused(f"{name} is missing", "study"):
            usvlib.explore(**stages | {name: None})

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
