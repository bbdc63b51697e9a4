"""Names that cannot be looked up or lead inward, and certificates that are not good (reliability.md, test 11): nothing reaches a denied
address, nothing is sent to who is not who it says, and what may succeed later is told from what will not."""
import http.server
import json
import os
import socket
import ssl
import struct
import threading
import warnings
from datetime import datetime, timezone

import pytest
import trustme
from appliance import Server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a mount namespace with a resolv.conf of its own")

ALLOWED, DENIED = "127.0.0.2", "127.0.0.1"
# By name what is answered to each question in turn, the last one for ever: a list of addresses, an error code, or nothing at all.
SERVFAIL, NXDOMAIN, SILENCE = 2, 3, None
NAMES = {
    "good.test": [[ALLOWED]], "servfail.test": [SERVFAIL], "silent.test": [SILENCE], "nodata.test": [[]], "inward.test": [[DENIED]],
    "metadata.test": [["169.254.169.254"]], "private.test": [["10.0.0.1", DENIED, "169.254.169.254"]], "mixed.test": [[DENIED, ALLOWED]],
    "turning.test": [[ALLOWED], [DENIED]], "flapping.test": [SERVFAIL, SERVFAIL, [ALLOWED]],
}
# Each with how its call ends, and after how many tries of three.
TRIES = 3
LOOKUPS = {
    "good.test": (None, 1), "missing.test": ("dns", 1), "nodata.test": ("dns", 1), "servfail.test": ("dnsTemporary", TRIES),
    "silent.test": ("dnsTemporary", TRIES), "inward.test": ("egressDenied", 1), "metadata.test": ("egressDenied", 1),
    "private.test": ("egressDenied", 1), "flapping.test": (None, None),
}
CERTIFICATES = {"good": None, "expired": "tls", "not yet valid": "tls", "wrong name": "tls", "self-signed": "tls", "chain missing": "tls", "TLS 1.0": "tls"}


class NameServer:
    """Answers questions for IPv4 addresses by the table, and remembers them."""

    def __init__(self):
        self.address = f"127.{os.getpid() >> 8 & 127}.{os.getpid() & 255}.54"
        self.asked, self.names = {}, dict(NAMES)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            answer = self.answer(query)
            if answer:
                self.socket.sendto(answer, client)

    def answer(self, query):
        labels, position = [], 12
        while query[position]:
            labels.append(query[position + 1:position + 1 + query[position]].decode())
            position += 1 + query[position]
        name, kind = ".".join(labels).lower(), struct.unpack(">H", query[position + 1:position + 3])[0]
        rounds = self.names.get(name, [NXDOMAIN])
        turn = self.asked.get(name, 0)
        if kind == 1:
            self.asked[name] = turn + 1
        found = rounds[min(turn, len(rounds) - 1)]
        if found is SILENCE:
            return None
        code, addresses = (0, found if kind == 1 else []) if isinstance(found, list) else (found, [])
        records = b"".join(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04" + socket.inet_aton(address) for address in addresses)
        return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0) + query[12:position + 5] + records


