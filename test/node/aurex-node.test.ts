/** A node on its machine: it goes on where it was, and what keeps it from starting is said and leaves nothing open. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, copyFile, open, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { AurexNode } from "../../src/node/aurex-node.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { readDirectoryLock } from "../../src/store/directory-lock.ts";
import {
  commitRecord,
  poaSpecFor,
  powSpec,
  quietOptions,
  refusedWith,
  startNode,
  temporaryFolder,
} from "./node-rig.ts";

/** A port of 127.0.0.1 that something else listens on. */
async function takenPort(t: TestContext): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** That the directory can be opened, and so that whatever went wrong before left nothing open. */
async function opensAgain(...options: Parameters<typeof quietOptions>): Promise<void> {
  const node = await AurexNode.open(quietOptions(...options));
  await node.stop();
}

describe("a node", () => {
  it("seals, answers, and goes on at the same head after a restart", async (t) => {
    const dataDir = await temporaryFolder(t);
    const spec = await poaSpecFor(dataDir);
    const node = await startNode(t, quietOptions(dataDir, spec, { apiPort: 0 }));
    const first = await commitRecord(node, "first");
    while (node.chain.awaitsFinality) await once(node.chain.events, "finalChanged");
    const { authority, authorities, mining, address } = node.status();
    assert.deepEqual([authority, mining], [true, false]);
    assert.deepEqual(authorities, [address]);
    assert.equal(address, addressOf(node.publicKey));
    const answer = (await (await fetch(`${node.apiUrl}/v1/node`)).json()) as { address: unknown };
    assert.equal(answer.address, address);
    assert.equal((await readDirectoryLock(dataDir))?.apiUrl, node.apiUrl);
    await node.stop();
    const { head, final } = node.status();
    assert.equal(await readDirectoryLock(dataDir), undefined);

    const again = await startNode(t, quietOptions(dataDir, spec));
    assert.deepEqual(again.status().head, head);
    assert.deepEqual(again.status().final, final);
    assert.ok(final && final.height > 0);
    assert.equal(again.status().nodeId, node.status().nodeId);
    assert.ok(again.chain.transaction(first));
    await commitRecord(again, "second");
    assert.ok(again.chain.head.header.height > head.height);
  });

  it("stops also before it has started, and twice", async (t) => {
    const dataDir = await temporaryFolder(t);
    const node = await AurexNode.open(quietOptions(dataDir, powSpec(), { apiPort: 0 }));
    await node.stop();
    await node.stop();
    await opensAgain(dataDir, powSpec());
  });

  it("mines when something waits, and says why it does not where nothing does", async (t) => {
    const node = await startNode(t, quietOptions(await temporaryFolder(t), powSpec()));
    assert.equal(node.status().notSealingBecause, "nothing to seal");
    await commitRecord(node, "work");
    assert.match(node.chain.head.hashHex, /^0/);
    assert.equal(node.status().mining, true);
  });

  it("follows only, where it is told neither to mine nor to sign", async (t) => {
    const folder = await temporaryFolder(t);
    const miner = quietOptions(path.join(folder, "pow"), powSpec(), { mine: false });
    const { mining, notSealingBecause, hashesPerSecond } = (await startNode(t, miner)).status();
    assert.deepEqual(
      { mining, notSealingBecause, hashesPerSecond },
      {
        mining: false,
        notSealingBecause: null,
        hashesPerSecond: null,
      },
    );
    const spec = await poaSpecFor(path.join(folder, "another"));
    const outsider = await startNode(t, quietOptions(path.join(folder, "poa"), spec));
    assert.equal(outsider.status().authority, false);
    assert.equal(outsider.status().notSealingBecause, "waiting for admission");
  });

  it("keeps its data directory to its own user", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "deep", "down");
    await opensAgain(dataDir, powSpec());
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    assert.equal((await stat(path.join(dataDir, "node.key.json"))).mode & 0o777, 0o600);
  });
});

