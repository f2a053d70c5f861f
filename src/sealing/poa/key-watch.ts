/** Doppelganger protection: notices another node that signs with this node's key. Two such nodes would get the key slashed. */
import { EventEmitter } from "node:events";
import { bytesEqual } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { type Header, HeaderType } from "../../protocol/block.ts";
import type { Presence } from "../../protocol/presence.ts";
import type { Vote } from "../../protocol/vote.ts";
import type { SealJournal } from "./seal-journal.ts";
import { isSameVote, type VoteJournal } from "./vote-journal.ts";

export interface KeyWatchOptions {
  readonly publicKey: Uint8Array;
  /** Wall clock at the start of this process. Older blocks prove nothing: this node may have sealed them before it restarted. */
  readonly startedMs: number;
}

export interface KeyWatchModules {
  readonly sealJournal: Pick<SealJournal, "sealedOn" | "floorHeight">;
  readonly voteJournal: Pick<VoteJournal, "votedAt" | "floorHeight">;
  /** The timestamp in a block's header; undefined if the block is not known. */
  readonly timestampOf: (blockHash: Uint8Array) => number | undefined;
  readonly logger: Logger;
}

export interface KeyWatchEvents {
  /** At most once. */
  seenElsewhere: [{ readonly what: string }];
}

export class KeyWatch {
  readonly events = new EventEmitter<KeyWatchEvents>();
  readonly #options: KeyWatchOptions;
  readonly #modules: KeyWatchModules;
  #seen: { readonly what: string } | undefined;

  constructor(options: KeyWatchOptions, modules: KeyWatchModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** What another node signed with our key. Once set it stays until an operator restarts the node. */
  get seenElsewhere(): { readonly what: string } | undefined {
    return this.#seen;
  }

  /** @param header of a block with a valid seal, from any source; the journal knows our own blocks */
  noticeBlock(header: Header): void {
    if (!this.#isFresh(header.producer, header.timestampMs)) return;
    const { sealJournal, logger } = this.#modules;
    if (header.height < sealJournal.floorHeight) return;
    try {
      const sealed = sealJournal.sealedOn(header.parentHash);
      if (!sealed || !isHeaderOf(header, sealed)) this.#see(`block ${header.height}`);
    } catch (thrown) {
      logger.error({ error: toError(thrown) }, "whether a block is our own cannot be known");
    }
  }

  /**
   * A vote has no time of its own, so the time of its target counts. A vote for a block that is not here yet is not
   * judged.
   *
   * @param vote with a valid signature
   */
  noticeVote(vote: Vote): void {
    const { voteJournal, timestampOf } = this.#modules;
    const { target, voter } = vote;
    if (!this.#isFresh(voter, timestampOf(target.hash)) || target.height < voteJournal.floorHeight) return;
    const own = voteJournal.votedAt(target.height);
    if (!own || !isSameVote(own, vote)) this.#see(`a vote for block ${target.height}`);
  }

  /** @param presence of another process, signed with our key after our start */
  noticeTwin({ startedMs }: Presence): void {
    if (!this.#seen) this.#see(`a node that runs since ${new Date(startedMs).toISOString()}`);
  }

  #isFresh(key: Uint8Array, timestampMs: number | undefined): boolean {
    if (this.#seen || timestampMs === undefined || timestampMs < this.#options.startedMs) return false;
    return bytesEqual(key, this.#options.publicKey);
  }

  #see(what: string): void {
    this.#seen = { what };
    this.#modules.logger.error(
      { what },
      "another node signs with this node's key: this one seals and votes no more. Stop one of the two, then restart this one",
    );
    this.events.emit("seenElsewhere", this.#seen);
  }
}

/** An authority's nonce is zero, so the header alone identifies its block. A block's bytes begin with the header. */
function isHeaderOf(header: Header, blockBytes: Uint8Array): boolean {
  const headerBytes = HeaderType.serialize(header);
  return bytesEqual(headerBytes, blockBytes.subarray(0, headerBytes.length));
}
