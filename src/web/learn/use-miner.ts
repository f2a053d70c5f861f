/** Mining for a component: one search at a time in a worker, with its progress, ended with the component. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ownScript } from "../shell/own-script.ts";
import type { MineReport } from "./mine-worker.ts";
import workerUrl from "./mine-worker.ts?worker&url";
import type { FoundNonce, NonceSearch } from "./nonce-search.ts";

export interface Miner {
  /** How far the search is; undefined while none runs. */
  readonly progress: Omit<MineReport, "found"> | undefined;
  /** Why the last search ended without a nonce; undefined if it did not. */
  readonly problem: string | undefined;
  /** Resolves to undefined if the search was stopped or could not be started. */
  readonly mine: (search: NonceSearch) => Promise<FoundNonce | undefined>;
  readonly stop: () => void;
}

export function useMiner(): Miner {
  const [progress, setProgress] = useState<Miner["progress"]>();
  const [problem, setProblem] = useState<string>();
  const running = useRef<() => void>(undefined);
  const stop = () => running.current?.();
  useEffect(() => stop, []);
  const mine: Miner["mine"] = (search) => {
    stop();
    setProblem(undefined);
    return new Promise((resolve) => {
      let worker: Worker | undefined;
      const end = (found?: FoundNonce, why?: string) => {
        worker?.terminate();
        running.current = undefined;
        setProgress(undefined);
        setProblem(why);
        resolve(found);
      };
      try {
        worker = new Worker(ownScript(workerUrl), { type: "module" });
      } catch (thrown) {
        end(undefined, String(thrown));
        return;
      }
      running.current = () => end();
      worker.onmessage = ({ data: { found, ...report } }: MessageEvent<MineReport>) => {
        if (found) end(found);
        else setProgress(report);
      };
      worker.onerror = () =>
        end(
          undefined,
          "This browser did not start the part of the page that mines. Reload the page, or take another browser.",
        );
      setProgress({ attempts: 0, hashesPerSecond: 0 });
      worker.postMessage(search);
    });
  };
  return { progress, problem, mine, stop };
}
