"""What comes over the wire from greedy, slow and broken clients; start-up and memory."""
import contextlib
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from appliance import PAO, Process, by_scale, eventually

IS_RELEASE = "release" in PAO


@pytest.fixture
def server(servers):
    """One of its own: its memory is looked at."""
    return servers()


@pytest.fixture(scope="module")
def shared():
    from appliance import Server
    server = Server(sandbox=False).wait_until_ready()
    yield server
    server.close()


def connect(server, timeout=15):
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout)


def answer(connection):
    """All that comes until the other side is done or a second has gone by without more."""
    content = b""
    with contextlib.suppress(ConnectionResetError, socket.timeout):
        while chunk := connection.recv(65536):
            content += chunk
            connection.settimeout(1 if b"\r\n\r\n" in content else 15)
    return content


def status(content):
    return int(content.split(b" ", 2)[1]) if content.startswith(b"HTTP/1.1 ") else None


def speak(server, text):
    with connect(server) as connection:
        connection.sendall(text)
        return answer(connection)


def head(server, *lines, method="POST", target="/api/v1/requests"):
    fields = ["Host: x", f"Authorization: Bearer {server.directory.token}", "Content-Type: application/json", *lines]
    return f"{method} {target} HTTP/1.1\r\n".encode() + "\r\n".join(fields).encode() + b"\r\n\r\n"


# Size


def test_a_declared_gigabyte_is_refused_before_it_is_sent(server):
    before = server.process.resident_kilobytes
    began = time.monotonic()
    for _ in range(by_scale(20, 100)):
        content = speak(server, head(server, "Content-Length: 1073741824"))
        assert status(content) == 413, content[:300]
    assert time.monotonic() - began < by_scale(20, 100) * 0.25
    assert server.process.resident_kilobytes - before < 16 * 1024


def test_an_upload_without_end_is_cut_off_and_not_kept(server):
    before = server.process.resident_kilobytes
    sent, began = 0, time.monotonic()
    with connect(server) as connection:
        connection.sendall(head(server, "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        with contextlib.suppress(ConnectionResetError, BrokenPipeError, socket.timeout):
            while time.monotonic() - began < 10:
                connection.sendall(chunk)
                sent += len(chunk)
        content = answer(connection)
    assert time.monotonic() - began < 6, "what follows the refusal is thrown away for a moment only"
    assert status(content) in (413, None)
    assert server.process.resident_kilobytes - before < 16 * 1024
    server.api.get("/health").expect(200)


def test_expect_100_continue_is_refused_before_the_body(shared):
    content = speak(shared, head(shared, "Content-Length: 99999999", "Expect: 100-continue"))
    assert status(content) == 413 and b"100 Continue" not in content


@pytest.mark.parametrize("text, expected", [
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 7000 + b"\r\n\r\n", {431}),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % index for index in range(1000)) + b"\r\n", {431}),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % index for index in range(70)) + b"\r\n", {431}),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", {431, None}),
])
def test_a_head_that_is_too_large_is_refused(shared, text, expected):
    assert status(speak(shared, text)) in expected
    shared.api.get("/health").expect(200)


# Framing


