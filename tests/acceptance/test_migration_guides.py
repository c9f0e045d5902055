"""The guides for those who move here, followed to the letter: their own commands and snippets, against real servers.

Blocks are taken out of the pages in order. `bash` blocks are run; a command that ends in `evenhand serve` starts the
server anew, in the background. `python` blocks are run as one session: each together with those before it. `js` blocks
are run by Node, `yaml` blocks whose first line names a file are written to it, `json` blocks become the file that the
words before them name last. Only addresses, folders and the keys that people are told to put in are replaced.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from evenhand.detectors.builtin import BUILTINS
from evenhand.domain import PartKind
from evenhand.settings import Settings
from evenhand.store import DialectKey, open_store
from tests.compat import NODE, SECRET_KEY
from tests.server import serving

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "how-to"
PATIENCE_S = 300.0
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_JSON_FILE = re.compile(r"`(\S+\.jsonl?)`")
_INSTALL = re.compile(r"pip install '?evenhand(?:\[([\w,]+)\])?'?")
_PICTURES = tuple(one.name for one in BUILTINS if one.reads is PartKind.IMAGE)
_SOUNDS = tuple(one.name for one in BUILTINS if one.reads is PartKind.AUDIO)
RUDE = "what kind of idiot name is foo?"


class Walk:
    """Somebody who follows a page.

    Args:
        page: name of the guide.
        folder: where they work; the server keeps its data there, too.
        off: detectors that are not needed for the page.
        puts: what is put in the place of what.
    """

    def __init__(self, page: str, folder: Path, *, off: tuple[str, ...], puts: Mapping[str, str]) -> None:
        self._page = (GUIDES / page).read_text("utf-8")
        self.folder, self._session, self.log = folder, "", folder / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self._puts = {**puts, "localhost:8000": self._address}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
            "NO_PROXY": "*",
            "EVENHAND_DATA_DIR": str(folder / "data"),
            "EVENHAND_PORT": self._address.rpartition(":")[2],
            "EVENHAND_DISABLED_DETECTORS": json.dumps(off),
            "EVENHAND_DETECTOR_TIMEOUT_S": str(PATIENCE_S),
        }
        self._server: subprocess.Popen[bytes] | None = None
        self.secrets: list[str] = []

    def all(self) -> list[str]:
        """Follow the page to its end; give what each block printed."""
        told = []
        self._named = ""
        for found in _BLOCK.finditer(self._page):
            kind, text = found.groups()
            self._named = (["", *_JSON_FILE.findall(self._page, 0, found.start())])[-1]
            for old, new in self._puts.items():
                text = text.replace(old, new)
            follow = getattr(self, f"_{kind}", None)
            assert follow is not None, f"a block of a kind that nobody follows: {kind}"
            told.append(follow(text))
        return told

    def again(self) -> str:
        """Do once more what the page did in Python; give what was printed."""
        return self._python("")

    def close(self) -> None:
        """Stop the server, if it runs."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(60)
            self._server = None

    def _bash(self, block: str) -> str:
        told = ""
        for command in (line for line in re.split(r"(?<!\\)\n", block) if line.strip()):
            plain = re.sub(r"\s+#.*$", "", command)
            if (install := _INSTALL.fullmatch(plain)) is not None:
                extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
                assert set((install[1] or "compat").split(",")) <= set(extras)
            elif plain.endswith("evenhand serve"):
                self._serve(plain)
            else:
                told += self._command(command)
        return told

    def _command(self, command: str) -> str:
        after = self.folder / "environment"
        if "migrate report" in command:
            self._compared()
        script = f"set -eo pipefail\n{command}\nenv -0 > {after}\n"
        printed = self._run(["bash", "-c", script])
        self.environment = dict(row.split("=", 1) for row in after.read_text("utf-8").split("\0") if "=" in row)
        if "keys create" in command and "--for" in command:
            access_id, secret = printed.split()
            self._puts |= {'"EHK..."': f'"{access_id}"', '"..."': f'"{secret}"'}
            self.secrets.append(secret)
        self.secrets += [
            value for name, value in self.environment.items() if name.startswith("EVENHAND_") and "KEY" in name
        ]
        return printed

    def _serve(self, command: str) -> None:
        self.close()
        start = ["bash", "-c", f"{command.removesuffix('evenhand serve')}exec evenhand serve"]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(start, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE_S
        while True:
            assert self._server.poll() is None, f"the server ended: {self.log.read_text('utf-8')[-2000:]}"
            assert time.monotonic() < until, "the server does not become ready"
            try:
                if httpx.get(f"http://{self._address}/readyz", trust_env=False, timeout=30).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)

    def _compared(self) -> None:
        """Send what was sent before, and wait until the old vendor has been asked as well."""
        self.again()
        file, until = self.folder / "data" / "shadow.jsonl", time.monotonic() + PATIENCE_S
        while not (file.is_file() and file.read_bytes().endswith(b"\n")):
            assert time.monotonic() < until, "nothing was compared"
            time.sleep(0.2)

    def _python(self, block: str) -> str:
        self._session += block
        file = self.folder / "session.py"
        file.write_text(self._session, "utf-8")
        return self._run([sys.executable, str(file)])

    def _js(self, block: str) -> str:
        if shutil.which("node") is None or not (NODE / "node_modules").is_dir():
            return ""  # CI has both; without them the rest of the page is still followed
        return self._run(["node", "-e", block], cwd=NODE)

    def _yaml(self, block: str) -> str:
        if (named := re.match(r"# (\S+\.yaml)\n", block)) is not None:
            (self.folder / named[1]).write_text(block, "utf-8")
        return ""

    def _json(self, block: str) -> str:
        assert self._named, "a block of JSON that belongs into no file"
        (self.folder / self._named).write_text(block, "utf-8")
        return ""

    def _run(self, command: list[str], cwd: Path | None = None) -> str:
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        what = f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, what
        assert '"error"' not in done.stdout, what
        return done.stdout


