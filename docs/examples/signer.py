#!/usr/bin/env python3
"""Signs and sends Aurex transactions: Python's standard library alone, written from src/protocol/README.md.

    signer.py KEYFILE address                  the account of the key, which is made if there is none
    signer.py KEYFILE register NAME            registers a name
    signer.py KEYFILE send TO AMOUNT           sends AUR to an address (aurex1...), a key (64 hex digits) or a name
The node is the variable API, else http://127.0.0.1:13280. Plain Python is slow and not safe against timing attacks on the
machine where it runs: an example to read, not a wallet for much money."""
import decimal, hashlib, json, os, struct, sys, time, urllib.error, urllib.request

# Ed25519 (RFC 8032), with points as (X, Y, Z, T) where x = X/Z, y = Y/Z and xy = T/Z.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
X, Y = 15112221349535400772501151409588531511454012693041857206046113283949847762202, 4 * pow(5, -1, P) % P

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
def base_times(scalar):
    total, point = (0, 1, 1, 0), (X, Y, 1, X * Y % P)
    while scalar:
        if scalar & 1: total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    x, y = (value * pow(total[2], -1, P) % P for value in total[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")

def secrets_of(seed):
    digest = hashlib.sha512(seed).digest()
    return int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254, digest[32:]
def sign(message, seed, public):
    scalar, prefix = secrets_of(seed)
    number = lambda data: int.from_bytes(hashlib.sha512(data).digest(), "little")
    r = number(prefix + message) % L
    point = base_times(r)
    return point + ((r + number(point + public + message) * scalar) % L).to_bytes(32, "little")

# Addresses: bech32m of the 32 bytes of a key, with the prefix "aurex". A wrong letter is found here, not at the node.
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
def key_of_address(address):
    values = [LETTERS.find(letter) for letter in address.removeprefix("aurex1")]
    check = 1
    for value in [ord(c) >> 5 for c in "aurex"] + [0] + [ord(c) & 31 for c in "aurex"] + values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1: check ^= term
    if check != 0x2BC830A3 or len(values) != 58 or -1 in values:
        sys.exit(f"{address} is no address: a letter is wrong or missing")
    return (int("".join(f"{value:05b}" for value in values[:-6]), 2) >> 4).to_bytes(32, "big")

# Transactions: SSZ, little-endian, with a 4-byte offset for each field of variable length.
def transfer(to, amount):
    units = decimal.Decimal(amount).scaleb(8)
    if units != int(units): sys.exit(f"AUR has 8 decimal places: {amount}")
    return 1, to + bytes(32) + struct.pack("<QI", int(units), 32 + 32 + 8 + 4)
def signed(chain_id, seed, public, sequence, fee, kind, payload):
    head = struct.pack("<BB32sQQQQ", 1, kind, public, sequence, fee, 0, time.time_ns() // 10**6)
    offset = len(head) + 4
    unsigned = head + struct.pack("<I", offset) + payload
    signature = sign(hashlib.sha256(b"aurex/tx/1" + chain_id + unsigned).digest(), seed, public)
    return head + struct.pack("<I", offset + 64) + signature + payload

def api(path, body=None, kept=None):
    headers = {"content-type": "application/octet-stream"} if body else {}
    url = os.environ.get("API", "http://127.0.0.1:13280") + path
    try: return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))
    except urllib.error.HTTPError as error: problem = json.load(error)
    except urllib.error.URLError as error: sys.exit(f"no node answers at {url}: {error.reason}")
    if kept and problem["status"] != 503: os.remove(kept)  # It will never be taken as it is.
    sys.exit(f"{problem['code']}: {problem['detail']}. Next: {problem['next']}")

def main(key_file, command, *terms):
    if not os.path.exists(key_file):
        os.write(os.open(key_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), os.urandom(32).hex().encode())
    seed = bytes.fromhex(open(key_file).read().strip())
    public = base_times(secrets_of(seed)[0])
    account = api(f"/v1/accounts/{public.hex()}")
    if command == "address": return print(account["address"])
    kept = key_file + ".sending"  # Signed bytes are kept before they are sent; after a lost answer they are sent again.
    if os.path.exists(kept): print("sends again what was not answered, in place of this:", kept, file=sys.stderr)
    else:
        node = api("/v1/node")
        if command == "register": what = 3, struct.pack("<I", 4) + terms[0].encode()
        elif terms[0].startswith("aurex1"): what = transfer(key_of_address(terms[0]), terms[1])
        else: what = transfer(bytes.fromhex(api(f"/v1/accounts/{terms[0]}")["publicKey"]), terms[1])
        chain_id, fee = bytes.fromhex(node["chainId"]), int(node["minimumFeeUnits"])
        made = signed(chain_id, seed, public, account["pendingSequence"], fee, *what)
        with open(kept + ".new", "wb") as new: new.write(made), new.flush(), os.fsync(new.fileno())
        os.rename(kept + ".new", kept)
    identity = api("/v1/transactions", open(kept, "rb").read(), kept)["id"]
    os.remove(kept)
    while True:
        seen = api(f"/v1/transactions/{identity}")
        if seen["status"] == "dropped": sys.exit(f"dropped: {seen['reason']['message']}")
        if seen["final"] or seen["confirmations"] >= 6: return print(identity, "final" if seen["final"] else "6 blocks deep")
        time.sleep(0.2)

if __name__ == "__main__": main(*sys.argv[1:]) if len(sys.argv) > 2 else sys.exit(__doc__)
