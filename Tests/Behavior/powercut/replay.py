"""What a power cut leaves: from a recording of writes and syncs, one of the many states that the disk may be in.

What was synced is there. Of what was not, each sector is there or not, by chance; so is each change of a file's length. Of several
writes to one sector any may be the last one that is there. The names in the directory are those of some moment since its last sync.
"""
import struct
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("<c64sQI")
SECTOR = 512
DIRECTORY = "."


class Entry(NamedTuple):
    operation: str
    name: str
    offset: int
    data: bytes


def entries(path):
    """All whole entries of a recording, in order; the last one may have been cut short."""
    recorded, place, found = Path(path).read_bytes(), 0, []
    while place + HEADER.size <= len(recorded):
        operation, name, offset, length = HEADER.unpack_from(recorded, place)
        place += HEADER.size
        if place + length > len(recorded):
            break
        found.append(Entry(operation.decode(), name.rstrip(b"\0").decode(), offset, recorded[place:place + length]))
        place += length
    return found


def sectors(offset, data):
    """A write as the pieces that the disk writes for itself."""
    start = 0
    while start < len(data):
        end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
        yield offset + start, data[start:end]
        start = end


class File:
    """What is on the disk, and what has been changed since: `(offset, bytes)`, or `(length, None)` for a new length."""

    def __init__(self, durable=b""):
        self.durable = bytearray(durable)
        self.pending = []
        self.covered = 0

    def begin_sync(self):
        self.covered = len(self.pending)

    def end_sync(self):
        for change in self.pending[:self.covered]:
            change_content(self.durable, *change)
        del self.pending[:self.covered]
        self.covered = 0

    def after_cut(self, chance, kept):
        """Each pending piece is there with the probability `kept`."""
        content = bytearray(self.durable)
        for offset, data in self.pending:
            pieces = [(offset, None)] if data is None else sectors(offset, data)
            for piece in pieces:
                if chance.random() < kept:
                    change_content(content, *piece)
        return bytes(content)


def change_content(content, offset, data):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:offset + len(data)] = data


class Disk:
    """The files of one directory, as they are known to be and as they might be."""

    def __init__(self, files):
        self.names = {name: File(content) for name, content in files.items()}
        # What the directory may hold after a cut: the first is durable.
        self.moments = [dict(self.names)]
        self.covered = 0

    def take(self, entry):
        operation, name, offset, data = entry
        if operation in "CUR":
            self.change_names(operation, name, data)
        elif name == DIRECTORY:
            self.sync_names(operation)
        elif name in self.names:
            file = self.names[name]
            match operation:
                case "W": file.pending.append((offset, data))
                case "T": file.pending.append((offset, None))
                case "B": file.begin_sync()
                case "E": file.end_sync()

    def change_names(self, operation, name, data):
        match operation:
            case "C": self.names[name] = File()
            case "U": self.names.pop(name, None)
            case "R": self.names[data.decode()] = self.names.pop(name)
        self.moments.append(dict(self.names))

    def sync_names(self, operation):
        if operation == "B":
            self.covered = len(self.moments) - 1
        elif operation == "E":
            del self.moments[:self.covered]
            self.covered = 0

    def after_cut(self, chance):
        """Contents by name: one of the states that a power cut may leave now."""
        kept = chance.choice([0, 0.5, 0.9, 1])
        return {name: file.after_cut(chance, kept) for name, file in chance.choice(self.moments).items()}
