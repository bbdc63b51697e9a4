"""A small HTTP client that shows everything an answer has, and waits for requests to come to where a test wants them."""
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

ENDED = {"completed", "failed", "rejected", "cancelled", "aborted", "escalated"}


class Answer:
    def __init__(self, method, path, status, headers, body):
        self.method, self.path, self.status, self.headers, self.body = method, path, status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def expect(self, status):
        assert self.status == status, f"{self.method} {self.path} answered {self.status}, not {status}: {self.body[:2000]!r}"
        return self

    def problem(self, status, code=None):
        """The problem document of a refusal, its shape checked."""
        self.expect(status)
        assert self.headers["Content-Type"] == "application/problem+json", self.headers["Content-Type"]
        problem = self.json
        assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "instance", "correlationId"}, problem
        assert problem["status"] == status
        assert problem["correlationId"] == self.headers["X-Correlation-ID"]
        assert problem["instance"] == self.path.split("?")[0]
        for finding in problem.get("errors", []):
            assert set(finding) == {"field", "rule", "message"} and finding["rule"] and finding["message"], finding
        if code:
            assert problem["type"] == f"/problems/{code}", problem
        return problem

    def findings(self, status=422):
        """(field, rule) of each finding of a refusal."""
        return {(finding["field"], finding["rule"]) for finding in self.problem(status)["errors"]}


class Client:
    def __init__(self, url, token, base="/api/v1"):
        self.url, self.token, self.base = url, token, base
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.local = threading.local()

    def with_token(self, token):
        return Client(self.url, token, self.base)

    def connection(self):
        """One per thread, kept open."""
        if not getattr(self.local, "connection", None):
            self.local.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        return self.local.connection

    def request(self, method, path, body=None, headers=None, raw=None):
        """`body` is sent as JSON, `raw` as it is; a path outside of the API begins with `//`, `//health` being `/health`."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        content = raw
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        target = path[1:] if path.startswith("//") else self.base + path
        for is_last in (False, True):
            connection = self.connection()
            is_fresh = connection.sock is None
            try:
                connection.request(method, target, content, sent)
                response = connection.getresponse()
                return Answer(method, target, response.status, response.headers, response.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()
                if is_last or is_fresh:
                    raise

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    # Requests

    def submit(self, item, data=None, **more):
        """The id of an accepted request."""
        return self.post("/requests", {"catalogItemId": item, "requestData": data or {}}, **more).expect(201).json["id"]

    def read(self, request):
        return self.get(f"/requests/{request}").expect(200).json

    def operate(self, request, verb, **body):
        return self.post(f"/requests/{request}/{verb}", body).expect(200).json

    def follow(self, request, until="completed", within=30.0):
        """The request once it has reached a status (or whatever a function of it says); where it ends elsewhere, the test fails."""
        reached = until if callable(until) else lambda request: request["status"] == until
        end = time.monotonic() + within
        while True:
            found = self.read(request)
            if reached(found):
                return found
            is_over = found["status"] in ENDED - {"failed", "escalated"} or (found["status"] in ENDED and not callable(until))
            if is_over or time.monotonic() > end:
                raise AssertionError(f"not reached: {json.dumps(found, indent=1)[:6000]}")
            time.sleep(0.02)

    def run(self, item, data=None, until="completed", within=30.0):
        """Submits and follows."""
        return self.follow(self.submit(item, data), until, within)

    def ticket(self, request, within=20.0):
        """The open ticket of a request, once there is one."""
        end = time.monotonic() + within
        while True:
            tickets = self.get(f"/tickets?requestId={request}&status=open").expect(200).json["data"]
            if tickets:
                return tickets[0]
            assert time.monotonic() < end, f"no ticket: {self.read(request)}"
            time.sleep(0.02)

    # Streams

    def stream(self, path, last=None, within=30.0):
        """Yields (id, event, data) of a stream of events, as long as the time allows."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=within)
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        connection.request("GET", self.base + path, headers=headers)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        try:
            yield from events(response, time.monotonic() + within)
        finally:
            connection.close()


def events(lines, end):
    """The events of a stream, by the rules of the HTML standard. Heartbeats keep a stream open: it has an end in time."""
    event = {}
    for line in lines:
        assert time.monotonic() < end, "the events waited for did not come"
        text = line.decode().rstrip("\r\n")
        if text.startswith(":"):
            continue
        if text:
            name, _, value = text.partition(":")
            event[name] = event[name] + "\n" + value.strip() if name in event and name == "data" else value.strip()
        elif event:
            yield event.get("id"), event.get("event"), json.loads(event.get("data", "null"))
            event = {}


def action(request, name):
    """One action of a request by its id."""
    return next(action for action in request["actions"] if action["id"] == name)
