/** The wallet's key ring: keys are kept encrypted, open and lock, and leave as files that open elsewhere. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { keyPairFromSeed, parsedForImport, portableStretch } from "../../src/client/index.ts";
import { nodeStretch } from "../../src/wallet/node-stretch.ts";
import { memoryKeep } from "../../src/web/wallet/keep.ts";
import { KeyRing } from "../../src/web/wallet/key-ring.ts";

const seed = () => new Uint8Array(32).fill(0x5e);
const passphrase = "contraseña 🔑";
/** Little work; what a real key takes is measured elsewhere. */
const cost = { n: 2 ** 10, r: 8, p: 1 };

const rings: KeyRing[] = [];

async function ringWithKey(nowMs?: () => number) {
  const keep = memoryKeep("a test");
  const ring = new KeyRing(keep, nowMs);
  rings.push(ring);
  const row = await ring.encrypt({ seed: seed(), label: "savings", passphrase, cost }, portableStretch);
  await ring.add(row, "words");
  return { keep, ring, id: row.id };
}

describe("the key ring", () => {
  // An unlocked key has a timer.
  after(() => {
    for (const ring of rings) ring.lockAll();
  });

  it("keeps nothing of a key that is not encrypted", async () => {
    const { keep, id } = await ringWithKey();
    const kept = JSON.stringify(await keep.all("keys"));
    assert.ok(kept.includes(id));
    assert.ok(!kept.includes(toHex(seed())) && !kept.includes("contrase"));
    assert.equal(id, toHex(keyPairFromSeed(seed()).publicKey));
  });

  it("opens a key with ñ in one letter or in two, and says that a passphrase is wrong", async () => {
    const { ring, id } = await ringWithKey();
    for (const form of ["NFC", "NFD"] as const) {
      const opened = await ring.unlock(id, passphrase.normalize(form), portableStretch);
      assert.ok(opened.ok, form);
    }
    const wrong = await ring.unlock(id, "contrasena 🔑", portableStretch);
    assert.ok(!wrong.ok && /not opened by this passphrase/.test(wrong.fault));
    assert.ok(ring.use(id), "a wrong passphrase locks nothing");
  });

  it("locks a key that nobody uses, also if the timer slept, and wipes its secret", async () => {
    let nowMs = 1_000_000;
    const { ring, id } = await ringWithKey(() => nowMs);
    const told: number[] = [];
    ring.subscribe(() => told.push(ring.state.unlocked.size));
    const opened = await ring.unlock(id, passphrase, portableStretch);
    assert.ok(opened.ok);
    nowMs += ring.lockAfterMs - 1;
    assert.ok(ring.use(id), "used in time, and put off");
    nowMs += ring.lockAfterMs - 1;
    ring.lockWhatIsDue();
    assert.equal(ring.state.unlocked.size, 1);
    nowMs += 2;
    assert.equal(ring.use(id), undefined);
    assert.equal(ring.state.unlocked.size, 0);
    assert.ok(opened.value.secretKey.every((byte) => byte === 0));
    assert.equal(told.at(-1), 0);
  });

  it("exports files that open on the command line and in other programs", async () => {
    const { ring, id } = await ringWithKey();
    for (const cipher of ["aes-128-gcm", "aes-128-ctr"] as const) {
      const text = await ring.exported(id, passphrase, cipher, nodeStretch);
      assert.ok(text.ok);
      assert.ok(text.value.includes(`"function": "${cipher}"`));
      const file = parsedForImport(text.value, nodeStretch);
      assert.ok(file.ok);
      const opened = await file.value.open(passphrase.normalize("NFD"));
      assert.deepEqual(opened.ok && opened.value, seed());
    }
    const refused = await ring.exported(id, "wrong", "aes-128-gcm", nodeStretch);
    assert.ok(!refused.ok);
  });

  it("keeps the label of a key that is imported again, and takes its new passphrase", async () => {
    const { ring, id } = await ringWithKey();
    const again = await ring.encrypt(
      { seed: seed(), label: "other", passphrase: "new", cost },
      portableStretch,
    );
    await ring.add(again, "imported");
    assert.deepEqual(
      ring.state.keys.map(({ label, backup }) => [label, backup]),
      [["savings", "imported"]],
    );
    assert.ok((await ring.unlock(id, "new", portableStretch)).ok);
    await ring.remove(id);
    assert.deepEqual([ring.state.keys.length, ring.state.unlocked.size], [0, 0]);
  });
});
