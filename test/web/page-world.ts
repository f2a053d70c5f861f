/** Nodes of both engines with something of everything on their chains, and markup in every text that people choose. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fromHex, fromUtf8 } from "../../src/base/bytes.ts";
import { BlockchainNetwork } from "../../src/node/blockchain-network.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import type { Payload } from "../../src/protocol/transaction.ts";

/** Would change the window's title if any place took it for markup. */
export const markup = `<img src=x onerror="document.title='broken'">`;
export const alice = keyPairFromSeed(new Uint8Array(32).fill(0xa1));
export const bob = keyPairFromSeed(new Uint8Array(32).fill(0xb0));

export interface PageWorld {
  readonly network: BlockchainNetwork;
  readonly engines: readonly WorldOfEngine[];
  close(): Promise<void>;
}

export interface WorldOfEngine {
  readonly engine: "pow" | "poa";
  readonly url: string;
  readonly addressOfAlice: string;
  readonly addressOfBob: string;
  readonly paymentId: string;
  readonly assetId: string;
}

/** One miner, and authorities of whom two have to agree. Closed by the caller. */
export async function openPageWorld(): Promise<PageWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), "aurex-page-"));
  const network = new BlockchainNetwork({
    dataDir: path.join(folder, "nodes"),
    exportFile: path.join(folder, "ledger.sqlite"),
    fundedKeys: [alice.publicKey, bob.publicKey],
  });
  const authorizedNodes = ["PoA_1", "PoA_2", "PoA_3"];
  network.addPowNode("PoW_1", { difficulty: 1, apiPort: 0 });
  for (const name of authorizedNodes) network.addPoaNode(name, { authorizedNodes, apiPort: 0 });
  await network.startAll();
  await network.connectPeers();
  const engines: WorldOfEngine[] = [];
  for (const [engine, name] of [
    ["pow", "PoW_1"],
    ["poa", "PoA_1"],
  ] as const) {
    engines.push({ engine, url: network.node(name).apiUrl ?? "", ...(await fill(network, name)) });
  }
  return {
    network,
    engines,
    async close() {
      await network.stopAll();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Names, payments, a record and an asset; all of it in blocks when this resolves. */
async function fill(
  network: BlockchainNetwork,
  name: string,
): Promise<Omit<WorldOfEngine, "engine" | "url">> {
  const send = (keyPair: KeyPair, payload: Payload) => network.send(name, keyPair, payload);
  await send(alice, { kind: "registerUser", name: fromUtf8("alice@example.com") });
  await send(bob, { kind: "registerUser", name: fromUtf8("bob@example.com") });
  const assetIdHex = await send(alice, {
    kind: "issueAsset",
    symbol: fromUtf8("GOLD"),
    name: fromUtf8(`Gold ${markup}`.slice(0, 64)),
    decimals: 2,
    supply: 100_000n,
    metadata: fromUtf8(markup),
  });
  await network.committed(name, assetIdHex);
  const assetId = fromHex(assetIdHex, 32) ?? zeroBytes32;
  const payment = (to: KeyPair, amount: bigint, asset = zeroBytes32): Payload => ({
    kind: "transfer",
    to: to.publicKey,
    assetId: asset,
    amount,
    memo: fromUtf8(markup),
  });
  await send(alice, payment(bob, 25_00n, assetId));
  await send(bob, payment(alice, 2_25000000n));
  await send(bob, { kind: "record", data: fromUtf8(markup) });
  const paymentId = await send(alice, payment(bob, 10_50000000n));
  await network.committed(name, paymentId);
  return {
    paymentId,
    assetId: assetIdHex,
    addressOfAlice: addressOf(alice.publicKey),
    addressOfBob: addressOf(bob.publicKey),
  };
}
