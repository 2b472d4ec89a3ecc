"""Serves /BYTES, a download as fast as it is taken, and /sent, how many bytes went out so far. A process of its own:
in the one that measures it would be measured too."""
import contextlib
import http.server
import os
import subprocess
import sys

PIECE = os.urandom(1 << 20)


class Flood(http.server.BaseHTTPRequestHandler):
    sent = 0

    def do_GET(self):  # noqa: N802  The library's name.
        if self.path == "/sent":
            body = str(Flood.sent).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        size = int(self.path.strip("/"))
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Disposition", "attachment; filename=flood")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(size // len(PIECE)):
                self.wfile.write(PIECE)
                Flood.sent += len(PIECE)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def flood():
    """Its address, for as long as it runs."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flood)
    print(server.server_address[1], flush=True)
    server.serve_forever()
