/** One machine of a LAN: what runs on it, and a fetch that asks from there. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ipEnvironment } from "./ip-command.ts";
import type { AgentAnswer, AgentQuestion } from "./machine-agent.ts";

const agentUrl = new URL(`./machine-agent${path.extname(import.meta.url)}`, import.meta.url);

interface Waiting {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

export class Machine {
  readonly name: string;
  readonly namespace: string;
  /** IPv4. */
  readonly address: string;
  #agent: ChildProcess | undefined;
  #questions = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(name: string, namespace: string, address: string) {
    this.name = name;
    this.namespace = namespace;
    this.address = address;
  }

  /** Starts a program on the machine. Its pid is the child's; Ctrl-C of our terminal does not reach it. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const environment = { ...(options.env ?? process.env), PATH: ipEnvironment.PATH };
    return spawn("ip", ["netns", "exec", this.namespace, command, ...args], {
      ...options,
      env: environment,
      detached: true,
    });
  }

  /**
   * Asks as a program on this machine would, so also what listens on its loopback. Takes texts as body.
   *
   * @throws as `fetch` does where nothing answers
   */
  readonly fetch = (url: string, { method, headers, body }: RequestInit = {}): Promise<Response> => {
    this.#agent ??= this.#startAgent();
    this.#questions += 1;
    const id = this.#questions;
    const question: AgentQuestion = {
      id,
      url,
      method: method ?? "GET",
      headers: [...new Headers(headers)],
      body: typeof body === "string" ? body : null,
    };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#agent?.stdin?.write(`${JSON.stringify(question)}\n`);
    });
  };

  /** One process for all questions: to start one for each would take longer than to answer it. */
  #startAgent(): ChildProcess {
    const agent = this.spawn(process.execPath, [fileURLToPath(agentUrl)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    createInterface({ input: agent.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const { id, ...answer } = JSON.parse(line) as AgentAnswer;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if ("error" in answer)
        waiting?.reject(new TypeError("fetch failed", { cause: new Error(answer.error) }));
      else waiting?.resolve(new Response(answer.body, { status: answer.status }));
    });
    const onEnd = () => {
      this.#agent = undefined;
      const gone = new TypeError("fetch failed", { cause: new Error(`${this.name} is gone`) });
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
    };
    agent.once("error", onEnd);
    agent.once("exit", onEnd);
    // A question may be on its way when the machine is taken down.
    agent.stdin?.on("error", () => {});
    return agent;
  }
}
