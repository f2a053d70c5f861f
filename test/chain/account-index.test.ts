/** The account index against a model: any tree of blocks, in any order, with the index switched off and on in between. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { AccountIndexer, indexLack } from "../../src/chain/account-indexer.ts";
import type { Chain } from "../../src/chain/chain.ts";
import { compareHeads, voteCounterOn } from "../../src/consensus/engine.ts";
import { BlockExecution } from "../../src/ledger/apply-block.ts";
import { ledgerContext } from "../../src/ledger/ledger-context.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import type { Block } from "../../src/protocol/block.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction, Payload } from "../../src/protocol/transaction.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { alice, authorities, BlockBuilder, type BuiltBlock, bob, miner, testSpec } from "./block-builder.ts";
import { countHistories, historyIn } from "./history-model.ts";
import { HonestTurns } from "./honest-turns.ts";
import { openChain, settled } from "./open-chain.ts";

const people = [alice, bob, miner, ...authorities];

interface Deed {
  readonly from: number;
  readonly to: number;
  readonly kind: "aur" | "asset" | "issue" | "record" | "name" | "vote";
  readonly units: number;
  readonly fee: number;
}

/** One block of a tree, and how the store is opened before it is given. */
interface Twig {
  readonly on: number;
  readonly producer: number;
  readonly deeds: readonly Deed[];
  readonly reopen: "no" | "with" | "without";
  /** Whether what the index lacks is added then, or later. */
  readonly adds: boolean;
}

const deed = fc.record<Deed>({
  from: fc.nat({ max: people.length - 1 }),
  to: fc.nat({ max: people.length - 1 }),
  kind: fc.constantFrom("aur", "aur", "aur", "asset", "issue", "record", "name", "vote"),
  units: fc.nat({ max: 50 }).map((units) => units + 1),
  fee: fc.nat({ max: 3 }),
});
const twigs = fc.array(
  fc.record<Twig>({
    on: fc.nat({ max: 1_000 }),
    producer: fc.nat({ max: 2 }),
    deeds: fc.array(deed, { maxLength: 5 }),
    reopen: fc.constantFrom("no", "no", "no", "with", "without"),
    adds: fc.boolean(),
  }),
  { minLength: 1, maxLength: 14 },
);

interface Grown {
  readonly built: BuiltBlock;
  readonly line: readonly Block[];
}

/** Deeds that the ledger would refuse are left out: they are tried one by one, as a producer does. */
function transactionsOf(
  builder: BlockBuilder,
  { built, line }: Grown,
  deeds: readonly Deed[],
): DecodedTransaction[] {
  const taken: DecodedTransaction[] = [];
  const issued = line.flatMap(({ transactions }) =>
    transactions.filter(({ payload }) => payload.kind === "issueAsset").map(({ id }) => id),
  );
  const height = built.record.header.height + 1;
  for (const { from, to, kind, units, fee } of deeds) {
    const sender = people[from]!;
    const receiver = people[to]!.publicKey;
    const senderHex = toHex(sender.publicKey);
    const account = built.entries.find((entry) => entry.type === "account" && entry.account === senderHex);
    const sequence = account?.type === "account" ? account.sequence : 0;
    const memo = new Uint8Array(0);
    const amount = BigInt(units);
    const payloads: Record<Deed["kind"], Payload> = {
      aur: { kind: "transfer", to: receiver, assetId: zeroBytes32, amount, memo },
      asset: {
        kind: "transfer",
        to: receiver,
        assetId: issued[units % issued.length] ?? zeroBytes32,
        amount,
        memo,
      },
      issue: {
        kind: "issueAsset",
        symbol: Buffer.from("COIN"),
        name: Buffer.from("a coin"),
        decimals: 2,
        supply: amount,
        metadata: memo,
      },
      record: { kind: "record", data: Buffer.from("a note") },
      name: { kind: "registerUser", name: Buffer.from(`user${from}@example.com`) },
      vote: {
        kind: "authorityVote",
        action: 2,
        authority: receiver,
        expiresAtHeight: height + 5,
        consent: new Uint8Array(64),
      },
    };
    const ahead = taken.filter((transaction) => transaction.senderHex === senderHex).length;
    const wanted = builder.sign(sender, sequence + ahead, payloads[kind], BigInt(fee));
    if (areTaken(builder, built, [...taken, wanted])) taken.push(wanted);
  }
  return taken;
}

function areTaken(
  builder: BlockBuilder,
  { record, entries }: BuiltBlock,
  all: readonly DecodedTransaction[],
): boolean {
  const ledger = LedgerState.fromEntries(entries);
  const contents = { height: record.header.height + 1, producer: miner.publicKey };
  const execution = new BlockExecution(ledger, ledgerContext(contents, builder.spec.genesis));
  const votes = voteCounterOn(builder.engine, record);
  return all.every((transaction) => {
    const isVote = transaction.payload.kind === "authorityVote";
    return !execution.apply(transaction) && !(isVote && votes.cast(transaction));
  });
}

function grow(
  builder: BlockBuilder,
  shape: readonly Twig[],
): { readonly grown: readonly Grown[]; readonly best: Grown } {
  const trunk: Grown = { built: builder.genesis, line: [builder.genesis.block] };
  const grown = [trunk];
  const turns = new HonestTurns();
  const isPoa = builder.spec.consensus === "poa";
  for (const [index, twig] of shape.entries()) {
    const recent = grown.slice(-Math.max(1, Math.ceil(grown.length / 2)));
    const { parent, producer } = isPoa
      ? turns.take(recent, ({ built }) => built, authorities, { parent: twig.on, producer: twig.producer })
      : { parent: recent[twig.on % recent.length]!, producer: people[twig.producer]! };
    const built = builder.on(parent.built, {
      laterMs: index,
      transactions: transactionsOf(builder, parent, twig.deeds),
      producer,
    });
    grown.push({ built, line: [...parent.line, built.block] });
  }
  // With authorities the first of several that are as heavy stays; the blocks come in this order.
  const [best] = grown.toSorted(({ built: { record: a } }, { built: { record: b } }) =>
    isPoa ? Number(b.cumulativeWeight - a.cumulativeWeight) : compareHeads(a, b),
  );
  return { grown: grown.slice(1), best: best! };
}

