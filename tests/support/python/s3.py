"""A client of an S3 server for tests, which signs by itself (AWS Signature Version 4)."""
import datetime
import hashlib
import hmac
import re
from urllib.parse import quote, urlsplit

import requests


class S3:
    """The bucket of a server such as radosgw.RadosGateway."""

    def __init__(self, server, bucket):
        self.server, self.bucket = server, bucket

    def call(self, method, key="", **query):
        path = "/" + self.bucket + (f"/{key}" if key else "")
        pairs = ((quote(name, safe=""), quote(str(value), safe="")) for name, value in sorted(query.items()))
        asked = "&".join(f"{name}={value}" for name, value in pairs)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        body = hashlib.sha256(b"").hexdigest()
        headers = {"host": urlsplit(self.server.endpoint).netloc, "x-amz-content-sha256": body, "x-amz-date": now}
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = "\n".join([method, path, asked, lines, names, body])
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
        key_bytes = ("AWS4" + self.server.secret_key).encode()
        for part in scope.split("/"):
            key_bytes = hmac.new(key_bytes, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key_bytes, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.server.access_key}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        return requests.request(method, f"{self.server.endpoint}{path}?{asked}", headers=headers, timeout=30)

    def keys(self):
        answer = self.call("GET", **{"list-type": 2})
        assert answer.status_code in (200, 404), answer.text
        return re.findall(r"<Key>([^<]*)</Key>", answer.text) if answer.status_code == 200 else []

    def open_uploads(self):
        """The keys of multipart uploads that are neither complete nor aborted."""
        answer = self.call("GET", uploads="")
        assert answer.status_code == 200, answer.text
        return re.findall(r"<Key>([^<]*)</Key>", answer.text)
