/** An attacker that comes back: after each cut it connects again, as a new peer. */
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "@libp2p/interface";
import type { ChainSpec } from "../../../src/protocol/genesis.ts";
import type { Attack } from "./attacker.ts";
import type { GossipMouth } from "./raw-peer.ts";
import { RawPeer } from "./raw-peer.ts";

const pauseMs = 500;

export interface PersistentOptions {
  readonly spec: ChainSpec;
  readonly topics: readonly string[];
  /** The honest node; by default the one under attack. */
  readonly target?: string;
}

export class Persistent {
  readonly #attack: Attack;
  readonly #options: PersistentOptions;
  #peer: RawPeer | undefined;
  #connection: Connection | undefined;
  #mouth: GossipMouth | undefined;

  private constructor(attack: Attack, options: PersistentOptions) {
    this.#attack = attack;
    this.#options = options;
  }

  /** Connected for the first time; on a busy machine that may take several tries. */
  static async open(attack: Attack, options: PersistentOptions): Promise<Persistent> {
    const persistent = new Persistent(attack, options);
    await persistent.now();
    return persistent;
  }

  /** The connection and the gossip stream of now; undefined if the attack is over. */
  async now(): Promise<{ readonly connection: Connection; readonly mouth: GossipMouth } | undefined> {
    while (!this.#attack.signal.aborted) {
      if (this.#connection?.status === "open" && this.#mouth?.isOpen) {
        return { connection: this.#connection, mouth: this.#mouth };
      }
      if (this.#peer) await delay(pauseMs);
      await this.#connect().catch(() => {});
    }
    return undefined;
  }

  async #connect(): Promise<void> {
    const { spec, topics, target = this.#attack.order.targets[0] ?? "" } = this.#options;
    await this.#peer?.stop().catch(() => {});
    const peer = await RawPeer.open({ spec, network: this.#attack.order.network });
    this.#peer = peer;
    const connection = await peer.connect(target);
    connection.addEventListener("close", () => {
      if (this.#peer === peer) this.#attack.cut();
    });
    this.#connection = connection;
    this.#mouth = await peer.gossip(connection, topics);
  }
}
