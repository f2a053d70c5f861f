#!/usr/bin/env python3
"""Verifies an Aurex SQL ledger without any program of Aurex.

    python3 verify_ledger.py                        in an unpacked bundle
    python3 verify_ledger.py LEDGER.sqlite --chain-id 64HEX --digest DIGEST.json

It needs Python 3.9 or newer with its standard library, and one of the packages `cryptography` or `PyNaCl` for
Ed25519. It was written from src/protocol/README.md of Aurex; the section numbers below are those of that page.

It checks, from the bytes in the file: that each block follows from the one before it, proof of work or the
authorities' signatures, changes of the authorities, every transaction's id and signature, sequences, balances, and
the state root of every block; then that the readable columns say what the bytes say; then the content digest.
It does not check: which characters a name may have (section 2), block times against a clock, and observed rows.

Exit code: 0 everything holds, 9 something does not, 2 the file or the arguments cannot be used.
"""
import argparse
import hashlib
import json
import os
import re
import sqlite3
import struct
import sys
import time
import unicodedata
from urllib.parse import quote

FINDINGS_SHOWN = 100
ZERO32 = bytes(32)
U64_MAX = 2**64 - 1


class Unusable(Exception):
    """The file or an argument cannot be used: exit code 2."""


class Malformed(Exception):
    """Bytes that are not what they should be."""


class Broken(Exception):
    """A block that does not follow: what comes after it cannot be judged."""


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


# --- Ed25519 (section 5) -------------------------------------------------------------------------------------------

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD_PRIME = 2**255 - 19
SMALL_ORDER_Y = {
    int.from_bytes(bytes.fromhex(text), "little")
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}


def load_ed25519():
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        def holds(message, signature, key):
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
                return True
            except (InvalidSignature, ValueError):
                return False

        return holds
    except ImportError:
        pass
    try:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey

        def holds(message, signature, key):
            try:
                VerifyKey(key).verify(message, signature)
                return True
            except (BadSignatureError, ValueError):
                return False

        return holds
    except ImportError:
        raise Unusable("neither `cryptography` nor `PyNaCl` is installed: install one, e.g. apt install python3-cryptography")


equation_holds = None


def is_acceptable_point(point):
    y = int.from_bytes(point, "little") & (2**255 - 1)
    return y < FIELD_PRIME and y not in SMALL_ORDER_Y


def signed(message, signature, key):
    if len(key) != 32 or len(signature) != 64:
        return False
    if int.from_bytes(signature[32:], "little") >= GROUP_ORDER:
        return False
    if not is_acceptable_point(key) or not is_acceptable_point(signature[:32]):
        return False
    return equation_holds(message, signature, key)


# --- SSZ (section 1) -----------------------------------------------------------------------------------------------


class Uint:
    def __init__(self, size, most=None):
        self.size = size
        self.most = 2 ** (8 * size) - 1 if most is None else most

    def encode(self, value):
        return value.to_bytes(self.size, "little")

    def decode(self, data):
        value = int.from_bytes(data, "little")
        if value > self.most:
            raise Malformed("a number is over its limit")
        return value

    def root(self, value):
        return self.encode(value).ljust(32, b"\0")


class Boolean(Uint):
    def __init__(self):
        super().__init__(1, 1)


