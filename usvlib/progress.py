"""A bar for what takes longer than a moment, where somebody watches."""


def progress_bar(label, items=None, **settings):
    """A tqdm bar that appears after two seconds, on a terminal only, and leaves no trace."""
    import tqdm

    return tqdm.tqdm(items, desc=label, delay=2, leave=False, disable=None, **settings)
