"""What a dialect costs over the native endpoint: the same texts, interleaved, in one run on one machine.

    python benchmarks/dialects.py [DIALECT ...] [--texts N] [--rounds N] [--json FILE]

The real server in a process of its own, with all text detectors; one request at a time. Each text goes to `POST
/v1/check` with all scores and an API key, and to the dialect with a key of its own, in changing order. Requests are
made, and signed, before the clock starts, and sent by the same HTTP client, so that only the server differs; the
ratio is of the medians of each round, and the middle of the rounds counts. Limit: 1.10. Besides: the ratio of the
server's processor time, in twice as many rounds with changing order, and of the times of the vendor's own client,
signing included, which this project cannot change.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

LIMIT = 1.10
SECRET = "0123456789abcdef0123456789abcdef"  # of a database that lives for a minute
SENTENCES = [
    "Thank you for the help with my garden this weekend.",
    "We should meet near the old station and walk along the river until it gets dark.",
    "What kind of idiot name is foo? Sorry, I like your name.",
    "This article needs more sources, and the second paragraph repeats the first.",
    "You are wrong about the date; the treaty was signed a year later.",
    "I do not think that anybody here wants to hear your opinion on that.",
]
Make = Callable[[str], httpx.Request]
Ask = Callable[[str], object]


def texts(amount: int) -> list[str]:
    """Make texts of one to four sentences, all different, so that nothing is answered from memory."""
    draw = random.Random(3)
    return [f"{' '.join(draw.choices(SENTENCES, k=draw.randint(1, 4)))} ({number})" for number in range(amount)]


class Bench:
    """A running server, keys for it, and how each dialect is asked.

    Args:
        client: of the server.
        process: id of its process.
        settings: of its database.
    """

    def __init__(self, client: httpx.Client, process: int, settings: Any) -> None:
        from evenhand.store import open_store
        from tests.alibaba import Served
        from tests.tencent import Served as TencentServed

        store = open_store(settings=settings)
        self.client, self._process = client, process
        self.token = store.keys.create("bench", scopes=("check",)).token
        self.alibaba = Served(
            http=client, pair=store.dialect_keys.create("bench", dialect="alibaba"), settings=settings
        )
        self.tencent_served = TencentServed(
            address=str(client.base_url).rstrip("/"),
            pair=store.dialect_keys.create("bench", dialect="tencent"),
            http=client,
            settings=settings,
        )
        store.close()

    def native(self, text: str, *, lang: str | None = None) -> httpx.Request:
        """Ask the native endpoint."""
        body = {"text": text, "all_scores": True, **({"lang": lang} if lang else {})}
        return self._post("/v1/check", body, {"authorization": f"Bearer {self.token}"})

    def make(self, name: str) -> tuple[Make, Make]:
        """Give how a dialect is asked, and the native endpoint about the same."""
        return getattr(self, name), (
            lambda text: self.native(text, lang="en")
        ) if name == "perspective" else self.native

    def perspective(self, text: str) -> httpx.Request:
        """Ask for the seven production attributes."""
        from evenhand.domain.attributes import PRODUCTION

        body = {
            "comment": {"text": text},
            "languages": ["en"],
            "requestedAttributes": {name: {} for name in PRODUCTION},
        }
        return self._post(f"/v1alpha1/comments:analyze?key={self.token}", body, {})

    def openai(self, text: str) -> httpx.Request:
        """Ask for OpenAI's thirteen categories."""
        return self._post("/v1/moderations", {"input": text}, {"authorization": f"Bearer {self.token}"})

    def azure(self, text: str) -> httpx.Request:
        """Ask for Azure's four categories."""
        path = "/contentsafety/text:analyze?api-version=2023-10-01"
        return self._post(path, {"text": text}, {"Ocp-Apim-Subscription-Key": self.token})

    def alibaba_form(self, text: str) -> httpx.Request:
        """Ask for TextModerationPlus, signed."""
        from urllib.parse import urlencode

        from tests.alibaba import acs3

        parameters = json.dumps({"content": text, "dataId": "1"})
        body = urlencode({"Service": "comment_detection_pro", "ServiceParameters": parameters}).encode()
        headers = acs3(self.alibaba, "TextModerationPlus", body)
        return self.client.build_request("POST", "/", content=body, headers=headers)

    def google(self, text: str) -> httpx.Request:
        """Ask for the categories of moderateText."""
        body = {"document": {"type": "PLAIN_TEXT", "content": text}}
        return self._post(f"/v2/documents:moderateText?key={self.token}", body, {})

    def tencent(self, text: str) -> httpx.Request:
        """Ask for TextModeration, signed."""
        from tests.tencent import packed, sign

        body = json.dumps({"Content": packed(text), "DataId": "1"}).encode()
        headers = sign(self.tencent_served, body, action="TextModeration")
        return self.client.build_request("POST", "/", content=body, headers=headers)

    def vendors(self, name: str) -> Ask:
        """Give a call by the vendor's own client."""
        base = str(self.client.base_url).rstrip("/")
        if name == "alibaba_form":
            from tests.alibaba import plus

            client = self.alibaba.client_2022()
            return lambda text: client.text_moderation_plus(plus("comment_detection_pro", content=text, dataId="1"))
        if name == "openai":
            import openai

            vendor = openai.OpenAI(api_key=self.token, base_url=f"{base}/v1", max_retries=0)
            return lambda text: vendor.moderations.create(input=text)
        if name == "azure":
            from azure.ai.contentsafety import ContentSafetyClient
            from azure.ai.contentsafety.models import AnalyzeTextOptions
            from azure.core.credentials import AzureKeyCredential

            safety = ContentSafetyClient(base, AzureKeyCredential(self.token))
            return lambda text: safety.analyze_text(AnalyzeTextOptions(text=text))
        if name == "tencent":
            return lambda text: self.tencent_served.text(text, DataId="1")
        from googleapiclient import discovery

        if name == "google":
            service = discovery.build("language", "v2", developerKey=self.token, client_options={"api_endpoint": base})
            of = {"type": "PLAIN_TEXT"}
            return lambda text: service.documents().moderateText(body={"document": {**of, "content": text}}).execute()

        from evenhand.domain.attributes import PRODUCTION

        address = f"{base}/$discovery/rest?version=v1alpha1"
        google = discovery.build(
            "commentanalyzer", "v1alpha1", developerKey=self.token, discoveryServiceUrl=address, static_discovery=False
        )
        wanted = {"languages": ["en"], "requestedAttributes": {one: {} for one in PRODUCTION}}
        return lambda text: google.comments().analyze(body={"comment": {"text": text}, **wanted}).execute()

    def spent(self) -> float:
        """Give the server's processor time in seconds."""
        fields = Path(f"/proc/{self._process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _post(self, path: str, body: object, headers: dict[str, str]) -> httpx.Request:
        sent = json.dumps(body).encode()
        return self.client.build_request(
            "POST", path, content=sent, headers={"content-type": "application/json", **headers}
        )


NAMES = {"perspective": "perspective", "openai": "openai", "azure": "azure", "alibaba": "alibaba_form"}
NAMES |= {"google": "google", "tencent": "tencent"}


@contextmanager
def running(folder: str, **more: str) -> Iterator[tuple[httpx.Client, int, Any]]:
    """Run the server in a process of its own; give a client, the process's id and its settings."""
    import socket

    from evenhand.settings import Settings
    from evenhand.store import open_store

    url = f"sqlite:///{folder}/bench.db"
    settings = Settings(database_url=url, plugins=False, secret_key=SECRET)
    store = open_store(settings=settings)
    store.migrate()
    store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = {"DATABASE_URL": url, "PLUGINS": "false", "LOG_LEVEL": "error", "SECRET_KEY": SECRET, "DATA_DIR": folder}
    names |= {"PORT": str(port), "JOBS_IN_SERVER": "false", **more}
    environment = {**os.environ, **{f"EVENHAND_{name}": value for name, value in names.items()}}
    with subprocess.Popen([sys.executable, "-m", "evenhand", "serve"], env=environment, cwd=folder) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300, trust_env=False) as client:
            for _ in range(600):
                try:
                    if client.get("/readyz").status_code == httpx.codes.OK:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.5)
            yield client, process.pid, settings
        process.send_signal(signal.SIGINT)


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that something took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def send(client: httpx.Client, request: httpx.Request) -> None:
    """Send a request that was made before."""
    client.send(request).raise_for_status()


