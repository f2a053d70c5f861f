/** Watches for this node's own key at work elsewhere: two nodes with one key would sign what gets the key banned. */
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
  /** Wall clock at the start of this process; older blocks are history, whoever sealed them. */
  readonly startedMs: number;
}

export interface KeyWatchModules {
  readonly sealJournal: Pick<SealJournal, "sealedOn" | "floorHeight">;
  readonly voteJournal: Pick<VoteJournal, "votedAt" | "floorHeight">;
  /** A known block's own timestamp. */
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

  /** What of our key came from elsewhere; once set it stays, until an operator has seen to it and restarts. */
  get seenElsewhere(): { readonly what: string } | undefined {
    return this.#seen;
  }

  /** @param header of a block whose seal holds, from wherever it came: our own echo is known by the journal */
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
   * A vote has no time of its own: that of its target counts, and one for a block that is not here yet is not judged.
   *
   * @param vote whose signature holds
   */
  noticeVote(vote: Vote): void {
    const { voteJournal, timestampOf } = this.#modules;
    const { target, voter } = vote;
    if (!this.#isFresh(voter, timestampOf(target.hash)) || target.height < voteJournal.floorHeight) return;
    const own = voteJournal.votedAt(target.height);
    if (!own || !isSameVote(own, vote)) this.#see(`a vote for block ${target.height}`);
  }

  /** @param presence of another process, signed with our key and newer than our start */
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

/** An authority's nonce is zero, so its block is known by the header, and that is where the block's bytes begin. */
function isHeaderOf(header: Header, blockBytes: Uint8Array): boolean {
  const headerBytes = HeaderType.serialize(header);
  return bytesEqual(headerBytes, blockBytes.subarray(0, headerBytes.length));
}
