"""A server of language models that is as slow, broken or untruthful as a test wants it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Asked:
    """A call, as the server got it."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def passage(self) -> str:
        return self.body["messages"][1]["content"].removeprefix("<passage>\n").removesuffix("\n</passage>")

    @property
    def format(self) -> str:
        return self.body.get("response_format", {}).get("type", "")


type_answer = tuple[int, bytes]


@dataclass(slots=True)
class Server:
    """What was asked, and what is answered."""

    url: str
    answer: Callable[[Asked], type_answer]
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Ends every answer that hangs."""
    dripping: bool = False
    """Its answers come a byte at a time, for ever."""
    left: threading.Event = field(default_factory=threading.Event)
    """The client has closed the connection of an answer that drips."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def passages(self) -> list[str]:
        return [each.passage for each in self.asked]


def quoting(*quotes: str, tokens: tuple[int, int] | None = (100, 20)) -> Callable[[Asked], type_answer]:
    """Answers with those of the quotes whose first word is in the passage."""

    def answer(asked: Asked) -> type_answer:
        found = [quote for quote in quotes if quote.split()[0] in asked.passage]
        return said(json.dumps({"claims": [{"quote": quote} for quote in found]}), tokens)

    return answer


def said(content: object, tokens: tuple[int, int] | None = (100, 20)) -> type_answer:
    """An answer with that content."""
    body: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": content}}]}
    if tokens:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return 200, json.dumps(body).encode()


@contextmanager
def serving(answer: Callable[[Asked], type_answer]) -> Iterator[Server]:
    """A server on this machine."""
    server = Server("", answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            asked = Asked(json.loads(data), {name.lower(): value for name, value in self.headers.items()})
            server.asked.append(asked)
            status, body = server.answer(asked)
            try:
                self.send_response(status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                if not server.dripping:
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                if server.dripping:
                    while not server.released.wait(0.01):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                self.wfile.write(body)
            except OSError:
                server.left.set()

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        thread.join()
        http.server_close()
