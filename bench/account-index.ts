/** What the account index costs: per block while blocks are imported, and for a store that has none. */
import { EventEmitter } from "node:events";
import path from "node:path";
import { toHex } from "../src/base/bytes.ts";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { AccountIndexer } from "../src/chain/account-indexer.ts";
import type { ChainEvents, HeadChange } from "../src/chain/chain.ts";
import { LedgerLists } from "../src/http/ledger-lists.ts";
import type { AccountEntry } from "../src/ledger/entry.ts";
import { LedgerState } from "../src/ledger/ledger-state.ts";
import { type Block, decodeBlock } from "../src/protocol/block.ts";
import { sha256 } from "../src/protocol/hashing.ts";
import { storeHistoryChain } from "./history-chain.ts";
import { elapsedMs, type Figure, median, type Section } from "./measure.ts";
import { transferChain } from "./sample-chain.ts";
import { openChain } from "./stored-chain.ts";

const transfersPerBlock = 1_000;
const blocksPerRound = 4;
const warmUpBlocks = 4;

export const measureAccountIndex: Section = async ({ quick, progress, directory }) => {
  const rounds = quick ? 3 : 10;
  const { spec, next } = transferChain(transfersPerBlock);
  const blockCount = warmUpBlocks + rounds * blocksPerRound;
  progress(`signing ${blockCount} blocks of ${transfersPerBlock} transfers`);
  const blocks = Array.from({ length: blockCount }, next);
  await using resources = new AsyncDisposableStack();
  const open = async (accountIndex: boolean) =>
    openChain(spec, path.join(await directory(), "chain"), resources, { accountIndex, verifies: false });
  const chains = { with: await open(true), without: await open(false) };
  const importInto = async (chain: (typeof chains)["with"], some: readonly Block[]) => {
    for (const { bytes } of some) {
      // As from the wire, so that neither chain finds anything prepared by the other.
      const block = decodeBlock(bytes);
      const outcome = block.ok ? await chain.importBlock(block.value) : undefined;
      if (!outcome?.ok) throw new Error("a sample block was refused");
    }
  };
  const perBlockMs: { with: number[]; without: number[] } = { with: [], without: [] };
  await importInto(chains.with, blocks.slice(0, warmUpBlocks));
  await importInto(chains.without, blocks.slice(0, warmUpBlocks));
  for (let round = 0; round < rounds; round += 1) {
    const from = warmUpBlocks + round * blocksPerRound;
    const some = blocks.slice(from, from + blocksPerRound);
    // By turns, and each goes first as often as the other.
    for (const name of round % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const)) {
      perBlockMs[name].push((await cpuMs(() => importInto(chains[name], some))) / blocksPerRound);
    }
    progress(
      `round ${round + 1} of ${rounds}: ${perBlockMs.with.at(-1)?.toFixed(1)} ms a block with, ${perBlockMs.without.at(-1)?.toFixed(1)} without`,
    );
  }

  const historyTransactions = quick ? 20_000 : 100_000;
  progress(`storing ${historyTransactions} transactions of one account without the index`);
  const late = path.join(await directory(), "chain");
  const { spec: lateSpec } = await storeHistoryChain(
    { directory: late, transactions: historyTransactions, accountIndex: false },
    progress,
  );
  // The clocks of a node keep no process alive by themselves.
  const alive = setInterval(() => undefined, 1_000);
  resources.defer(() => clearInterval(alive));
  const chain = await openChain(lateSpec, late, resources, { verifies: false });
  const indexer = new AccountIndexer(chain, { clock: systemClock, logger: silentLogger });
  const buildMs = await elapsedMs(async () => {
    indexer.look();
    await indexer.completed();
  });
  const lists = await measureLists(quick ? 20_000 : 100_000);
  return [
    ...lists,
    {
      name: "CPU to import a block of 1,000, with the account index",
      value: median(perBlockMs.with),
      unit: "ms",
      limit: { value: median(perBlockMs.without), meaning: "without the index, signatures not verified" },
      aim: { below: 1.5 },
    },
    {
      name: `adding the index to ${historyTransactions} transactions`,
      value: (historyTransactions * 1_000) / buildMs,
      unit: "transactions/s",
    },
  ] satisfies Figure[];
};

/** Accounts by balance: put in order once, then a page after a block that has changed 1,000 of them. */
async function measureLists(accountCount: number): Promise<Figure[]> {
  const entries = Array.from({ length: accountCount }, (_, index): AccountEntry => {
    const account = toHex(sha256(Buffer.from(`account ${index}`)));
    return { type: "account", account, sequence: 0, balance: BigInt((index * 7_919) % 1_000_003) };
  });
  const ledger = LedgerState.fromEntries(entries);
  const events = new EventEmitter<ChainEvents>();
  const lists = new LedgerLists({ ledger, events });
  const buildMs = await elapsedMs(() => lists.ready());
  const pages: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const draft = ledger.draft();
    const changes = Array.from({ length: 1_000 }, (_, at) => {
      const index = (round * 31 + at * 17) % accountCount;
      const before = ledger.entryAt(index) as AccountEntry;
      return { index, before, after: { ...before, balance: before.balance + 1_000_003n } };
    });
    draft.apply({ entryCountBefore: accountCount, entryCountAfter: accountCount, changes });
    const touched = draft.touchedEntries();
    ledger.commit(draft);
    events.emit("headChanged", { touched } as unknown as HeadChange);
    pages.push(await elapsedMs(() => lists.accounts(100)));
  }
  return [
    { name: `putting ${accountCount} accounts in order, once`, value: buildMs, unit: "ms" },
    {
      name: "a page of accounts by balance after a block that changed 1,000, median",
      value: median(pages),
      unit: "ms",
    },
  ];
}

/** Of all threads, also of LevelDB's own: it says more than the time does where other work shares the cores. */
async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
