/** A reader of headers with work, over the real engine: from the genesis, across reorganizations, and every lie. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  beginWorkLight,
  decodeMinedHeader,
  decodeWorkLight,
  encodeMinedHeader,
  encodeWorkLight,
  followHeaders,
  heightOf,
  type MinedHeader,
  type WorkLight,
} from "../../src/light/work-light.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { BlockBuilder, type BuiltBlock, genesisMs, testSpec } from "../chain/block-builder.ts";

const builder = new BlockBuilder(testSpec("pow"));
const spec: ChainSpec = builder.spec;
const modules = { spec, nowMs: genesisMs + 3_600_000 };

function grow(parent: BuiltBlock, length: number, laterMs = 0): BuiltBlock[] {
  const blocks: BuiltBlock[] = [];
  for (let count = 0; count < length; count += 1) {
    blocks.push(builder.on(blocks.at(-1) ?? parent, { laterMs: count === 0 ? laterMs : 0 }));
  }
  return blocks;
}

/** As it travels. */
function mined({ block }: BuiltBlock): MinedHeader {
  const read = decodeMinedHeader(encodeMinedHeader({ header: block.header, nonce: block.seal.nonce }));
  assert.ok(read.ok);
  return read.value;
}

function follow(light: WorkLight, headers: readonly MinedHeader[]): WorkLight | string {
  const followed = followHeaders(light, headers, modules);
  return followed.ok ? followed.value : followed.fault.code;
}

const chain = grow(builder.genesis, 30);
const headers = chain.map(mined);

describe("following work by headers", () => {
  it("follows in pieces, knows each block of the chain, and goes on from what it stored", () => {
    let light: WorkLight | string = beginWorkLight(spec);
    for (let start = 0; start < headers.length; start += 7) {
      assert.ok(typeof light !== "string", String(light));
      const stored = decodeWorkLight(encodeWorkLight(light));
      assert.deepEqual(stored, light);
      light = follow(stored as WorkLight, headers.slice(start, start + 7));
    }
    assert.ok(typeof light !== "string");
    const tip = light.points.at(-1);
    assert.deepEqual(tip?.hash, chain.at(-1)?.block.hash);
    assert.equal(tip?.work, chain.at(-1)?.record.cumulativeWeight);
    for (const header of headers) assert.ok(heightOf(light, header).ok);
  });

  it("takes the heavier branch, and does not leave it for a lighter one", () => {
    const light = follow(beginWorkLight(spec), headers.slice(0, 20));
    assert.ok(typeof light !== "string");
    const branch = grow(chain[9] as BuiltBlock, 13, 1).map(mined);
    assert.equal(follow(light, branch.slice(0, 8)), "light/not-heavier");
    const moved = follow(light, branch);
    assert.ok(typeof moved !== "string", String(moved));
    assert.equal(moved.points.length, 24);
    assert.equal(heightOf(moved, headers[15] as MinedHeader).ok, false);
    assert.equal(follow(light, headers.slice(25)), "light/block-unknown");
  });
});

describe("lies to a reader of headers", () => {
  const changed = (index: number, change: (mined: MinedHeader) => void): MinedHeader[] => {
    const copy = headers.map((header) => structuredClone(header));
    change(copy[index] as MinedHeader);
    return copy;
  };
  const flip = (bytes: Uint8Array) => {
    bytes[31] = (bytes[31] as number) ^ 1;
  };
  const lies: readonly (readonly [string, readonly MinedHeader[], readonly string[]])[] = [
    ["another nonce", changed(3, ({ nonce }) => flip(nonce)), ["light/work-invalid", "light/link-broken"]],
    [
      "another transactionsRoot",
      changed(3, ({ header }) => flip(header.transactionsRoot)),
      ["light/work-invalid", "light/link-broken"],
    ],
    [
      "a time of the future",
      changed(29, ({ header }) => (header.timestampMs = genesisMs + 1e10)),
      ["light/work-invalid"],
    ],
    ["an earlier time", changed(5, ({ header }) => (header.timestampMs = 1)), ["light/work-invalid"]],
    [
      "the easiest target of all",
      changed(3, ({ header }) => header.target.fill(0xff)),
      ["light/work-invalid"],
    ],
    [
      "an easier target than the rule's",
      changed(20, ({ header }) => (header.target = spec.genesis.easiestTarget)),
      ["light/work-invalid", "light/link-broken"],
    ],
    ["another chain", changed(3, ({ header }) => flip(header.chainId)), ["light/wrong-chain"]],
    ["another version", changed(3, ({ header }) => (header.version = 1)), ["light/link-broken"]],
    ["another height", changed(3, ({ header }) => (header.height += 1)), ["light/link-broken"]],
    ["a header left out", headers.toSpliced(3, 1), ["light/link-broken"]],
    ["headers in another order", headers.with(3, headers[4] as MinedHeader), ["light/link-broken"]],
    ["no first header", headers.slice(1), ["light/block-unknown"]],
  ];
  for (const [what, told, codes] of lies) {
    it(`refuses ${what}`, () => {
      const outcome = follow(beginWorkLight(spec), told);
      assert.ok(typeof outcome === "string" && codes.includes(outcome), String(outcome));
    });
  }

  it("refuses a header that commits to an easier next target, though it was mined anew", () => {
    const first = builder.on(builder.genesis, { header: { consensusStateHash: new Uint8Array(32) } });
    assert.equal(follow(beginWorkLight(spec), [mined(first)]), "light/state-not-committed");
  });
});
