/** A ledger with as many transactions as wanted, every one really signed, exported from a real chain: to audit. */
import path from "node:path";
import { fromUtf8 } from "../src/base/bytes.ts";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { zeroBytes32 } from "../src/protocol/hashing.ts";
import type { KeyPair } from "../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  issuedAssetId,
  type Payload,
  signTransaction,
} from "../src/protocol/transaction.ts";
import { createExportJob } from "../test/export/local-export-job.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec } from "./sample-chain.ts";
import { openChain } from "./stored-chain.ts";

export interface LongLedgerOptions {
  /** Where the ledger is written. */
  readonly file: string;
  /** An empty one, for the chain. */
  readonly directory: string;
  readonly transactions: number;
  readonly perBlock?: number;
  readonly accounts?: number;
}

export interface LongLedger {
  /** Hex. */
  readonly chainId: string;
  readonly headHash: string;
  readonly headHeight: number;
  readonly transactions: number;
  /** Id of the asset that the accounts pass around, in hex. */
  readonly assetId: string;
  /** What each account holds of it in the end: one over 2^63, all together 2^64 - 1. */
  readonly holdings: ReadonlyMap<KeyPair, bigint>;
  /** The last block's. */
  readonly sample: readonly DecodedTransaction[];
}

const supply = 2n ** 64n - 1n;
/** Odd and over 2^53: a floating-point number does not hold it. */
const usualAmount = 2n ** 53n + 1n;
/** What one account receives at the start and keeps: an SQLite INTEGER does not hold it. */
const vaultAmount = 2n ** 63n + 9n;

/** One account issues all units of an asset that fit; then all pass them on, above 2^53 at a time. */
export async function writeLongLedger(
  { file, directory, transactions, perBlock = 1_000, accounts = 100 }: LongLedgerOptions,
  progress: (text: string) => void = () => undefined,
): Promise<LongLedger> {
  const authority = keyOf(0);
  const holders = keysFrom(1, accounts);
  const spec = poaSpec([authority], holders);
  const builder = new BlockBuilder(spec, authority);
  await using resources = new AsyncDisposableStack();
  const chain = await openChain(spec, path.join(directory, "chain"), resources, {
    accountIndex: false,
    verifies: false,
  });
  const sequences = new Map<KeyPair, number>();
  const holdings = new Map<KeyPair, bigint>(holders.map((holder) => [holder, 0n]));
  const sign = (from: KeyPair, payload: Payload) => {
    const sequence = sequences.get(from) ?? 0;
    sequences.set(from, sequence + 1);
    return signTransaction({ payload, sequence, fee: 0n, validUntil: 0, timestampMs: 0 }, from, spec.chainId);
  };
  const [issuer] = holders as [KeyPair];
  const texts = { symbol: fromUtf8("VAST"), name: fromUtf8("Vast"), metadata: new Uint8Array(0) };
  const issue = sign(issuer, { kind: "issueAsset", decimals: 0, supply, ...texts });
  const assetId = issuedAssetId(issue);
  const vault = keyOf(1 + accounts);
  holdings.set(issuer, supply - vaultAmount);
  holdings.set(vault, vaultAmount);
  const memo = new Uint8Array(0);
  let pending = [
    issue,
    sign(issuer, { kind: "transfer", to: vault.publicKey, assetId, amount: vaultAmount, memo }),
  ];
  let sample: readonly DecodedTransaction[] = [];
  const flush = async () => {
    const outcome = await chain.importBlock(builder.next(pending));
    if (!outcome.ok) throw new Error(`a sample block was refused: ${outcome.fault.code}`);
    sample = pending;
    pending = [];
  };
  for (let done = pending.length; done < transactions; done += 1) {
    const from = holders[(done * 7) % holders.length] as KeyPair;
    const to = holders[(done * 7 + 1 + (done % 13)) % holders.length] as KeyPair;
    const held = holdings.get(from) as bigint;
    const amount = done % 5 === 0 || held < 2n * usualAmount ? 0n : usualAmount;
    if (amount > 0n) {
      holdings.set(from, held - amount);
      holdings.set(to, (holdings.get(to) as bigint) + amount);
    }
    const what = amount > 0n ? { assetId, amount } : { assetId: zeroBytes32, amount: 1n };
    pending.push(sign(from, { kind: "transfer", to: to.publicKey, memo, ...what }));
    if (pending.length === perBlock) await flush();
    if (done % 50_000 === 0) progress(`${done} of ${transactions} transactions signed and stored`);
  }
  if (pending.length > 0) await flush();
  const job = createExportJob(
    { file, rowsPerTransaction: 50_000 },
    { source: chain, clock: systemClock, logger: silentLogger },
  );
  await job.catchUp();
  job.close();
  const { hashHex, header } = chain.head;
  const chainId = Buffer.from(spec.chainId).toString("hex");
  return {
    chainId,
    headHash: hashHex,
    headHeight: header.height,
    transactions,
    assetId: Buffer.from(assetId).toString("hex"),
    holdings,
    sample,
  };
}
