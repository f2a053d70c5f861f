/** Keeps the heap of an ordinary node small: V8 lets a heap of 40 MB grow to 160 MB of garbage before it collects, a large one not. */
import v8 from "node:v8";

const lookEveryMs = 200;
/** V8's own rules hold above: an import of a long chain needs its heap, and each collection walks through all of it. */
const smallHeapBytes = 128 * 2 ** 20;
/** How much a small heap may grow after a collection before the next one begins. */
const growthPercent = 80;

export interface HeapGrowthModules {
  readonly heapUsed: () => number;
  /** @param percent of what is held after a collection; 0: V8's own rules */
  readonly setGrowth: (percent: number) => void;
}

/** Looks at the size of the heap, and tells V8 by how much it may grow. */
export class HeapGrowth {
  readonly #modules: HeapGrowthModules;
  #percent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(modules: HeapGrowthModules = { heapUsed, setGrowth }) {
    this.#modules = modules;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const percent = this.#modules.heapUsed() < smallHeapBytes ? growthPercent : 0;
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#modules.setGrowth(percent);
  }
}

function heapUsed(): number {
  return v8.getHeapStatistics().used_heap_size;
}

function setGrowth(percent: number): void {
  v8.setFlagsFromString(`--heap-growing-percent=${percent}`);
}
