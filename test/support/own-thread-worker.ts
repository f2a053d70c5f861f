/** The other side of {@link OwnThread}: calls what it is asked to call, and answers. */
import { parentPort, workerData } from "node:worker_threads";

const module: Record<string, (...args: readonly unknown[]) => unknown> = await import(workerData);

parentPort?.on("message", async ({ name, args }: { name: string; args: readonly unknown[] }) => {
  try {
    const called = module[name];
    if (!called) throw new Error(`${workerData} has no function ${name}`);
    parentPort?.postMessage({ value: await called(...args) });
  } catch (error) {
    parentPort?.postMessage({ error });
  }
});
