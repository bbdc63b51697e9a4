"""A service of the outside that takes no notice of keys: each POST makes another entry. It can be asked what it has made, and can lose
its tongue after it has made it."""
import http.server
import json
import threading


class Registry:
    """`POST /make {"name"}` makes an entry, `GET /made/NAME` says whether there is one."""

    def __init__(self):
        self.made, self.calls = [], []
        self.lock, self.mute = threading.Lock(), 0
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                name = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))["name"]
                with registry.lock:
                    registry.calls.append(f"POST {self.path}")
                    registry.made.append(name)
                    is_mute = registry.mute > 0
                    registry.mute -= 1
                if is_mute:
                    registry.gone.wait(60)
                    self.close_connection = True
                    return
                self.answer(201, {"id": name})

            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                with registry.lock:
                    registry.calls.append(f"GET {self.path}")
                    is_made = name in registry.made
                self.answer(200 if is_made else 404, {"id": name})

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.gone = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def silence(self, calls=1):
        """So many POSTs are carried out and never answered."""
        with self.lock:
            self.mute = calls

    def close(self):
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()
