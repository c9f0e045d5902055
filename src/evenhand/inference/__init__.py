"""Inference: model cards, verified weights, and sessions that are made once and shared."""
