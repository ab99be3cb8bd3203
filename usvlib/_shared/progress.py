"""A bar for what takes longer than a moment, where somebody watches."""

# Of tqdm: after two seconds, on a terminal only, and without a trace.
DISCREET = {"delay": 2, "leave": False, "disable": None}


def progress_bar(label, items=None, **settings):
    """A tqdm bar over items, or over a `total` that is given."""
    import tqdm

    return tqdm.tqdm(items, desc=label, **DISCREET, **settings)