class Bytes:
    """A byte vector."""

    def __init__(self, size):
        self.size = size

    def encode(self, value):
        return value

    def decode(self, data):
        return data

    def root(self, value):
        return merkle_root(chunks(value), (self.size + 31) // 32)


class ByteList:
    size = None

    def __init__(self, most):
        self.most = most

    def encode(self, value):
        return value

    def decode(self, data):
        if len(data) > self.most:
            raise Malformed("a byte list is over its limit")
        return data

    def root(self, value):
        return mix_in(merkle_root(chunks(value), (self.most + 31) // 32), len(value))


class List:
    size = None

    def __init__(self, item, most):
        self.item = item
        self.most = most

    def encode(self, values):
        return encode_parts([self.item] * len(values), values)

    def decode(self, data):
        if not data:
            return []
        if self.item.size is not None:
            if len(data) % self.item.size or len(data) // self.item.size > self.most:
                raise Malformed("a list has a wrong length")
            step = self.item.size
            return [self.item.decode(data[at : at + step]) for at in range(0, len(data), step)]
        if len(data) < 4:
            raise Malformed("a list ends too early")
        first = int.from_bytes(data[:4], "little")
        if first % 4 or first == 0 or first // 4 > self.most or first > len(data):
            raise Malformed("a list has a wrong first offset")
        return decode_parts([self.item] * (first // 4), data)

    def root(self, values):
        return mix_in(merkle_root([self.item.root(value) for value in values], self.most), len(values))


class Container:
    def __init__(self, **fields):
        self.names = list(fields)
        self.types = list(fields.values())
        sizes = [each.size for each in self.types]
        self.size = None if None in sizes else sum(sizes)

    def encode(self, value):
        return encode_parts(self.types, [value[name] for name in self.names])

    def decode(self, data):
        if self.size is not None and len(data) != self.size:
            raise Malformed("a container has a wrong length")
        return dict(zip(self.names, decode_parts(self.types, data)))

    def root(self, value):
        roots = [each.root(value[name]) for name, each in zip(self.names, self.types)]
        return merkle_root(roots, len(roots))


def encode_parts(types, values):
    head, tail = [], []
    offset = sum(4 if each.size is None else each.size for each in types)
    for each, value in zip(types, values):
        encoded = each.encode(value)
        if each.size is None:
            head.append(struct.pack("<I", offset))
            tail.append(encoded)
            offset += len(encoded)
        else:
            head.append(encoded)
    return b"".join(head + tail)


def decode_parts(types, data):
    fixed = sum(4 if each.size is None else each.size for each in types)
    if len(data) < fixed:
        raise Malformed("it ends too early")
    at, pieces, offsets = 0, [], []
    for each in types:
        size = 4 if each.size is None else each.size
        pieces.append(data[at : at + size])
        if each.size is None:
            offsets.append(int.from_bytes(data[at : at + 4], "little"))
        at += size
    if offsets:
        if offsets[0] != fixed or offsets != sorted(offsets) or offsets[-1] > len(data):
            raise Malformed("an offset is wrong")
        ends = offsets[1:] + [len(data)]
    elif len(data) != fixed:
        raise Malformed("bytes follow its end")
    values, variable = [], 0
    for each, piece in zip(types, pieces):
        if each.size is None:
            piece = data[offsets[variable] : ends[variable]]
            variable += 1
        values.append(each.decode(piece))
    return values


def decoded(kind, data, what):
    if not isinstance(data, bytes):
        raise Malformed(what + " is no bytes")
    if kind.size is not None and len(data) != kind.size:
        raise Malformed("%s has %d bytes, not %d" % (what, len(data), kind.size))
    try:
        return kind.decode(data)
    except Malformed as error:
        raise Malformed("%s: %s" % (what, error))


ZERO_HASHES = [ZERO32]
for _ in range(64):
    ZERO_HASHES.append(sha256(ZERO_HASHES[-1], ZERO_HASHES[-1]))


def chunks(data):
    return [data[at : at + 32].ljust(32, b"\0") for at in range(0, len(data), 32)]


def merkle_root(nodes, limit):
    depth = max(limit - 1, 0).bit_length()
    for level in range(depth):
        if len(nodes) % 2:
            nodes = nodes + [ZERO_HASHES[level]]
        nodes = [sha256(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0] if nodes else ZERO_HASHES[depth]


def mix_in(root, length):
    return sha256(root, length.to_bytes(32, "little"))


U8, U32, U64, S64 = Uint(1), Uint(4), Uint(8), Uint(8, 2**53 - 1)
B32, B64 = Bytes(32), Bytes(64)

HEADER = Container(
    version=U8, chain_id=B32, height=S64, parent_hash=B32, timestamp_ms=S64, producer=B32, transactions_root=B32,
    transaction_count=U32, state_root=B32, consensus_root=B32, consensus_state_hash=B32, target=B32, extra_data=B32,
)
SEAL = Container(nonce=B32, signature=ByteList(64))
SEALED_HEADER = Container(header=HEADER, seal=SEAL)
CERTIFICATE = Container(target_height=S64, target_hash=B32, bitmap=ByteList(32), signatures=List(B64, 256))
SECTION = Container(certificates=List(CERTIFICATE, 1), evidence=List(ByteList(2048), 16))
ALLOCATION = Container(account=B32, amount=U64)
GENESIS = Container(
    version=U8, name=ByteList(64), engine=U8, timestamp_ms=S64, easiest_target=B32, target_block_time_ms=S64,
    minimum_interval_ms=S64, retarget_half_life_ms=S64, period_ms=S64, step_ms=S64, heartbeat_ms=S64, admission=U8,
    join_window_ms=S64, authorities=List(B32, 256), allocations=List(ALLOCATION, 65536), minimum_fee=U64,
    block_reward=U64, halving_interval_blocks=S64, reward_maturity_blocks=U32, block_bytes_max=U32,
    block_transactions_max=U32, salt=B32,
)
UNSIGNED = dict(
    version=U8, kind=U8, sender=B32, sequence=S64, fee=U64, valid_until=S64, timestamp_ms=S64, payload=ByteList(4096)
)
UNSIGNED_TRANSACTION = Container(**UNSIGNED)
TRANSACTION = Container(**UNSIGNED, signature=B64)
PAYLOADS = {
    1: ("transfer", Container(to=B32, asset_id=B32, amount=U64, memo=ByteList(256))),
    2: ("record", Container(data=ByteList(4000))),
    3: ("registerUser", Container(name=ByteList(64))),
    4: ("issueAsset", Container(symbol=ByteList(12), name=ByteList(64), decimals=U8, supply=U64, metadata=ByteList(1024))),
    5: ("authorityVote", Container(action=U8, authority=B32, expires_at_height=S64, consent=B64)),
}
# Section 4. The tag is the first field of each container: offsets count it.
ENTRIES = {
    1: Container(tag=U8, account=B32, sequence=S64, balance=U64),
    2: Container(tag=U8, asset_id=B32, issuer=B32, symbol=ByteList(12), name=ByteList(64), decimals=U8, supply=U64, metadata=ByteList(1024)),
    3: Container(tag=U8, account=B32, asset_id=B32, balance=U64),
    4: Container(tag=U8, account=B32, name=ByteList(64)),
    5: Container(tag=U8, account=B32, since_height=S64, removed=Boolean()),
    6: Container(tag=U8, slot=U32, account=B32, amount=U64, height=S64),
}
CHECKPOINT = Container(height=S64, hash=B32)
VOTE = Container(source=CHECKPOINT, target=CHECKPOINT, voter=B32, signature=B64)
TWO_SEALS = Container(first=SEALED_HEADER, second=SEALED_HEADER)
TWO_VOTES = Container(first=VOTE, second=VOTE)
BALLOT = Container(voter=B32, action=U8, authority=B32, expires_at_height=S64)
CHANGE = Container(action=U8, authority=B32, passed_at_height=S64)
AUTHORITY_STATE = Container(
    authorities=List(B32, 256), since_height=S64, sealed_heights=List(S64, 256), justified=CHECKPOINT,
    finalized=CHECKPOINT, justified_heights=List(S64, 64), ballots=List(BALLOT, 1024), in_flight=List(CHANGE, 1),
    banned=List(B32, 256), unsettled_height=S64, established=U8,
)


# --- Addresses and node ids (section 1) ----------------------------------------------------------------------------

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def bech32_polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                check ^= generator
    return check


def remembered(function):
    known = {}

    def look_up(key):
        if key not in known:
            if len(known) > 200_000:
                known.clear()
            known[key] = function(key)
        return known[key]

    return look_up


@remembered
def address_of(key):
    bits = int.from_bytes(key, "big") << 4  # 256 bits make 52 words of 5 bits with 4 bits of padding
    words = [bits >> 5 * place & 31 for place in range(51, -1, -1)]
    prefix = [ord(letter) >> 5 for letter in "aurex"] + [0] + [ord(letter) & 31 for letter in "aurex"]
    check = bech32_polymod(prefix + words + [0] * 6) ^ 0x2BC830A3
    words += [check >> 5 * place & 31 for place in range(5, -1, -1)]
    return "aurex1" + "".join(BECH32[word] for word in words)


@remembered
def node_id_of(key):
    data = bytes((0, 0x24, 8, 1, 0x12, 0x20)) + key
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = BASE58[rest] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


# --- The ledger's state (section 4) ---------------------------------------------------------------------------------


class StateTree:
    """The root of List[Bytes32, 2^32]; only the nodes over changed leaves are hashed again."""

    def __init__(self):
        self.levels = [[]]
        self.dirty = set()

    def set(self, index, leaf):
        leaves = self.levels[0]
        if index == len(leaves):
            leaves.append(leaf)
        else:
            leaves[index] = leaf
        self.dirty.add(index)

    def root(self):
        count, level, changed = len(self.levels[0]), 0, self.dirty
        while len(self.levels[level]) > 1:
            nodes = self.levels[level]
            if level + 1 == len(self.levels):
                self.levels.append([])
            above = self.levels[level + 1]
            parents = sorted({index // 2 for index in changed})
            for parent in parents:
                right = nodes[2 * parent + 1] if 2 * parent + 1 < len(nodes) else ZERO_HASHES[level]
                node = sha256(nodes[2 * parent], right)
                if parent == len(above):
                    above.append(node)
                else:
                    above[parent] = node
            changed, level = parents, level + 1
        root = self.levels[level][0] if count else ZERO32
        for depth in range(level, 32):
            root = sha256(root, ZERO_HASHES[depth])
        self.dirty = set()
        return mix_in(root, count)


class Ledger:
    def __init__(self, genesis):
        self.indexes, self.entries, self.tree = {}, [], StateTree()
        self.names = {}
        for allocation in genesis["allocations"]:
            self.put(("account", allocation["account"]), dict(tag=1, account=allocation["account"], sequence=0, balance=allocation["amount"]))
        for key in genesis["authorities"]:
            self.put(("authority", key), dict(tag=5, account=key, since_height=0, removed=0))

    def get(self, key):
        index = self.indexes.get(key)
        return None if index is None else self.entries[index]

    def put(self, key, entry):
        index = self.indexes.setdefault(key, len(self.entries))
        if index == len(self.entries):
            self.entries.append(entry)
        else:
            self.entries[index] = entry
        self.tree.set(index, sha256(ENTRIES[entry["tag"]].encode(entry)))

    def account(self, key):
        return self.get(("account", key)) or dict(tag=1, account=key, sequence=0, balance=0)

    def add_aur(self, key, units):
        account = self.account(key)
        self.put(("account", key), dict(account, balance=account["balance"] + units))

    def add_asset(self, key, asset_id, units):
        held = self.get(("balance", key, asset_id)) or dict(tag=3, account=key, asset_id=asset_id, balance=0)
        self.put(("balance", key, asset_id), dict(held, balance=held["balance"] + units))


def execute_transaction(ledger, transaction, height, genesis):
    """Section 2; raises Broken for a transaction that may not stand in a block."""
    kind, payload, sender, fee = transaction["name"], transaction["body"], transaction["sender"], transaction["fee"]
    if transaction["version"] != 1:
        raise Broken("its version is not 1")
    if fee < genesis["minimum_fee"] and kind != "authorityVote":
        raise Broken("its fee is too low")
    if transaction["valid_until"] and transaction["valid_until"] < height:
        raise Broken("it had expired")
    account = ledger.account(sender)
    if transaction["sequence"] != account["sequence"]:
        raise Broken("its sequence is %d and the account's next one is %d" % (transaction["sequence"], account["sequence"]))
    is_aur = kind == "transfer" and payload["asset_id"] == ZERO32
    spent = fee + (payload["amount"] if is_aur else 0)
    if account["balance"] < spent:
        raise Broken("it spends %d and the account has %d" % (spent, account["balance"]))
    ledger.put(("account", sender), dict(account, sequence=account["sequence"] + 1, balance=account["balance"] - spent))
    if kind == "transfer":
        if payload["amount"] == 0:
            raise Broken("its amount is 0")
        if is_aur:
            if ledger.account(payload["to"])["balance"] + payload["amount"] > U64_MAX:
                raise Broken("the receiver's balance overflows")
            ledger.add_aur(payload["to"], payload["amount"])
        else:
            if ledger.get(("asset", payload["asset_id"])) is None:
                raise Broken("nobody issued its asset")
            held = ledger.get(("balance", sender, payload["asset_id"]))
            if held is None or held["balance"] < payload["amount"]:
                raise Broken("it sends more of an asset than the account has")
            ledger.add_asset(sender, payload["asset_id"], -payload["amount"])
            ledger.add_asset(payload["to"], payload["asset_id"], payload["amount"])
    elif kind == "record":
        if not payload["data"]:
            raise Broken("it records nothing")
    elif kind == "registerUser":
        name = text_of(payload["name"])
        if not name or name.startswith("aurex1") or re.fullmatch("[0-9a-f]{64}", name) or unicodedata.normalize("NFC", name) != name:
            raise Broken("its name is none")
        if ledger.get(("user", payload["name"])) is not None:
            raise Broken("its name is taken")
        if sender in ledger.names:
            raise Broken("its sender has a name already")
        ledger.names[sender] = payload["name"]
        ledger.put(("user", payload["name"]), dict(tag=4, account=sender, name=payload["name"]))
    elif kind == "issueAsset":
        symbol = text_of(payload["symbol"]) or ""
        if not re.fullmatch("[A-Z][A-Z0-9]{0,11}", symbol) or symbol == "AUR" or not text_of(payload["name"]):
            raise Broken("its symbol or name is none")
        if payload["decimals"] > 18 or payload["supply"] == 0 or text_of(payload["metadata"]) is None:
            raise Broken("its terms are not allowed")
        ledger.put(("asset", transaction["id"]), dict(payload, tag=2, asset_id=transaction["id"], issuer=sender))
        ledger.add_asset(sender, transaction["id"], payload["supply"])
    elif payload["action"] == 2 and payload["consent"] != bytes(64):
        raise Broken("a vote to remove carries a consent")
    elif payload["action"] not in (1, 2):
        raise Broken("its vote asks for nothing that is known")


def text_of(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def pay_producer(ledger, header, fees, genesis):
    """The end of section 3: fees and reward, at once or once they are mature."""
    height, maturity = header["height"], genesis["reward_maturity_blocks"]
    earned = min(fees + reward_at(genesis, height), U64_MAX)
    if maturity == 0:
        credit(ledger, header["producer"], earned)
        return
    slot = height % maturity
    waiting = ledger.get(("reward", slot))
    due = waiting["amount"] if waiting else 0
    if due == 0 and earned == 0:
        return
    if due:
        credit(ledger, waiting["account"], due)
    ledger.put(("reward", slot), dict(tag=6, slot=slot, account=header["producer"], amount=earned, height=height))


def credit(ledger, key, units):
    if units:
        account = ledger.account(key)
        ledger.put(("account", key), dict(account, balance=min(account["balance"] + units, U64_MAX)))


def reward_at(genesis, height):
    interval = genesis["halving_interval_blocks"]
    return genesis["block_reward"] >> ((height - 1) // interval if interval else 0)


# --- Proof of Work (section 6) --------------------------------------------------------------------------------------


class Work:
    def __init__(self, genesis, genesis_block):
        self.genesis = genesis
        self.target = int.from_bytes(genesis["easiest_target"], "big")
        self.easiest = self.target
        self.total = 0

    def follow(self, block, parent):
        header, genesis = block["header"], self.genesis
        if block["seal"]["signature"]:
            raise Broken("a block of work carries a signature")
        if block["section"]["certificates"] or block["section"]["evidence"]:
            raise Broken("a block of work carries a consensus section")
        if any(each["name"] == "authorityVote" for each in block["transactions"]):
            raise Broken("a block of work carries a vote on authorities")
        if header["target"] != self.target.to_bytes(32, "big"):
            raise Broken("its target is not the one that the retarget rule asks for")
        if int.from_bytes(block["hash"], "big") > self.target:
            raise Broken("its hash is above its target: the work was not done")
        interval = header["timestamp_ms"] - parent["header"]["timestamp_ms"]
        if interval < genesis["minimum_interval_ms"]:
            raise Broken("it comes too early after its parent")
        self.total += 2**256 // (self.target + 1)
        self.target = self.next_target(interval)
        return self.target.to_bytes(32, "big"), []

    def next_target(self, interval):
        spacing = self.genesis["target_block_time_ms"]
        counted = min(max(interval, self.genesis["minimum_interval_ms"]), 10 * spacing)
        lateness = (counted - spacing) * 65536
        exponent = abs(lateness) // self.genesis["retarget_half_life_ms"] * (1 if lateness >= 0 else -1)
        doublings, x = exponent >> 16, exponent & 0xFFFF
        power = 65536 + ((195766423245049 * x + 971821376 * x**2 + 5127 * x**3 + 2**47) >> 48)
        if doublings >= self.easiest.bit_length():
            return self.easiest
        scaled = self.target * power
        shift = doublings - 16
        return min(max(scaled >> -shift if shift < 0 else scaled << shift, 1), self.easiest)


# --- Proof of Authority (sections 7, 8 and 11) ----------------------------------------------------------------------


class Authority:
    def __init__(self, genesis, genesis_block):
        self.genesis, self.chain_id = genesis, genesis_block["header"]["chain_id"]
        first = dict(height=0, hash=genesis_block["hash"])
        keys = genesis["authorities"]
        self.state = dict(
            authorities=keys, since_height=0, sealed_heights=[0] * len(keys), justified=first, finalized=first,
            justified_heights=[], ballots=[], in_flight=[], banned=[], unsettled_height=0, established=1 if len(keys) > 1 else 0,
        )
        # What a certificate for one of the last blocks needs: its hash, and the state after it.
        self.recent = {0: (genesis_block["hash"], self.state)}
        self.weight = 0
        # Blocks that operators declared final without a quorum; among the last ones they are looked for.
        self.recovered, self.past, self.searches, self.dropped = [], [], 20, []

    def follow(self, block, parent):
        header, committed = block["header"], self.state
        self.dropped = []
        try:
            before, state = committed, self.judge(committed, self.recent, block, parent)
        except Broken as fault:
            found = self.search_recovery(block, parent)
            if found is None:
                raise fault
            before, state = found
            self.dropped = [key for key in committed["authorities"] if key not in before["authorities"]]
        keys, after = before["authorities"], state["authorities"]
        self.weight += 1000 * (len(keys) - rank_of(header, keys)) // len(keys)
        self.state = state
        self.recent[header["height"]] = (block["hash"], state)
        self.recent.pop(header["height"] - 66, None)
        votes = [each for each in block["transactions"] if each["name"] == "authorityVote"]
        others = [each for each in block["transactions"] if each["name"] != "authorityVote"][:1]
        # Of the others a search asks only whether there are any, and they may be large.
        self.past.append((dict(block, transactions=votes + others), state))
        del self.past[:-256]
        updates = [(key, 0) for key in after if key not in keys] + [(key, 1) for key in keys if key not in after]
        return AUTHORITY_STATE.encode(state), updates

    def judge(self, before, recent, block, parent):
        header, keys = block["header"], before["authorities"]
        if header["producer"] not in keys:
            raise Broken("its producer is no authority")
        if header["target"] != ZERO32 or block["seal"]["nonce"] != ZERO32:
            raise Broken("a block of an authority has a target or a nonce")
        delay = self.genesis["period_ms"] + rank_of(header, keys) * self.genesis["step_ms"]
        if header["timestamp_ms"] < parent["header"]["timestamp_ms"] + delay:
            raise Broken("it was sealed before its producer's turn")
        if not signed(b"aurex/seal/1" + block["hash"], block["seal"]["signature"], header["producer"]):
            raise Broken("its producer has not sealed it")
        state = self.advance(before, recent, block)
        if sha256(AUTHORITY_STATE.encode(state)) != header["consensus_state_hash"]:
            raise Broken("it commits to another state of its authorities")
        return state

    def advance(self, before, recent, block):
        header, keys = block["header"], before["authorities"]
        height = header["height"]
        # The order is a rule: certificate, evidence, votes (judged by the parent's state), then what comes into force.
        state = self.certify(dict(before), recent, block)
        for evidence in block["section"]["evidence"]:
            state = self.convict(state, evidence)
        ballots = self.count_votes(before, block)
        state = self.enforce(state, height)
        passed = state["in_flight"] or self.passing(state, ballots, height)
        is_quiet = not block["transactions"] and not block["section"]["evidence"]
        is_used = any(each["name"] != "authorityVote" for each in block["transactions"])
        after = state["authorities"]
        return dict(
            state,
            since_height=before["since_height"] if after == keys else height,
            sealed_heights=[height if key == header["producer"] else at for key, at in zip(after, state["sealed_heights"])],
            ballots=[
                ballot for ballot in ballots
                if ballot["voter"] in after and not (passed and is_for(ballot, passed[0]))
            ],
            in_flight=passed,
            unsettled_height=before["unsettled_height"] if is_quiet else height,
            established=1 if before["established"] or len(after) > 1 or is_used else 0,
        )

    def search_recovery(self, block, parent):
        """Trust recovery (section 7): no block names the block that operators declared final; the states above it show it."""
        if self.searches == 0:
            return None
        self.searches -= 1
        for start in range(len(self.past) - 1, -1, -1):
            first, state = self.past[start]
            height = first["header"]["height"]
            if state["finalized"]["height"] >= height:
                return None
            before = recovered_state(state, height, first["hash"])
            recent = dict(self.recent)
            recent[height] = (first["hash"], before)
            restated = [(first, before)]
            try:
                for above, _ in self.past[start + 1 :]:
                    before = self.advance(before, recent, above)
                    recent[above["header"]["height"]] = (above["hash"], before)
                    restated.append((above, before))
                after = self.judge(before, recent, block, parent)
            except Broken:
                continue
            self.recent, self.past = recent, self.past[:start] + restated
            self.recovered.append((height, first["hash"].hex()))
            return before, after
        return None

    def certify(self, state, recent, block):
        for certificate in block["section"]["certificates"]:
            target = certificate["target_height"]
            known = recent.get(target)
            if target <= state["justified"]["height"] or target < block["header"]["height"] - 64 or known is None:
                raise Broken("its certificate is for a block that it may not certify")
            if known[0] != certificate["target_hash"]:
                raise Broken("its certificate is for a block that is none of its ancestors")
            fault = certificate_fault(certificate, known[1], self.chain_id)
            if fault:
                raise Broken("its certificate does not hold: " + fault)
            source = known[1]["justified"]
            between = range(source["height"] + 1, target)
            if source["height"] > state["finalized"]["height"] and all(at in state["justified_heights"] for at in between):
                state["finalized"] = source
            heights = [at for at in state["justified_heights"] + [target] if at > state["finalized"]["height"]]
            state["justified_heights"] = heights[-64:]
            state["justified"] = dict(height=target, hash=known[0])
        return state

    def convict(self, state, evidence):
        offender = offender_of(evidence, self.chain_id)
        if change_fault(state, 2, offender):
            raise Broken("its evidence puts nobody out")
        state = without(state, offender)
        return dict(state, banned=state["banned"] + [offender])

    def count_votes(self, before, block):
        height = block["header"]["height"]
        ballots = [ballot for ballot in before["ballots"] if ballot["expires_at_height"] >= height]
        for transaction in block["transactions"]:
            if transaction["name"] != "authorityVote":
                continue
            vote, voter = transaction["body"], transaction["sender"]
            if voter not in before["authorities"]:
                raise Broken("a vote is not of an authority")
            own = [ballot for ballot in ballots if ballot["voter"] == voter]
            expires = vote["expires_at_height"]
            if not height <= expires <= height + 100_000 or change_fault(before, vote["action"], vote["authority"]):
                raise Broken("a vote can change nothing")
            if before["in_flight"] and is_for(before["in_flight"][0], vote):
                raise Broken("a vote is for a change that has passed")
            consent = b"aurex/consent/1" + self.chain_id + U64.encode(expires)
            if vote["action"] == 1 and not signed(consent, vote["consent"], vote["authority"]):
                raise Broken("a candidate has not consented")
            if any(is_for(ballot, vote) for ballot in own) or len(own) >= 4 or len(ballots) >= 1024:
                raise Broken("an authority votes too often")
            ballots.append(dict(voter=voter, action=vote["action"], authority=vote["authority"], expires_at_height=expires))
        return ballots

    def enforce(self, state, height):
        if not state["in_flight"]:
            return state
        change = state["in_flight"][0]
        is_void = change_fault(state, change["action"], change["authority"])
        if not is_void and state["finalized"]["height"] < change["passed_at_height"]:
            return state
        state = dict(state, in_flight=[])
        if is_void:
            return state
        if change["action"] == 2:
            return without(state, change["authority"])
        keys = sorted(state["authorities"] + [change["authority"]])
        place = keys.index(change["authority"])
        heights = state["sealed_heights"]
        return dict(state, authorities=keys, sealed_heights=heights[:place] + [height] + heights[place:])

    def passing(self, state, ballots, height):
        for wanted in ballots:
            if change_fault(state, wanted["action"], wanted["authority"]):
                continue
            voters = [each["voter"] for each in ballots if is_for(each, wanted) and each["voter"] in state["authorities"]]
            leaves = wanted["action"] == 2 and wanted["authority"] in voters
            if leaves or len(voters) > len(state["authorities"]) // 2:
                return [dict(action=wanted["action"], authority=wanted["authority"], passed_at_height=height)]
        return []


def rank_of(header, keys):
    return (keys.index(header["producer"]) - header["height"]) % len(keys)


def recovered_state(state, height, block_hash):
    here = dict(height=height, hash=block_hash)
    late = [sealed > height - 2 * len(state["authorities"]) for sealed in state["sealed_heights"]]
    if not any(late):
        late = [True] * len(late)
    return dict(
        state,
        authorities=[key for key, stays in zip(state["authorities"], late) if stays],
        sealed_heights=[at for at, stays in zip(state["sealed_heights"], late) if stays],
        since_height=state["since_height"] if all(late) else height,
        justified=here, finalized=here, justified_heights=[], ballots=[], in_flight=[],
    )


def certificate_fault(certificate, state, chain_id):
    keys = state["authorities"]
    bitmap = certificate["bitmap"]
    bits = [index for index in range(8 * len(bitmap)) if bitmap[index // 8] >> index % 8 & 1]
    if len(bitmap) != (len(keys) + 7) // 8 or (bits and bits[-1] >= len(keys)) or len(bits) != len(certificate["signatures"]):
        return "its bitmap is none for this set"
    if len(bits) < (2 * len(keys) + 2) // 3:
        return "it has %d signatures of %d authorities" % (len(bits), len(keys))
    target = dict(height=certificate["target_height"], hash=certificate["target_hash"])
    message = b"aurex/vote/1" + chain_id + CHECKPOINT.encode(state["justified"]) + CHECKPOINT.encode(target)
    for index, signature in zip(bits, certificate["signatures"]):
        if not signed(message, signature, keys[index]):
            return "the signature of %s is not valid" % node_id_of(keys[index])
    return None


def is_for(ballot, wanted):
    return ballot["action"] == wanted["action"] and ballot["authority"] == wanted["authority"]


def change_fault(state, action, key):
    is_member = key in state["authorities"]
    if action == 1:
        return is_member or key in state["banned"] or len(state["authorities"]) >= 256
    return not is_member or len(state["authorities"]) == 1


def without(state, key):
    place = state["authorities"].index(key)
    cut = lambda values: values[:place] + values[place + 1 :]
    return dict(state, authorities=cut(state["authorities"]), sealed_heights=cut(state["sealed_heights"]))


def hash_of(header, nonce):
    return sha256(sha256(HEADER.encode(header)), nonce)


def offender_of(evidence, chain_id):
    """Section 8: two signatures of one authority that contradict each other."""
    try:
        if evidence[:1] == b"\x01":
            pair = TWO_SEALS.decode(evidence[1:])
            first, second = pair["first"], pair["second"]
            hashes = [hash_of(each["header"], each["seal"]["nonce"]) for each in (first, second)]
            holds = hashes[0] < hashes[1] and all(
                first["header"][name] == second["header"][name] for name in ("parent_hash", "producer")
            )
            for each, block_hash in zip((first, second), hashes):
                holds = holds and each["header"]["chain_id"] == chain_id and signed(
                    b"aurex/seal/1" + block_hash, each["seal"]["signature"], each["header"]["producer"]
                )
            offender = first["header"]["producer"]
        elif evidence[:1] == b"\x02" and len(evidence) == 353:
            pair = TWO_VOTES.decode(evidence[1:])
            first, second = pair["first"], pair["second"]
            (s1, t1), (s2, t2) = [(each["source"], each["target"]) for each in (first, second)]
            is_double = t1["height"] == t2["height"] and (t1["hash"] != t2["hash"] or s1 != s2)
            surrounds = lambda a, b, c, d: a["height"] < c["height"] and d["height"] < b["height"]
            holds = first["voter"] == second["voter"] and VOTE.encode(first) < VOTE.encode(second)
            holds = holds and (is_double or surrounds(s1, t1, s2, t2) or surrounds(s2, t2, s1, t1))
            for each in (first, second):
                message = b"aurex/vote/1" + chain_id + CHECKPOINT.encode(each["source"]) + CHECKPOINT.encode(each["target"])
                holds = holds and signed(message, each["signature"], each["voter"])
            offender = first["voter"]
        else:
            raise Malformed("its kind is not known")
    except Malformed as error:
        raise Broken("its evidence does not decode: %s" % error)
    if not holds:
        raise Broken("its evidence convicts nobody")
    return offender


# --- Reading the file -----------------------------------------------------------------------------------------------


class File:
    """The ledger as rows. Only plain tables are read: a view or trigger of a hostile file never runs."""

    def __init__(self, path):
        if not os.path.isfile(path):
            raise Unusable("there is no file " + path)
        try:
            self.db = sqlite3.connect("file:%s?mode=ro" % quote(os.path.abspath(path)), uri=True, isolation_level=None)
            self.db.execute("PRAGMA trusted_schema = OFF")
            if hasattr(self.db, "setlimit"):
                self.db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024)
            # Bytes that are no UTF-8 stay what they are.
            self.db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            self.db.row_factory = sqlite3.Row
            self.db.execute("BEGIN")
            self.tables = {}
            for row in self.db.execute("SELECT name, type, rootpage, sql FROM sqlite_master"):
                if row["type"] == "table" and row["rootpage"] and not re.match(r"CREATE\s+VIRTUAL", row["sql"] or "", re.I):
                    self.tables[row["name"]] = None
        except sqlite3.Error as error:
            raise Unusable("%s cannot be read as an SQLite database: %s" % (path, error))
        for table in ("meta", "blocks", "transactions"):
            if table not in self.tables:
                raise Unusable("%s is no ledger: it has no table %s" % (path, table))

    def columns(self, table):
        if self.tables.get(table) is None:
            rows = self.db.execute("PRAGMA table_info('%s')" % table)
            self.tables[table] = {row["name"] for row in rows}
        return self.tables[table]

    def rows(self, table, where, parameters, order):
        if table not in self.tables:
            return iter(())
        return self.db.execute('SELECT * FROM main."%s" WHERE %s ORDER BY %s' % (table, where, order), parameters)


def by_height(rows, column):
    """Rows in the order of a height, handed out block by block; `rest` tells whether any is left over."""
    held = [next(rows, None)]

    def take(height):
        taken = []
        while held[0] is not None and held[0][column] == height:
            taken.append(held[0])
            if len(taken) > 16_384:
                raise Broken("the table has too many rows of block %d" % height)
            held[0] = next(rows, None)
        return taken

    take.rest = lambda: held[0]
    return take


# --- The content digest ---------------------------------------------------------------------------------------------


def amount(name):
    return [name + "_units", name + "_units_large", name + "_text"]


DIGESTED = {
    "meta": ["chain_id", "name", "consensus", "genesis_hash", "genesis_bytes", "reward_maturity_blocks"],
    "allocations": ["chain_id", "account"] + amount("amount"),
    "blocks": "index timestamp data previous_hash nonce hash miner signer_id signature chain_id timestamp_ms timestamp_iso "
    "producer transaction_count header_version transactions_root state_root consensus_root consensus_state_hash target "
    "extra_data cumulative_weight".split() + amount("reward") + amount("fees")
    + "header_bytes nonce_bytes seal_signature consensus_bytes origin".split(),
    "transactions": "id from_user to_user amount timestamp block_id status chain_id position kind from_account to_account "
    "asset_id decimals".split() + amount("amount") + amount("fee")
    + "sequence valid_until timestamp_ms data bytes signature origin".split(),
    "users": "name account registered_in registered_at_ms transaction_id chain_id origin".split(),
    "assets": "asset_id symbol name decimals".split() + amount("supply")
    + "issuer issuer_account metadata issued_in issued_at_ms chain_id origin".split(),
    "authority_changes": "chain_id block_id account node_id change origin".split(),
}


def canonical_row(table, row):
    parts = [b"T%s\n" % table.encode()]
    for name in DIGESTED[table]:
        value = row[name]
        if value is None:
            text = b"N"
        elif isinstance(value, int):
            text = b"I%d" % value
        elif isinstance(value, float):
            text = b"R" + struct.pack(">d", value).hex().encode()
        elif isinstance(value, str):
            data = value.encode("utf-8", "surrogateescape")
            text = b"S%d:%s" % (len(data), data)
        else:
            text = b"B" + bytes(value).hex().encode()
        parts.append(b"%s=%s\n" % (name.encode(), text))
    return b"".join(parts)


# --- One chain ------------------------------------------------------------------------------------------------------


def hash_hex(data):
    return bytes(data).hex()


def units_of(row, name):
    large = row[name + "_units_large"]
    if isinstance(large, str) and re.fullmatch("[0-9]{1,20}", large):
        return int(large)
    return row[name + "_units"]


class Chain:
    def __init__(self, file, meta, report, trusted):
        self.file, self.meta, self.report, self.trusted = file, meta, report, trusted
        self.chain_id = str(meta["chain_id"])
        self.counts = {"blocks": 0, "transactions": 0, "signatures": 0}
        self.height, self.head_hash = -1, ""
        self.final = None
        self.digests_at = {}
        self.digest = None
        self.balances = None

    def say(self, check, where, what):
        self.report(check, "%s, %s" % (str(self.meta["name"])[:64], where), what)

    def verify(self, digest_heights, progress):
        data = self.meta["genesis_bytes"]
        try:
            genesis = decoded(GENESIS, data, "the genesis spec")
        except Malformed as error:
            self.say("chain", "meta", str(error))
            return
        chain_id = sha256(data)
        if chain_id.hex() != self.chain_id:
            self.say("chain", "meta", "chain_id is not the SHA-256 of genesis_bytes, which is " + chain_id.hex())
            return
        self.genesis = genesis
        self.ledger = Ledger(genesis)
        self.engine = None
        self.parent = None
        self.can_replay = True
        key = (self.chain_id,)
        number = self.meta["chain_number"]
        if not isinstance(number, int) or not 0 <= number < 2**13:
            self.say("chain", "meta", "chain_number is none")
            return
        blocks = self.file.rows("blocks", "chain_id = ?", key, '"index"')
        range_of_keys = (number * 2**49, (number + 1) * 2**49)
        transactions = by_height(
            self.file.rows("transactions", "transaction_key >= ? AND transaction_key < ?", range_of_keys, "transaction_key"),
            "block_id",
        )
        side = {
            "users": by_height(self.user_rows(), "registered_in"),
            "assets": by_height(self.asset_rows(), "issued_in"),
            "authority_changes": by_height(
                self.file.rows("authority_changes", "chain_id = ?", key, "block_id, account"), "block_id"
            ),
        }
        self.begin_digest()
        for row in blocks:
            height = self.height + 1
            if row["index"] != height:
                self.say("blocks", "block %d" % height, "it is missing, so that nothing above it can be judged")
                return
            rows = transactions(height)
            self.block(height, row, rows)
            if not self.can_replay:
                return
            others = {table: take(height) for table, take in side.items()}
            self.side_rows(height, others)
            self.extend_digest(row, rows, others)
            self.height = height
            if height in digest_heights:
                self.digests_at[height] = (self.digest, self.head_hash, self.parent["header"]["state_root"].hex())
            progress(self, height)
        if transactions.rest() is not None:
            self.say("blocks", "transactions", "there are rows that belong to no block, or stand out of order")
        for table, take in side.items():
            if take.rest() is not None:
                self.say("tables", table, "there are rows that belong to no block")
        self.last_words()

    def user_rows(self):
        return self.ordered("users", "transaction_id", "registered_in")

    def asset_rows(self):
        return self.ordered("assets", "asset_id", "issued_in")

    def ordered(self, table, id_column, height_column):
        """Users and assets stand in the order of their transactions; AUR first."""
        if table not in self.file.tables:
            return iter(())
        return self.file.db.execute(
            'SELECT side.* FROM main."%s" AS side LEFT JOIN (SELECT id, MIN(position) AS place FROM main.transactions '
            'WHERE chain_id = ?1 AND kind IN (\'registerUser\', \'issueAsset\') GROUP BY id) AS placed ON placed.id = side."%s" '
            'WHERE side.chain_id = ?1 ORDER BY side."%s", COALESCE(placed.place, -1)' % (table, id_column, height_column),
            (self.chain_id,),
        )

    def block(self, height, row, rows):
        where = "block %d" % height
        try:
            header = decoded(HEADER, row["header_bytes"], "header_bytes")
            nonce = decoded(B32, row["nonce_bytes"], "nonce_bytes")
            signature = decoded(ByteList(64), row["seal_signature"], "seal_signature")
            section = decoded(SECTION, row["consensus_bytes"], "consensus_bytes")
            contents = [self.transaction(each["bytes"], header) for each in rows]
        except Malformed as error:
            self.say("headers", where, str(error))
            self.can_replay = False
            return
        block = dict(header=header, seal=dict(nonce=nonce, signature=signature), section=section, transactions=contents)
        block["hash"] = hash_of(header, nonce)
        try:
            self.follow(height, block)
        except Broken as error:
            self.say("state" if self.engine else "chain", where, "%s; nothing above it can be judged" % error)
            self.can_replay = False
        self.columns(where, row, rows, block)
        self.parent, self.head_hash = block, block["hash"].hex()
        self.counts["blocks"] += 1
        self.counts["transactions"] += len(rows)

    def transaction(self, data, header):
        value = decoded(TRANSACTION, data, "a transaction")
        if value["kind"] not in PAYLOADS:
            raise Malformed("a transaction's kind is not known")
        value["name"], kind = PAYLOADS[value["kind"]]
        value["body"] = decoded(kind, value["payload"], "a transaction's payload")
        value["id"] = sha256(b"aurex/tx/1", header["chain_id"], UNSIGNED_TRANSACTION.encode(value))
        value["leaf"] = sha256(data)
        return value

    def follow(self, height, block):
        header, genesis = block["header"], self.genesis
        if header["version"] != 2 or header["chain_id"].hex() != self.chain_id or header["height"] != height:
            raise Broken("its header is of another version, chain or height")
        leaves = [each["leaf"] for each in block["transactions"]]
        if header["transaction_count"] != len(leaves) or header["transactions_root"] != mix_in(merkle_root(leaves, 8192), len(leaves)):
            raise Broken("its transactions are not those that its header commits to")
        if header["consensus_root"] != SECTION.root(block["section"]):
            raise Broken("its consensus section is not the one that its header commits to")
        if height == 0:
            self.begin(block)
            return
        if header["parent_hash"] != self.parent["hash"]:
            raise Broken("its parent is not the block before it")
        for each in block["transactions"]:
            self.counts["signatures"] += 1
            if not signed(each["id"], each["signature"], each["sender"]):
                raise Broken("the sender has not signed the transaction %s" % each["id"].hex())
        state, updates = self.engine.follow(block, self.parent)
        if sha256(state) != header["consensus_state_hash"]:
            raise Broken("it commits to another state of the consensus engine")
        fees = 0
        for each in block["transactions"]:
            try:
                execute_transaction(self.ledger, each, height, genesis)
            except Broken as error:
                raise Broken("the transaction %s: %s" % (each["id"].hex(), error))
            fees += each["fee"]
        pay_producer(self.ledger, header, fees, genesis)
        for key, removed in updates:
            # Whoever goes out has the height of going out.
            self.ledger.put(("authority", key), dict(tag=5, account=key, since_height=height, removed=removed))
        banned = self.engine.state["banned"] if updates else []
        dropped = getattr(self.engine, "dropped", [])
        self.updates = {address_of(key): "recovered" for key in dropped}
        self.updates.update({
            address_of(key): "added" if not removed else "slashed" if key in banned else "removed" for key, removed in updates
        })
        if self.ledger.tree.root() != header["state_root"]:
            raise Broken("its transactions do not lead to the state root that it commits to")

    def begin(self, block):
        header, genesis = block["header"], self.genesis
        expected = dict(
            version=2, chain_id=sha256(self.meta["genesis_bytes"]), height=0, parent_hash=ZERO32,
            timestamp_ms=genesis["timestamp_ms"], producer=ZERO32, transactions_root=mix_in(merkle_root([], 8192), 0),
            transaction_count=0, state_root=self.ledger.tree.root(),
            consensus_root=SECTION.root(dict(certificates=[], evidence=[])), consensus_state_hash=ZERO32,
            target=genesis["easiest_target"], extra_data=ZERO32,
        )
        if header != expected or block["seal"] != dict(nonce=ZERO32, signature=b""):
            raise Broken("block 0 is not the one that the genesis spec makes")
        if genesis["engine"] not in (1, 2):
            raise Broken("the genesis spec names no engine that is known")
        self.engine = (Work if genesis["engine"] == 1 else Authority)(genesis, block)
        self.updates = {address_of(key): "added" for key in genesis["authorities"]}

    def columns(self, where, row, rows, block):
        """The readable columns that follow from the bytes alone."""
        header, seal, is_genesis = block["header"], block["seal"], block["header"]["height"] == 0
        is_work = self.genesis["engine"] == 1
        counting = int.from_bytes(seal["nonce"][:8], "little")
        producer = header["producer"]
        is_sealed = not is_work and not is_genesis
        sealed = "SIG_%s_%s_%s" % (node_id_of(producer), block["hash"].hex(), seal["signature"].hex())
        expected = {
            "hash": block["hash"].hex(), "previous_hash": header["parent_hash"].hex(), "timestamp_ms": header["timestamp_ms"],
            "timestamp": header["timestamp_ms"] / 1000, "transaction_count": header["transaction_count"],
            "header_version": header["version"], "transactions_root": header["transactions_root"].hex(),
            "state_root": header["state_root"].hex(), "consensus_root": header["consensus_root"].hex(),
            "consensus_state_hash": header["consensus_state_hash"].hex(), "target": header["target"].hex(),
            "extra_data": header["extra_data"].hex(), "producer": None if is_genesis else address_of(producer),
            "nonce": counting if is_work and counting < 2**63 else None,
            "signer_id": node_id_of(producer) if is_sealed else None, "signature": sealed if is_sealed else None,
        }
        self.compare(where, row, expected)
        fees = sum(each["fee"] for each in block["transactions"])
        reward = 0 if is_genesis else reward_at(self.genesis, header["height"])
        for name, value in (("fees", fees), ("reward", reward)):
            if units_of(row, name) != value:
                self.say("headers", where, "blocks.%s_units is %r and follows as %d" % (name, units_of(row, name), value))
        for position, (each, value) in enumerate(zip(rows, block["transactions"])):
            self.transaction_columns("%s, transaction %d" % (where, position), position, each, value, header["height"])

    def transaction_columns(self, where, position, row, value, height):
        body, kind = value["body"], value["name"]
        to = {"transfer": "to", "authorityVote": "authority"}.get(kind)
        receiver = body[to] if to else value["sender"] if kind in ("registerUser", "issueAsset") else None
        asset, units = None, None
        if kind == "transfer":
            asset, units = "AUR" if body["asset_id"] == ZERO32 else body["asset_id"].hex(), body["amount"]
        elif kind == "issueAsset":
            asset, units = value["id"].hex(), body["supply"]
        expected = {
            "id": value["id"].hex(), "block_id": height, "position": position, "chain_id": self.chain_id, "kind": kind,
            "status": "committed", "from_account": address_of(value["sender"]),
            "to_account": None if receiver is None else address_of(receiver), "asset_id": asset,
            "sequence": value["sequence"], "valid_until": value["valid_until"], "timestamp_ms": value["timestamp_ms"],
        }
        if "signature" in row.keys():
            expected["signature"] = value["signature"].hex()
        self.compare(where, row, expected, "transactions")
        for name, wanted in (("amount", units), ("fee", value["fee"])):
            if units_of(row, name) != wanted:
                self.say("transactions", where, "transactions.%s_units is %r and follows as %r" % (name, units_of(row, name), wanted))

    def compare(self, where, row, expected, table="blocks"):
        for name, value in expected.items():
            if row[name] != value:
                check = "headers" if table == "blocks" else "transactions"
                self.say(check, where, "%s.%s is %r and follows as %r" % (table, name, row[name], value))

    def side_rows(self, height, rows):
        where = "block %d" % height
        names = {
            address_of(each["sender"]): text_of(each["body"]["name"])
            for each in self.parent["transactions"] if each["name"] == "registerUser"
        }
        found = {row["account"]: row["name"] for row in rows["users"]}
        if names != found:
            self.say("tables", where, "users has %r and the block registers %r" % (found, names))
        issued = [each["id"].hex() for each in self.parent["transactions"] if each["name"] == "issueAsset"]
        assets = [row["asset_id"] for row in rows["assets"]]
        if assets != (["AUR"] if height == 0 else []) + issued:
            self.say("tables", where, "assets has %r and the block issues %r" % (assets, issued))
        for row, each in zip(rows["assets"][1 if height == 0 else 0 :], [e for e in self.parent["transactions"] if e["name"] == "issueAsset"]):
            terms = {"symbol": text_of(each["body"]["symbol"]), "decimals": each["body"]["decimals"], "issuer_account": address_of(each["sender"])}
            self.compare(where, row, terms, "assets")
            if units_of(row, "supply") != each["body"]["supply"]:
                self.say("tables", where, "assets.supply_units of %s is not the supply" % each["id"].hex())
        if "authority_changes" in self.file.tables:
            changed = {row["account"]: row["change"] for row in rows["authority_changes"]}
            if changed != self.updates or len(changed) != len(rows["authority_changes"]):
                self.say("tables", where, "authority_changes has %r, and the votes and evidence change %r" % (changed, self.updates))

    def begin_digest(self):
        allocations = self.file.rows("allocations", "chain_id = ?", (self.chain_id,), "account")
        found = []
        digest = hashlib.sha256(b"aurex/ledger-content/1\n")
        try:
            digest.update(canonical_row("meta", self.meta))
            for row in allocations:
                digest.update(canonical_row("allocations", row))
                found.append((row["account"], units_of(row, "amount")))
            self.digest = digest.digest()
        except IndexError:
            self.digest = None
        wanted = sorted((address_of(each["account"]), each["amount"]) for each in self.genesis["allocations"])
        if sorted(found, key=str) != sorted(wanted, key=str):
            self.say("tables", "allocations", "they are not those of the genesis spec")

    def extend_digest(self, row, rows, others):
        if self.digest is None:
            return
        digest = hashlib.sha256()
        try:
            digest.update(canonical_row("blocks", row))
            for table, some in (("transactions", rows), *others.items()):
                for each in some:
                    digest.update(canonical_row(table, each))
            self.digest = sha256(self.digest, digest.digest())
        except IndexError:
            # An older schema lacks columns: it has no content digest.
            self.digest = None

    def last_words(self):
        meta = self.meta
        if (meta["cursor_index"], meta["cursor_hash"]) != (self.height, self.head_hash):
            self.say("blocks", "meta", "it says that the last block is %r, and the file ends with %d" % (meta["cursor_index"], self.height))
        if self.genesis["engine"] == 1 or not isinstance(self.engine, Authority):
            return
        self.final = self.engine.state["finalized"]
        for height, block_hash in self.engine.recovered:
            if block_hash not in self.trusted:
                self.say(
                    "authority", "block %d" % height,
                    "operators must have declared it final without a quorum, which nothing in the file proves; "
                    "if you believe them: --trust-recovery " + block_hash,
                )
        data = meta["final_certificate"] if "final_certificate" in meta.keys() else None
        if data is None:
            return
        try:
            certificate = decoded(CERTIFICATE, data, "final_certificate")
        except Malformed as error:
            self.say("authority", "meta", str(error))
            return
        known = self.engine.recent.get(certificate["target_height"])
        if known is None or known[0] != certificate["target_hash"]:
            self.say("authority", "meta", "final_certificate is for a block that is not among the last ones of the file")
            return
        fault = certificate_fault(certificate, known[1], bytes.fromhex(self.chain_id))
        if fault:
            self.say("authority", "meta", "final_certificate does not hold: " + fault)
            return
        source = known[1]["justified"]
        between = range(source["height"] + 1, certificate["target_height"])
        if source["height"] > self.final["height"] and all(at in self.engine.state["justified_heights"] for at in between):
            self.final = source
        if isinstance(meta["final_index"], int) and meta["final_index"] > self.final["height"]:
            self.say("authority", "meta", "final_index is %d, and the certificates make block %d final" % (meta["final_index"], self.final["height"]))


# --- The digest document --------------------------------------------------------------------------------------------


def read_json(path):
    try:
        if os.path.getsize(path) > 1024 * 1024:
            raise Unusable(path + " is larger than any digest")
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError) as error:
        raise Unusable("%s cannot be read: %s" % (path, error))


def digest_message(document):
    """What a digest's signature is over: docs/digests.md."""
    fields = {name: document[name] for name in document if name != "signature"}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return b"aurex/ledger-digest/1" + sha256(text.encode("utf-8"))


def check_digest(document, chains, report):
    """Returns who signed it, or None."""
    if not isinstance(document, dict) or document.get("format") != "aurex-ledger-digest/1":
        raise Unusable("the digest is no document of the format aurex-ledger-digest/1")
    chain = next((each for each in chains if each.chain_id == document.get("chainId")), None)
    if chain is None:
        report("append", "digest", "the ledger has no chain %s" % document.get("chainId"))
        return None
    head = document.get("head") or {}
    found = chain.digests_at.get(head.get("height"))
    if found is None:
        report("append", "digest", "it is of block %r, and the ledger ends with %d: blocks were cut off" % (head.get("height"), chain.height))
        return None
    content, block_hash, state_root = found
    for name, is_, wanted in (
        ("head.hash", head.get("hash"), block_hash), ("stateRoot", document.get("stateRoot"), state_root),
        ("contentDigest", document.get("contentDigest"), content.hex() if content else None),
    ):
        if is_ != wanted:
            report("append", "digest", "its %s is %r, and the ledger gives %r" % (name, is_, wanted))
    signature = document.get("signature")
    if signature is None:
        return None
    try:
        key = bytes.fromhex(signature["publicKey"])
        holds = signed(digest_message(document), bytes.fromhex(signature["signature"]), key)
        node_id = node_id_of(key)
    except (KeyError, TypeError, ValueError):
        holds, node_id = False, ""
    if not holds or node_id != signature.get("nodeId"):
        report("append", "digest", "its signature is not valid")
        return None
    return node_id


# --- The command ----------------------------------------------------------------------------------------------------


def visible(text):
    """Nothing that a file says may move the cursor, hide or turn a line around."""
    return "".join(
        letter if letter.isprintable() else "\\u{%x}" % ord(letter) for letter in str(text)[:400]
    )


def beside_script():
    here = os.path.dirname(os.path.abspath(__file__))
    names = sorted(os.listdir(here))
    ledger = next((os.path.join(here, name) for name in names if name == "ledger.sqlite"), None)
    return ledger, [os.path.join(here, name) for name in names if re.fullmatch(r"digest-[0-9a-f]{16}\.json", name)]


def main():
    global equation_holds
    parser = argparse.ArgumentParser(description="Verifies an Aurex SQL ledger without any program of Aurex.")
    parser.add_argument("ledger", nargs="?", help="the SQLite file (default: ledger.sqlite beside this script)")
    parser.add_argument("--chain-id", action="append", default=[], metavar="HEX", help="the chain id that you know from elsewhere; may be repeated")
    parser.add_argument("--head", metavar="HASH", help="hash of a block that you know to be on the chain, best the newest")
    parser.add_argument("--digest", action="append", default=[], metavar="FILE", help="a digest document; may be repeated")
    parser.add_argument("--trust-recovery", action="append", default=[], metavar="HASH", help="a block that operators declared final without a quorum, if you believe them; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    arguments = parser.parse_args()
    findings, total = [], [0]

    def report(check, where, what):
        total[0] += 1
        if len(findings) < 1000:
            findings.append({"check": check, "where": visible(where), "what": visible(what)})

    try:
        equation_holds = load_ed25519()
        ledger, digests = arguments.ledger, arguments.digest
        if ledger is None:
            ledger, beside = beside_script()
            digests = digests or beside
            if ledger is None:
                raise Unusable("no ledger is named, and there is no ledger.sqlite beside this script")
        documents = [read_json(path) for path in digests]
        chains = verify_file(ledger, documents, arguments, report)
    except Unusable as error:
        print("verify_ledger: %s" % visible(error), file=sys.stderr)
        return 2
    except (sqlite3.Error, OverflowError, MemoryError) as error:
        report("schema", "file", "SQLite cannot read it to its end: %s" % error)
        chains = []
    return tell(chains, findings, total[0], arguments)


def verify_file(path, documents, arguments, report):
    for known in arguments.chain_id:
        if not re.fullmatch("[0-9a-fA-F]{64}", known):
            raise Unusable("--chain-id has 64 hex digits")
    file = File(path)
    metas = file.db.execute("SELECT * FROM main.meta ORDER BY chain_number LIMIT 100").fetchall()
    heights = {(each.get("head") or {}).get("height") for each in documents if isinstance(each, dict)}
    started = [time.monotonic(), time.monotonic()]

    def progress(chain, height):
        now = time.monotonic()
        if now - started[1] < 2:
            return
        started[1] = now
        last = chain.meta["cursor_index"]
        left = ""
        if isinstance(last, int) and last > height > 0:
            left = ", about %d s left" % ((now - started[0]) * (last - height) / height)
        print("block %d of %s%s" % (height, visible(last), left), file=sys.stderr)

    chains = []
    for meta in metas:
        chain = Chain(file, meta, report, {each.lower() for each in arguments.trust_recovery})
        chains.append(chain)
        started[0] = time.monotonic()
        try:
            chain.verify(heights, progress)
        except Broken as error:
            chain.say("blocks", "file", str(error))
        except IndexError as error:
            chain.say("schema", "file", "a column is missing: %s" % error)
    if not chains:
        report("chain", "meta", "the file holds no chain")
    for known in arguments.chain_id:
        if known.lower() not in {chain.chain_id for chain in chains}:
            report("chain", "meta", "the file has no chain %s" % known.lower())
    for chain in chains:
        chain.is_known = chain.chain_id in {known.lower() for known in arguments.chain_id}
        chain.signers = []
        chain.complete_to = None
    for document in documents:
        before = len(chains)
        signer = check_digest(document, chains, report)
        for chain in chains[:before]:
            if isinstance(document, dict) and chain.chain_id == document.get("chainId"):
                chain.signers.append(signer)
                chain.complete_to = document["head"]["height"]
    if arguments.head:
        found = file.db.execute("SELECT chain_id, \"index\" FROM main.blocks WHERE hash = ?", (arguments.head.lower(),)).fetchone()
        if found is None:
            report("append", "head", "the ledger has no block %s: blocks were cut off, or it is another chain" % arguments.head)
        else:
            for chain in chains:
                if chain.chain_id == found["chain_id"]:
                    chain.complete_to = found["index"]
    return chains


def tell(chains, findings, total, arguments):
    told = []
    for chain in chains:
        verdict = "consistent up to block %d" % chain.height
        if chain.is_known:
            verdict = "authentic up to block %d" % chain.height
            if chain.complete_to is not None:
                verdict = "authentic up to block %d, and complete up to block %d" % (chain.height, chain.complete_to)
        told.append(
            {
                "chainId": chain.chain_id, "name": visible(chain.meta["name"]), "verdict": verdict if not total else "not verified",
                "height": chain.height, "hash": chain.head_hash,
                "final": chain.final and chain.final["height"], "contentDigest": chain.digest.hex() if chain.digest else None,
                "signers": [signer for signer in chain.signers if signer], **chain.counts,
            }
        )
    if arguments.json:
        print(json.dumps({"ok": total == 0, "chains": told, "findings": findings, "findingsTotal": total}))
        return 9 if total else 0
    for each in told:
        print("%s (%s)" % (each["name"], visible(each["chainId"])))
        print("  %d blocks, %d transactions, each with its signature" % (each["blocks"], each["transactions"]))
        print("  last block %d, %s" % (each["height"], each["hash"]))
        if each["final"] is not None:
            print("  final by certificates up to block %d" % each["final"])
        if each["contentDigest"]:
            print("  content digest %s" % each["contentDigest"])
        for signer in each["signers"]:
            print("  the digest is signed by the node %s: compare this id with one that you know" % signer)
        print("  %s" % each["verdict"])
        if not total and not any(chain.is_known for chain in chains if chain.chain_id == each["chainId"]):
            print("  whether it is the right chain only you can tell: compare the chain id, or give it with --chain-id")
    for finding in findings[:FINDINGS_SHOWN]:
        print("FINDING (%s) %s: %s" % (finding["check"], finding["where"], finding["what"]))
    if total > FINDINGS_SHOWN:
        print("and %d more findings" % (total - FINDINGS_SHOWN))
    print("NOT VERIFIED: %d findings" % total if total else "Everything that was checked holds.")
    return 9 if total else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