@pytest.mark.parametrize("name, text", {
    "two lengths": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "the same length twice": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}",
    "length and chunked": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "length with a sign": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
    "length that overflows": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "length in hexadecimal": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 0x2\r\n\r\n{}",
    "unknown coding": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    "chunked twice": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked before another": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "obscured chunked": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "one bare LF": b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.7": b"GET / HTTP/3.7\r\nHost: x\r\n\r\n",
    "noise": bytes(range(128, 256)) * 20 + b"\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
    "bad chunk size": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "negative chunk size": b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
}.items(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_malformed_request_is_refused_and_its_connection_closed(shared, name, text):
    content = speak(shared, text + b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status(content) is None or 400 <= status(content) < 600 and status(content) != 500, content[:300]
    assert b'"sandbox"' not in content, "what follows is not taken for a request"
    shared.api.get("/health").expect(200)


@pytest.mark.parametrize("target", [
    "/a%00b", "/api%2Fv1/health", "/api/v1/../v1/health", "/api/v1/%2e%2e/v1/health", "/api/v1/./health", "/api\\v1", "/%zz", "/%c0%af", "//", "/api//v1",
])
def test_a_target_that_could_be_read_in_two_ways_is_a_400(shared, target):
    assert status(speak(shared, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())) == 400


def test_requests_may_follow_each_other_on_one_connection(shared):
    request = b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n"
    assert speak(shared, request * 5).count(b"HTTP/1.1 200") == 5


def test_a_client_that_leaves_in_the_middle_does_no_harm(shared):
    for text in (b"GET", head(shared, "Content-Length: 100"), head(shared, "Content-Length: 100") + b"{", head(shared, method="GET", target="/api/v1/events")):
        for _ in range(20):
            with connect(shared) as connection:
                connection.sendall(text)
    shared.api.get("/health").expect(200)


@pytest.mark.parametrize("raw", [b"[" * 100_000, b"[" * 1_000_000, b'{"a":' * 50_000, b'{"requestData": {' + b",".join(b'"k%d": 1' % index for index in range(60_000)) + b"}}"])
def test_a_bomb_of_json_is_refused_fast(shared, raw):
    began = time.monotonic()
    found = shared.api.post("/requests", raw=raw, headers={"Content-Type": "application/json"})
    assert found.status in (400, 422) and time.monotonic() - began < 2


# Slowness


@pytest.mark.slow
def test_a_head_that_does_not_come_is_not_waited_for(shared):
    with connect(shared, 30) as connection:
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.settimeout(2)
            for character in b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100:
                connection.sendall(bytes([character]))
                with contextlib.suppress(socket.timeout):
                    if connection.recv(1000) == b"":
                        break
        assert 8 < time.monotonic() - began < 20


@pytest.mark.slow
def test_a_body_of_a_byte_each_second_is_not_waited_for(shared):
    with connect(shared, 60) as connection:
        connection.sendall(head(shared, "Content-Length: 100000"))
        began = time.monotonic()
        connection.settimeout(1)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(60):
                connection.sendall(b" ")
                with contextlib.suppress(socket.timeout):
                    if connection.recv(1000) == b"":
                        break
        assert 8 < time.monotonic() - began < 25


# Many


def test_idle_connections_do_not_keep_others_from_being_answered(server):
    import resource
    count = by_scale(1000, 10_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 500)), hard))
    with contextlib.ExitStack() as open_:
        idle = [open_.enter_context(connect(server)) for _ in range(count)]
        for connection in idle:
            connection.sendall(b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
        for connection in idle:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        times = []
        for _ in range(200):
            began = time.monotonic()
            server.api.get("/catalog").expect(200)
            times.append(time.monotonic() - began)
        assert sorted(times)[197] < (0.05 if IS_RELEASE else 0.5)
        assert server.process.resident_kilobytes <= (150 if IS_RELEASE else 200) * 1024
        for connection in idle[::97]:
            connection.sendall(b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200"), "idle ones live on"


def test_streams_that_nobody_reads_are_bounded(server, make):
    item = server.publish(make.item(make.call()))
    before = server.process.resident_kilobytes
    with contextlib.ExitStack() as open_:
        for _ in range(50):
            connection = open_.enter_context(connect(server))
            connection.sendall(head(server, "Last-Event-ID: 0", method="GET", target="/api/v1/events"))
        for request in [server.api.submit(item) for _ in range(30)]:
            server.api.follow(request)
        assert server.process.resident_kilobytes - before < 64 * 1024
    server.api.get("/health").expect(200)


# Start-up


def test_serve_on_an_existing_database_answers_soon(servers, make):
    server = servers()
    for _ in range(2):
        server.stop()
        began = time.monotonic()
        server.start()
        server.api.get("/health").expect(200)
        took = time.monotonic() - began
    assert took < (0.05 if IS_RELEASE else 0.5), took


def test_an_idle_server_is_small(servers):
    server = servers(sandbox=False)
    assert server.process.resident_kilobytes < (25 if IS_RELEASE else 64) * 1024


def test_an_idle_server_rests(servers):
    server = servers(sandbox=False)
    ticks = lambda: sum(map(int, open(f"/proc/{server.process.process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
    eventually(lambda: server.api.get("/health").status == 200)
    before, end = ticks(), time.monotonic() + 1
    while time.monotonic() < end:
        time.sleep(0.1)
    assert ticks() - before <= 5, "hundredths of a second of work in a second of rest"
