/** Writes 40 MB of lines to a stdout that nobody reads, and says on stderr how many bytes wait. */
import { setImmediate as turn } from "node:timers/promises";
import { processTerminal } from "../../src/cli/terminal.ts";

const output = processTerminal().logOutput();
const line = `${"x".repeat(999)}\n`;
let writtenBytes = 0;
while (writtenBytes < 40_000_000) {
  output.write(line);
  writtenBytes += line.length;
  if (writtenBytes % 1_000_000 === 0) await turn();
}
const waitingBytes = process.stdout.writableLength;
process.stderr.write(`${JSON.stringify({ writtenBytes, waitingBytes })}\n`);
setInterval(() => {}, 60_000);
