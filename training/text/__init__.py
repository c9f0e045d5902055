"""The text encoder and its harm heads, rebuilt from pinned sources: `python -m training.text.build`."""
