"""An S3 server: moto's, as a process of its own. It keeps nothing over a restart."""

from __future__ import annotations

import http.client
import sys
from urllib.parse import quote

from tests.support.servers.server import Server
from tests.support.waiting import PATIENCE_S

ACCESS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
    "AWS_REGION": "us-east-1",
}
"""It takes any."""
_SIGNED = "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class S3(Server):
    name = "s3"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What a program needs to use it."""
        return {**ACCESS, "AWS_ENDPOINT_URL": self.url}

    def bucket(self, name: str) -> None:
        """Make one."""
        self._ask("PUT", f"/{name}")

    def put(self, bucket: str, key: str, data: bytes | str, **metadata: str) -> None:
        headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        self._ask("PUT", f"/{bucket}/{quote(key)}", data.encode() if isinstance(data, str) else data, headers)

    def delete(self, bucket: str, key: str) -> None:
        self._ask("DELETE", f"/{bucket}/{quote(key)}")

    def _ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {"authorization": _SIGNED, **(headers or {})})
            answer = connection.getresponse()
            answer.read()
            assert answer.status < 300, f"{method} {path}: {answer.status}"
        finally:
            connection.close()

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def _answers(self) -> bool:
        try:
            self._ask("GET", "/")
        except (OSError, AssertionError, http.client.HTTPException):
            return False
        return True