async function completed(chain: Chain): Promise<void> {
  const indexer = new AccountIndexer(chain, { clock: systemClock, logger: silentLogger });
  indexer.look();
  await indexer.completed();
  assert.equal(indexLack(chain.accountIndex, chain.head.header.height), undefined);
}

/** Histories are the model's, whole, and end in the balances of the ledger. */
function assertAsModel(chain: Chain, builder: BlockBuilder, { built, line }: Grown): void {
  assert.equal(chain.head.hashHex, built.block.hashHex);
  const histories = countHistories(builder.spec.genesis, line);
  const index = chain.accountIndex;
  for (const { publicKey } of people) {
    const accountHex = toHex(publicKey);
    assert.deepEqual(historyIn(index, publicKey), histories.get(accountHex) ?? []);
    const last = new Map<string, bigint>();
    for (let number = 0; number < index.itemCount(publicKey); number += 1) {
      const { aurBalance, asset } = index.item(publicKey, number)!;
      last.set("AUR", aurBalance);
      if (asset) last.set(toHex(asset.assetId), asset.balance);
    }
    assert.equal(last.get("AUR") ?? 0n, chain.ledger.account(accountHex)?.balance ?? 0n);
    for (const { assetId, balance } of chain.ledger.assetBalancesOf(accountHex)) {
      assert.equal(last.get(assetId), balance);
    }
  }
}

const specs = {
  "pow, rewards at once": testSpec("pow", { rewardMaturityBlocks: 0 }),
  "pow, rewards after 3 blocks": testSpec("pow", { rewardMaturityBlocks: 3 }),
  "poa, fees at once": testSpec("poa", { rewardMaturityBlocks: 0 }),
  "poa, rewards after 2 blocks": testSpec("poa", { blockReward: "1", rewardMaturityBlocks: 2 }),
};

/** A place for a store that outlives it. */
interface Home {
  /** Closes the store that was open before. */
  open(accountIndex: boolean): Promise<ChainStore>;
  close(): Promise<void>;
}

const homes: Readonly<Record<string, { readonly runs: number; make(chainId: Uint8Array): Promise<Home> }>> = {
  memory: {
    runs: 40,
    async make() {
      const disk = createMemoryDisk();
      return { open: async (accountIndex) => disk.open({ accountIndex }), close: async () => {} };
    },
  },
  LevelDB: {
    runs: 5,
    async make(chainId) {
      const directory = await folderUntilEnd("aurex-histories-");
      let store: ChainStore | undefined;
      return {
        async open(accountIndex) {
          await store?.close();
          const modules = { logger: silentLogger, clock: systemClock };
          store = await openLevelStore({ directory, chainId, accountIndex }, modules);
          return store;
        },
        close: async () => store?.close(),
      };
    },
  },
};

describe("the account index", () => {
  for (const [name, spec] of Object.entries(specs)) {
    for (const [where, { runs, make }] of Object.entries(homes)) {
      it(`in ${where} is the model's after any tree of blocks, however it was switched: ${name}`, async () => {
        const builder = new BlockBuilder(spec);
        await fc.assert(
          fc.asyncProperty(twigs, async (shape) => {
            const { grown, best } = grow(builder, shape);
            const home = await make(spec.chainId);
            const reopen = async (accountIndex: boolean) =>
              openChain({ spec }, { store: await home.open(accountIndex) });
            let open = await reopen(shape[0]?.reopen !== "without");
            for (const [at, { built }] of grown.entries()) {
              const twig = shape[at]!;
              if (twig.reopen !== "no") {
                open = await reopen(twig.reopen === "with");
                if (twig.adds) await open.chain.indexMore();
              }
              await open.give(built);
            }
            await settled();
            const { chain } = await reopen(true);
            await completed(chain);
            assertAsModel(chain, builder, best);
            await home.close();
          }),
          { numRuns: runs },
        );
      });
    }
  }

  it("follows trust recovery, which takes the chain back", async () => {
    const three = new AuthorityChain(3);
    const { builder } = three;
    const [a] = three.keys as [KeyPair];
    const first = three.child(three.genesis, { transactions: [builder.transfer(alice, 0, bob, 5n)] });
    const certified = [first, ...three.growCertified(first, 3)];
    const alone = three.grow(certified.at(-1) as BuiltBlock, 8, { producer: a });
    const trusted = alone.at(-1) as BuiltBlock;
    const above = three.child(trusted, { producer: a, transactions: [builder.transfer(alice, 1, bob, 7n)] });
    const blocks = [...certified, ...alone, above];
    for (const [home, { make }] of Object.entries(homes)) {
      const place = await make(builder.spec.chainId);
      const before = await openChain({ spec: builder.spec }, { store: await place.open(true) });
      for (const block of blocks) assert.equal(await before.give(block), "head", home);
      assert.equal(historyIn(before.chain.accountIndex, bob.publicKey).length, 2);
      const options = { spec: builder.spec, trustRecovery: trusted.block.hash };
      const { chain } = await openChain(options, { store: await place.open(true) });
      const line = [builder.genesis, ...certified, ...alone].map(({ block }) => block);
      assertAsModel(chain, builder, { built: trusted, line });
      assert.equal(historyIn(chain.accountIndex, bob.publicKey).length, 1);
      await place.close();
    }
  });
});
