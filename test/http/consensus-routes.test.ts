/** How the chain is made, as the API shows it: both engines, with reorganizations, votes, changes and evidence. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConsensusAnswer, UptimeAnswer } from "../../src/api/agreement.ts";
import type { MiningAnswer, MiningHistoryAnswer } from "../../src/api/difficulty.ts";
import type { ForksAnswer } from "../../src/api/forks.ts";
import type { GenesisAnswer } from "../../src/api/genesis.ts";
import type { StatsAnswer } from "../../src/api/stats.ts";
import { fromHex, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import { chainSpecFromJson } from "../../src/protocol/chain-spec-json.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { alice, BlockBuilder, type BuiltBlock, genesisMs, miner, testSpec } from "../chain/block-builder.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { openChainApi } from "./open-chain-api.ts";

const addressesOf = (keys: readonly Uint8Array[]) => keys.map(addressOf);
const referenceTo = ({ block }: BuiltBlock) => ({ height: block.header.height, hash: block.hashHex });

describe("a Proof of Authority chain", () => {
  it("GET /v1/consensus: whose turn it is, votes for the head, finality, ballots, a change, evidence", async () => {
    const three = new AuthorityChain(3);
    const [a, b, c] = three.keys as [KeyPair, KeyPair, KeyPair];
    await using api = await openChainApi(three.builder.spec);
    const empty = await api.get<ConsensusAnswer>("/v1/consensus");
    assert.equal(empty.engine, "poa");
    assert.deepEqual(empty.head, referenceTo(three.genesis));
    assert.deepEqual(empty.final, empty.head);
    assert.equal(empty.finality?.lagBlocks, 0);
    assert.deepEqual(
      empty.next.map(({ address }) => address).toSorted(),
      addressesOf(three.keys.map(({ publicKey }) => publicKey)).toSorted(),
    );

    const name = three.builder.sign(a, 0, { kind: "registerUser", name: fromUtf8("a@example.com") });
    const first = three.child(three.genesis, { transactions: [name] });
    const rest = three.growCertified(first, 4);
    for (const block of [first, ...rest]) assert.equal(await api.give(block), "head");
    const head = rest.at(-1) as BuiltBlock;
    await api.vote(three.vote(head, c));
    const shown = await api.get<ConsensusAnswer>("/v1/consensus");
    assert.deepEqual(shown.head, referenceTo(head));
    assert.deepEqual(shown.final, referenceTo(rest[1] as BuiltBlock));
    assert.equal(shown.finality?.lagBlocks, 2);
    const finalMs = (rest[1] as BuiltBlock).block.header.timestampMs;
    assert.equal(shown.finality?.lagMs, head.block.header.timestampMs - finalMs);
    assert.equal(shown.finality?.quorum, 2);
    assert.deepEqual(shown.finality?.votesForHead, [addressOf(c.publicKey)]);
    assert.deepEqual(shown.finality?.votes[0], { ...referenceTo(head), voters: 1 });
    assert.deepEqual(
      shown.authorities.map(({ votedForHead }) => votedForHead),
      three.keys.map((key) => key === c),
    );
    assert.equal(shown.authorities[three.keys.indexOf(a)]?.name, "a@example.com");
    assert.equal(shown.majority, 2);
    assert.equal(shown.work, null);
    const { periodMs, stepMs } = three.builder.spec.genesis;
    const turn = three.keys[(head.block.header.height + 1) % 3] as KeyPair;
    assert.equal(shown.next[0]?.address, addressOf(turn.publicKey));
    assert.deepEqual(
      shown.next.map(({ rank, earliestMs }) => [rank, earliestMs - head.block.header.timestampMs]),
      [0, 1, 2].map((rank) => [rank, periodMs + rank * stepMs]),
    );
    assert.equal(shown.next[0]?.earliest, new Date(shown.next[0]?.earliestMs ?? 0).toISOString());

    const candidate = three.candidates[0] as KeyPair;
    const wish = { action: "add", authority: candidate, expiresAtHeight: 99 } as const;
    const asked = three.child(head, { ballots: [{ by: a, ...wish }] });
    assert.equal(await api.give(asked), "head");
    const open = await api.get<ConsensusAnswer>("/v1/consensus");
    const candidateName = { address: addressOf(candidate.publicKey), name: null };
    assert.deepEqual(open.ballots, [
      { voter: addressOf(a.publicKey), action: "add", ...candidateName, expiresAtHeight: 99 },
    ]);
    const passed = three.child(asked, { ballots: [{ by: b, ...wish }] });
    assert.equal(await api.give(passed), "head");
    const inFlight = await api.get<ConsensusAnswer>("/v1/consensus");
    assert.deepEqual(inFlight.changeInFlight, { action: "add", ...candidateName });
    assert.deepEqual(inFlight.ballots, []);

    const evidence = three.doubleVote(c);
    assert.ok(api.chain.addEvidence(evidence).ok);
    const offender = { address: addressOf(c.publicKey), name: null };
    const accused = await api.get<ConsensusAnswer>("/v1/consensus");
    assert.deepEqual(accused.evidence, [{ kind: "vote-pair", ...offender }]);
    // Not by the offender, whose turn it is: its blocks weigh nothing any more.
    const convicting = three.child(passed, { producer: a, evidence: [evidence] });
    assert.equal(await api.give(convicting), "head");
    const convicted = await api.get<ConsensusAnswer>("/v1/consensus");
    assert.deepEqual(convicted.evidence, []);
    assert.deepEqual(convicted.banned, [offender]);
    assert.equal(convicted.authorities.length, 2);
    assert.equal((await api.refused("/v1/mining")).code, "mining/not-proof-of-work");
    assert.equal((await api.refused("/v1/mining/history")).status, 409);
  });

  it("GET /v1/authorities/uptime: who sealed each block, and whose turns passed", async () => {
    const three = new AuthorityChain(3);
    await using api = await openChainApi(three.builder.spec);
    const sealed: { readonly block: BuiltBlock; readonly missed: readonly KeyPair[] }[] = [];
    const grow = async (parent: BuiltBlock, rank: number) => {
      const order = [0, 1, 2].map(
        (each) => three.keys[(parent.block.header.height + 1 + each) % 3] as KeyPair,
      );
      const block = three.child(parent, { producer: order[rank] as KeyPair });
      await api.give(block);
      sealed.push({ block, missed: order.slice(0, rank) });
      return block;
    };
    let tip = three.genesis;
    for (const rank of [0, 0, 1, 2, 0, 1, 0]) tip = await grow(tip, rank);
    assert.equal(api.chain.head.hashHex, tip.block.hashHex);
    const assertUptime = async (count: number) => {
      const shown = await api.get<UptimeAnswer>(`/v1/authorities/uptime?blocks=${count}`);
      const expected = sealed.toReversed().slice(0, count);
      const places = shown.authorities.map(({ address }) => address);
      const placeOf = ({ publicKey }: Pick<KeyPair, "publicKey">) => places.indexOf(addressOf(publicKey));
      assert.deepEqual(
        shown.blocks.map(({ hash, producer, rank, missed }) => ({ hash, producer, rank, missed })),
        expected.map(({ block: { block }, missed }) => ({
          hash: block.hashHex,
          producer: placeOf({ publicKey: block.header.producer }),
          rank: missed.length,
          missed: missed.map(placeOf),
        })),
      );
      assert.equal(shown.fromHeight, expected.at(-1)?.block.block.header.height);
      for (const [place, authority] of shown.authorities.entries()) {
        const own = shown.blocks.filter(({ producer }) => producer === place);
        assert.equal(authority.sealed, own.length);
        assert.equal(authority.sealedInTurn, own.filter(({ rank }) => rank === 0).length);
        assert.equal(authority.missed, shown.blocks.filter(({ missed }) => missed.includes(place)).length);
        assert.equal(authority.current, true);
      }
    };
    for (const count of [3, 7, 100]) await assertUptime(count);
    // Another branch, heavier by one turn, takes the place of the last two blocks.
    sealed.splice(-2);
    let other = (sealed.at(-1) as { block: BuiltBlock }).block;
    for (const rank of [0, 0, 0]) other = await grow(other, rank);
    assert.equal(api.chain.head.hashHex, other.block.hashHex);
    for (const count of [3, 100]) await assertUptime(count);
    for (const count of ["0", "501", "1e2", "-1"]) {
      assert.equal((await api.refused(`/v1/authorities/uptime?blocks=${count}`)).code, "api/request-invalid");
    }
  });
});

describe("a Proof of Work chain", () => {
  const build = (changes = {}) =>
    new BlockBuilder(testSpec("pow", { targetBlockTimeMs: 10_000, ...changes }));

  it("GET /v1/forks: the branches beside the chain, before and after a reorganization", async () => {
    const builder = build();
    await using api = await openChainApi(builder.spec);
    const none = await api.get<ForksAnswer>("/v1/forks");
    assert.deepEqual(none, {
      head: referenceTo(builder.genesis),
      final: null,
      branches: [],
      truncated: false,
    });
    const trunk = builder.branch(builder.genesis, 3, { laterMs: 1_000 });
    const [, fork] = trunk as [BuiltBlock, BuiltBlock];
    const side = builder.branch(fork, 2, { producer: alice, laterMs: 30_000 });
    const twig = builder.on(side[0] as BuiltBlock, { laterMs: 50_000 });
    for (const block of trunk) assert.equal(await api.give(block), "head");
    await api.give(side[0] as BuiltBlock);
    const one = await api.get<ForksAnswer>("/v1/forks");
    assert.equal(one.branches.length, 1);
    const onlyTip = api.chain.head.hashHex === side[0]?.block.hashHex ? trunk[2] : side[0];
    assert.equal(one.branches[0]?.tip.hash, onlyTip?.block.hashHex);
    assert.deepEqual(one.branches[0]?.forkPoint, referenceTo(fork));
    await api.give(side[1] as BuiltBlock);
    await api.give(twig);
    // The branch is longer now, so the chain moved to it: what is beside it is the old head and the twig.
    const tips = [side[1] as BuiltBlock, twig, trunk[2] as BuiltBlock];
    const head = tips.find(({ block }) => block.hashHex === api.chain.head.hashHex) as BuiltBlock;
    const moved = await api.get<ForksAnswer>("/v1/forks");
    assert.deepEqual(moved.head, referenceTo(head));
    assert.deepEqual(
      moved.branches.map(({ tip }) => tip.hash).toSorted(),
      tips
        .filter((tip) => tip !== head)
        .map(({ block }) => block.hashHex)
        .toSorted(),
    );
    const old = moved.branches.find(({ tip }) => tip.hash === trunk[2]?.block.hashHex);
    assert.deepEqual(old?.forkPoint, referenceTo(fork));
    assert.equal(old?.length, 1);
    assert.deepEqual(old?.producers, [{ address: addressOf(miner.publicKey), name: null, blocks: 1 }]);
    const weight = api.chain.head.cumulativeWeight - (trunk[2] as BuiltBlock).record.cumulativeWeight;
    assert.equal(old?.weightBehindHead, weight.toString());
    const limited = await api.get<ForksAnswer>("/v1/forks?limit=1");
    assert.deepEqual(limited.branches, moved.branches.slice(0, 1));
    assert.equal(limited.truncated, true);
    assert.equal((await api.refused("/v1/forks?limit=0")).status, 400);
  });

  it("GET /v1/mining and its history: target, difficulty, hash rate, block times; a cursor says if its block is undone", async () => {
    const builder = build({ blockReward: "8", halvingIntervalBlocks: 5 });
    await using api = await openChainApi(builder.spec);
    const young = await api.get<MiningAnswer>("/v1/mining");
    assert.equal(young.networkHashesPerSecond, null);
    assert.equal(young.estimatedOverBlocks, 0);
    const blocks = builder.branch(builder.genesis, 7, { laterMs: 5_000 });
    for (const block of blocks) assert.equal(await api.give(block), "head");
    const [first, last] = [blocks[0] as BuiltBlock, blocks.at(-1) as BuiltBlock];
    const shown = await api.get<MiningAnswer>("/v1/mining");
    assert.equal(shown.target, toHex(last.record.consensusState));
    assert.equal(shown.difficulty, workOf(last.record.consensusState).toString());
    assert.equal(shown.cumulativeWork, last.record.cumulativeWeight.toString());
    assert.equal(shown.estimatedOverBlocks, 6);
    assert.equal(shown.blockReward, "4");
    const durationMs = last.block.header.timestampMs - first.block.header.timestampMs;
    assert.equal(shown.averageBlockTimeMs, durationMs / 6);
    const work = blocks.slice(1).reduce((sum, { block }) => sum + workOf(block.header.target), 0n);
    assert.ok(Math.abs((shown.networkHashesPerSecond ?? 0) - (Number(work) / durationMs) * 1_000) < 1e-6);
    assert.equal((await api.refused("/v1/authorities/uptime")).code, "authority/not-proof-of-authority");

    const pages: MiningHistoryAnswer["items"][number][] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page: MiningHistoryAnswer = await api.get(`/v1/mining/history?limit=3${query}`);
      assert.ok(page.items.length > 0);
      pages.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    assert.deepEqual(
      pages.map(({ hash, difficulty, target }) => ({ hash, difficulty, target })),
      blocks.toReversed().map(({ block }) => ({
        hash: block.hashHex,
        difficulty: workOf(block.header.target).toString(),
        target: toHex(block.header.target),
      })),
    );
    for (const { height, intervalMs, time, timestampMs } of pages) {
      const parentMs = height === 1 ? genesisMs : (blocks[height - 2] as BuiltBlock).block.header.timestampMs;
      assert.equal(intervalMs, timestampMs - parentMs);
      assert.equal(time, new Date(timestampMs).toISOString());
    }
    const { next } = await api.get<MiningHistoryAnswer>("/v1/mining/history?limit=2");
    assert.ok(next);
    const rival = builder.branch(blocks[3] as BuiltBlock, 5, { producer: alice, laterMs: 4_000 });
    for (const block of rival) await api.give(block);
    assert.equal(api.chain.head.hashHex, rival.at(-1)?.block.hashHex);
    const undone = await api.refused(`/v1/mining/history?limit=2&cursor=${next}`);
    assert.deepEqual([undone.status, undone.code], [410, "api/cursor-undone"]);
    assert.equal((await api.refused("/v1/mining/history?cursor=abc")).code, "api/cursor-invalid");
  });

  it("GET /v1/stats: blocks, transactions, fees and senders by minute, after a reorganization too", async () => {
    const builder = build();
    // The API has the machine's clock: the chain is of now.
    const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 10 * 60_000;
    await using api = await openChainApi(builder.spec);
    await api.clock.advance(Math.max(0, Date.now() + 3_600_000 - api.clock.nowMs()));
    const first = builder.on(builder.genesis, {
      header: { timestampMs: startMs + 1_000 },
      transactions: [builder.sign(alice, 0, undefined, 5n), builder.sign(alice, 1, undefined, 6n)],
    });
    const second = builder.on(first, { header: { timestampMs: startMs + 61_000 } });
    for (const block of [first, second]) assert.equal(await api.give(block), "head");
    const assertStats = async (expected: readonly (readonly [number, number, string, number])[]) => {
      const shown = await api.get<StatsAnswer>("/v1/stats");
      assert.equal(shown.complete, true);
      assert.equal(shown.buckets.length, 60);
      const busy = shown.buckets.filter(({ blocks }) => blocks > 0);
      assert.deepEqual(
        busy.map(({ blocks, transactions, feesUnits, activeAccounts }) => [
          blocks,
          transactions,
          feesUnits,
          activeAccounts,
        ]),
        expected,
      );
      assert.equal(busy[0]?.timestampMs, startMs);
      assert.equal(
        shown.totals.blocks,
        expected.reduce((sum, [blocks]) => sum + blocks, 0),
      );
      assert.equal(shown.head.hash, api.chain.head.hashHex);
    };
    await assertStats([
      [1, 2, "11", 1],
      [1, 0, "0", 0],
    ]);
    const rival = builder.branch(first, 1, { header: { timestampMs: startMs + 30_000 } });
    const rivals = [
      ...rival,
      ...builder.branch(rival[0] as BuiltBlock, 1, {
        header: { timestampMs: startMs + 120_500 },
        transactions: [builder.sign(alice, 2, undefined, 1n)],
      }),
    ];
    for (const block of rivals) await api.give(block);
    assert.equal(api.chain.head.hashHex, rivals[1]?.block.hashHex);
    await assertStats([
      [2, 2, "11", 1],
      [1, 1, "1", 1],
    ]);
    const day = await api.get<StatsAnswer>("/v1/stats?window=24h");
    assert.equal(day.buckets.length, 24);
    assert.equal(day.totals.transactions, 3);
    const wrong = await api.refused("/v1/stats?window=2h");
    assert.match(wrong.detail, /1h.*3h.*24h.*7d/);
    assert.match(
      (await api.refused("/v1/stats?windw=1h")).detail + (await api.refused("/v1/stats?windw=1h")).next,
      /window/,
    );
  });
});

it("GET /v1/genesis: the chain id is the hash of its bytes, and the spec gives the same chain; it may be kept", async () => {
  for (const spec of [testSpec("pow"), testSpec("poa")]) {
    await using api = await openChainApi(spec);
    const shown = await api.get<GenesisAnswer>("/v1/genesis");
    assert.equal(shown.chainId, toHex(spec.chainId));
    assert.equal(toHex(sha256(fromHex(shown.bytes) as Uint8Array)), shown.chainId);
    const read = chainSpecFromJson(JSON.stringify(shown.spec));
    assert.ok(read.ok);
    assert.equal(toHex(read.value.chainId), shown.chainId);
    assert.equal(shown.blockHash, api.chain.head.hashHex);
    const response = await fetch(`${api.url}/v1/genesis`);
    const tag = response.headers.get("etag") ?? "";
    assert.match(response.headers.get("cache-control") ?? "", /immutable/);
    const again = await fetch(`${api.url}/v1/genesis`, { headers: { "if-none-match": tag } });
    assert.equal(again.status, 304);
  }
});
