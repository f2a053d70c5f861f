/** From starting the program to a node that is ready, and the memory that it then has, against a bare Node process. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { chainSpecToJson } from "../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { type BenchContext, type Figure, median, type Section } from "./measure.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";
import { openChain } from "./stored-chain.ts";

const storedBlocks = 1_000;
const transfersPerBlock = 10;
const settleMs = 10_000;
const root = path.dirname(import.meta.dirname);
const bareScript = `process.stdout.write('{"msg":"started"}\\n'); setInterval(() => {}, 1_000)`;

export const measureStartup: Section = async (context) => {
  const { quick, progress } = context;
  const rounds = quick ? 1 : 5;
  progress("building, since the program runs from its build");
  execFileSync(process.execPath, [path.join(root, "bin", "build.js")], { stdio: "ignore" });
  const authority = keyOf(0);
  const users = keysFrom(1, transfersPerBlock);
  const spec = poaSpec([authority], users);
  const specFile = path.join(await context.directory(), "spec.json");
  await writeFile(specFile, chainSpecToJson(spec));
  const filled = await filledDirectory(context, spec);

  const bareMs: number[] = [];
  const emptyMs: number[] = [];
  const filledMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bareMs.push(await startMs(["-e", bareScript]));
    emptyMs.push(await startMs(nodeArguments(specFile, await context.directory())));
    filledMs.push(await startMs(nodeArguments(specFile, filled)));
    progress(
      `round ${round + 1} of ${rounds}: ${Math.round(filledMs.at(-1) ?? 0)} ms with ${storedBlocks} blocks`,
    );
  }
  progress(`memory after ${settleMs / 1_000} s`);
  const [bareMiB, emptyMiB, filledMiB] = await Promise.all([
    residentMiB(["-e", bareScript]),
    residentMiB(nodeArguments(specFile, await context.directory())),
    residentMiB(nodeArguments(specFile, filled)),
  ]);
  const startLimit = { value: median(bareMs), meaning: "bare Node process" };
  const memoryLimit = { value: bareMiB, meaning: "bare Node process" };
  const of = (name: string, value: number, unit: string, limit: Figure["limit"]): Figure => {
    return { name, value, unit, ...(limit && { limit }) };
  };
  return [
    of("start to ready, empty directory", median(emptyMs), "ms", startLimit),
    of("start to ready, 1,000 blocks", median(filledMs), "ms", startLimit),
    of("memory after 10 s, empty directory", emptyMiB, "MiB", memoryLimit),
    of("memory after 10 s, 1,000 blocks", filledMiB, "MiB", memoryLimit),
  ];
};

function nodeArguments(specFile: string, dataDir: string): string[] {
  return [
    path.join(root, "bin", "aurex-node.js"),
    "start",
    ...["--consensus", "poa", "--chain", specFile, "--data-dir", dataDir, "--listen-address", "127.0.0.1"],
    ...["--port", "0", "--api-port", "0", "--no-mdns", "--log-format", "json", "--log-level", "error"],
  ];
}

/** A data directory as a node leaves it, with {@link storedBlocks} blocks. */
async function filledDirectory({ directory, progress }: BenchContext, spec: ChainSpec): Promise<string> {
  progress(`storing ${storedBlocks} blocks`);
  const dataDir = await directory();
  const chainDirectory = path.join(dataDir, "chain");
  await mkdir(chainDirectory);
  const builder = new BlockBuilder(spec, keyOf(0));
  const users = keysFrom(1, transfersPerBlock);
  await using resources = new AsyncDisposableStack();
  const chain = await openChain(spec, chainDirectory, resources);
  for (let height = 1; height <= storedBlocks; height += 1) {
    const block = builder.next(users.map((user) => signedTransfer(user, user, height - 1, spec)));
    const imported = await chain.importBlock(block);
    if (!imported.ok) throw new Error(`a sample block was refused: ${imported.fault.code}`);
  }
  return dataDir;
}

async function startMs(programArguments: readonly string[]): Promise<number> {
  const beganMs = performance.now();
  await using program = await Program.started(programArguments);
  return program.readyAtMs - beganMs;
}

async function residentMiB(programArguments: readonly string[]): Promise<number> {
  await using program = await Program.started(programArguments);
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return program.residentMiB();
}

/** A child process that says on a line of JSON that it has started. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly readyAtMs: number;

  private constructor(child: ChildProcess, readyAtMs: number) {
    this.#child = child;
    this.readyAtMs = readyAtMs;
  }

  static async started(programArguments: readonly string[]): Promise<Program> {
    const child = spawn(process.execPath, programArguments, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes('"msg":"started"')) continue;
      child.stdout.resume();
      return new Program(child, performance.now());
    }
    throw new Error(`${programArguments.join(" ")} ended before it was ready`);
  }

  residentMiB(): number {
    const kibibytes = execFileSync("ps", ["-o", "rss=", "-p", String(this.#child.pid)], { encoding: "utf8" });
    return Number(kibibytes) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  }
}
