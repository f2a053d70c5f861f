/** docs/mining.md: every hex value is recomputed, the figures are the built-in chain's, and its miner mines. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import type { WorkAnswer } from "../../src/api/mining.ts";
import { bytesEqual, fromHex, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { nextTarget } from "../../src/consensus/pow/asert.ts";
import { encodeFrame } from "../../src/network/libp2p/frames.ts";
import {
  encodeNotice,
  encodeSubmit,
  encodeSubscribe,
  encodeVerdict,
  refusalCodes,
} from "../../src/pool/messages.ts";
import { shareTargetOf } from "../../src/pool/share-difficulty.ts";
import {
  blockHash,
  countingNonceOf,
  emptyConsensusRoot,
  HeaderType,
  headerRoot,
  transactionsRoot,
} from "../../src/protocol/block.ts";
import { chainSpecFromJson } from "../../src/protocol/chain-spec-json.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import { commitRecord, powSpec, quietOptions, startNode, temporaryFolder } from "../node/node-rig.ts";
import { until } from "../support/patience.ts";

const root = path.resolve(import.meta.dirname, "../..");
const page = await readFile(path.join(root, "docs/mining.md"), "utf8");
const spec = chainSpecFromJson(await readFile(path.join(root, "config/pow.json"), "utf8"));
assert.ok(spec.ok);
const { genesis } = spec.value;

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(
    (match) => match[1] ?? "",
  );
}

/** The page's table rows of so many cells, trimmed. */
function rows(cells: number): string[][] {
  const lines = page.split("\n").filter((line) => line.startsWith("| "));
  const tables = lines.map((line) => line.split("|").slice(1, -1));
  return tables.filter(({ length }) => length === cells).map((row) => row.map((cell) => cell.trim()));
}

const headerRows = rows(4).filter(([offset]) => /^\d+$/.test(offset as string));
const headerBytes = fromHex(
  headerRows.map(([, , , hex]) => (hex as string).slice(1, -1)).join(""),
) as Uint8Array;
const header = HeaderType.deserialize(headerBytes);
const noncePrefix = fromHex("0700000000000000") as Uint8Array;
const shareTarget = shareTargetOf(4_096);
const jobId = 1_767_225_600_000_001;
const account = new Uint8Array(32).fill(0xac);

/** The first nonce of the page's prefix. */
function firstNonce(target: Uint8Array): Uint8Array {
  const extraNonce = new Uint8Array(24);
  extraNonce.set(noncePrefix);
  const input = { headerRoot: headerRoot(header), target, extraNonce };
  const found = searchNonces({ ...input, firstNonce: 0, count: 1_000_000 });
  assert.ok(found);
  return found.nonce;
}

const nonce = firstNonce(header.target);
const share = firstNonce(shareTarget);
const hash = blockHash(headerRoot(header), nonce);
const shareHash = blockHash(headerRoot(header), share);

const subscribe = encodeSubscribe({ account, software: "miner/1", hashesPerSecond: 20_000_000 });
const job = encodeNotice({ kind: "job", jobId, headerBytes, noncePrefix, shareTarget, isClean: true });

/** Everything of eight bytes and more that the page shows in hex. */
const shown: Readonly<Record<string, Uint8Array>> = {
  "the header's bytes": headerBytes,
  "the header's root": headerRoot(header),
  "the prefix": noncePrefix,
  "the nonce": nonce,
  "the hash": hash,
  "the target": header.target,
  "the parent's hash": header.parentHash,
  "the next target": nextTarget({ target: header.target, intervalMs: 1_000 }, genesis),
  "a subscription": subscribe,
  "its frame": encodeFrame(subscribe),
  "a job": job,
  "a refusal": encodeNotice({ kind: "refused", code: 24, reason: "this pool takes no further account" }),
  "a share's target": shareTarget,
  "a share's nonce": share,
  "a share's hash": shareHash,
  "a share": encodeSubmit({ jobId, nonce: share }),
  "a good verdict": encodeVerdict({ kind: "accepted" }),
  "a bad verdict": encodeVerdict({ kind: "refused", code: 21, reason: "the job is stale, or never was" }),
};

