/** The demo's test transactions: the same set on both chains. */
import { getUser } from "../api/accounts.ts";
import { fromHex, fromUtf8 } from "../base/bytes.ts";
import { ApiProblem } from "../client/api-problem.ts";
import type { ConsensusName } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { Payload } from "../protocol/transaction.ts";
import type { DemoOutput } from "./demo-output.ts";
import type { Lab } from "./lab/lab.ts";
import type { LabNode } from "./lab/lab-node.ts";
import { signAndSend } from "./lab/sign-and-send.ts";

/** One of the demo's transactions. Its id changes if it has to be sent again. */
export class SentTransaction {
  readonly consensus: ConsensusName;
  readonly what: string;
  readonly #send: () => Promise<string>;
  /** The name that it registers, if it does. */
  readonly name: string | undefined;
  #idHex = "";

  /** @param send signs it for the account's next sequence and submits it; resolves to its id */
  constructor(consensus: ConsensusName, what: string, send: () => Promise<string>, name?: string) {
    this.consensus = consensus;
    this.what = what;
    this.#send = send;
    this.name = name;
  }

  get idHex(): string {
    return this.#idHex;
  }

  async send(): Promise<void> {
    this.#idHex = await this.#send();
  }
}

export interface DemoWallets {
  readonly alice: KeyPair;
  readonly bob: KeyPair;
}

/** The names that the keys register on each chain. */
export const userNames = { alice: "alice@example.com", bob: "bob@example.com" } as const;
const goldUnits = 1_000_00n;
/** A hundredth of an AUR. */
const centUnits = 1_000_000n;

/** Sends the same set of transactions to both chains, each to another node than the last. */
export async function sendAll(
  lab: Lab,
  wallets: DemoWallets,
  transactions: number,
  { write, signal }: DemoOutput,
): Promise<SentTransaction[]> {
  write("[4/6] Sending test transactions\n");
  const sent: SentTransaction[] = [];
  for (const consensus of ["pow", "poa"] as const) {
    const nodes = lab.nodesOf(consensus);
    const [first] = nodes;
    if (!first) continue;
    const begin = async (transaction: SentTransaction) => {
      signal.throwIfAborted();
      await transaction.send();
      sent.push(transaction);
      write(`      ${consensus} ${transaction.idHex.slice(0, 16)}… ${transaction.what}\n`);
      return transaction;
    };
    const send: Send = (keyPair, payload, what, name) => {
      // One account's transactions go through one node: another might not have heard of the last one yet.
      const { api, plan } = nodes[keyPair === wallets.alice ? 0 : nodes.length - 1] as LabNode;
      const sending = () => signAndSend({ api, spec: plan.spec }, keyPair, payload());
      return begin(new SentTransaction(consensus, what, sending, name));
    };
    await sendNamedTransactions(first, wallets, send);
    for (let index = 0; index < transactions; index += 1) {
      await send(
        wallets.alice,
        () => transferAur(wallets.bob, BigInt(index + 1) * centUnits),
        `transfer ${index + 1} of ${transactions}`,
      );
    }
    for (const { api, name, plan } of nodes) {
      const payload: Payload = { kind: "record", data: fromUtf8(`Data from ${name}`) };
      const sending = () => signAndSend({ api, spec: plan.spec }, plan.keyPair, payload);
      await begin(new SentTransaction(consensus, `record by ${name}`, sending));
    }
  }
  return sent;
}

/**
 * @param payload asked for anew if the transaction has to be sent again
 * @param name that it registers
 */
type Send = (
  keyPair: KeyPair,
  payload: () => Payload,
  what: string,
  name?: string,
) => Promise<SentTransaction>;

async function sendNamedTransactions(node: LabNode, { alice, bob }: DemoWallets, send: Send): Promise<void> {
  for (const [keyPair, name] of [
    [alice, userNames.alice],
    [bob, userNames.bob],
  ] as const) {
    // A data directory used before has its users already.
    if (await hasUser(node, name)) continue;
    await send(keyPair, () => ({ kind: "registerUser", name: fromUtf8(name) }), `register ${name}`, name);
  }
  await send(
    alice,
    () => transferAur(bob, 10_50000000n),
    `10.5 AUR from ${userNames.alice} to ${userNames.bob}`,
  );
  await send(
    bob,
    () => transferAur(alice, 2_25000000n),
    `2.25 AUR from ${userNames.bob} to ${userNames.alice}`,
  );
  const data: Payload = { kind: "record", data: fromUtf8("Transaction data") };
  await send(alice, () => data, `record by ${userNames.alice}`);
  const gold = await send(
    alice,
    () => ({
      kind: "issueAsset",
      symbol: fromUtf8("GOLD"),
      name: fromUtf8("Gold certificates"),
      decimals: 2,
      supply: goldUnits,
      metadata: fromUtf8("one unit stands for one gram"),
    }),
    `issue 1000 GOLD by ${userNames.alice}`,
  );
  const transferGold = (): Payload => ({
    kind: "transfer",
    to: bob.publicKey,
    assetId: bytesOf(gold.idHex),
    amount: 25_00n,
    memo: fromUtf8("25 grams"),
  });
  await send(alice, transferGold, `25 GOLD from ${userNames.alice} to ${userNames.bob}`);
}

/** Whether a node's ledger has a name, whoever registered it. */
export async function hasUser({ api }: LabNode, name: string): Promise<boolean> {
  try {
    await api.call(getUser, { params: { name } });
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiProblem && thrown.status === 404) return false;
    throw thrown;
  }
}

function transferAur(to: KeyPair, amount: bigint): Payload {
  return { kind: "transfer", to: to.publicKey, assetId: zeroBytes32, amount, memo: new Uint8Array(0) };
}

function bytesOf(idHex: string): Uint8Array {
  return fromHex(idHex, 32) ?? zeroBytes32;
}
