/** A checkpoint: a block by height and hash, as votes and finality name it. */
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual } from "../base/bytes.ts";
import { Bytes32, SafeUint64 } from "./codec.ts";

export const CheckpointType = new ContainerType({ height: SafeUint64, hash: Bytes32 });
export type Checkpoint = ValueOf<typeof CheckpointType>;

export function isSameCheckpoint(a: Checkpoint, b: Checkpoint): boolean {
  return a.height === b.height && bytesEqual(a.hash, b.hash);
}
