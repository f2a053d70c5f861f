/** Counts the bytes of gossip that have come from each peer and are no whole frame yet, or a frame that nobody has taken up. */
import type { PeerId } from "../peer-host.ts";
import { encodeLength } from "./frames.ts";

export class FrameBacklog {
  readonly #bytesOf = new Map<PeerId, number>();

  came(peer: PeerId, bytes: number): void {
    this.#bytesOf.set(peer, (this.#bytesOf.get(peer) ?? 0) + bytes);
  }

  /** A frame was taken up. @param bytes of it, without its length prefix */
  took(peer: PeerId, bytes: number): void {
    const left = (this.#bytesOf.get(peer) ?? 0) - bytes - encodeLength(bytes).length;
    if (left > 0) this.#bytesOf.set(peer, left);
    else this.#bytesOf.delete(peer);
  }

  /** The peer's stream has ended, and what had come of it is gone. */
  ended(peer: PeerId): void {
    this.#bytesOf.delete(peer);
  }

  of(peer: PeerId): number {
    return this.#bytesOf.get(peer) ?? 0;
  }
}
