/** The smallest pieces by themselves: where an import's time goes. */
import { do_not_optimize, measure } from "mitata";
import { applyBlock } from "../src/ledger/apply-block.ts";
import { genesisEntries } from "../src/ledger/genesis-state.ts";
import { ledgerContext } from "../src/ledger/ledger-context.ts";
import { LedgerState } from "../src/ledger/ledger-state.ts";
import { decodeBlock, transactionsRoot } from "../src/protocol/block.ts";
import { verifySignature } from "../src/protocol/signing.ts";
import { decodeTransaction, transactionId } from "../src/protocol/transaction.ts";
import type { Figure, Section } from "./measure.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const transfers = 1_000;

export const measureMicro: Section = async ({ quick, progress }) => {
  const senders = keysFrom(1, transfers);
  const receivers = keysFrom(1 + transfers, transfers);
  const authority = keyOf(0);
  const spec = poaSpec([authority], [...senders, ...receivers]);
  const transactions = senders.map((sender, index) =>
    signedTransfer(sender, receivers[index] as typeof sender, 0, spec),
  );
  const [first] = transactions;
  if (!first) throw new Error("a block of nothing");
  const block = new BlockBuilder(spec, authority).next(transactions);
  const ledger = LedgerState.fromEntries(genesisEntries(spec.genesis));
  const context = ledgerContext({ height: 1, producer: authority.publicKey }, spec.genesis);
  const change = applyBlock(ledger, context, transactions, []);
  if (!change.ok) throw new Error(change.fault.code);

  const pieces: Readonly<Record<string, () => unknown>> = {
    "verify a signature": () =>
      verifySignature(first.id, first.transaction.signature, first.transaction.sender),
    "decode a transfer": () => decodeTransaction(first.bytes, spec.chainId),
    "id of a transaction": () => transactionId(first.transaction, spec.chainId),
    "decode a block of 1,000": () => decodeBlock(block.bytes),
    "transactions root of 1,000": () => transactionsRoot(transactions),
    "execute a block of 1,000": () => applyBlock(ledger, context, transactions, []),
    "state root after 2,000 entries": () => {
      const draft = ledger.draft();
      draft.apply(change.value);
      return draft.stateRoot();
    },
  };
  const figures: Figure[] = [];
  for (const [name, piece] of Object.entries(pieces)) {
    const { p50 } = await measure(() => do_not_optimize(piece()), {
      min_cpu_time: (quick ? 100 : 400) * 1e6,
    });
    progress(`${name}: ${(p50 / 1_000).toFixed(1)} µs`);
    figures.push({ name, value: p50 / 1_000, unit: "µs" });
  }
  return figures;
};
