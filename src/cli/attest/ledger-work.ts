/** What the commands share that hand something over from a ledger: opening it, progress, Ctrl-C, and writing the document. */
import type { LedgerBlocks } from "../../attest/ledger-blocks.ts";
import { createDurableFile, replaceDurableFile } from "../../base/durable-file.ts";
import { durationText } from "../../base/duration-text.ts";
import { textOf } from "../../base/text-file.ts";
import { visibleText } from "../../base/visible-text.ts";
import { placeUnusable } from "../../node/operator-error.ts";
import { ledgerOfNode } from "../export/ledger-of-node.ts";
import { usageError } from "../failure.ts";
import { type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import type { Terminal } from "../terminal.ts";

/** The ledger that is named, else the one of the node that the flags name. */
export async function ledgerNamed(
  file: string | undefined,
  flags: PlaceFlags,
  terminal: Terminal,
): Promise<string> {
  return file ?? ledgerOfNode(await settingsOf(flags, terminal), terminal);
}

/** Runs work over an open ledger; the first Ctrl-C aborts the signal. */
export async function withLedger<Value>(
  file: string,
  work: (ledger: LedgerBlocks, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const { LedgerBlocks } = await import("../../attest/ledger-blocks.ts");
  const ledger = LedgerBlocks.open(file);
  const stop = addStopSignals();
  try {
    return await work(ledger, stop.signal);
  } finally {
    stop.remove();
    ledger.close();
  }
}

const progressEveryMs = 2_000;

/** On stderr, at most every two seconds, with the time that is left. */
export function blockProgress(
  terminal: Terminal,
): (progress: { readonly height: number; readonly headHeight: number }) => void {
  const startedAt = performance.now();
  let nextAt = startedAt + progressEveryMs;
  return ({ height, headHeight }) => {
    const now = performance.now();
    if (now < nextAt || height === 0) return;
    nextAt = now + progressEveryMs;
    const leftMs = ((now - startedAt) * Math.max(0, headHeight - height)) / height;
    terminal.stderr.write(`block ${height} of ${headHeight}, about ${durationText(leftMs)} left\n`);
  };
}

export interface OutFlags {
  readonly out?: string;
  readonly force?: boolean;
}

/** Writes a document under a name that is free, or in place of what is there with --force; whole or not at all. */
export async function writeDocument(file: string, content: string, force: boolean): Promise<void> {
  const bytes = Buffer.from(content);
  try {
    await createDurableFile(file, bytes, 0o644);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") {
      throw placeUnusable(thrown, file, "name another file");
    }
    if (!force) {
      throw usageError(
        `${file} is there already`,
        "a document that somebody may hold on to is not overwritten",
        "name another file, or add --force to replace it",
      );
    }
    await replaceDurableFile(file, bytes, 0o644).catch((refused: unknown) => {
      throw placeUnusable(refused, file, "name another file");
    });
  }
}

/** The text of a document that somebody hands over: bounded, and strict UTF-8. */
export async function readDocument(file: string, bytesMax: number, terminal: Terminal): Promise<string> {
  const { open } = await import("node:fs/promises");
  let bytes: Uint8Array;
  if (file === "-") bytes = await terminal.readInput(bytesMax);
  else {
    const next = "name another file, or check who may read it: ls -l";
    const handle = await open(file, "r").catch((thrown: unknown) => {
      throw placeUnusable(thrown, file, next);
    });
    try {
      const { size } = await handle.stat();
      bytes = size > bytesMax ? new Uint8Array(bytesMax + 1) : new Uint8Array(await handle.readFile());
    } catch (thrown) {
      throw placeUnusable(thrown, file, next);
    } finally {
      await handle.close();
    }
  }
  if (bytes.length > bytesMax) throw notUsable(file, `it has more than ${bytesMax} bytes`);
  const text = textOf(bytes);
  if (text.ok) return text.value;
  throw notUsable(file, text.fault);
}

export function notUsable(file: string, why: string) {
  return usageError(
    `${file === "-" ? "stdin" : file} is no document for this command`,
    visibleText(why),
    "give the file that digest or prove has written",
    "attest/malformed",
  );
}
