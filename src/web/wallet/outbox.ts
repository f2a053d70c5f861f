/** Signed transactions of this browser, by chain: written down before they are sent, and listed afterwards. */
import type { DecodedTransaction, KeptTransaction, TransactionStore } from "../../client/index.ts";
import type { Keep, TableRows } from "./keep.ts";
import type { OutboxRow, OutboxState } from "./rows.ts";

/** Another transaction with the sequence is on its way, and nobody knows yet whether a node has it. */
export class SequenceHeld extends Error {
  override name = "SequenceHeld";
  readonly by: string;

  constructor(sequence: number, by: string) {
    super(`the sequence ${sequence} belongs to ${by}, which was signed in another tab and has no answer yet`);
    this.by = by;
  }
}

/** What the bytes do not say of an entry. */
export interface EntryDetails {
  readonly chainId: string;
  readonly replace: boolean;
  readonly what: string;
  readonly signedAtMs: number;
}

/** Of what nodes have answered; the oldest are forgotten first. What has no answer is never forgotten by itself. */
const answeredMax = 50;

export class Outbox {
  readonly #keep: Keep;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Those of a chain, the newest first. */
  async entries(chainId: string, sender?: string): Promise<OutboxRow[]> {
    const rows = await this.#keep.all("outbox");
    return rows
      .filter((row) => row.chainId === chainId && (sender === undefined || row.sender === sender))
      .sort((one, other) => other.signedAtMs - one.signedAtMs || other.sequence - one.sequence);
  }

  /** How many are kept for other chains: they are never sent to this one. */
  async countElsewhere(chainId: string): Promise<number> {
    return (await this.#keep.all("outbox")).filter((row) => row.chainId !== chainId).length;
  }

  /**
   * Writes a new transaction down.
   *
   * @throws SequenceHeld if another one with its sequence has no answer yet: both could be executed, one on each side of a
   *   fork, or the person would pay twice
   */
  add(
    { idHex: id, senderHex: sender, bytes, transaction: { sequence } }: DecodedTransaction,
    details: EntryDetails,
  ): Promise<void> {
    return this.#keep.change("outbox", async (rows) => {
      const others = (await rows.all()).filter(
        (row) => row.chainId === details.chainId && row.sender === sender && row.id !== id,
      );
      const holder = others.find((row) => row.sequence === sequence && row.state === "unsent");
      if (holder && !details.replace) throw new SequenceHeld(sequence, holder.id);
      await rows.put({ id, sender, sequence, bytes: new Uint8Array(bytes), state: "unsent", ...details });
      await forgetOldest(rows, details.chainId);
    });
  }

  async mark(id: string, state: OutboxState): Promise<void> {
    await this.#keep.change("outbox", async (rows) => {
      const row = await rows.get(id);
      if (row) await rows.put({ ...row, state });
    });
  }

  async forget(id: string): Promise<void> {
    await this.#keep.change("outbox", (rows) => rows.remove(id));
  }

  async forgetElsewhere(chainId: string): Promise<void> {
    await this.#keep.change("outbox", async (rows) => {
      for (const row of await rows.all()) if (row.chainId !== chainId) await rows.remove(row.id);
    });
  }

  /**
   * One entry as the store of `submitSafely` and `resubmitKept`, which then send exactly its bytes. What is to be forgotten
   * is not kept as unsent any more; {@link forget} takes it out of the list.
   */
  storeOf(row: Pick<OutboxRow, "id" | "chainId" | "sequence" | "bytes">): TransactionStore & {
    readonly wasForgotten: boolean;
  } {
    let wasForgotten = false;
    return {
      get wasForgotten() {
        return wasForgotten;
      },
      // It is written down already, in the step that guards its sequence.
      keep: () => {},
      forget: async (id) => {
        wasForgotten = true;
        await this.mark(id, "answered");
      },
      kept: (): KeptTransaction[] => [row],
    };
  }
}

async function forgetOldest(rows: TableRows<OutboxRow>, chainId: string): Promise<void> {
  const settled = (await rows.all())
    .filter((row) => row.chainId === chainId && row.state !== "unsent")
    .sort((one, other) => one.signedAtMs - other.signedAtMs);
  for (const row of settled.slice(0, Math.max(0, settled.length - answeredMax))) await rows.remove(row.id);
}
