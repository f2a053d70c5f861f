/** What the tests of nodes share: folders that go away, specs of fast chains, options of a quiet node, and waiting. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { AurexNode } from "../../src/node/aurex-node.ts";
import type { AurexNodeOptions } from "../../src/node/aurex-node-options.ts";
import { type OperatorError, toOperatorError } from "../../src/node/operator-error.ts";
import { type ChainSpecJson, chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type Payload, signTransaction } from "../../src/protocol/transaction.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

/** Lasts as long as the test file: a node that is stopped after the test may still write. */
export function temporaryFolder(_t: Pick<TestContext, "after">): Promise<string> {
  return folderUntilEnd("aurex-node-test-");
}

/** A Proof of Work chain whose blocks take no time, and whose target stays at the floor; `salt` tells one from another. */
export function powSpec(salt = "11", changes: Partial<ChainSpecJson> = {}): ChainSpec {
  return specOf({
    consensus: "pow",
    salt: salt.repeat(32),
    difficulty: 1,
    targetBlockTimeMs: 1,
    minimumIntervalMs: 1,
    ...changes,
  });
}

/** A chain whose only authority is the node of this data directory. */
export async function poaSpecFor(dataDir: string): Promise<ChainSpec> {
  const { publicKey } = await loadOrCreateNodeKey(dataDir);
  const authority = addressOf(publicKey);
  return specOf({
    consensus: "poa",
    salt: "22".repeat(32),
    authorities: [authority],
    periodMs: 1,
    stepMs: 1,
    heartbeatMs: 3_600_000,
    allocations: { [authority]: "1000" },
  });
}

function specOf(json: Omit<Parameters<typeof chainSpecFrom>[0], "name" | "timestamp">): ChainSpec {
  const spec = chainSpecFrom({ name: "test", timestamp: "2026-01-01T00:00:00.000Z", ...json });
  if (!spec.ok) throw new Error(spec.fault.reason);
  return spec.value;
}

/** A node on free loopback ports that nobody finds; an authority or miner where its chain has such. */
export function quietOptions(
  dataDir: string,
  spec: ChainSpec,
  changes: Partial<AurexNodeOptions> = {},
): AurexNodeOptions {
  return {
    dataDir,
    name: "alpha",
    network: "test",
    spec,
    authority: true,
    mine: true,
    mineEmptyBlocks: false,
    mineThreads: 1,
    listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
    bootstrap: [],
    mdns: false,
    apiPort: undefined,
    exportFile: undefined,
    ...changes,
  };
}

/** Opened, started, and stopped at the end of the test. */
export async function startNode(
  t: Pick<TestContext, "after">,
  options: AurexNodeOptions,
): Promise<AurexNode> {
  const node = await AurexNode.open(options);
  t.after(() => node.stop());
  await node.start();
  return node;
}

/** Sends a record of the node's own key through it and resolves to its id when it is committed there. */
export async function commitRecord(node: AurexNode, text: string): Promise<Uint8Array> {
  return commit(node, { kind: "record", data: fromUtf8(text) });
}

/** Registers a name for the node's own key. */
export async function commitName(node: AurexNode, name: string): Promise<Uint8Array> {
  return commit(node, { kind: "registerUser", name: fromUtf8(name) });
}

async function commit(node: AurexNode, payload: Payload): Promise<Uint8Array> {
  const keyPair = await loadOrCreateNodeKey(node.options.dataDir);
  const sequence = node.mempool.pendingSequence(toHex(keyPair.publicKey));
  const draft = { payload, sequence, fee: 0n, validUntil: 0, timestampMs: Date.now() };
  const transaction = signTransaction(draft, keyPair, node.chain.spec.chainId);
  const submitted = await node.submit(transaction);
  assert.ok(submitted.ok, JSON.stringify(submitted));
  await until("the record is committed", () => node.chain.transaction(transaction.id) !== undefined);
  return transaction.id;
}

/** That opening fails with this exit code; what was said, for further looks. */
export async function refusedWith(exitCode: number, attempt: () => Promise<unknown>): Promise<OperatorError> {
  const thrown = await attempt().then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  );
  const known = toOperatorError(thrown);
  assert.ok(known, `nobody foresaw: ${(thrown as Error).stack}`);
  assert.equal(known.exitCode, exitCode, known.message);
  assert.notEqual(known.next, "");
  return known;
}
