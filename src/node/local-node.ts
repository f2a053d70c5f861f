/** One node of a `BlockchainNetwork`: planned first, and to be looked at and used once the network has started it. */

import type { NodeStatus } from "../api/node-status.ts";
import { fromUtf8 } from "../base/bytes.ts";
import type { ConsensusName } from "../protocol/genesis.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { Payload } from "../protocol/transaction.ts";
import type { AurexNode } from "./aurex-node.ts";
import { type BlockSummary, blockSummaries, chainTable, statusTable } from "./status-tables.ts";

/** What a node needs of the network that it belongs to. */
export interface LocalNodeHome {
  node(name: string): AurexNode;
  keyOf(name: string): KeyPair;
  send(name: string, keyPair: KeyPair, payload: Payload): Promise<string>;
  committed(name: string, idHex: string, timeoutMs?: number): Promise<void>;
}

export class LocalNode {
  readonly name: string;
  readonly consensus: ConsensusName;
  readonly #home: LocalNodeHome;

  constructor(name: string, consensus: ConsensusName, home: LocalNodeHome) {
    this.name = name;
    this.consensus = consensus;
    this.#home = home;
  }

  /**
   * The running node, with its chain, mempool and network.
   *
   * @throws Error before `startAll` has started it, and after `stopAll`
   */
  get running(): AurexNode {
    return this.#home.node(this.name);
  }

  /** Where its HTTP API listens, e.g. `http://127.0.0.1:13280`; undefined if it was added without `apiPort`. */
  get apiUrl(): string | undefined {
    return this.running.apiUrl;
  }

  /** What it says of itself, as `GET /v1/node` does. */
  status(): NodeStatus {
    return this.running.status();
  }

  /** Its canonical chain, lowest block first. */
  chain(): readonly BlockSummary[] {
    return blockSummaries(this.running.chain);
  }

  /** Its status as a table with one line, to stdout if no `write` is given. */
  printStatus(write: (text: string) => void = writeToStdout): void {
    write(statusTable([this.status()]));
  }

  /** Its canonical chain as a table, to stdout if no `write` is given. */
  printChain(write: (text: string) => void = writeToStdout): void {
    write(chainTable(this.name, this.chain()));
  }

  /**
   * Sends a record signed by the node's own key.
   *
   * @param data text of at most 4,000 bytes
   * @returns the transaction's id, 64 hex digits
   * @throws Error with the reason if the node refuses it
   */
  async sendTransaction(data: string): Promise<string> {
    const keyPair = this.#home.keyOf(this.name);
    return this.#home.send(this.name, keyPair, { kind: "record", data: fromUtf8(data) });
  }

  /**
   * Resolves when this node has a transaction in its canonical chain.
   *
   * @param idHex 64 hex digits
   * @throws Error with the reason if the node dropped it, or if it is not committed in `timeoutMs` (60 s)
   */
  committed(idHex: string, timeoutMs?: number): Promise<void> {
    return this.#home.committed(this.name, idHex, timeoutMs);
  }
}

/** Where tables go if no `write` is given. */
export function writeToStdout(text: string): void {
  process.stdout.write(text);
}