@contextmanager
def walking(page: str, folder: Path, *, off: tuple[str, ...] = (), puts: Mapping[str, str]) -> Iterator[Walk]:
    """Give a walk whose server is stopped at the end; what the server wrote holds no secret."""
    walk = Walk(page, folder, off=off, puts=puts)
    try:
        yield walk
    finally:
        walk.close()
    log = walk.log.read_text("utf-8")
    assert walk.secrets
    assert not [secret for secret in walk.secrets if secret in log]


class Old:
    """The old vendor: another server that speaks all dialects, as evenhand in shadow mode asks it."""

    def __init__(self, address: str, pairs: Mapping[str, DialectKey], http: httpx.Client) -> None:
        self.address, self.pairs, self.http = address, pairs, http


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old")
    settings = Settings(
        database_url=f"sqlite:///{folder / 'old.db'}",
        data_dir=folder,
        plugins=False,
        secret_key=SECRET_KEY,
        detector_timeout_s=PATIENCE_S,
        disabled_detectors=_SOUNDS,
        s3_buckets={"uploads": str(folder)},
    )
    store = open_store(settings=settings)
    store.migrate()
    pairs = {name: store.dialect_keys.create("shadow", dialect=name) for name in ("rekognition", "tencent", "alibaba")}
    store.close()
    shutil.copyfile(ROOT / "examples" / "pictures" / "landscape.jpg", _made(folder / "2026") / "a.jpg")
    with serving(settings, warm=True) as http:
        until = time.monotonic() + PATIENCE_S
        while http.get("/readyz").status_code != 200:  # nobody waits long for an old vendor
            assert time.monotonic() < until, "the old vendor does not become ready"
            time.sleep(0.2)
        yield Old(str(http.base_url).rstrip("/"), pairs, http)


