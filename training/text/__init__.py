"""The text encoder and the harm reader, rebuilt from pinned sources: `python -m training.text.build`."""
