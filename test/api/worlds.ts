/** Real nodes for callers of the API: an authority with a past, one of three, a candidate, and a miner with a pool. */
import path from "node:path";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { knownApiToken } from "../../src/node/api-token.ts";
import { AurexNode } from "../../src/node/aurex-node.ts";
import type { AurexNodeOptions } from "../../src/node/aurex-node-options.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, type Payload, signTransaction } from "../../src/protocol/transaction.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { powSpec, quietOptions } from "../node/node-rig.ts";
import { until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

export interface World {
  readonly node: AurexNode;
  readonly url: string;
  /** Goes into headers of requests that need it. */
  readonly token: string | undefined;
}

/** An authority whose chain holds a name, an asset, transfers and a record, and whose mempool has what must wait. */
export interface AuthorityWorld extends World {
  readonly account: string;
  readonly name: string;
  readonly assetId: string;
  readonly committedId: string;
  readonly waitingId: string;
  /** Signed, and not sent so far: the next of its account. */
  readonly unsent: string;
}

/** An authority among others that are away, so that its vote alone changes nothing. */
export interface CouncilWorld extends World {
  /** Of somebody who is no authority. */
  readonly consent: { readonly address: string; readonly consent: string; readonly expiresAtHeight: number };
}

const candidate = keyPairFromSeed(new Uint8Array(32).fill(7));
const others = [1, 2].map((number) => keyPairFromSeed(new Uint8Array(32).fill(number)));

/** Takes what is to be stopped at the end. */
export interface Ending {
  after(end: () => unknown): void;
}

async function openWorld(t: Ending, options: AurexNodeOptions): Promise<World> {
  const node = await AurexNode.open({ ...options, apiPort: 0 });
  t.after(() => node.stop());
  await node.start();
  const token = await knownApiToken(path.join(options.dataDir, "api-token"));
  return { node, url: node.apiUrl as string, token };
}

function poaSpec(...authorities: readonly string[]): ChainSpec {
  const spec = chainSpecFrom({
    name: "test",
    timestamp: "2026-01-01T00:00:00.000Z",
    consensus: "poa",
    salt: "22".repeat(32),
    authorities,
    periodMs: 1,
    stepMs: 1,
    heartbeatMs: 3_600_000,
    admission: "open-lan",
    joinWindowMs: 60_000,
    allocations: { [authorities[0] as string]: "1000" },
  });
  if (!spec.ok) throw new Error(spec.fault.reason);
  return spec.value;
}

export async function openAuthorityWorld(t: Ending): Promise<AuthorityWorld> {
  const dataDir = await folderUntilEnd("aurex-api-world-");
  const keyPair = await loadOrCreateNodeKey(dataDir);
  const account = addressOf(keyPair.publicKey);
  const spec = poaSpec(account);
  const exportFile = `${dataDir}/ledger.sqlite`;
  const world = await openWorld(t, quietOptions(dataDir, spec, { exportFile }));
  const { node } = world;
  const sign = (payload: Payload, sequence: number, by: KeyPair = keyPair): DecodedTransaction =>
    signTransaction({ payload, sequence, fee: 0n, validUntil: 0, timestampMs: Date.now() }, by, spec.chainId);
  const send = async (transaction: DecodedTransaction) => {
    const { ok } = await node.submit(transaction);
    if (!ok) throw new Error(`refused: ${transaction.idHex}`);
  };
  const name = "ada@example.com";
  const noBytes = new Uint8Array(0);
  const issue = sign(
    {
      kind: "issueAsset",
      symbol: fromUtf8("GOLD"),
      name: fromUtf8("Gold grams"),
      decimals: 3,
      supply: 5_000n,
      metadata: noBytes,
    },
    1,
  );
  const friend = keyPairFromSeed(new Uint8Array(32).fill(9));
  const transfer = (amount: bigint, assetId: Uint8Array): Payload => ({
    kind: "transfer",
    to: friend.publicKey,
    assetId,
    amount,
    memo: fromUtf8("<b>thanks</b>"),
  });
  const last = sign({ kind: "record", data: fromUtf8("hello") }, 4);
  const sent = [
    sign({ kind: "registerUser", name: fromUtf8(name) }, 0),
    issue,
    sign(transfer(100_000_000n, zeroBytes32), 2),
    sign(transfer(1_250n, issue.id), 3),
    last,
  ];
  for (const transaction of sent) await send(transaction);
  await untilQuiet(node);
  let sequence = 5;
  // Certificates come into the chain with later blocks: until they show the account's state to be final.
  await until("the account can be proven", async () => {
    const proofs = [`/v1/accounts/${account}/proof`, `/v1/transactions/${last.idHex}/proof`];
    const answers = await Promise.all(proofs.map((proof) => fetch(world.url + proof)));
    if (answers.every(({ ok }) => ok)) return true;
    await send(sign({ kind: "record", data: fromUtf8("above") }, sequence));
    sequence += 1;
    await untilQuiet(node);
    return false;
  });
  // One before it is missing, so it waits for as long as the test runs.
  const waiting = sign({ kind: "record", data: fromUtf8("later") }, 3, friend);
  await send(waiting);
  return {
    ...world,
    account,
    name,
    assetId: issue.idHex,
    committedId: last.idHex,
    waitingId: waiting.idHex,
    unsent: toHex(sign({ kind: "record", data: fromUtf8("next") }, sequence).bytes),
  };
}

export async function openCouncilWorld(t: Ending): Promise<CouncilWorld> {
  const dataDir = await folderUntilEnd("aurex-api-world-");
  const { publicKey } = await loadOrCreateNodeKey(dataDir);
  const spec = poaSpec(...[publicKey, ...others.map((other) => other.publicKey)].map(addressOf));
  const expiresAtHeight = 500;
  return {
    ...(await openWorld(t, quietOptions(dataDir, spec))),
    consent: {
      address: addressOf(candidate.publicKey),
      consent: toHex(signConsent(spec.chainId, expiresAtHeight, candidate)),
      expiresAtHeight,
    },
  };
}

/** A node on a chain of other authorities, started to become one. */
export async function openCandidateWorld(t: Ending): Promise<World> {
  const dataDir = await folderUntilEnd("aurex-api-world-");
  return openWorld(t, quietOptions(dataDir, poaSpec(...others.map(({ publicKey }) => addressOf(publicKey)))));
}

/** A miner without threads of its own, so that there is always work for others, and with a pool. */
export async function openMinerWorld(t: Ending): Promise<World> {
  const pool = {
    listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
    feePercent: 1,
    payoutMinimumUnits: 1n,
    payoutEveryBlocks: 4,
  };
  const changes = { mineEmptyBlocks: true, mineThreads: 0, pool };
  const world = await openWorld(
    t,
    quietOptions(await folderUntilEnd("aurex-api-world-"), powSpec(), changes),
  );
  await until("there is work", () => world.node.workBoard?.current !== undefined);
  return world;
}

/** What a miner brings for the work that is shown. */
export function nonceFor({ workBoard }: AurexNode): { readonly jobId: number; readonly nonce: string } {
  const work = workBoard?.current;
  if (!workBoard || !work) throw new Error("there is no work");
  const { id, headerRoot, target } = work;
  const extraNonce = new Uint8Array(24);
  extraNonce.set(workBoard.reserveNonceSpace());
  const found = searchNonces({ headerRoot, target, extraNonce, firstNonce: 0, count: 1_000_000 });
  if (!found) throw new Error("no nonce was found");
  return { jobId: id, nonce: toHex(found.nonce) };
}

/** Resolves when all that was sent is final, with the empty blocks that this takes: after that nothing changes by itself. */
export async function untilQuiet(node: AurexNode): Promise<void> {
  const { chain, mempool } = node;
  await until("all that was sent is final", () => {
    let height = chain.head.header.height;
    while (height > 0 && chain.blockAtHeight(height)?.transactions.length === 0) height -= 1;
    return !mempool.hasReady() && (chain.final?.height ?? 0) >= height && node.status().sealing === "idle";
  });
}

/** The state that no request but a good one may change. */
export function stateOf({ chain, mempool }: AurexNode): object {
  const { hashHex } = chain.head;
  return { hashHex, stateRoot: toHex(chain.head.header.stateRoot), waiting: mempool.count };
}