def processor(bench: Bench, native: Make, make: Make, wanted: list[str], turn: int) -> float:
    """Give the ratio of the server's processor time, the first half of the texts each way.

    Which comes first changes with each turn: on a busy machine the time that a call costs drifts by more than the
    dialects differ.
    """
    busy: dict[int, float] = {}
    for place in (0, 1) if turn % 2 else (1, 0):
        requests = [(native, make)[place](f"{text} cpu {turn} {place}") for text in wanted[: len(wanted) // 2]]
        before = bench.spent()
        for request in requests:
            send(bench.client, request)
        busy[place] = bench.spent() - before
    return busy[1] / busy[0]


def measure(bench: Bench, name: str, wanted: list[str], rounds: int) -> dict[str, Any]:
    """Give the ratios of a dialect."""
    make, native = bench.make(name)
    vendor = bench.vendors(name)
    ratios, clients = [], []
    for turn in range(rounds):
        spent: tuple[list[float], list[float], list[float]] = ([], [], [])
        for number, text in enumerate(wanted):
            # None of the three shares a text's caches with another: each sees its own.
            asked = [native(f"{text} {turn} 0"), make(f"{text} {turn} 1")]
            calls: list[Callable[[], object]] = [
                lambda asked=asked: send(bench.client, asked[0]),  # type: ignore[misc]
                lambda asked=asked: send(bench.client, asked[1]),  # type: ignore[misc]
                lambda text=text, turn=turn: vendor(f"{text} {turn} 2"),  # type: ignore[misc]
            ]
            for place in [(number + turn + step) % 3 for step in range(3)]:
                spent[place].append(timed(calls[place]))
        medians = [statistics.median(times) for times in spent]
        ratios.append(medians[1] / medians[0])
        clients.append(medians[2] / medians[0])
    shares = [processor(bench, native, make, wanted, turn) for turn in range(2 * rounds)]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "rounds": [round(ratio, 3) for ratio in ratios],
        "processor": round(statistics.median(shares), 3),
        "processor_rounds": [round(share, 3) for share in shares],
        "client": round(statistics.median(clients), 3),
    }


def main() -> None:
    """Measure the dialects."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialects", nargs="*", choices=[[], *NAMES], help="none: all")
    parser.add_argument("--texts", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, running(folder) as (client, process, settings):
        bench = Bench(client, process, settings)
        wanted = texts(arguments.texts)
        for name in arguments.dialects or NAMES:
            measure(bench, NAMES[name], wanted[:20], 1)  # caches of the database are warm
            found = report[name] = measure(bench, NAMES[name], wanted, arguments.rounds)
            print(
                f"{name}: {found['ratio']:.3f} of the native endpoint (limit {LIMIT}; rounds {found['rounds']}), "
                f"processor time {found['processor']:.3f} (rounds {found['processor_rounds']}), "
                f"with the vendor's own client {found['client']:.3f}"
            )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
