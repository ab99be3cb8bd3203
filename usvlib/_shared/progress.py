"""Progress bars of long computations."""

# Settings of tqdm: a bar appears after two seconds, on a terminal only, and is removed at the end.
DISCREET = {"delay": 2, "leave": False, "disable": None}


def progress_bar(label, items=None, **settings):
    """Return a tqdm bar over items, or over a given `total`."""
    import tqdm

    return tqdm.tqdm(items, desc=label, **DISCREET, **settings)
