/** `npm run bench`: measures every section, prints one table, writes the figures as JSON. */
import { mkdir, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { programFlags } from "../test/support/program-flags.ts";
import { measureAccountIndex } from "./account-index.ts";
import { runAsNode } from "./as-a-node.ts";
import { measureAudit } from "./audit.ts";
import { measureEvents } from "./events.ts";
import { measureExport } from "./export.ts";
import { measureImport } from "./import.ts";
import { measureLight } from "./light.ts";
import { type Figure, ratioOf, removeDirectory, type Section, temporaryDirectory } from "./measure.ts";
import { measureMempool } from "./mempool.ts";
import { measureMicro } from "./micro.ts";
import { measureMining } from "./mining.ts";
import { measurePage } from "./page.ts";
import { measurePostgres } from "./postgres.ts";
import { measurePropagation } from "./propagation.ts";
import { measureReading } from "./reading.ts";
import { measureStartup } from "./startup.ts";
import { measureSubmitting } from "./submitting.ts";
import { figureTable } from "./table.ts";
import { measureThroughput } from "./throughput.ts";

const sections: Readonly<Record<string, Section>> = {
  mining: measureMining,
  import: measureImport,
  accountIndex: measureAccountIndex,
  mempool: measureMempool,
  throughput: measureThroughput,
  submitting: measureSubmitting,
  reading: measureReading,
  propagation: measurePropagation,
  events: measureEvents,
  export: measureExport,
  postgres: measurePostgres,
  audit: measureAudit,
  startup: measureStartup,
  page: measurePage,
  light: measureLight,
  micro: measureMicro,
};

const usage = `Measures Aurex on this machine, each figure beside its limit in the same run; about six minutes. Prints one table and
writes the figures as JSON into bench/results.

npm run bench -- [options]
  --only SECTION       this section alone; may be given again: ${Object.keys(sections).slice(0, 5).join(", ")},
                       ${Object.keys(sections).slice(5).join(", ")}
  --quick              fewer rounds, for a look while working
  --json               prints the figures as JSON
  --help               prints this

Exit code: 0 all was measured, 1 a section failed, 2 the command cannot be understood.
Example: npm run bench -- --only import --only mining`;

const flags = programFlags("bench", usage, {
  only: { type: "string", multiple: true },
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
});
const names = flags.only ?? Object.keys(sections);
const unknown = names.find((name) => !Object.hasOwn(sections, name));
if (unknown !== undefined) {
  process.stderr.write(`no section is called ${unknown}; there are: ${Object.keys(sections).join(", ")}\n`);
  process.exit(2);
}

runAsNode();
const startedAt = new Date();
const figures: (Figure & { readonly section: string; readonly ratio: number | undefined })[] = [];
const failures: { readonly section: string; readonly reason: string }[] = [];
for (const name of names) {
  const progress = (text: string) => {
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
    process.stderr.write(`${String(seconds).padStart(4)} s  ${name}: ${text}\n`);
  };
  const directories: string[] = [];
  const directory = async () => {
    const made = await temporaryDirectory();
    directories.push(made);
    return made;
  };
  progress("begins");
  try {
    const measured = await (sections[name] as Section)({ quick: flags.quick, progress, directory });
    for (const figure of measured) figures.push({ section: name, ...figure, ratio: ratioOf(figure) });
  } catch (thrown) {
    const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    failures.push({ section: name, reason });
    progress(`failed: ${reason}`);
  } finally {
    for (const made of directories) await removeDirectory(made);
  }
}

const machine = {
  cores: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  platform: `${os.platform()} ${os.arch()}`,
  node: process.version,
};
const json = `${JSON.stringify({ startedAt, machine, quick: flags.quick, figures, failures }, null, 2)}\n`;
const results = path.join(import.meta.dirname, "results");
const file = path.join(results, `${startedAt.toISOString().replaceAll(":", "-")}.json`);
await mkdir(results, { recursive: true });
await writeFile(file, json);
if (flags.json) process.stdout.write(json);
else {
  const title = `Aurex on ${machine.cores} cores, Node ${machine.node}; written to ${path.relative(process.cwd(), file)}`;
  process.stdout.write(`\n${title}\n\n${figureTable(figures)}`);
}
for (const { section } of failures) process.stderr.write(`the section ${section} failed\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
