/** Remembers the reorganizations of each chain for as long as the window is open, whichever page is shown. */
import { useEffect, useState } from "preact/hooks";
import { useEvents, useNode } from "./node-view.ts";
import { type SeenReorganization, withReorganization } from "./reorganizations.ts";

const seen = new Map<string, readonly SeenReorganization[]>();
const changed = new Set<() => void>();

/** Part of the frame around every page. Draws nothing. */
export function ReorganizationMemory(): null {
  const { chainId, clockOffsetMs } = useNode();
  useEvents(["head"], (event) => {
    if (event.event !== "head" || chainId === undefined) return;
    const before = seen.get(chainId) ?? [];
    const next = withReorganization(before, event.data, Date.now() + (clockOffsetMs ?? 0));
    if (next === before) return;
    seen.set(chainId, next);
    for (const each of [...changed]) each();
  });
  return null;
}

/** Of the chain that is shown, the newest first. */
export function useSeenReorganizations(): readonly SeenReorganization[] {
  const { chainId = "" } = useNode();
  const [, setCount] = useState(0);
  useEffect(() => {
    const draw = () => setCount((count) => count + 1);
    changed.add(draw);
    return () => void changed.delete(draw);
  }, []);
  return seen.get(chainId) ?? [];
}
