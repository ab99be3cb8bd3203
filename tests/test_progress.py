"""Progress bars appear on a terminal, after two seconds; the book must not show them."""

import io
import sys
import time

import pytest

from usvlib._shared.progress import progress_bar


class Stream(io.StringIO):
    def __init__(self, watched):
        super().__init__()
        self.watched = watched

    def isatty(self):
        return self.watched


@pytest.mark.parametrize(
    ("watched", "seconds", "shown"), [(True, 2.6, True), (True, 0.2, False), (False, 2.6, False)]
)
def test_a_bar_is_shown_on_a_terminal_for_long_work(monkeypatch, watched, seconds, shown):
    stream = Stream(watched)
    monkeypatch.setattr(sys, "stderr", stream)
    items = list(range(20))
    seen = []
    for item in progress_bar("counting", items):
        time.sleep(seconds / len(items))
        seen.append(item)
    assert seen == items
    assert ("counting" in stream.getvalue()) == shown


def test_a_bar_without_items_counts_up_to_a_given_total(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Stream(True))
    with progress_bar("reading", total=20, unit="s") as bar:
        bar.update(5)
        assert (bar.n, bar.total, bar.unit, bar.desc) == (5, 20, "s", "reading")
