/** One node of the lab: its place and its flags, its process as it comes and goes, and what it says of itself. */
import type { LabNode as LabNodeState, LabTampering } from "../../api/lab.ts";
import { type ApiClient, createApiClient } from "../../client/api-client.ts";
import type { ChainSpec, ConsensusName } from "../../protocol/genesis.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { NodeProcess, type SaidAtEnd } from "./node-process.ts";
import { type NodeView, watchNode } from "./node-watch.ts";

export interface LabNodePlan {
  readonly name: string;
  readonly consensus: ConsensusName;
  readonly spec: ChainSpec;
  /** Where its chain spec lies as a file. */
  readonly specFile: string;
  readonly dataDir: string;
  readonly keyPair: KeyPair;
  /** It listens for peers there, on 127.0.0.1. */
  readonly port: number;
  readonly apiPort: number;
  /** Told to the other nodes as its address: nothing answers there, so that there is no way around the lines. */
  readonly announcedPort: number;
  readonly home: string;
  readonly exportFile: string | undefined;
  readonly logLevel: string;
}

export interface LabNodeListener {
  readonly changed: () => void;
  readonly noticed: (text: string) => void;
}

export type ProcessState = LabNodeState["process"];

export class LabNode {
  readonly plan: LabNodePlan;
  readonly api: ApiClient;
  readonly #listener: LabNodeListener;
  /** Multiaddrs of the lines over which it dials. */
  #bootstrap: readonly string[] = [];
  #process: NodeProcess | undefined;
  #state: ProcessState = "stopped";
  #ended: SaidAtEnd | undefined;
  #view: NodeView | undefined;
  #watching = new AbortController();
  clockOffsetMs = 0;
  /** Whether all its lines are to be cut, and by how much they are to be delayed. */
  isCut = false;
  delayMs = 0;
  tampered: LabTampering | undefined;

  constructor(plan: LabNodePlan, listener: LabNodeListener) {
    this.plan = plan;
    this.#listener = listener;
    this.api = createApiClient(`http://127.0.0.1:${plan.apiPort}`, { retries: 0 });
  }

  get name(): string {
    return this.plan.name;
  }

  get nodeId(): string {
    return nodeIdOf(this.plan.keyPair.publicKey);
  }

  get address(): string {
    return addressOf(this.plan.keyPair.publicKey);
  }

  /** For nodes from outside of the lab. */
  get listens(): string {
    return `/ip4/127.0.0.1/tcp/${this.plan.port}`;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Why it ended by itself, if it did. */
  get ended(): SaidAtEnd | undefined {
    return this.#ended;
  }

  /** What it said last, also if it does not run any more. */
  get view(): NodeView | undefined {
    return this.#view;
  }

  get bootstrap(): readonly string[] {
    return this.#bootstrap;
  }

  set bootstrap(addresses: readonly string[]) {
    this.#bootstrap = addresses;
  }

  /** Starts the process; {@link whenRunning} waits until it answers. */
  start(): void {
    if (this.#process) return;
    const { home } = this.plan;
    this.#enter("starting");
    this.#ended = undefined;
    const begun = new NodeProcess(
      { flags: this.#flags(), home, clockOffsetMs: this.clockOffsetMs },
      (said) => {
        if (this.#process !== begun) return;
        this.#process = undefined;
        this.#watching.abort();
        // Whoever stops or kills it says so first.
        if (this.#state === "stopping") return this.#enter("stopped");
        this.#ended = said;
        this.#enter("ended");
        this.#listener.noticed(`its process ended by itself: ${endText(said)}`);
      },
    );
    this.#process = begun;
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    const changed = (view: NodeView) => {
      this.#view = view;
      if (this.#state === "starting") this.#enter("running");
      else this.#listener.changed();
    };
    void watchNode(this.api, { changed, noticed: this.#listener.noticed }, signal);
  }

  /** Resolves to true when it answers, to false if it has ended before. */
  async whenRunning(): Promise<boolean> {
    while (this.#state === "starting") {
      const changed = Promise.withResolvers<void>();
      this.#waiting.add(changed.resolve);
      await changed.promise;
    }
    return this.#state === "running";
  }

  readonly #waiting = new Set<() => void>();

  /** As by Ctrl-C. */
  async stop(): Promise<void> {
    if (!this.#process) return this.#markStopped();
    this.#enter("stopping");
    await this.#process.stop();
  }

  /** As by `kill -9`. */
  async kill(): Promise<void> {
    if (!this.#process) return this.#markStopped();
    this.#enter("stopping");
    await this.#process.kill();
  }

  #markStopped(): void {
    this.#ended = undefined;
    this.#enter("stopped");
  }

  #enter(state: ProcessState): void {
    this.#state = state;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
    this.#listener.changed();
  }

  #flags(): string[] {
    const { consensus, name, dataDir, specFile, port, apiPort, announcedPort, exportFile, logLevel } =
      this.plan;
    return [
      ...["--consensus", consensus, "--name", name, "--network", "local"],
      ...["--data-dir", dataDir, "--chain", specFile],
      ...(consensus === "pow" ? ["--mine", "--mine-threads", "1"] : ["--authority"]),
      ...["--listen-address", "127.0.0.1", "--port", String(port), "--api-port", String(apiPort)],
      // The lines are the only ways: nothing is found, and nobody is introduced.
      ...["--announce-address", `/ip4/127.0.0.1/tcp/${announcedPort}`, "--no-mdns", "--no-introductions"],
      ...this.#bootstrap.flatMap((address) => ["--bootstrap", address]),
      ...(exportFile === undefined ? [] : ["--export", exportFile]),
      ...["--log-level", logLevel],
    ];
  }
}

/** One line: what it said, or which signal ended it. */
export function endText({ exitCode, signal, what, why }: SaidAtEnd): string {
  if (what !== "") return why === "" ? what : `${what} (${why})`;
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
}
