/** The demo's test transactions: the same set on both chains. */
import { fromHex, fromUtf8 } from "../../base/bytes.ts";
import type { ConsensusName } from "../../protocol/genesis.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import type { Payload } from "../../protocol/transaction.ts";
import type { AurexNode } from "../aurex-node.ts";
import type { BlockchainNetwork } from "../blockchain-network.ts";
import type { DemoOutput } from "./demo-output.ts";

export interface SentTransaction {
  readonly consensus: ConsensusName;
  readonly id: Uint8Array;
  readonly what: string;
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
    const send = async (keyPair: KeyPair, payload: Payload, what: string) => {
      signal.throwIfAborted();
      // One account's transactions go through one node: another might not have heard of the last one yet.
      const node = nodes[keyPair === wallets.alice ? 0 : nodes.length - 1] as AurexNode;
      const id = await network.send(node.options.name, keyPair, payload);
      sent.push({ consensus, id: bytesOf(id), what });
      write(`      ${consensus} ${id.slice(0, 16)}… ${what}\n`);
      return id;
    };
    await sendNamedTransactions(nodes[0] as AurexNode, wallets, send);
    for (let index = 0; index < transactions; index += 1) {
      await send(
        wallets.alice,
        transferAur(wallets.bob, BigInt(index + 1) * centUnits),
        `transfer ${index + 1} of ${transactions}`,
      );
    }
    for (const node of nodes) {
      const id = await network.sendTestTransaction(node.options.name, `Data from ${node.options.name}`);
      sent.push({ consensus, id: bytesOf(id), what: `record by ${node.options.name}` });
      write(`      ${consensus} ${id.slice(0, 16)}… record by ${node.options.name}\n`);
    }
  }
  return sent;
}

async function sendNamedTransactions(
  node: AurexNode,
  { alice, bob }: DemoWallets,
  send: (keyPair: KeyPair, payload: Payload, what: string) => Promise<string>,
): Promise<void> {
  for (const [keyPair, name] of [
    [alice, userNames.alice],
    [bob, userNames.bob],
  ] as const) {
    // A data directory used before has its users already.
    if (node.chain.ledger.userByName(name)) continue;
    await send(keyPair, { kind: "registerUser", name: fromUtf8(name) }, `register ${name}`);
  }
  await send(alice, transferAur(bob, 10_50000000n), `10.5 AUR from ${userNames.alice} to ${userNames.bob}`);
  await send(bob, transferAur(alice, 2_25000000n), `2.25 AUR from ${userNames.bob} to ${userNames.alice}`);
  await send(alice, { kind: "record", data: fromUtf8("Transaction data") }, `record by ${userNames.alice}`);
  const gold = await send(
    alice,
    {
      kind: "issueAsset",
      symbol: fromUtf8("GOLD"),
      name: fromUtf8("Gold certificates"),
      decimals: 2,
      supply: goldUnits,
      metadata: fromUtf8("one unit stands for one gram"),
    },
    `issue 1000 GOLD by ${userNames.alice}`,
  );
  const transferGold: Payload = {
    kind: "transfer",
    to: bob.publicKey,
    assetId: bytesOf(gold),
    amount: 25_00n,
    memo: fromUtf8("25 grams"),
  };
  await send(alice, transferGold, `25 GOLD from ${userNames.alice} to ${userNames.bob}`);
}

function transferAur(to: KeyPair, amount: bigint): Payload {
  return { kind: "transfer", to: to.publicKey, assetId: zeroBytes32, amount, memo: new Uint8Array(0) };
}

function bytesOf(idHex: string): Uint8Array {
  return fromHex(idHex, 32) ?? zeroBytes32;
}
