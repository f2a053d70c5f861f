/** Fetches blocks whose bytes on this node's disk are damaged from peers. The hash tells whether a peer served the right block. */
import { toHex } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import type { PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import type { FetchModules } from "./fetch-modules.ts";

const blocksPerRequest = 8;
const firstAfterMs = 500;
const againAfterMs = 2_000;

export class BlockMender {
  readonly #modules: FetchModules;
  readonly #schedule: Schedule;
  #isRunning = false;
  /** Peers are asked in turn: the same block may be damaged on one of them, too. */
  #turn = 0;

  constructor(modules: FetchModules) {
    this.#modules = modules;
    this.#schedule = new Schedule(modules.clock);
  }

  start(): void {
    if (this.#modules.chain.damagedBlocks().length > 0) this.blockDamaged();
  }

  /** A block was found damaged. */
  blockDamaged(): void {
    this.#soon(firstAfterMs);
  }

  close(): void {
    this.#schedule.close();
  }

  #soon(delayMs: number): void {
    this.#schedule.soon("mend", delayMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { chain, directory, logger } = this.#modules;
    const peers = directory.peersOnChain();
    const peer = peers[this.#turn++ % Math.max(1, peers.length)];
    const wanted = chain.damagedBlocks().slice(0, blocksPerRequest);
    try {
      if (peer && wanted.length > 0) await this.#fetch(peer.peerId, wanted);
    } catch (thrown) {
      logger.debug({ peer: peer?.peerId, error: toError(thrown).message }, "a damaged block was not fetched");
    } finally {
      this.#isRunning = false;
    }
    if (chain.damagedBlocks().length > 0) this.#soon(againAfterMs);
  }

  async #fetch(peer: PeerId, hashes: readonly Uint8Array[]): Promise<void> {
    const { chain, requests, logger } = this.#modules;
    const blocks = await requests.blocksByHash(peer, hashes);
    if (!blocks.ok) return;
    for (const block of blocks.value) {
      if (!(await chain.mendBlock(block))) continue;
      const { height } = block.header;
      logger.warn(
        { height, hash: toHex(block.hash), peer },
        "a block that was damaged on disk was fetched again from a peer",
      );
    }
  }
}
