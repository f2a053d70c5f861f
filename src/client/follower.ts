/** What a light client knows of a chain, and how it learns more; one implementation for each engine. */

import type { Header } from "../protocol/block.ts";
import type { BlockProof, LightPage } from "./proof-reader.ts";
import type { CheckName } from "./verified.ts";

export type Check = (name: CheckName, what: string) => void;

/** Asks the node for the way from a height upward. */
export type AskWay = (from: number) => Promise<LightPage>;

export interface LightTip {
  readonly height: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

export interface ProvenHeader {
  readonly header: Header;
  readonly hash: Uint8Array;
  /** Blocks from this one up to the newest that is known, itself included; undefined if the block is final. */
  readonly confirmations: number | undefined;
}

export interface Follower {
  /** The newest block that no honest node can be behind: final (Proof of Authority), or the heaviest chain's (Proof of Work). */
  readonly tip: LightTip;
  /** Who seals and votes; undefined in Proof of Work. */
  readonly authorities: readonly Uint8Array[] | undefined;
  /** Who sealed and voted at a height up to the newest that is known; undefined in Proof of Work. */
  authoritiesAt(height: number): readonly Uint8Array[] | undefined;
  /** Follows the chain as far as the node leads; what has been learned before a fault stays. */
  follow(ask: AskWay, check: Check): Promise<void>;
  /** @throws NotVerified */
  judge(proof: BlockProof, check: Check): ProvenHeader;
  encode(): Uint8Array;
}

/** A node that is honest needs far fewer pages. */
export const pagesMax = 10_000;
