/** Blocks over the API: lists by cursor, the parts of one block, what may be kept, and reorganizations between two pages. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  BlockAnswer,
  BlockHeaderAnswer,
  BlocksAnswer,
  BlockTransactionsAnswer,
} from "../../src/api/blocks.ts";
import { concatBytes, fromHex, toHex } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { alice, BlockBuilder, type BuiltBlock, testSpec } from "../chain/block-builder.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { type ChainApi, openChainApi } from "./open-chain-api.ts";

const heightOf = ({ block }: BuiltBlock) => block.header.height;

/** Every item of a list, page by page. */
async function allPages(api: ChainApi, path: string): Promise<BlocksAnswer["items"]> {
  const items: BlocksAnswer["items"][number][] = [];
  let page = await api.get<BlocksAnswer>(path);
  for (;;) {
    items.push(...page.items);
    if (page.next === null) return items;
    const limit = new URL(path, api.url).searchParams.get("limit") ?? "20";
    page = await api.get<BlocksAnswer>(`/v1/blocks?limit=${limit}&cursor=${page.next}`);
  }
}

describe("GET /v1/blocks", () => {
  it("goes both ways from any height by cursor, and keeps what it answered before", async () => {
    const builder = new BlockBuilder(testSpec("pow"));
    await using api = await openChainApi(builder.spec);
    const line = [builder.genesis, ...builder.branch(builder.genesis, 9, { laterMs: 60_000 })];
    for (const block of line.slice(1)) assert.equal(await api.give(block), "head");
    const hashes = line.map(({ block }) => block.hashHex);
    for (const limit of [1, 3, 4, 10, 100]) {
      const newest = await allPages(api, `/v1/blocks?limit=${limit}`);
      assert.deepEqual(
        newest.map(({ hash }) => hash),
        hashes.toReversed(),
      );
      const oldest = await allPages(api, `/v1/blocks?order=asc&limit=${limit}`);
      assert.deepEqual(
        oldest.map(({ hash }) => hash),
        hashes,
      );
      const upward = await allPages(api, `/v1/blocks?from=4&limit=${limit}`);
      assert.deepEqual(
        upward.map(({ hash }) => hash),
        hashes.slice(4),
      );
      const downward = await allPages(api, `/v1/blocks?from=4&order=desc&limit=${limit}`);
      assert.deepEqual(
        downward.map(({ hash }) => hash),
        hashes.slice(0, 5).toReversed(),
      );
    }
    const plain = await api.get<BlocksAnswer>("/v1/blocks?limit=3");
    assert.deepEqual(
      plain.blocks.map(({ height }) => height),
      [7, 8, 9],
    );
    assert.equal(plain.headHeight, 9);
    assert.deepEqual(plain.head, { height: 9, hash: hashes[9] });
    assert.deepEqual(
      plain.items.map(({ confirmations }) => confirmations),
      [1, 2, 3],
    );
    for (const { time, timestampMs } of plain.items) assert.equal(time, new Date(timestampMs).toISOString());
    const above = await api.get<BlocksAnswer>("/v1/blocks?from=10");
    assert.deepEqual([above.items, above.blocks, above.next], [[], [], null]);
    const fromAbove = await api.get<BlocksAnswer>("/v1/blocks?from=99&order=desc&limit=1");
    assert.equal(fromAbove.items[0]?.height, 9);
    assert.match((await api.refused("/v1/blocks?form=1")).detail, /from/);
    const both = await api.refused(`/v1/blocks?cursor=${plain.next}&order=asc`);
    assert.deepEqual([both.status, both.code], [400, "api/request-invalid"]);
    for (const wrong of ["limit=0", "limit=101", "limit=0x10", "from=-1", "order=up", "transactions=yes"]) {
      assert.equal((await api.refused(`/v1/blocks?${wrong}`)).status, 400);
    }
  });

  it("gives the transactions with each block if asked, and ends a page that is full of them", async () => {
    const builder = new BlockBuilder(testSpec("pow", { minimumFee: "0" }));
    await using api = await openChainApi(builder.spec);
    const line: BuiltBlock[] = [];
    let sequence = 0;
    for (const count of [3, 1_500, 499, 2, 0]) {
      const transactions = Array.from({ length: count }, () => builder.sign(alice, sequence++));
      line.push(builder.on(line.at(-1) ?? builder.genesis, { transactions }));
      assert.equal(await api.give(line.at(-1) as BuiltBlock), "head");
    }
    const first = await api.get<BlocksAnswer>("/v1/blocks?order=asc&transactions=true");
    // Blocks 0 to 3 have 2002 transactions: the first page ends there.
    assert.deepEqual(
      first.items.map(({ height }) => height),
      [0, 1, 2, 3],
    );
    const rest = await api.get<BlocksAnswer>(`/v1/blocks?transactions=true&cursor=${first.next}`);
    assert.deepEqual(
      rest.items.map(({ height }) => height),
      [4, 5],
    );
    assert.equal(rest.next, null);
    for (const { height, transactions } of [...first.items, ...rest.items].slice(1)) {
      const { block } = line[height - 1] as BuiltBlock;
      assert.deepEqual(
        transactions?.map(({ id, position, sender }) => ({ id, position, sender })),
        block.transactions.map(({ idHex }, position) => ({
          id: idHex,
          position,
          sender: addressOf(alice.publicKey),
        })),
      );
    }
    const without = await api.get<BlocksAnswer>("/v1/blocks?order=asc");
    assert.equal(without.items.length, 6);
    assert.equal(without.items[2]?.transactions, undefined);
    assert.deepEqual(first.blocks[3], without.blocks[3]);
  });

  it("refuses a cursor whose block a reorganization has undone, and takes one whose block still stands", async () => {
    const builder = new BlockBuilder(testSpec("pow"));
    await using api = await openChainApi(builder.spec);
    const line = builder.branch(builder.genesis, 6, { laterMs: 60_000 });
    for (const block of line) await api.give(block);
    const { next: high } = await api.get<BlocksAnswer>("/v1/blocks?limit=2");
    const { next: low } = await api.get<BlocksAnswer>("/v1/blocks?limit=4");
    const rivals = builder.branch(line[2] as BuiltBlock, 5, { producer: alice, laterMs: 50_000 });
    for (const block of rivals) await api.give(block);
    assert.equal(api.chain.head.hashHex, rivals.at(-1)?.block.hashHex);
    const undone = await api.refused(`/v1/blocks?limit=2&cursor=${high}`);
    assert.deepEqual([undone.status, undone.code], [410, "api/cursor-undone"]);
    const standing = await api.get<BlocksAnswer>(`/v1/blocks?limit=4&cursor=${low}`);
    assert.deepEqual(
      standing.items.map(({ height }) => height),
      [2, 1, 0],
    );
    const gone = await api.get<BlockAnswer>(`/v1/blocks/${line[5]?.block.hashHex}`);
    assert.deepEqual([gone.canonical, gone.final, gone.confirmations], [false, false, 0]);
    assert.equal((await api.refused("/v1/blocks/final")).code, "block/no-finality");
  });
});

