/** What a node reads to put proofs together: its canonical chain, block by block. */
import type { BlockContents, EngineState } from "../consensus/engine.ts";
import type { ConsensusSection, HeaderRecord } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";

export interface LightSource {
  readonly head: HeaderRecord;
  /** The record of the canonical block at a height. */
  recordAt(height: number): HeaderRecord | undefined;
  /** The consensus section of the canonical block at a height. */
  sectionAt(height: number): ConsensusSection | undefined;
  /** What the canonical block at a height says to the engine. */
  contentsAt(height: number): BlockContents | undefined;
  /** The engine's state after a block; here for one whose record was restated (trust recovery). */
  advance(contents: BlockContents, parent: HeaderRecord): EngineState | undefined;
  /** The highest certificate for the chain of the head that is not in that chain yet. */
  readonly newestCertificate: Certificate | undefined;
  /** Of a block above the final one: a certificate that no block of the chain may hold yet, or ever. */
  certificateOf(hash: Uint8Array): Certificate | undefined;
}
