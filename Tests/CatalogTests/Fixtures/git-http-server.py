"""Git's own smart HTTP (git-http-backend) on loopback, for tests: `git-http-server.py FOLDER`. Prints its port.

It ends with its standard input. Repositories below FOLDER take pushes. A file FOLDER/password asks for that password; a file FOLDER/hang leaves every call without an
answer. Below /repos/ it is as much of GitHub's REST API as pull requests and commit statuses need; what it is sent goes to FOLDER/github.jsonl.
"""
import base64
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.body())

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, body):
        while (ROOT / "hang").exists():
            time.sleep(0.05)
        if self.path.startswith("/repos/"):
            return self.github(body)
        if not self.may_enter():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(ROOT), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "tester",
            "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def github(self, body):
        log = ROOT / "github.jsonl"
        calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        pulls = [call["body"] for call in calls if call["method"] == "POST" and call["path"].endswith("/pulls")]
        call = {"method": self.command, "path": self.path, "token": self.headers.get("Authorization"), "body": json.loads(body or b"null")}
        with log.open("a") as file:
            file.write(json.dumps(call) + "\n")
        page = lambda number: {"html_url": f"https://github.example/acme/catalog/pull/{number}", "number": number}
        if self.command == "GET" and "/pulls?" in self.path:
            head = self.path.split("head=")[1].replace("%2F", "/").replace("%3A", ":").split(":")[1]
            reply = [page(number) for number, pull in enumerate(pulls, 1) if pull["head"] == head]
        else:
            reply = page(len(pulls) + 1) if self.path.endswith("/pulls") else {"default_branch": "main"}
        content = json.dumps(reply).encode()
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def may_enter(self):
        password = ROOT / "password"
        if not password.exists():
            return True
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        return scheme == "Basic" and base64.b64decode(given).decode().partition(":")[2] == password.read_text()


threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
