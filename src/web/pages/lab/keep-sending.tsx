/** Keeps the chains moving: a payment every few seconds, from one node after the other, while this page is open. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { LabNode } from "../../../api/lab.ts";
import { act } from "../../lab/use-lab.ts";

const everyMs = 2_500;

export function KeepSending({ nodes }: { nodes: readonly LabNode[] }) {
  const [isOn, setOn] = useState(false);
  const able = useRef<readonly string[]>([]);
  able.current = nodes.filter(({ can }) => can.includes("send")).map(({ name }) => name);
  useEffect(() => {
    if (!isOn) return;
    let turn = 0;
    const timer = setInterval(() => {
      const name = able.current[turn % Math.max(1, able.current.length)];
      turn += 1;
      // A node that was stopped meanwhile is passed over: the next turn is another one's.
      if (name !== undefined) void act(name, "send").catch(() => undefined);
    }, everyMs);
    return () => clearInterval(timer);
  }, [isOn]);
  return (
    <label class="lab-sending">
      <input type="checkbox" checked={isOn} onChange={({ currentTarget }) => setOn(currentTarget.checked)} />
      <span>
        Keep sending: a payment every {everyMs / 1_000} s, from one node after the other. Blocks are only made
        if there is something to put into them.
      </span>
    </label>
  );
}
