"""A real OpenID Connect provider (npm `oidc-provider`) on loopback, for tests, and people who sign in there."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

NODE = Path(__file__).parent / "node"
needs_provider = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "oidc-provider").is_dir(),
    reason="needs Node.js and oidc-provider (npm ci --prefix tests/node)",
)
_MOST_STEPS = 20


def free_port() -> int:
    """Give a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def providing(port: int, redirect: str) -> Iterator[None]:
    """Run the provider until the block ends."""
    command = ["node", "provider.mjs", str(port), redirect]
    with subprocess.Popen(command, cwd=NODE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.strip() == "listening":
                break
        assert process.poll() is None, "".join(said)
        try:
            yield
        finally:
            process.terminate()


def walk(browser: httpx.Client, start: str, person: str, *, back: str) -> str:
    """Go from an address to the provider and sign in there; give the address that it sends the browser back to.

    Args:
        browser: holds the cookies.
        start: where the way begins.
        person: their name at the provider.
        back: how the address begins that ends the way; it is not asked for.
    """
    answer = browser.get(start)
    for _ in range(_MOST_STEPS):
        if answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if target.startswith(back):
                return target
            answer = browser.get(target)
            continue
        form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert form is not None, answer.text
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
        if "login" in answer.text and fields.get("prompt") == "login":
            fields |= {"login": person, "password": "any"}
        answer = browser.post(urljoin(str(answer.url), unescape(form[1])), data=fields)
    raise AssertionError("the way to the provider does not end")
