"""The HTTP API. `application` puts it together, `server` runs it.

Routes translate between HTTP and the moderator and hold no logic of their own. Every error, from whatever place, has
one shape: {"error": {"code": ..., "message": ...}}.
"""
