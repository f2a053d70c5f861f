/** What a node's process takes of its machine: time, memory, open files, and room on the disk that its data lie on. */
import { readdir, readFile, statfs } from "node:fs/promises";
import { Counter, Gauge, type Registry } from "prom-client";
import { loopDelay } from "./event-loop-delay.ts";

/** The names of the process's own figures are those that every Prometheus client uses, so that other people's dashboards know them. */
export class ProcessMetrics {
  readonly #registry: Registry;
  readonly #delay: Gauge;
  readonly #memory: Gauge;
  readonly #openFiles: Gauge;
  readonly #openFilesMax: Gauge;
  readonly #diskFree: Gauge;
  readonly #cpu: Counter;

  constructor(registry: Registry) {
    this.#registry = registry;
    const registers = [registry];
    this.#delay = new Gauge({
      name: "aurex_event_loop_delay_seconds",
      help: "By how much the process's event loop was late in the last 15 s: the median, 99 of 100, and the most.",
      labelNames: ["quantile"],
      registers,
    });
    this.#memory = this.#gauge("process_resident_memory_bytes", "Memory of the process.");
    this.#gauge("process_start_time_seconds", "When the process was started, Unix time.").set(
      Math.round(performance.timeOrigin) / 1_000,
    );
    this.#openFiles = this.#gauge("process_open_fds", "Files and connections that the process has open.");
    this.#openFilesMax = this.#gauge("process_max_fds", "How many it may have open at once.");
    this.#diskFree = this.#gauge(
      "aurex_disk_free_bytes",
      "Room for the node on the disk of its data directory. A node stops sealing below 512 MiB.",
    );
    this.#cpu = new Counter({
      name: "process_cpu_seconds_total",
      help: "Processor time of the process, of all its threads.",
      registers,
    });
  }

  /** Looks at everything again. */
  async refresh(dataDir: string): Promise<void> {
    const { median, p99, max } = loopDelay();
    this.#delay.set({ quantile: "0.5" }, median);
    this.#delay.set({ quantile: "0.99" }, p99);
    this.#delay.set({ quantile: "1" }, max);
    this.#memory.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    this.#cpu.reset();
    this.#cpu.inc((user + system) / 1e6);
    const [disk, open, openMax] = await Promise.all([freeBytes(dataDir), openFiles(), openFilesMax()]);
    show(this.#diskFree, disk);
    show(this.#openFiles, open);
    show(this.#openFilesMax, openMax);
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}

function show(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

/** Undefined if the directory is gone or the system does not tell. */
async function freeBytes(directory: string): Promise<number | undefined> {
  const found = await statfs(directory).catch(() => undefined);
  return found && found.bavail * found.bsize;
}

/** Linux tells; elsewhere there is no figure. */
async function openFiles(): Promise<number | undefined> {
  const names = await readdir("/proc/self/fd").catch(() => undefined);
  return names?.length;
}

async function openFilesMax(): Promise<number | undefined> {
  const text = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
