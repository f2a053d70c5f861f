/** A node of the lab as a process of its own: started by the program as an operator starts it, and gone with this process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../base/clock.ts";

const program = fileURLToPath(new URL("../../../bin/aurex-node.js", import.meta.url));
const extension = path.extname(import.meta.url);
const tether = new URL(`./tether${extension}`, import.meta.url).href;
const shiftedClock = new URL(`./shifted-clock${extension}`, import.meta.url).href;

const stderrKeptMax = 4_096;
/** A stop that takes longer is a kill. */
const stopMaxMs = 20_000;
/** What this machine sets for nodes of its own must not reach these. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_")),
);

export interface NodeProcessOptions {
  /** Flags of `aurex-node start`. */
  readonly flags: readonly string[];
  /** The home directory, where running nodes are registered: these are not to be taken for the user's own. */
  readonly home: string;
  /** By how much its clock is ahead of this machine's. */
  readonly clockOffsetMs: number;
}

/** What the process said when it ended by itself, from its stderr. */
export interface SaidAtEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<SaidAtEnd>;
  #stderr = "";
  #hasEnded = false;

  /** @param onEnd told once, however it ends */
  constructor({ flags, home, clockOffsetMs }: NodeProcessOptions, onEnd: (said: SaidAtEnd) => void) {
    const shift = clockOffsetMs === 0 ? [] : ["--import", `${shiftedClock}?offsetMs=${clockOffsetMs}`];
    this.#child = spawn(process.execPath, ["--import", tether, ...shift, program, "start", ...flags], {
      env: { ...environment, HOME: home, USERPROFILE: home },
      // The channel ends with this process, even if it is killed; the tether in the child hears of it.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Ctrl-C in the terminal reaches the demo alone, which stops its nodes one by one.
      detached: true,
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrKeptMax);
    });
    this.#ended = this.#waitForEnd().then((said) => {
      this.#hasEnded = true;
      onEnd(said);
      return said;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get ended(): Promise<SaidAtEnd> {
    return this.#ended;
  }

  /** As by Ctrl-C; killed if it does not end in time. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const over = new AbortController();
    await Promise.race([this.#ended, sleep(systemClock, stopMaxMs, over.signal)]);
    over.abort();
    await this.kill();
  }

  /** As by `kill -9`. */
  async kill(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #waitForEnd(): Promise<SaidAtEnd> {
    try {
      const [exitCode, signal] = await once(this.#child, "close");
      return { exitCode, signal, ...faultIn(this.#stderr) };
    } catch (thrown) {
      // There was no process at all.
      const what = `the process could not be started: ${String(thrown)}`;
      return {
        exitCode: null,
        signal: null,
        what,
        why: "",
        next: "look whether this machine is out of memory",
      };
    }
  }
}

/** The program's own lines: what, why and the next step. Of any other text the last line counts. */
function faultIn(stderr: string): { readonly what: string; readonly why: string; readonly next: string } {
  const after = (word: string) => new RegExp(`^${word}: +(.*)$`, "m").exec(stderr)?.[1] ?? "";
  const what = after("Error") || (stderr.trim().split("\n").at(-1) ?? "");
  return { what, why: after("Why"), next: after("Next") };
}
