/** The process's stdout and stderr, whatever they are: no stream that fails, hangs or goes away ends a node. */
import { writeSync } from "node:fs";
import { Writable } from "node:stream";
import { exitCodes } from "../node/operator-error.ts";

/** What may wait for a reader that hangs. Lines beyond it are dropped. */
const waitingBytesMax = 2 ** 20;
const stderrDescriptor = 2;

/** The first error of stdout; undefined while everything could be written. */
let firstFault: NodeJS.ErrnoException | undefined;
/** True once stdout carries a log: losing lines of a log is no failure. */
let mayBeLost = false;
let isGuarded = false;

/**
 * Hears every error of both streams from here on, so that none becomes an uncaught one. Where a command's result could
 * not be written and nothing else went wrong, the process ends with 141 for a reader that went away (what a shell shows
 * for SIGPIPE) and with 2 and one line on stderr for everything else, such as a full disk.
 */
export function guardProcessOutput(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    firstFault ??= error;
  });
  process.stderr.on("error", () => {});
  process.on("exit", (code) => {
    if (code !== exitCodes.ok || !firstFault || mayBeLost) return;
    process.exitCode = firstFault.code === "EPIPE" ? exitCodes.brokenPipe : exitCodes.usage;
    if (firstFault.code !== "EPIPE") sayLost(firstFault);
  });
}

function sayLost({ message }: Error): void {
  const lines = [
    "Error: the result could not be written",
    `Why:   ${message}`,
    "Next:  make room or send the output to another place, and run the command again",
  ];
  try {
    // The process is ending: only a write that does not wait still gets out.
    writeSync(stderrDescriptor, `${lines.join("\n")}\n`);
  } catch {
    // There is no other place to say it.
  }
}

/**
 * Stdout for a log: lines that nobody has to get. If the reader hangs (a stopped pager, a terminal after Ctrl-S), at
 * most 1 MiB waits and further lines are dropped, instead of memory growing or the whole node standing still.
 */
export function processLogOutput(): NodeJS.WritableStream {
  mayBeLost = true;
  // Node writes to a terminal synchronously: a terminal that takes nothing would stop the event loop.
  const { _handle: handle } = process.stdout as { _handle?: { setBlocking?: (isBlocking: boolean) => void } };
  if (process.stdout.isTTY) handle?.setBlocking?.(false);
  return boundedOutput(process.stdout);
}

/** A stream that passes on every chunk unless more than 1 MiB already waits in `target`; it never fails. */
export function boundedOutput(target: Writable): Writable {
  const bounded = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      if (!target.destroyed && target.writableLength < waitingBytesMax) target.write(chunk, () => {});
      done();
    },
  });
  // For whoever decides on colours.
  return Object.assign(bounded, { isTTY: "isTTY" in target && target.isTTY === true });
}
