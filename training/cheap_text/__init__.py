"""Tables of the cheap text detectors, rebuilt from permissive text."""
