/** Verifies what an account has, and holds what the page shows against it: both move with every block. */
import { type AccountAnswer, getAccount } from "../../api/accounts.ts";
import { publicKeyOfAddress, toHex, type VerifiedBalance } from "../../client/index.ts";
import { formatAmount } from "../../protocol/amount.ts";
import { placeOf } from "./answer-chain.ts";
import type { Proven } from "./differences.ts";
import type { VerifyOutcome, VerifyQuestion } from "./report.ts";
import { Ended, proven, type Run, requireShown } from "./run.ts";

/** Blocks may come between the proof and the node's answer; then both are asked for again. */
const triesMax = 4;

export async function answerBalance(
  run: Run,
  { account, asset, shown }: Extract<VerifyQuestion, { readonly kind: "balance" }>,
): Promise<VerifyOutcome> {
  for (let tries = 1; ; tries += 1) {
    const verified = await run.client.verifyBalance(account, asset);
    const fresh = await run.api.call(getAccount, { params: { account } });
    const stands = verified.ok && standsWith(fresh, verified.value);
    if (verified.ok && !stands && tries < triesMax) continue;
    const value = proven(run, "balance", verified);
    const unproven = [...requireSame(run, fresh, value, asset)];
    if (standsWith(shown, value)) requireSame(run, shown, value, asset);
    else if (isOtherwise(shown, fresh)) {
      run.step("shown", "open", "the page shows an older state than the node has now");
      throw new Ended({ result: "outdated", differences: [] });
    }
    const amount = `${formatAmount(value.balance)} AUR after block ${value.block.height}`;
    if (stands) run.step("shown", "holds", `${amount}: the node shows the same`);
    else {
      run.step("shown", "open", `${amount}; what the node shows is of another block, again and again`);
      unproven.push("balance");
    }
    return {
      result: "proven",
      place: placeOf(value.block),
      unproven,
      balance: {
        balanceUnits: value.balance.toString(),
        sequence: value.sequence,
        assetUnits: value.assetBalance?.toString() ?? null,
      },
    };
  }
}

/** Whether an answer says what the account has after the very block that something was proven of. */
export function standsWith({ head, balances }: AccountAnswer, { block }: VerifiedBalance): boolean {
  return head.hash === block.hash || balances.finalHeight === block.height;
}

/** The page shows an account that has changed since. */
function isOtherwise(shown: AccountAnswer, fresh: AccountAnswer): boolean {
  return shown.balanceUnits !== fresh.balanceUnits || shown.balances.finalUnits !== fresh.balances.finalUnits;
}

/** What is not said of the proof's own block is not compared. */
function requireSame(
  run: Run,
  answer: AccountAnswer,
  value: VerifiedBalance,
  asset: string | undefined,
): readonly string[] {
  const { address, balance, block, assetBalance, name } = value;
  const { head, balances } = answer;
  const units = balance.toString();
  const amount = formatAmount(balance);
  const isAtHead = head.hash === block.hash;
  const isAtFinal = balances.finalHeight === block.height;
  const held = answer.assets.find(({ assetId }) => assetId === asset?.toLowerCase());
  const isHeld = isAtHead && assetBalance !== null;
  const compared = { ...answer, ...(isHeld ? { holding: held?.balanceUnits ?? "0" } : {}) };
  const expected: Proven = {
    address,
    publicKey: toHex(publicKeyOfAddress(address) as Uint8Array),
    // A name of a moment ago stands under no final block; one that is proven is the only one.
    ...(name !== null || answer.name === null ? { name } : {}),
    ...(isAtHead ? { balance: amount, balanceUnits: units, sequence: value.sequence } : {}),
    balances: {
      ...(isAtHead ? { committed: amount, committedUnits: units } : {}),
      ...(isAtFinal ? { final: amount, finalUnits: units, finalHeight: block.height } : {}),
    },
    ...(isHeld ? { holding: assetBalance.toString() } : {}),
  };
  return requireShown(run, { shown: compared, fresh: compared }, expected);
}
