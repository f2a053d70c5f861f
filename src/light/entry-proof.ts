/** That an entry (an account's balance, a name, a holding) stands in the ledger after a block whose header is known to be true. */
import { ok, type Result } from "../base/result.ts";
import { type Entry, entryKey, entryKeys, type LedgerView } from "../ledger/entry.ts";
import { decodeEntry, encodeEntry } from "../ledger/entry-codec.ts";
import { stateListDepth, verifyProof } from "../ledger/state-tree.ts";
import type { Header } from "../protocol/block.ts";
import { describeFault } from "../protocol/faults.ts";
import { sha256 } from "../protocol/hashing.ts";
import type { ListProof } from "../protocol/merkle.ts";
import { type LightFault, lightFault } from "./light-fault.ts";

export interface EntryProof {
  /** The entry's own bytes, section 4 of the protocol. */
  readonly bytes: Uint8Array;
  readonly index: number;
  /** Entries of the ledger. */
  readonly leafCount: number;
  /** 32: from the sibling of its leaf to the child of the root. */
  readonly siblings: readonly Uint8Array[];
}

/** A ledger as it was after one block, for proofs. */
export interface ProvingLedger {
  locate(key: string): { readonly index: number; readonly entry: Entry } | undefined;
  proof(index: number): ListProof;
}

/** @param key of the entry; undefined if the ledger has none of it, which no proof can show */
export function entryProofOf(ledger: ProvingLedger, key: string): EntryProof | undefined {
  const located = ledger.locate(key);
  if (!located) return undefined;
  const { index, leafCount, siblings } = ledger.proof(located.index);
  return { bytes: encodeEntry(located.entry), index, leafCount, siblings };
}

/** What an account has, as entries of their kinds. */
export interface AccountEntryProof extends EntryProof {
  readonly kind: "account" | "user" | "assetBalance";
}

/**
 * Proofs of an account's entries: the account itself, its name, and its holding of one asset. Those that are not there
 * are left out.
 */
export function accountProofsOf(
  ledger: ProvingLedger & Pick<LedgerView, "userOfAccount">,
  accountHex: string,
  assetIdHex: string | undefined,
): AccountEntryProof[] {
  const name = ledger.userOfAccount(accountHex)?.name;
  const wanted: readonly (readonly [AccountEntryProof["kind"], string | undefined])[] = [
    ["account", entryKeys.account(accountHex)],
    ["user", name === undefined ? undefined : entryKeys.user(name)],
    ["assetBalance", assetIdHex && entryKeys.assetBalance(accountHex, assetIdHex)],
  ];
  return wanted.flatMap(([kind, key]): AccountEntryProof[] => {
    const proof = key && entryProofOf(ledger, key);
    return proof ? [{ kind, ...proof }] : [];
  });
}

/** @param key of the entry that was asked for: a true proof of another entry proves nothing about it */
export function verifyEntry(
  header: Pick<Header, "stateRoot">,
  { bytes, index, leafCount, siblings }: EntryProof,
  key: string,
): Result<Entry, LightFault> {
  const entry = decodeEntry(bytes);
  if (!entry.ok) return lightFault("light/malformed", describeFault(entry.fault));
  if (entryKey(entry.value) !== key) {
    return lightFault("light/not-what-was-asked", `the proof is of ${entryKey(entry.value)}, not of ${key}`);
  }
  if (
    siblings.length !== stateListDepth ||
    !verifyProof(header.stateRoot, { index, leafCount, leaf: sha256(bytes), siblings })
  ) {
    return lightFault("light/proof-invalid", "the entry does not stand under the block's stateRoot");
  }
  return ok(entry.value);
}