describe("a node that cannot start", () => {
  it("names who holds its data directory: 3", async (t) => {
    const dataDir = await temporaryFolder(t);
    await startNode(t, quietOptions(dataDir, powSpec(), { name: "holder" }));
    const { message } = await refusedWith(3, () => AurexNode.open(quietOptions(dataDir, powSpec())));
    assert.ok(message.includes(`process ${process.pid} (holder)`), message);
  });

  it("names the port that is taken, its own and the API's: 4", async (t) => {
    const dataDir = await temporaryFolder(t);
    const port = await takenPort(t);
    for (const [changes, flag] of [
      [{ listenAddresses: [`/ip4/127.0.0.1/tcp/${port}`] }, "--port"],
      [{ apiPort: port }, "--api-port"],
    ] as const) {
      const node = await AurexNode.open(quietOptions(dataDir, powSpec(), changes));
      const { message, next } = await refusedWith(4, () => node.start());
      assert.ok(message.includes(String(port)), message);
      assert.ok(next.includes(`${flag},`), next);
      await node.stop();
      await opensAgain(dataDir, powSpec());
    }
  });

  it("will not go on with another genesis: 6", async (t) => {
    const dataDir = await temporaryFolder(t);
    await opensAgain(dataDir, powSpec("11"));
    const { why } = await refusedWith(6, () => AurexNode.open(quietOptions(dataDir, powSpec("33"))));
    for (const spec of [powSpec("11"), powSpec("33")]) {
      assert.ok(why.includes(Buffer.from(spec.chainId).toString("hex")), why);
    }
    await opensAgain(dataDir, powSpec("11"));
  });

  it("knows another chain's store by itself: 6", async (t) => {
    const dataDir = await temporaryFolder(t);
    await opensAgain(dataDir, powSpec("11"));
    await rename(path.join(dataDir, "chain-spec.json"), path.join(dataDir, "aside.json"));
    const { code } = await refusedWith(6, () => AurexNode.open(quietOptions(dataDir, powSpec("33"))));
    assert.equal(code, "store/wrong-chain");
  });

  it("does not open a damaged store, and opens it once it is mended: 5", async (t) => {
    const dataDir = await temporaryFolder(t);
    const spec = await poaSpecFor(dataDir);
    const node = await startNode(t, quietOptions(dataDir, spec));
    await commitRecord(node, "something to lose");
    await node.stop();
    const chain = path.join(dataDir, "chain");
    const manifest = (await readdir(chain)).find((name) => name.startsWith("MANIFEST-"));
    assert.ok(manifest);
    const file = path.join(chain, manifest);
    const whole = path.join(dataDir, "whole");
    await copyFile(file, whole);
    const handle = await open(file, "r+");
    await handle.write(Buffer.from([0xff]), 0, 1, 12);
    await handle.close();
    const { code, message } = await refusedWith(5, () => AurexNode.open(quietOptions(dataDir, spec)));
    assert.equal(code, "store/corrupt");
    assert.ok(message.includes(chain), message);
    await copyFile(whole, file);
    await opensAgain(dataDir, spec);
  });

  it("leaves a newer program's store alone: 5", async (t) => {
    const dataDir = await temporaryFolder(t);
    await opensAgain(dataDir, powSpec());
    const marker = path.join(dataDir, "chain", "aurex-store.json");
    const text = await readFile(marker, "utf8");
    await writeFile(marker, JSON.stringify({ ...JSON.parse(text), schemaVersion: 99 }));
    const { code } = await refusedWith(5, () => AurexNode.open(quietOptions(dataDir, powSpec())));
    assert.equal(code, "store/newer-version");
    await writeFile(marker, text);
    await opensAgain(dataDir, powSpec());
  });

  it("does not forget what it signed: a damaged seal journal is 5", async (t) => {
    const dataDir = await temporaryFolder(t);
    const spec = await poaSpecFor(dataDir);
    const journal = path.join(dataDir, "seal-journal");
    await writeFile(journal, "no journal");
    const { code } = await refusedWith(5, () => AurexNode.open(quietOptions(dataDir, spec)));
    assert.equal(code, "journal/corrupt");
    await opensAgain(dataDir, spec, { authority: false });
  });

  it("uses no key that others can read: 7", async (t) => {
    const dataDir = await temporaryFolder(t);
    await opensAgain(dataDir, powSpec());
    const key = path.join(dataDir, "node.key.json");
    await chmod(key, 0o644);
    const { code } = await refusedWith(7, () => AurexNode.open(quietOptions(dataDir, powSpec())));
    assert.equal(code, "key/permissions");
    await chmod(key, 0o600);
    await opensAgain(dataDir, powSpec());
  });

  it("takes no other file for its ledger: 2", async (t) => {
    const folder = await temporaryFolder(t);
    const dataDir = path.join(folder, "alpha");
    const exportFile = path.join(folder, "letter.txt");
    await writeFile(exportFile, "Dear auditor, ".repeat(100));
    const options = quietOptions(dataDir, powSpec(), { exportFile });
    const { code } = await refusedWith(2, () => AurexNode.open(options));
    assert.equal(code, "export/not-a-ledger");
    assert.match(await readFile(exportFile, "utf8"), /^Dear auditor/);
    await opensAgain(dataDir, powSpec());
  });

  it("says where no data directory can be: 2", async (t) => {
    const file = path.join(await temporaryFolder(t), "file");
    await writeFile(file, "");
    for (const dataDir of [file, path.join(file, "below")]) {
      const { message } = await refusedWith(2, () => AurexNode.open(quietOptions(dataDir, powSpec())));
      assert.ok(message.includes(dataDir), message);
    }
  });

  it("names a chain spec in its data directory that is none any more: 5", async (t) => {
    const dataDir = await temporaryFolder(t);
    await opensAgain(dataDir, powSpec());
    await writeFile(path.join(dataDir, "chain-spec.json"), "{");
    const { code } = await refusedWith(5, () => AurexNode.open(quietOptions(dataDir, powSpec())));
    assert.equal(code, "node/chain-spec-damaged");
  });
});
