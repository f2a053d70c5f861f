/** Names and assets, which a block or transaction does not hold and a page shows beside it: each is proven by itself. */

import { toHex } from "../../base/bytes.ts";
import type { DecodedTransaction } from "../../client/index.ts";
import { ApiProblem } from "../../client/index.ts";
import { type ProvenAsset, type ProvenAssets, provenAsset } from "./proven-transaction.ts";
import { Ended, proven, type Run, refuted } from "./run.ts";

/** Of each kind: a block may name hundreds. */
export const namedMax = 12;

/** Each `…Name` of an answer with the address beside it, e.g. `senderName` and `sender`. */
export function namesIn(value: unknown, found: Map<string, string> = new Map()): ReadonlyMap<string, string> {
  if (Array.isArray(value)) for (const item of value) namesIn(item, found);
  else if (typeof value === "object" && value !== null) {
    const fields = value as Readonly<Record<string, unknown>>;
    for (const [key, field] of Object.entries(fields)) {
      const owner = fields[key.replace(/Name$/, "")];
      if (key.endsWith("Name") && typeof field === "string" && typeof owner === "string")
        found.set(field, owner);
      else namesIn(field, found);
    }
  }
  return found;
}

/** @returns the names that could not be proven */
export async function proveNames(run: Run, names: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const open: string[] = [...names.keys()].slice(namedMax);
  for (const [name, address] of [...names].slice(0, namedMax)) {
    const answer = await run.client.verifyBalance(name).catch(notThere);
    // A name that was registered a moment ago stands under no final block.
    const isOpen = answer instanceof ApiProblem || (!answer.ok && answer.fault.code === notProven);
    if (isOpen) {
      open.push(name);
      const reason = answer instanceof ApiProblem ? answer.detail : "no proof shows whose it is";
      run.step("name", "open", `"${name}": ${reason}`);
      continue;
    }
    const owner = proven(run, "balance", answer, []).address;
    if (owner !== address) {
      run.step("name", "fails", `"${name}" is the name of ${owner}, not of ${address}`);
      const difference = { field: "name", shown: `"${name}" for ${address}`, proven: owner };
      throw new Ended(refuted("shown/differs", `"${name}" belongs to another account`, [difference]));
    }
    run.step("name", "holds", `"${name}" is the name of ${address}`);
  }
  return open;
}

const notProven = "light/not-what-was-asked";

/** The assets that transfers move, beside AUR; those that could not be proven are not in it. */
export async function proveAssets(
  run: Run,
  transactions: readonly DecodedTransaction[],
): Promise<ProvenAssets> {
  const ids = new Set(
    transactions.flatMap(({ payload }) =>
      payload.kind === "transfer" && payload.assetId.some((byte) => byte !== 0)
        ? [toHex(payload.assetId)]
        : [],
    ),
  );
  const assets = new Map<string, ProvenAsset>();
  for (const id of [...ids].slice(0, namedMax)) {
    const answer = await run.client.verifyTransaction(id).catch(notThere);
    if (answer instanceof ApiProblem) {
      run.step("asset", "open", `${id}: ${answer.detail}`);
      continue;
    }
    const asset = provenAsset(proven(run, "transaction", answer, []).transaction);
    if (!asset) {
      run.step("asset", "open", `the transaction ${id} issues no asset`);
      continue;
    }
    assets.set(id, asset);
    run.step(
      "asset",
      "holds",
      `${asset.symbol} has ${asset.decimals} decimals, as ${id} says, which issued it`,
    );
  }
  return assets;
}

/** A refusal is an answer: nothing was proven, and nothing refuted. */
function notThere(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem && thrown.status < 500 && thrown.status !== 429) return thrown;
  throw thrown;
}

/** Without what is proven by itself, or says that there is nothing. */
export function withoutNames(unproven: readonly string[], openNames: readonly string[]): string[] {
  const fields = unproven.filter((field) => !/Name$/.test(field));
  return openNames.length === 0 ? fields : [...fields, ...openNames.map((name) => `the name "${name}"`)];
}
