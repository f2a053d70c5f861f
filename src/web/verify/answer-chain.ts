/** Verifies a transaction or a block, and holds what the page shows against it. */
import { getBlock } from "../../api/blocks.ts";
import { getTransaction, getTransactionRaw } from "../../api/transactions.ts";
import { decodeTransaction, fromHex, type VerifiedBlock, verifySignature } from "../../client/index.ts";
import { namesIn, proveAssets, proveNames, withoutNames } from "./named-things.ts";
import { provenBlock } from "./proven-block.ts";
import { isoTimeOf, provenTransaction } from "./proven-transaction.ts";
import type { ProvenPlace, VerifyOutcome, VerifyQuestion } from "./report.ts";
import { Ended, proven, type Run, refuted, requireShown } from "./run.ts";

type Asked<Kind extends VerifyQuestion["kind"]> = Extract<VerifyQuestion, { readonly kind: Kind }>;

export async function answerTransaction(
  run: Run,
  { id, shown }: Asked<"transaction">,
): Promise<VerifyOutcome> {
  if (shown.status === "pending") return answerPending(run, { id, shown });
  if (shown.status === "dropped") {
    const next = "send it again, or look at the one that took its place";
    return { result: "impossible", reason: "nodes keep no bytes of a dropped transaction", next };
  }
  const { transaction, position, block } = proven(run, "transaction", await run.client.verifyTransaction(id));
  proven(run, "seal", await run.client.verifySeal(block.hash), ["seal"]);
  const assets = await proveAssets(run, [transaction]);
  const openNames = await proveNames(run, namesIn(shown));
  const fresh = await run.api.call(getTransaction, { params: { id } });
  const { height, hash, timestampMs } = block;
  const expected = {
    ...provenTransaction(transaction, assets),
    status: "committed",
    block: { height, hash, timestampMs, time: isoTimeOf(timestampMs) },
    position,
    bytes: transaction.bytes.length,
  };
  const unproven = requireShown(
    run,
    { shown: withCertainty(shown, block), fresh: withCertainty(fresh, block) },
    { ...expected, ...certaintyOf(block) },
  );
  return shownAsProven(run, block, withoutNames(unproven, openNames));
}

export async function answerBlock(run: Run, { hash, shown }: Asked<"block">): Promise<VerifyOutcome> {
  const body = proven(run, "block", await run.client.verifyBody(hash));
  const { block, transactions } = body;
  const assets = await proveAssets(run, transactions);
  const openNames = await proveNames(run, namesIn(shown));
  const fresh = await run.api.call(getBlock, { params: { reference: hash } });
  const unproven = requireShown(
    run,
    { shown: withCertainty(shown, block), fresh: withCertainty(fresh, block) },
    { ...provenBlock(body, assets), ...certaintyOf(block) },
  );
  return shownAsProven(run, block, withoutNames(unproven, openNames));
}

/** In no block so far: its bytes say what it is, and its sender's signature that it is so. */
async function answerPending(
  run: Run,
  { id, shown }: Pick<Asked<"transaction">, "id" | "shown">,
): Promise<VerifyOutcome> {
  const bytes = await run.api.call(getTransactionRaw, { params: { id } });
  const chainId = fromHex(run.client.status.chainId, 32) as Uint8Array;
  const decoded = decodeTransaction(bytes, chainId);
  const failed = (
    name: "id" | "signature",
    code: "light/malformed" | "light/signature-invalid",
    why: string,
  ) => {
    run.step(name, "fails", why);
    return new Ended(refuted(code, why));
  };
  if (!decoded.ok) throw failed("id", "light/malformed", "the bytes are no transaction");
  const { transaction, idHex } = decoded.value;
  if (idHex !== id.toLowerCase()) {
    throw failed("id", "light/malformed", `the bytes have the id ${idHex}`);
  }
  run.step("id", "holds", `its bytes have the id ${idHex}`);
  if (!verifySignature(decoded.value.id, transaction.signature, transaction.sender)) {
    throw failed("signature", "light/signature-invalid", "the sender has not signed it");
  }
  run.step("signature", "holds", "the sender has signed the id");
  const assets = await proveAssets(run, [decoded.value]);
  const openNames = await proveNames(run, namesIn(shown));
  const fresh = await run.api.call(getTransaction, { params: { id } });
  const expected = {
    ...provenTransaction(decoded.value, assets),
    status: "pending",
    bytes: bytes.length,
    confirmations: 0,
    final: false,
  };
  // It may have been committed meanwhile; then the page is behind, and shows that soon.
  if (fresh.status !== "pending") throw new Ended({ result: "outdated", differences: [] });
  const unproven = requireShown(run, { shown, fresh }, expected);
  run.step("shown", "holds", "every value of the transaction that is shown is what its bytes say");
  return { result: "signed", unproven: withoutNames(unproven, openNames) };
}

function shownAsProven(run: Run, block: VerifiedBlock, unproven: readonly string[]): VerifyOutcome {
  run.step("shown", "holds", "every value that is shown is the proven one, but those named below");
  return { result: "proven", place: placeOf(block), unproven };
}

export function placeOf({ height, hash, timestampMs, confirmations }: VerifiedBlock): ProvenPlace {
  return { height, hash, timestampMs, confirmations };
}

/** What was proven of how sure the block is. In Proof of Authority nothing is proven of confirmations. */
function certaintyOf({ final, confirmations }: VerifiedBlock): object {
  return confirmations === null ? { final } : { final, confirmations };
}

interface Certain {
  readonly final?: boolean;
  readonly confirmations?: number;
}

/** Both grow by themselves: less than was proven is the answer of a moment before, more is a lie. */
function withCertainty<Answer extends Certain>(answer: Answer, block: VerifiedBlock): Answer {
  const { final = false, confirmations = 0 } = answer;
  return {
    ...answer,
    final: final || block.final,
    ...(block.confirmations === null ? {} : { confirmations: Math.max(confirmations, block.confirmations) }),
  };
}
