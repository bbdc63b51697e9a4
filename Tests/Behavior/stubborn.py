"""A server of the outside that answers what a test tells it to, and remembers what it was asked."""
import http.server
import threading
import time


class Stubborn:
    """Gives the answers `(status, headers, body)` in turn, the last one for ever."""

    def __init__(self, answers):
        self.requests, self.times = [], []
        stubborn = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                stubborn.times.append(time.monotonic())
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stubborn.requests.append({
                    "method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
                status, headers, *content = answers[min(len(stubborn.requests), len(answers)) - 1]
                content = content[0] if content else b"{}"
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), "Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
