"""Fits the map from evenhand's scores to Perspective's: `python -m training.perspective.fit_map`."""
