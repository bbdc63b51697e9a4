"""Runs a command in a mount namespace whose name server is this script: faulty-dns.py COMMAND... (as root).

nx.test does not exist, nodata.test has no address, fail.test is SERVFAIL, slow.test gets no answer, inward.test is loopback, many.test
is private, loopback and metadata at once, turn.test is 127.0.0.2 at first and then 127.0.0.1.
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

ADDRESSES = {
    "inward.test": [["127.0.0.1"]],
    "many.test": [["10.0.0.1", "127.0.0.1", "169.254.169.254"]],
    "turn.test": [["127.0.0.2"], ["127.0.0.1"]],
    "nodata.test": [[]],
}
CODES = {"fail.test": 2}
asked = {}


def answer(query):
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1 : position + 1 + query[position]].decode())
        position += 1 + query[position]
    name, kind = ".".join(labels).lower(), struct.unpack(">H", query[position + 1 : position + 3])[0]
    if name == "slow.test":
        return None
    rounds = ADDRESSES.get(name, [[]])
    turn = asked.get(name, 0)
    addresses = rounds[min(turn, len(rounds) - 1)] if kind == 1 else []
    if kind == 1:
        asked[name] = turn + 1
    code = CODES.get(name, 0 if name in ADDRESSES else 3)
    records = b"".join(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04" + socket.inet_aton(a) for a in addresses)
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
    return head + query[12 : position + 5] + records


def serve(server):
    while True:
        query, client = server.recvfrom(512)
        reply = answer(query)
        if reply:
            server.sendto(reply, client)


# An address of its own, so that runs beside each other do not meet.
address = f"127.{os.getpid() >> 8 & 127}.{os.getpid() & 255}.53"
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((address, 53))
threading.Thread(target=serve, args=(server,), daemon=True).start()
with tempfile.NamedTemporaryFile("w") as configuration:
    configuration.write(f"nameserver {address}\noptions timeout:2 attempts:1\n")
    configuration.flush()
    mount = f"mount --bind {configuration.name} /etc/resolv.conf && exec \"$@\""
    environment = dict(os.environ, PAO_TEST_DNS="1")
    sys.exit(subprocess.call(["unshare", "-m", "sh", "-c", mount, "sh", *sys.argv[1:]], env=environment))