describe("the example of docs/mining.md", () => {
  it("has a header of the protocol's fields, one after the other", () => {
    const fields = Object.entries(HeaderType.fields);
    let offset = 0;
    const expected = fields.map(([field, type]) => {
      const bytes = type.fixedSize as number;
      const hex = toHex(headerBytes.subarray(offset, offset + bytes));
      offset += bytes;
      return [String(offset - bytes), field, String(bytes), `\`${hex}\``];
    });
    assert.deepEqual(headerRows, expected);
    assert.ok(page.includes(`header: ${offset} bytes`));
    assert.equal(header.timestampMs, Date.parse("2026-01-01T00:00:00Z"));
    assert.deepEqual(header.transactionsRoot, transactionsRoot([]));
    assert.deepEqual(header.consensusRoot, emptyConsensusRoot);
    assert.deepEqual(header.extraData.subarray(0, 15), fromUtf8("worked example\0"));
  });

  it("shows each value as it is computed, and no other", () => {
    const computed = new Set(Object.values(shown).map(toHex));
    const cells = new Set(headerRows.map(([, , , hex]) => (hex as string).slice(1, -1)));
    const onPage = page.match(/\b[0-9a-f]{10,}\b/g) ?? [];
    const isNumber = (text: string) => text === String(jobId);
    const unknown = onPage.filter((hex) => !computed.has(hex) && !cells.has(hex) && !isNumber(hex));
    assert.deepEqual(unknown, []);
    for (const [what, bytes] of Object.entries(shown)) assert.ok(page.includes(toHex(bytes)), what);
  });

  it("says the rest of the example in words and numbers as it is", () => {
    assert.ok(page.includes(`number ${countingNonceOf(nonce)}:`));
    assert.ok(page.includes(`is number ${countingNonceOf(share)};`));
    assert.ok(page.includes(`${job.length} bytes, in a frame that begins with the length \`e702\``));
    assert.ok(bytesEqual(encodeFrame(job).subarray(0, 2), fromHex("e702") as Uint8Array));
    assert.match(page, new RegExp(`^idle +${toHex(encodeNotice({ kind: "idle" }))}$`, "m"));
    assert.ok(page.includes(`${subscribe.length} bytes (45 of fixed size`));
  });

  it("has the JSON of the API in it", () => {
    const [work, brought, accepted] = blocks("json").map((text) => JSON.parse(text));
    const { nonceLayout, ...rest } = work;
    assert.deepEqual(rest, {
      jobId,
      height: header.height,
      parentHash: toHex(header.parentHash),
      headerBytes: toHex(headerBytes),
      headerRoot: toHex(sha256(headerBytes)),
      target: toHex(header.target),
      noncePrefix: toHex(noncePrefix),
      clean: true,
      transactionCount: header.transactionCount,
    });
    assert.deepEqual(brought, { jobId, nonce: toHex(nonce) });
    assert.deepEqual(accepted, { accepted: true, hash: toHex(hash), height: header.height });
  });
});

describe("what docs/mining.md says", () => {
  it("of the built-in chain is in its spec", () => {
    const { targetBlockTimeMs, minimumIntervalMs, retargetHalfLifeMs } = genesis;
    assert.ok(page.includes(`| ${targetBlockTimeMs} | ${minimumIntervalMs} | ${retargetHalfLifeMs} |`));
    const { blockReward, halvingIntervalBlocks, rewardMaturityBlocks } = genesis;
    assert.ok(page.includes(`\`blockReward\` (${blockReward / 10n ** 8n} AUR`));
    assert.ok(page.includes(`\`halvingIntervalBlocks\` (${halvingIntervalBlocks})`));
    assert.ok(page.includes(`\`rewardMaturityBlocks\` (${rewardMaturityBlocks})`));
    const eased = 2 ** (targetBlockTimeMs / retargetHalfLifeMs) - 1;
    assert.ok(page.includes(`, ${Math.round(eased * 100)} % on the built-in chain`));
  });

  it("of the API's errors and the pool's codes is all of them", async () => {
    const sources = ["work-routes.ts", "api-error.ts"].map((file) =>
      readFile(path.join(root, "src/http", file), "utf8"),
    );
    const [routes, errors] = (await Promise.all(sources)) as [string, string];
    const told = rows(3).filter(([status]) => /^[45]\d\d$/.test(status as string));
    const codes = told.map(([, code]) => (code as string).slice(1, -1));
    const thrown = [...routes.matchAll(/"(work\/[a-z-]+)"/g)].map(([, code]) => code as string);
    assert.deepEqual(codes.filter((code) => code.startsWith("work/")).sort(), thrown.sort());
    for (const code of codes) assert.ok((routes + errors).includes(`"${code}"`), code);
    const numbers = rows(2).flatMap(([code]) => (/^\d\d$/.test(code as string) ? [Number(code)] : []));
    assert.deepEqual(numbers, Object.values(refusalCodes));
  });
});

describe("the miner of docs/mining.md", () => {
  it("waits for work, mines it, and waits for more", async (t) => {
    const folder = await temporaryFolder(t);
    const [script] = blocks("js");
    const file = path.join(folder, "miner.mjs");
    await writeFile(file, script as string);
    const options = quietOptions(path.join(folder, "node"), powSpec(), { mineThreads: 0, apiPort: 0 });
    const node = await startNode(t, options);
    const miner = spawn(process.execPath, [file, node.apiUrl as string], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => miner.kill());
    let said = "";
    miner.stdout.on("data", (chunk) => (said += chunk));

    await commitRecord(node, "one");
    await commitRecord(node, "two");
    assert.equal(miner.exitCode, null);
    const { head } = node.chain;
    assert.ok(head.header.height >= 2);
    assert.notEqual(toHex(head.seal.nonce.subarray(8, 16)), "0000000000000000");
    // It said so before it began with the next, but a pipe takes its time.
    await until("the miner says what it found", () => said.includes(`"height":${head.header.height - 1}`));

    const asked = fetch(`${node.apiUrl}/v1/work?after=0`);
    await until("the miner and we wait", () => node.workBoard?.events.listenerCount("idle") === 2);
    await commitRecord(node, "three");
    const work = (await (await asked).json()) as WorkAnswer;
    const example = JSON.parse(blocks("json")[0] as string) as WorkAnswer;
    assert.deepEqual(Object.keys(example), Object.keys(work));
    assert.equal(example.nonceLayout, work.nonceLayout);
    // Before the node, whose end it would take for a failure.
    miner.kill();
    await once(miner, "exit");
  });
});