def test_perspective(tmp_path: Path, old: Old) -> None:
    puts = {"https://commentanalyzer.googleapis.com\"}'": f"{old.address}\"}}'"}
    with walking("migrate-from-perspective.md", tmp_path, off=(*_PICTURES, *_SOUNDS), puts=puts) as walk:
        told = walk.all()
    assert "'type': 'PROBABILITY'" in told[1]
    assert json.loads(told[2])["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.5
    assert not told[3] or json.loads(told[3])["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.5
    assert "Policy written to policy.yaml" in told[4]
    assert "Policy written to policy.yaml" in told[6]
    checked = json.loads(told[8])
    assert (checked["action"], checked["policy"].partition("@")[0]) == ("review", "from-perspective"), checked
    assert "perspective TOXICITY" in told[-1]
    assert " 0 without an answer" in told[-1]


def test_openai(tmp_path: Path, old: Old) -> None:
    puts = {"https://api.openai.com/v1": f"{old.address}/v1"}
    with walking("migrate-from-openai.md", tmp_path, off=(*_PICTURES, *_SOUNDS), puts=puts) as walk:
        told = walk.all()
    assert told[1].startswith("False Categories(")
    assert told[2] in {"", "false\n"}
    assert json.loads(told[3])["results"][0]["flagged"] is False
    assert "openai harassment" in told[-2]
    assert " 0 without an answer" in told[-2]
    assert len(told[-1].split()[-1]) > 20, "the id of a decision"


def test_azure(tmp_path: Path, old: Old) -> None:
    lists = "/contentsafety/text/blocklists/house"
    old.http.patch(f"{lists}?api-version=2023-10-01", json={"description": "ours"}).raise_for_status()
    added = {"blocklistItems": [{"text": "badword"}, {"text": "worse"}]}
    old.http.post(f"{lists}:addOrUpdateBlocklistItems?api-version=2023-10-01", json=added).raise_for_status()
    puts = {"https://YOURS.cognitiveservices.azure.com": old.address}
    with walking("migrate-from-azure.md", tmp_path, off=(*_PICTURES, *_SOUNDS), puts=puts) as walk:
        told = walk.all()
    assert told[1] == "{'Hate': 0, 'SelfHarm': 0, 'Sexual': 0, 'Violence': 0}\n"
    assert not told[2] or len(json.loads(told[2])["categoriesAnalysis"]) == 4
    assert len(json.loads(told[3])["categoriesAnalysis"]) == 4
    assert "azure Hate" in told[-1]
    assert " 0 without an answer" in told[-1]
    settings = Settings(data_dir=tmp_path / "data")
    store = open_store(settings=settings)
    assert [item.text for item in store.blocklists.page("house")] == ["badword", "worse"]
    store.close()


def test_rekognition(tmp_path: Path, old: Old) -> None:
    pytest.importorskip("av")
    uploads = _made(tmp_path / "uploads")
    picture = ROOT / "examples" / "pictures" / "landscape.jpg"
    shutil.copyfile(picture, tmp_path / "upload.jpg")
    shutil.copyfile(picture, _made(uploads / "2026") / "a.jpg")
    shutil.copyfile(ROOT / "examples" / "recordings" / "clip.mp4", uploads / "clip.mp4")
    puts = {
        "/srv/uploads": str(uploads),
        "https://rekognition.eu-west-1.amazonaws.com": old.address,
        "AKIA...:SECRET": f"{old.pairs['rekognition'].access_id}:{old.pairs['rekognition'].secret}",
    }
    off = (*_SOUNDS, "text.harm")
    with walking("migrate-from-rekognition.md", tmp_path, off=off, puts=puts) as walk:
        told = walk.all()
    assert any("SUCCEEDED" in printed for printed in told)
    assert "rekognition Explicit" in told[-1]
    assert " 0 without an answer" in told[-1]


def test_google(tmp_path: Path, old: Old) -> None:
    pytest.importorskip("google.cloud.vision_v1")
    pytest.importorskip("google.cloud.language_v2")
    uploads = _made(tmp_path / "uploads")
    picture = ROOT / "examples" / "pictures" / "landscape.jpg"
    shutil.copyfile(picture, tmp_path / "upload.jpg")
    shutil.copyfile(picture, _made(uploads / "2026") / "a.jpg")
    puts = {"/srv/uploads": str(uploads), "https://{service}.googleapis.com": old.address}
    with walking("migrate-from-google.md", tmp_path, off=_SOUNDS, puts=puts) as walk:
        told = walk.all()
    assert told[1].startswith("Toxic 0.")
    assert "UNLIKELY" in told[2].splitlines()[-1]
    assert json.loads(told[4])["moderationCategories"][0]["name"] == "Toxic"
    assert told[6].splitlines()[-1].endswith("UNLIKELY"), "a picture in a bucket"
    assert "google Toxic" in told[-1]
    assert "google adult" in told[-1]
    assert " 0 without an answer" in told[-1]


def test_tencent(tmp_path: Path, old: Old) -> None:
    pytest.importorskip("tencentcloud.tms")
    pytest.importorskip("tencentcloud.ims")
    shutil.copyfile(ROOT / "examples" / "pictures" / "landscape.jpg", tmp_path / "upload.jpg")
    puts = {
        "https://{service}.tencentcloudapi.com": old.address,
        "AKID...:SECRET": f"{old.pairs['tencent'].access_id}:{old.pairs['tencent'].secret}",
    }
    with walking("migrate-from-tencent.md", tmp_path, off=_SOUNDS, puts=puts) as walk:
        told = walk.all()
    assert told[1] == "Pass Normal 0\n"
    assert told[2].splitlines()[-1].startswith("Pass Normal ")
    assert "tencent Suggestion" in told[-1]
    assert "tencent Abuse" in told[-1]
    assert " 0 without an answer" in told[-1]


def test_alibaba(tmp_path: Path, old: Old) -> None:
    pytest.importorskip("alibabacloud_green20220302")
    pytest.importorskip("aliyunsdkgreen")
    puts = {
        "https://green-cip.cn-shanghai.aliyuncs.com": old.address,
        "https://green.cn-shanghai.aliyuncs.com": old.address,
        "LTAI...:SECRET": f"{old.pairs['alibaba'].access_id}:{old.pairs['alibaba'].secret}",
    }
    with walking("migrate-from-alibaba.md", tmp_path, off=(*_PICTURES, *_SOUNDS), puts=puts) as walk:
        walk.environment["EVENHAND_HOST"] = "0.0.0.0"  # (a key pair is a key: it may be reached from afar)
        told = walk.all()
        again = walk.again()
    assert told[1] == "none ['nonLabel']\n"
    assert "'suggestion': 'pass'" in told[2]
    assert "alibaba/20" in told[-1], told[-1]
    assert " 0 without an answer" in told[-1]
    assert again.startswith("none ['nonLabel']\n"), "the pair is good after a new start, under the policy"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