describe("one block of a Proof of Authority chain", () => {
  const open = async () => {
    const three = new AuthorityChain(3);
    const api = await openChainApi(three.builder.spec);
    const transactions = [0, 1, 2, 3, 4].map((sequence) =>
      three.builder.sign(three.keys[0] as KeyPair, sequence),
    );
    const first = three.child(three.genesis, { transactions });
    const line = [three.genesis, first, ...three.growCertified(first, 4)];
    for (const block of line.slice(1)) assert.equal(await api.give(block), "head");
    return { three, api, line, first };
  };

  it("is found by head, final, height and hash, with what its certificate certifies", async () => {
    const { three, api, line } = await open();
    await using _ = api;
    const head = line.at(-1) as BuiltBlock;
    const final = line[3] as BuiltBlock;
    for (const [name, block] of [
      ["head", head],
      ["final", final],
      [String(heightOf(final)), final],
      [final.block.hashHex, final],
      [final.block.hashHex.toUpperCase(), final],
      ["0", three.genesis],
    ] as const) {
      const shown = await api.get<BlockAnswer>(`/v1/blocks/${name}`);
      assert.equal(shown.hash, block.block.hashHex);
      assert.equal(shown.final, heightOf(block) <= heightOf(final));
      assert.equal(shown.confirmations, heightOf(head) - heightOf(block) + 1);
      assert.deepEqual(shown.head, { height: heightOf(head), hash: head.block.hashHex });
      assert.equal(shown.bytes, block.block.bytes.length);
    }
    const shown = await api.get<BlockAnswer>("/v1/blocks/head");
    const certified = line.at(-2) as BuiltBlock;
    const signers = three.keys.slice(0, 2).map(({ publicKey }) => addressOf(publicKey));
    assert.deepEqual(shown.certificate, {
      height: heightOf(certified),
      hash: certified.block.hashHex,
      signers,
    });
    assert.equal(shown.countingNonce, "0");
    assert.deepEqual(shown.offenders, []);
    assert.equal((await api.get<BlockAnswer>("/v1/blocks/0")).producer, null);
    for (const [name, status] of [
      ["99", 404],
      ["ab".repeat(32), 404],
      ["headless", 400],
      ["1.0", 400],
    ] as const) {
      assert.equal((await api.refused(`/v1/blocks/${name}`)).status, status);
    }
  });

  it("names whom its evidence removes", async () => {
    const { three, api, line } = await open();
    await using _ = api;
    const offender = three.keys[2] as KeyPair;
    const evidence = three.doubleVote(offender);
    const convicting = three.child(line.at(-1) as BuiltBlock, { evidence: [evidence] });
    assert.equal(await api.give(convicting), "head");
    const shown = await api.get<BlockAnswer>("/v1/blocks/head");
    assert.deepEqual(shown.offenders, [addressOf(offender.publicKey)]);
  });

  it("has its transactions by page, its bytes and its header, which hash to its name", async () => {
    const { api, first } = await open();
    await using _ = api;
    const { block } = first;
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page: BlockTransactionsAnswer = await api.get(`/v1/blocks/1/transactions?limit=2${query}`);
      assert.deepEqual(page.block, { height: 1, hash: block.hashHex });
      assert.equal(page.final, true);
      ids.push(...page.items.map(({ id, position }) => `${position} ${id}`));
      cursor = page.next;
    } while (cursor !== null);
    assert.deepEqual(
      ids,
      block.transactions.map(({ idHex }, position) => `${position} ${idHex}`),
    );
    const raw = await fetch(`${api.url}/v1/blocks/1/raw`);
    assert.equal(raw.headers.get("content-type"), "application/octet-stream");
    assert.equal(toHex(new Uint8Array(await raw.arrayBuffer())), toHex(block.bytes));
    const header = await api.get<BlockHeaderAnswer>("/v1/blocks/1/header");
    const root = sha256(fromHex(header.bytes) as Uint8Array);
    assert.equal(toHex(sha256(concatBytes([root, fromHex(header.nonce) as Uint8Array]))), block.hashHex);
    assert.equal(header.producerKey, toHex(block.header.producer));
    assert.equal(header.sealSignature, toHex(block.seal.signature));
  });

  it("may be kept once it is final and named by height or hash; the bytes of a hash at once; else nothing", async () => {
    const { api, line } = await open();
    await using _ = api;
    const [final, head] = [line[3] as BuiltBlock, line.at(-1) as BuiltBlock];
    const kept = async (path: string) => {
      const response = await fetch(`${api.url}/v1/blocks/${path}`);
      await response.arrayBuffer();
      const control = response.headers.get("cache-control");
      const tag = response.headers.get("etag");
      assert.equal(control === "no-store", tag === null);
      if (tag === null) return false;
      const again = await fetch(`${api.url}/v1/blocks/${path}`, { headers: { "if-none-match": tag } });
      assert.equal(again.status, 304);
      assert.equal(await again.text(), "");
      return true;
    };
    for (const part of ["", "/header", "/raw", "/transactions?limit=2"]) {
      assert.equal(await kept(`${final.block.hashHex}${part}`), true, part);
      assert.equal(await kept(`${heightOf(final)}${part}`), true, part);
      assert.equal(await kept(`final${part}`), false, part);
      assert.equal(await kept(`head${part}`), false, part);
      assert.equal(await kept(`${heightOf(head)}${part}`), false, part);
      assert.equal(await kept(`${head.block.hashHex}${part}`), part === "/raw", part);
    }
    const tags = await Promise.all(
      ["", "/header", "/raw", "/transactions", "/transactions?limit=2"].map(async (part) => {
        const response = await fetch(`${api.url}/v1/blocks/2${part}`);
        return response.headers.get("etag");
      }),
    );
    assert.equal(new Set(tags).size, 5);
  });

  it("under head, the next page of transactions is of the block of the first; under a height, of that height alone", async () => {
    const builder = new BlockBuilder(testSpec("pow", { minimumFee: "0" }));
    await using api = await openChainApi(builder.spec);
    const transactions = [0, 1, 2].map((sequence) => builder.sign(alice, sequence));
    const full = builder.on(builder.genesis, { transactions, laterMs: 60_000 });
    await api.give(full);
    const { next } = await api.get<BlockTransactionsAnswer>("/v1/blocks/head/transactions?limit=2");
    await api.give(builder.on(full));
    const rest = await api.get<BlockTransactionsAnswer>(
      `/v1/blocks/head/transactions?limit=2&cursor=${next}`,
    );
    assert.deepEqual(
      rest.items.map(({ position }) => position),
      [2],
    );
    assert.equal(rest.block.hash, full.block.hashHex);
    for (const block of builder.branch(builder.genesis, 3, { producer: alice })) await api.give(block);
    assert.equal(api.chain.isCanonical(full.record), false);
    const undone = await api.refused(`/v1/blocks/1/transactions?cursor=${next}`);
    assert.deepEqual([undone.status, undone.code], [410, "api/cursor-undone"]);
    const stored = await api.get<BlockTransactionsAnswer>(`/v1/blocks/head/transactions?cursor=${next}`);
    assert.deepEqual([stored.canonical, stored.block.hash], [false, full.block.hashHex]);
    assert.equal((await api.refused("/v1/blocks/1/transactions?cursor=AAAA")).code, "api/cursor-invalid");
  });
});
