/** A thread that runs nothing but one loop for as long as it is told, and says how often it went round. */
import os from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { hashInto } from "@chainsafe/hashtree";
import sodium from "sodium-native";

/** Signed messages, each id 32 ‖ key 32 ‖ signature 64. */
export interface BareVerifyData {
  readonly loop: "verify";
  readonly items: Uint8Array;
}

/** 64-byte inputs hashed in batches of as many as a mining thread hashes. */
export interface BareHashData {
  readonly loop: "hash";
  readonly batchLanes: number;
}

export interface BareCount {
  readonly count: number;
  readonly elapsedMs: number;
}

const itemBytes = 128;

function verifyLoop({ items }: BareVerifyData): () => number {
  const buffer = Buffer.from(items.buffer, items.byteOffset, items.byteLength);
  const signed = Array.from({ length: items.length / itemBytes }, (_, index) => {
    const item = buffer.subarray(index * itemBytes, (index + 1) * itemBytes);
    return { message: item.subarray(0, 32), key: item.subarray(32, 64), signature: item.subarray(64) };
  });
  let next = 0;
  return () => {
    const { message, key, signature } = signed[next] as (typeof signed)[number];
    next = (next + 1) % signed.length;
    if (!sodium.crypto_sign_verify_detached(signature, message, key))
      throw new Error("a signature is invalid");
    return 1;
  };
}

function hashLoop({ batchLanes }: BareHashData): () => number {
  const input = new Uint8Array(batchLanes * 64);
  const output = new Uint8Array(batchLanes * 32);
  return () => {
    hashInto(input, output);
    return batchLanes;
  };
}

const data = workerData as BareVerifyData | BareHashData;
const step = data.loop === "verify" ? verifyLoop(data) : hashLoop(data);
// As the mining threads do, so that both stand in the same line for a core.
if (data.loop === "hash" && os.platform() === "linux")
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
parentPort?.on("message", (durationMs: number) => {
  const startMs = performance.now();
  let count = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    for (let turn = 0; turn < 16; turn += 1) count += step();
    elapsedMs = performance.now() - startMs;
  }
  parentPort?.postMessage({ count, elapsedMs } satisfies BareCount);
});
