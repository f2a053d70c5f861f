/** A chain with some of everything that an account can have, and pages of it from the API. */
import assert from "node:assert/strict";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction, Payload } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../chain/block-builder.ts";
import type { ChainApi } from "./open-chain-api.ts";

export const addressAt = ({ publicKey }: KeyPair) => addressOf(publicKey);
export const accountPath = (key: KeyPair) => `/v1/accounts/${addressAt(key)}`;
const memo = new Uint8Array(0);
export const coin = (symbol: string, supply: bigint): Payload => ({
  kind: "issueAsset",
  symbol: Buffer.from(symbol),
  name: Buffer.from(`${symbol} coin`),
  decimals: 2,
  supply,
  metadata: memo,
});
export const named = (name: string): Payload => ({ kind: "registerUser", name: Buffer.from(name) });
export const sent = (to: KeyPair, amount: bigint, assetId = zeroBytes32): Payload => ({
  kind: "transfer",
  to: to.publicKey,
  amount,
  assetId,
  memo: Buffer.from(`for ${amount}`),
});

/** A page after the other, up to the last. */
export async function allPages<
  Page extends { readonly items: readonly unknown[]; readonly next: string | null },
>(api: ChainApi, path: string, limit: number): Promise<Page["items"][number][]> {
  const found: Page["items"][number][] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const mark = path.includes("?") ? "&" : "?";
    const page: Page = await api.get(`${path}${mark}limit=${limit}${cursor && `&cursor=${cursor}`}`);
    assert.ok(page.items.length <= limit);
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

export interface Trunk {
  readonly builder: BlockBuilder;
  readonly blocks: readonly BuiltBlock[];
  readonly gold: Uint8Array;
  submitLater(sequence: number, payload: Payload, fee?: bigint): DecodedTransaction;
}

/** Alice issues gold, registers a name, sends AUR and gold to bob, to herself, and notes something; the miner earns. */
export function trunkOf(): Trunk {
  const builder = new BlockBuilder(testSpec("pow", { rewardMaturityBlocks: 2 }));
  const issue = builder.sign(alice, 0, coin("GOLD", 500n), 3n);
  const gold = issue.id;
  const rounds = [
    [issue, builder.sign(alice, 1, named("alice@example.com"), 2n)],
    [builder.sign(alice, 2, sent(bob, 700n), 1n), builder.sign(alice, 3, sent(bob, 70n, gold), 1n)],
    [
      builder.sign(alice, 4, sent(alice, 9n)),
      builder.sign(alice, 5, sent(alice, 9n, gold), 1n),
      builder.sign(alice, 6),
    ],
    [builder.sign(bob, 0, sent(alice, 100n), 5n), builder.sign(bob, 1, sent(alice, 30n, gold))],
    [],
    [builder.sign(alice, 7, coin("SILVER", 40n))],
  ];
  const blocks: BuiltBlock[] = [];
  for (const transactions of rounds)
    blocks.push(builder.on(blocks.at(-1) ?? builder.genesis, { transactions }));
  const submitLater = (sequence: number, payload: Payload, fee = 1n) =>
    builder.sign(alice, sequence, payload, fee);
  return { builder, blocks, gold, submitLater };
}

export async function giveAll(api: ChainApi, blocks: readonly BuiltBlock[]): Promise<void> {
  for (const block of blocks) assert.equal(await api.give(block), "head");
}

export async function submit(api: ChainApi, { bytes }: DecodedTransaction): Promise<void> {
  const response = await fetch(`${api.url}/v1/transactions`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
  assert.equal(response.status, 202, await response.text());
}