class Listener:
    """Answers every call with 201, and counts connections and calls. A context makes it speak TLS."""

    def __init__(self, address, port=0, context=None):
        self.connections, self.calls = 0, []
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                listener.calls.append(self.headers["Host"])
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Counting(http.server.ThreadingHTTPServer):
            allow_reuse_address, daemon_threads = True, True

            def get_request(self):
                connection, client = super().get_request()
                listener.connections += 1
                return (context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) if context else connection), client

            def handle_error(self, *_):
                pass

        self.server = Counting((address, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Authority:
    """One that the server trusts, and the faulty certificates of those who are not good.test."""

    def __init__(self):
        self.root = trustme.CA()

    def context(self, fault):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        day = lambda year: datetime(year, 1, 1, tzinfo=timezone.utc)
        issuer, options, name = self.root, {}, "good.test"
        if fault == "expired":
            options = {"not_before": day(2020), "not_after": day(2021)}
        elif fault == "not yet valid":
            options = {"not_before": day(2090), "not_after": day(2091)}
        elif fault == "wrong name":
            name = "other.test"
        elif fault == "self-signed":
            issuer = trustme.CA()
        elif fault == "chain missing":
            issuer = self.root.create_child_ca()
        elif fault == "TLS 1.0":
            with warnings.catch_warnings(action="ignore"):
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("ALL:@SECLEVEL=0")
        leaf = issuer.issue_cert(name, **options)
        if fault == "chain missing":
            with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as certificate:
                context.load_cert_chain(certificate, key)
        else:
            leaf.configure_cert(context)
        return context


class Place:
    """A server in a mount namespace: its names come from our name server, its authorities are ours."""

    def __init__(self, make, folder):
        self.make, self.names, authority = make, NameServer(), Authority()
        self.inside = Listener(DENIED)
        self.outside = Listener(ALLOWED, self.inside.port)
        self.secure = {fault: Listener(ALLOWED, context=authority.context(fault)) for fault in CERTIFICATES}
        (folder / "resolv.conf").write_text(f"nameserver {self.names.address}\noptions timeout:1 attempts:1\n")
        authority.root.cert_pem.write_to_path(str(folder / "authorities.pem"))
        mounts = f"mount --bind {folder}/resolv.conf /etc/resolv.conf && mount --bind {folder}/authorities.pem /etc/ssl/certs/ca-certificates.crt"
        self.server = Server(
            sandbox=False, prefix=["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"],
            environment={"PAO_EGRESS_ALLOW": json.dumps([ALLOWED]), "PAO_TIMEOUTS_STEP": "5s"})
        self.server.wait_until_ready()

    def call(self, name, url):
        """A keyed POST to the address, tried three times."""
        step = {"id": "it", "type": "rest-api", "config": {"endpoint": {"url": url, "method": "POST"}, "idempotency": "header"}}
        retry = {"attempts": TRIES, "backoff": "none", "initialDelay": "10ms", "maxDelay": "1s"}
        item = self.server.publish(self.make.item(step, suffix="-" + "".join(c for c in name.lower() if c.isalnum()), retry=retry))
        return self.server.api.submit(item)

    def end(self, request):
        """The kind of its last failure (nil for none) and the number of its tries."""
        found = self.server.api.follow(request, lambda request: request["status"] in ("completed", "failed"), within=60)
        attempts = found["actions"][0]["attempts"]
        return attempts[-1]["errorType"], len(attempts)

    def close(self):
        self.server.close()
        self.names.socket.close()
        for listener in [self.inside, self.outside, *self.secure.values()]:
            listener.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    from documents import Maker
    place = Place(Maker("names"), tmp_path_factory.mktemp("names"))
    yield place
    place.close()


@pytest.fixture(scope="module")
def looked_up(place):
    requests = {name: place.call(name, f"http://{name}:{place.outside.port}/x") for name in LOOKUPS}
    return {name: place.end(request) for name, request in requests.items()}


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_name_that_fails_is_tried_again_where_that_may_help(looked_up, name):
    error, tries = LOOKUPS[name]
    assert looked_up[name][0] == error
    assert tries is None or looked_up[name][1] == tries


def test_a_name_that_turns_inward_after_it_was_good_is_not_followed(place):
    """Each call looks at the address that it connects to, not at the one that was good before."""
    first = place.end(place.call("turning", f"http://turning.test:{place.outside.port}/x"))
    assert first == (None, 1)
    place.names.names["turning.test"] = [[DENIED]]
    results = {place.end(place.call(f"turning{number}", f"http://turning.test:{place.outside.port}/x"))[0] for number in range(3)}
    assert results <= {None, "egressDenied"}, "either the address that was good is still called, or none"


def test_of_several_addresses_only_allowed_ones_are_called(place):
    assert place.end(place.call("mixed", f"http://mixed.test:{place.outside.port}/x"))[0] in (None, "egressDenied")


@pytest.mark.parametrize("fault", CERTIFICATES)
def test_nothing_is_sent_to_who_cannot_show_a_good_certificate(place, fault):
    listener = place.secure[fault]
    error, tries = place.end(place.call(fault, f"https://good.test:{listener.port}/x"))
    assert error == CERTIFICATES[fault]
    assert listener.calls == ([f"good.test:{listener.port}"] if fault == "good" else [])
    # A handshake that fails may have been cut; a certificate that is not good stays so.
    assert tries == (TRIES if fault == "TLS 1.0" else 1)


def test_no_denied_address_was_ever_connected_to(place, looked_up):
    place.end(place.call("last", f"http://inward.test:{place.outside.port}/x"))
    assert place.outside.connections > 0 and place.inside.connections == 0
