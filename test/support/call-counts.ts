/** Counts how often functions of src/ are called, by V8's own counters: nothing in src/ has to be made for it. */
import { Session } from "node:inspector/promises";

export class CallCounts implements AsyncDisposable {
  readonly #session = new Session();

  static async start(): Promise<CallCounts> {
    const counts = new CallCounts();
    counts.#session.connect();
    await counts.#session.post("Profiler.enable");
    await counts.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    return counts;
  }

  /**
   * Calls since the start, or since the last time that this was asked.
   *
   * @param functions none of them async (V8 counts each resumption), each as file and name, e.g. `chain/intake.ts offer`
   */
  async take(functions: readonly string[]): Promise<number[]> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    return functions.map((named) => {
      const [file, name] = named.split(" ");
      return result
        .filter(({ url }) => url.endsWith(`/src/${file}`))
        .flatMap(({ functions: inFile }) => inFile)
        .filter(({ functionName }) => functionName === name)
        .reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}
