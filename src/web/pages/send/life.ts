/** Where a transaction of the wallet stands, in words: from what is kept here and what the node says. */
import type { TransactionAnswer } from "../../../api/transactions.ts";
import type { ApiClient } from "../../../client/index.ts";
import { ApiProblem } from "../../../client/index.ts";
import type { OutboxRow } from "../../wallet/rows.ts";

/** What the node says of an id; "unknown" if it has never had it, or has forgotten it. */
export type NodeWord = TransactionAnswer | "unknown";

export interface Life {
  readonly kind: "waiting" | "good" | "done" | "bad";
  /** One sentence. */
  readonly text: string;
}

export async function wordOf(api: ApiClient, id: string): Promise<NodeWord> {
  try {
    return await api.transaction(id);
  } catch (thrown) {
    if (thrown instanceof ApiProblem && thrown.status === 404) return "unknown";
    throw thrown;
  }
}

/** @param word undefined: the node has not answered yet */
export function lifeOf(
  { state }: Pick<OutboxRow, "state">,
  word: NodeWord | undefined,
  engine: "pow" | "poa",
): Life {
  if (word !== undefined && word !== "unknown") return lifeOfWord(word, engine);
  if (state === "unsent") {
    return {
      kind: "waiting",
      text: "Signed and kept in this browser. No node has answered yet: the same bytes are sent again by themselves.",
    };
  }
  if (word === undefined) return { kind: "waiting", text: "A node has it." };
  if (state === "refused") {
    return { kind: "bad", text: "The node refused it. Another node may have it from an earlier try." };
  }
  return {
    kind: "bad",
    text: "A node had it, and this node does not know it. The same bytes can be sent again.",
  };
}

function lifeOfWord(word: TransactionAnswer, engine: "pow" | "poa"): Life {
  if (word.status === "dropped") {
    return { kind: "bad", text: `The node dropped it: ${word.reason.message}.` };
  }
  if (word.status === "pending") {
    if (!word.ready) return { kind: "waiting", text: `It waits: ${word.waitingFor}.` };
    const ahead = word.queue?.transactionsAhead ?? 0;
    const place = ahead === 0 ? "it is next" : `${ahead} are before it`;
    return { kind: "waiting", text: `The node has it; ${place}.` };
  }
  const block = `In block ${word.block.height}`;
  if (word.final) return { kind: "done", text: `${block}, and final: nothing can undo it.` };
  const { confirmations } = word;
  const blocks = confirmations === 1 ? "1 confirmation" : `${confirmations} confirmations`;
  return {
    kind: "good",
    text:
      engine === "pow"
        ? `${block}, with ${blocks}: each block makes it less likely to be undone.`
        : `${block}, not final yet: the authorities' votes are awaited.`,
  };
}
