"""The load driver of the benchmarks: keep-alive HTTP/1.1 over non-blocking sockets in one thread, loopback only.

One driver for every server under test, so that what it costs is the same for all. About 20,000 requests a second on one core.
"""
import json
import re
import selectors
import socket
import subprocess
import time
from dataclasses import dataclass, field

STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass
class Server:
    """Where a server takes requests and tells their state."""

    port: int
    submit: str
    status: str  # with {id}
    state: str  # the key of the state in the answer
    headers: list = field(default_factory=list)

    def message(self, method, path, body=None):
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *self.headers]
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


class Connection:
    """One request at a time; a closed connection is an error, since every server under test keeps them open."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def send(self, message):
        self.received = b""
        self.socket.sendall(message)

    def receive(self):
        """(status, body) once the whole answer has arrived, else None."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise ConnectionError("the server closed a connection")
        self.received += part
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = LENGTH.search(self.received, 0, end)
        if length is None:
            raise ValueError(f"an answer without a length: {self.received[:end]!r}")
        body = self.received[end + 4:]
        if len(body) < int(length[1]):
            return None
        return int(STATUS.match(self.received)[1]), body

    def exchange(self, message):
        self.send(message)
        while (answer := self.receive()) is None:
            pass
        return answer

    def close(self):
        self.socket.close()


def send_all(port, messages, clients):
    """Sends every message over `clients` connections; (answers in order of arrival, seconds for each, seconds for all)."""
    waiting = iter(messages)
    selector = selectors.DefaultSelector()
    answers, durations, began = [], [], time.perf_counter()

    def send_next(connection):
        message = next(waiting, None)
        if message is None:
            selector.unregister(connection.socket)
            connection.close()
            return
        connection.send(message)
        connection.sent_at = time.perf_counter()

    for _ in range(clients):
        connection = Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        send_next(connection)
    while selector.get_map():
        for key, _ in selector.select():
            answer = key.data.receive()
            if answer is not None:
                durations.append(time.perf_counter() - key.data.sent_at)
                answers.append(answer)
                send_next(key.data)
    return answers, durations, time.perf_counter() - began


def percentile(values, share):
    """In milliseconds."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2)


def state_of(server, connection, identifier):
    status, body = connection.exchange(server.message("GET", server.status.format(id=identifier)))
    return json.loads(body)[server.state] if status == 200 else f"status {status}"


def submit(server, bodies, clients):
    """(ids, figures) of submitting all bodies; an answer other than 2xx ends the benchmark."""
    answers, durations, elapsed = send_all(server.port, [server.message("POST", server.submit, body) for body in bodies], clients)
    refused = [answer for answer in answers if not 200 <= answer[0] < 300]
    if refused:
        raise SystemExit(f"{len(refused)} of {len(answers)} submissions refused, the first with {refused[0]}")
    return [json.loads(body)["id"] for _, body in answers], {
        "acknowledgements_per_second": round(len(answers) / elapsed, 1),
        "acknowledgement_p50_ms": percentile(durations, 0.5),
        "acknowledgement_p99_ms": percentile(durations, 0.99),
    }


def run_to_completion(server, bodies, clients, calls_seen, steps, limit=300):
    """Submits all bodies and waits until each one is completed.

    The stub's count of calls says when the work is nearly done, at next to no cost; the states decide. They are asked newest first, so
    that the measuring becomes no load while there is work.
    """
    calls_before, began = calls_seen(), time.perf_counter()
    ids, figures = submit(server, bodies, clients)
    while calls_seen() - calls_before < steps * len(ids):
        if time.perf_counter() - began > limit:
            raise SystemExit(f"{calls_seen() - calls_before} of {steps * len(ids)} calls after {limit} s")
        time.sleep(0.01)
    connection = Connection(server.port)
    newest = ids[-clients:]
    while any(state_of(server, connection, identifier) != "completed" for identifier in newest):
        if time.perf_counter() - began > limit:
            raise SystemExit(f"not completed after {limit} s")
        time.sleep(0.002)
    elapsed = time.perf_counter() - began
    states = [state_of(server, connection, identifier) for identifier in ids]
    connection.close()
    unfinished = [state for state in states if state != "completed"]
    if unfinished:
        raise SystemExit(f"{len(unfinished)} of {len(ids)} requests ended as {sorted(set(unfinished))}")
    repeated = calls_seen() - calls_before - steps * len(ids)
    return {**figures, "completed_per_second": round(len(ids) / elapsed, 1), "repeated_calls": repeated}


def one_by_one(server, bodies, limit=10):
    """Milliseconds from the submission to the completed state, nothing else going on."""
    connection, durations = Connection(server.port), []
    for body in bodies:
        began = time.perf_counter()
        status, answer = connection.exchange(server.message("POST", server.submit, body))
        if not 200 <= status < 300:
            raise SystemExit(f"a submission was refused: {answer[:300]!r}")
        identifier = json.loads(answer)["id"]
        while state_of(server, connection, identifier) != "completed":
            if time.perf_counter() - began > limit:
                raise SystemExit(f"{identifier} is not completed after {limit} s")
            time.sleep(0.001)
        durations.append(time.perf_counter() - began)
    connection.close()
    return {"completion_p50_ms": percentile(durations, 0.5), "completion_max_ms": percentile(durations, 1)}


def read(server, path, seconds, clients):
    """Reads one address for some seconds, with wrk, since a fast server answers more than this driver can ask."""
    headers = [part for header in server.headers for part in ("--header", header)]
    told = subprocess.run(
        ["wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{seconds}s", "--latency", *headers,
         f"http://127.0.0.1:{server.port}{path}"],
        check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told:
        raise SystemExit(f"GET {path} is refused:\n{told}")
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    scale = {"us": 0.001, "ms": 1, "s": 1000}[latency[2]]
    return {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), "p99_ms": round(float(latency[1]) * scale, 2)}
