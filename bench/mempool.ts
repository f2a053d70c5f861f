/** The mempool by itself: admitting 50,000 transfers, and following blocks of 1,000 while the others wait. */
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { applyBlock } from "../src/ledger/apply-block.ts";
import { genesisEntries } from "../src/ledger/genesis-state.ts";
import { ledgerContext } from "../src/ledger/ledger-context.ts";
import { LedgerState } from "../src/ledger/ledger-state.ts";
import { createMempool } from "../src/mempool/mempool.ts";
import { transactionBytesMax } from "../src/protocol/transaction.ts";
import { elapsedMs, type Figure, median, type Section } from "./measure.ts";
import { keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const accounts = 200;
const eachHas = 250;
const batch = 500;
const blocks = 20;
const blockTransfers = 1_000;

export const measureMempool: Section = async ({ quick, progress }) => {
  const producer = keyOf(0);
  const users = keysFrom(1, accounts);
  const spec = poaSpec([producer], users);
  const each = quick ? eachHas / 5 : eachHas;
  progress(`signing ${accounts * each} transfers`);
  const transfers = Array.from({ length: accounts * each }, (_, index) => {
    const user = users[index % accounts] as (typeof users)[number];
    return signedTransfer(user, producer, Math.floor(index / accounts), spec);
  });
  const ledger = LedgerState.fromEntries(genesisEntries(spec.genesis));
  let height = 0;
  const mempool = createMempool(
    {},
    {
      clock: systemClock,
      logger: silentLogger,
      // Verifying is measured elsewhere, and takes ten times as long as all the rest.
      verifier: { verify: async (some) => some.map(() => true), close: async () => {} },
      ledger: () => ({
        view: ledger,
        height,
        minimumFee: 0n,
        transactionBytesMax,
        voteFault: () => undefined,
      }),
    },
  );
  const addMs = await elapsedMs(async () => {
    for (let begin = 0; begin < transfers.length; begin += batch) {
      const outcomes = await mempool.addMany(transfers.slice(begin, begin + batch));
      if (outcomes.some(({ ok }) => !ok)) throw new Error("a transfer was refused");
    }
  });
  const followedMs: number[] = [];
  const selectedMs: number[] = [];
  for (let index = 0; index < Math.min(blocks, transfers.length / blockTransfers); index += 1) {
    const startMs = performance.now();
    const chosen = mempool.select({ transactionsMax: blockTransfers, bytesMax: 1_000_000 });
    selectedMs.push(performance.now() - startMs);
    height += 1;
    const draft = ledger.draft();
    const context = ledgerContext({ height, producer: producer.publicKey }, spec.genesis);
    const change = applyBlock(draft, context, chosen, []);
    if (!change.ok) throw new Error(change.fault.code);
    draft.apply(change.value);
    const touched = draft.touchedEntries();
    ledger.commit(draft);
    const connected = chosen;
    followedMs.push(await elapsedMs(() => mempool.headChanged({ connected, disconnected: [], touched })));
  }
  mempool.close();
  const figures: Figure[] = [
    {
      name: "admit, signatures not verified",
      value: (transfers.length * 1_000) / addMs,
      unit: "transfers/s",
    },
    { name: `follow a block of ${blockTransfers}`, value: median(followedMs), unit: "ms" },
    { name: `select for a block of ${blockTransfers}`, value: median(selectedMs), unit: "ms" },
  ];
  return figures;
};
