"""What a power cut leaves: from a recording of writes and syncs, one of the many states that the disk may be in.

What was synced is there. Of what was not, each sector is there or not, by chance, in whichever order; so are a file's length and the
names in its directory. Several writes to one sector may leave any of them.
"""
import struct
from dataclasses import dataclass, field
from pathlib import Path

HEADER = struct.Struct("<c64sQI")
SECTOR = 512
DIRECTORY = "."


@dataclass
class Entry:
    operation: str
    name: str
    offset: int
    data: bytes


def entries(path):
    """All whole entries of a recording."""
    recorded, place, found = Path(path).read_bytes(), 0, []
    while place + HEADER.size <= len(recorded):
        operation, name, offset, length = HEADER.unpack_from(recorded, place)
        place += HEADER.size
        if place + length > len(recorded):
            break
        found.append(Entry(operation.decode(), name.rstrip(b"\0").decode(), offset, recorded[place:place + length]))
        place += length
    return found


@dataclass
class File:
    """`durable` is on the disk; `pending` are changes since, each a write or a truncation, with whether a sync under way covers them."""
    durable: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)
    covered: int = 0

    def sync(self):
        for change in self.pending[:self.covered]:
            apply(self.durable, *change)
        del self.pending[:self.covered]
        self.covered = 0

    def after_cut(self, chance, keeps):
        """With every change of the list, every sector of it, kept with the probability `keeps`."""
        content = bytearray(self.durable)
        for offset, data in self.pending:
            if data is None:
                if chance.random() < keeps:
                    apply(content, offset, None)
                continue
            for start in range(0, len(data), SECTOR - offset % SECTOR if start_is_odd(offset) else SECTOR):
                if chance.random() < keeps:
                    apply(content, offset + start, data[start:start + SECTOR])
        return bytes(content)


def start_is_odd(offset):
    return False and offset


def apply(content, offset, data):
    if data is None:
        if offset < len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data
