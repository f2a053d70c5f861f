/** A small ledger of both engines in which every question of an auditor has an answer: two days, names, assets with huge amounts, votes, a reorganization. */
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { authorityActions } from "../../src/protocol/transaction.ts";
import { jobFor } from "./ledger-contents.ts";
import { issueAsset, keyOf, record, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

export const alice = keyOf(100);
export const bob = keyOf(101);
export const carol = keyOf(102);
export const founder = keyOf(1);
export const uint64Max = 2n ** 64n - 1n;
const dayMs = 24 * 60 * 60 * 1_000;

/** Writes it, with the reorganization that its export has seen. */
export async function writeAuditStory(
  file: string,
): Promise<{ work: SyntheticChain; authority: SyntheticChain }> {
  const work = workStory();
  const job = jobFor(file, work);
  await job.catchUp();
  work.rewindTo(4);
  work.append(keyOf(2), [work.sign(bob, transfer(carol, 7n), 2, 5n)], 1);
  work.append(keyOf(2), [], 2);
  await job.catchUp();
  job.close();
  const authority = authorityStory();
  const other = jobFor(file, authority);
  await other.catchUp();
  other.close();
  return { work, authority };
}

/** Two miners, of whom one has a name; five assets whose amounts pass 2^53 and 2^63, alone and summed up. */
function workStory(): SyntheticChain {
  const chain = new SyntheticChain("pow");
  const miner = keyOf(1);
  chain.append(miner, [
    chain.sign(alice, registerUser("alice@example.com"), 0),
    chain.sign(alice, transfer(bob, 1_050_000_000n, "lunch, with a comma"), 1, 7n),
    chain.sign(bob, registerUser("bob@example.com"), 0),
    chain.sign(miner, registerUser("miner@example.com"), 0),
  ]);
  const issues = ["ONE", "TWO", "THREE"].map((symbol, index) =>
    chain.sign(bob, issueAsset(symbol, [0, 18, 2][index] as number, uint64Max), 1 + index),
  );
  const gold = chain.sign(alice, issueAsset("GOLD", 2, 1_000n), 2);
  chain.append(miner, [...issues, gold], 0, dayMs);
  const whole = issues[0] as (typeof issues)[number];
  const sent = [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n].map((amount, index) =>
    chain.sign(bob, transfer(index === 1 ? carol : alice, amount, `part ${index}`, whole.id), 4 + index),
  );
  chain.append(keyOf(2), [...sent.slice(0, 2), chain.sign(alice, transfer(carol, 250n, "", gold.id), 3)]);
  chain.append(miner, [chain.sign(alice, record("hello, ledger"), 4, 3n)]);
  chain.append(miner, [chain.sign(bob, transfer(alice, 9n), 6)]);
  return chain;
}

/** One authority lets another in; what is final lags behind the head. */
function authorityStory(): SyntheticChain {
  const chain = new SyntheticChain("poa");
  const expiresAtHeight = 500;
  chain.append(founder, [
    chain.sign(founder, registerUser("office@example.com"), 0),
    chain.sign(
      founder,
      {
        kind: "authorityVote",
        action: authorityActions.add,
        authority: bob.publicKey,
        expiresAtHeight,
        consent: signConsent(chain.spec.chainId, expiresAtHeight, bob),
      },
      1,
    ),
    chain.sign(alice, transfer(bob, 10n ** 15n + 1n, "rent"), 0, 2n),
  ]);
  const inForce = chain.append(founder, []);
  chain.changes.set(inForce.hashHex, [{ authority: bob.publicKey, change: "added" }]);
  chain.append(bob, [chain.sign(bob, transfer(alice, 1n), 0)], 0, dayMs);
  chain.final = { height: 2, hash: inForce.hash };
  return chain;
}
