"""The bad other side of reliability.md, test 10: fifteen ways in which a server can fail whoever calls it, over plain sockets."""
import http.client
import os
import socket
import struct
import threading
import time
import zlib

HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"


class Upstream:
    """Behaves badly on a port of its own. `good` is the address of a sandbox whose answers it gives where it answers well at all."""

    def __init__(self, behavior, good=None):
        self.behave, self.good = behavior, good
        self.held, self.times = [], []
        self.calls, self.lock, self.is_over = 0, threading.Lock(), False
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.url = f"http://{self.address}"
        if behavior is not refuse:  # a port that is taken and not listened on refuses
            self.socket.listen(0 if behavior is black_hole else 64)
        if behavior is black_hole:
            for _ in range(3):  # nobody accepts: once the queue is full, the kernel answers no further SYN
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(self.socket.getsockname())
                self.held.append(filler)
        elif behavior is not refuse:
            threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.is_over = True
        for one in [self.socket, *self.held]:
            one.close()

    def serve(self):
        while not self.is_over:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.attend, args=[connection], daemon=True).start()

    def attend(self, connection):
        try:
            with connection:
                connection.settimeout(60)
                request = read(connection)
                if request:
                    with self.lock:
                        self.calls += 1
                        number = self.calls
                        self.times.append(time.monotonic())
                    self.behave(self, connection, request, number)
        except OSError:
            pass

    def answer_well(self, connection, request, ending=b""):
        """What the sandbox answers to the same call."""
        head, _, body = request.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = dict(field.split(": ", 1) for field in fields)
        headers.pop("Host", None)
        upstream = http.client.HTTPConnection(self.good, timeout=30)
        upstream.request(method, target, body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        kept = "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders() if name.lower() in ("content-type", "location", "x-total", "link"))
        connection.sendall(f"HTTP/1.1 {answer.status} {answer.reason}\r\n{kept}Connection: close\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)


def read(connection):
    """One whole request, or nothing where the caller has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reset(connection):
    """The other end sees a RST instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# The behaviors: what is done once a request has been read.


def refuse(*_):
    """Nobody listens."""


def black_hole(*_):
    """No packet is answered."""


def silent(upstream, connection, request, number):
    connection.recv(1)


def drip(upstream, connection, request, number):
    """A byte a second."""
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    connection.settimeout(1)
    for _ in range(1000):
        connection.sendall(b" ")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            pass


def header_flood(upstream, connection, request, number):
    connection.sendall(HEAD)
    while True:
        connection.sendall(b"X-More: " + b"a" * 4000 + b"\r\n")


def huge_body(upstream, connection, request, number):
    """Ten gigabytes."""
    connection.sendall(HEAD + b"Content-Length: 10737418240\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def bomb():
    """A quarter of a gigabyte in some 260 KB."""
    compressor = zlib.compressobj(9, wbits=31)
    block = b"[" + b" " * ((1 << 20) - 1)
    return b"".join([compressor.compress(block) for _ in range(256)] + [compressor.flush()])


BOMB = bomb()


def gzip_bomb(upstream, connection, request, number):
    connection.sendall(HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode() + BOMB)


def wrong_length(upstream, connection, request, number):
    connection.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"id": "x"}')


def garbage(upstream, connection, request, number):
    connection.sendall(os.urandom(3000))


def deep_json(upstream, connection, request, number):
    connection.sendall(HEAD + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000)


def redirect_loop(upstream, connection, request, number):
    target = request.split(b" ", 2)[1]
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + target + b"\r\n\r\n")


def limited(upstream, connection, request, number):
    """429 once, then well."""
    if number == 1:
        connection.sendall(b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
    else:
        upstream.answer_well(connection, request)


def bursts(upstream, connection, request, number):
    """503 twice, then well."""
    if number <= 2:
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    else:
        upstream.answer_well(connection, request)


def reset_after_body(upstream, connection, request, number):
    """The answer is whole; what comes after it is a reset instead of an end."""
    upstream.answer_well(connection, request)
    time.sleep(0.1)
    reset(connection)


def reset_after_head(upstream, connection, request, number):
    connection.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"id": ')
    time.sleep(0.1)
    reset(connection)


# Each with the failures that a call of it may end with; none where the call ends well after all.
BEHAVIORS = {
    refuse: {"refused"}, black_hole: {"timeout", "unreachable"}, silent: {"timeout"}, drip: {"timeout"}, header_flood: {"tooLarge", "badAnswer"},
    huge_body: {"tooLarge"}, gzip_bomb: {"tooLarge"}, wrong_length: {"cut"}, garbage: {"badAnswer"},
    deep_json: {"output_missing", "bad_answer"}, redirect_loop: {"badAnswer", "http_307"}, limited: set(), bursts: set(),
    reset_after_body: set(), reset_after_head: {"cut"},
}
