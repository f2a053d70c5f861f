/** A button that makes a CSV file of the whole history, with how far it is and a way to stop it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { AccountAnswer } from "../../../api/accounts.ts";
import { useNode } from "../../live/node-view.ts";
import { Button } from "../../parts/button.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { saveFile } from "../../parts/save-file.ts";
import { accountCsv, type CsvProgress, csvFileName } from "./csv-file.ts";

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly progress: CsvProgress }
  | { readonly kind: "done"; readonly items: number }
  | { readonly kind: "failed"; readonly problem: unknown };

export function CsvDownload({ account: { address, name } }: { account: AccountAnswer }) {
  const { api } = useNode();
  const [state, setState] = useState<State>({ kind: "idle" });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const start = async () => {
    const over = new AbortController();
    running.current = over;
    let items = 0;
    setState({ kind: "running", progress: { items: 0, of: 0 } });
    try {
      const file = await accountCsv(api, address, {
        signal: over.signal,
        onProgress(progress) {
          items = progress.items;
          setState({ kind: "running", progress });
        },
      });
      saveFile(csvFileName(name ?? address), file);
      setState({ kind: "done", items });
    } catch (problem) {
      setState(over.signal.aborted ? { kind: "idle" } : { kind: "failed", problem });
    }
  };
  if (state.kind === "running") {
    const { items, of } = state.progress;
    return (
      <div class="row">
        <progress max={Math.max(1, of)} value={items} aria-label="Entries that were read" />
        <span class="small">
          {items.toLocaleString("en-GB")} of {of.toLocaleString("en-GB")}
        </span>
        <Button onClick={() => running.current?.abort()}>Stop</Button>
      </div>
    );
  }
  return (
    <div class="row">
      {state.kind === "done" && (
        <span class="small soft" role="status">
          {state.items.toLocaleString("en-GB")} entries saved
        </span>
      )}
      <Button onClick={start}>Download all as CSV</Button>
      {state.kind === "failed" && <ProblemNote what="The file was not made" problem={state.problem} />}
    </div>
  );
}
