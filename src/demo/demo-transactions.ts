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
  readonly #isDone: (node: AurexNode) => boolean;
  #idHex = "";

  /**
   * @param send signs it for the account's next sequence and submits it; resolves to its id
   * @param isDone whether a node's chain has what it is for by another transaction, e.g. one of an earlier run
   */
  constructor(
    consensus: ConsensusName,
    what: string,
    send: () => Promise<string>,
    isDone: (node: AurexNode) => boolean = () => false,
  ) {
    this.consensus = consensus;
    this.what = what;
    this.#send = send;
    this.#isDone = isDone;
  }

  get idHex(): string {
    return this.#idHex;
  }

  async send(): Promise<void> {
    this.#idHex = await this.#send();
  }

  isCommittedOn(node: AurexNode): boolean {
    return this.#isDone(node) || node.chain.transaction(bytesOf(this.#idHex)) !== undefined;
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
  network: BlockchainNetwork,
  wallets: DemoWallets,
  transactions: number,
  { write, signal }: DemoOutput,
): Promise<SentTransaction[]> {
  write("[4/6] Sending test transactions\n");
  const sent: SentTransaction[] = [];
  for (const consensus of ["pow", "poa"] as const) {
    const nodes = network.nodesOf(consensus);
    if (nodes.length === 0) continue;
    const begin = async (transaction: SentTransaction) => {
      signal.throwIfAborted();
      await transaction.send();
      sent.push(transaction);
      write(`      ${consensus} ${transaction.idHex.slice(0, 16)}… ${transaction.what}\n`);
      return transaction;
    };
    const send: Send = (keyPair, payload, what, isDone) => {
      // One account's transactions go through one node: another might not have heard of the last one yet.
      const node = nodes[keyPair === wallets.alice ? 0 : nodes.length - 1] as AurexNode;
      const sending = () => network.send(node.options.name, keyPair, payload());
      return begin(new SentTransaction(consensus, what, sending, isDone));
    };
    await sendNamedTransactions(nodes[0] as AurexNode, wallets, send);
    for (let index = 0; index < transactions; index += 1) {
      await send(
        wallets.alice,
        () => transferAur(wallets.bob, BigInt(index + 1) * centUnits),
        `transfer ${index + 1} of ${transactions}`,
      );
    }
    for (const node of nodes) {
      const { name } = node.options;
      const sending = () => network.sendTestTransaction(name, `Data from ${name}`);
      await begin(new SentTransaction(consensus, `record by ${name}`, sending));
    }
  }
  return sent;
}

/** @param payload asked for anew if the transaction has to be sent again */
type Send = (
  keyPair: KeyPair,
  payload: () => Payload,
  what: string,
  isDone?: (node: AurexNode) => boolean,
) => Promise<SentTransaction>;

async function sendNamedTransactions(
  node: AurexNode,
  { alice, bob }: DemoWallets,
  send: Send,
): Promise<void> {
  for (const [keyPair, name] of [
    [alice, userNames.alice],
    [bob, userNames.bob],
  ] as const) {
    // A data directory used before has its users already.
    const isDone = ({ chain }: AurexNode) => chain.ledger.userByName(name) !== undefined;
    if (isDone(node)) continue;
    await send(keyPair, () => ({ kind: "registerUser", name: fromUtf8(name) }), `register ${name}`, isDone);
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

function transferAur(to: KeyPair, amount: bigint): Payload {
  return { kind: "transfer", to: to.publicKey, assetId: zeroBytes32, amount, memo: new Uint8Array(0) };
}

function bytesOf(idHex: string): Uint8Array {
  return fromHex(idHex, 32) ?? zeroBytes32;
}
