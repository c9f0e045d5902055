"""Older text weights of evenhand: data only. Read by `evenhand.inference`, which checks every file against its card."""
