/** The SQL ledger of the node: how far it is, and its download with a checksum. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ExportStatus } from "../../../api/node-status.ts";
import { useNode } from "../../live/node-view.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Hash } from "../../parts/hash.tsx";
import { BlockLink } from "../../parts/links.tsx";
import { Note } from "../../parts/note.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { bytesText } from "../../parts/quantity-text.ts";
import { saveFile } from "../../parts/save-file.ts";
import { Tick } from "../../parts/tick.tsx";
import {
  type DownloadedLedger,
  type DownloadProgress,
  downloadLedger,
  LedgerTooLarge,
} from "./ledger-download.ts";

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly progress?: DownloadProgress }
  | { readonly kind: "done"; readonly ledger: DownloadedLedger; readonly isOnChain: boolean | undefined }
  | { readonly kind: "failed"; readonly problem: unknown };

export function DownloadCard({ ledger }: { ledger: ExportStatus }) {
  const { baseUrl } = useNode();
  return (
    <Card title="The ledger of this node" class="stack">
      <Facts>
        <Fact label="Written up to" meaning="The newest block that is in the file.">
          {ledger.height === null ? "nothing yet" : <BlockLink height={ledger.height} />}
          {ledger.lagBlocks > 0 && `, ${ledger.lagBlocks} blocks behind the chain`}
        </Fact>
      </Facts>
      {ledger.fault && (
        <Note kind="warn" title={`The ledger is not written: ${ledger.fault.message}`}>
          {ledger.fault.next}
        </Note>
      )}
      <Download />
      <div>
        <p class="audit-plain">For a program, or a file of more than 1 GiB:</p>
        <CommandLine command={`curl -fOJ ${baseUrl}v1/export`} />
      </div>
    </Card>
  );
}

function Download() {
  const { api } = useNode();
  const [state, setState] = useState<State>({ kind: "idle" });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const start = async () => {
    const stop = new AbortController();
    running.current = stop;
    setState({ kind: "running" });
    try {
      const ledger = await downloadLedger(api, stop.signal, (progress) =>
        setState({ kind: "running", progress }),
      );
      saveFile(ledger.fileName, ledger.file);
      setState({ kind: "done", ledger, isOnChain: undefined });
      const isOnChain = await api.block(ledger.height).then(
        ({ hash }) => hash === ledger.hash,
        () => undefined,
      );
      if (!stop.signal.aborted) setState({ kind: "done", ledger, isOnChain });
    } catch (problem) {
      if (!stop.signal.aborted) setState({ kind: "failed", problem });
    }
  };
  const cancel = () => {
    running.current?.abort();
    setState({ kind: "idle" });
  };
  return (
    <>
      <div class="row">
        {state.kind === "running" ? (
          <Button onClick={cancel}>Cancel</Button>
        ) : (
          <Button kind="main" onClick={() => void start()}>
            Download the ledger
          </Button>
        )}
        {state.kind === "running" && <Progress progress={state.progress} />}
      </div>
      <div role="status">
        {state.kind === "failed" && <Failure problem={state.problem} />}
        {state.kind === "done" && <Done ledger={state.ledger} isOnChain={state.isOnChain} />}
      </div>
    </>
  );
}

function Progress({ progress }: { progress: DownloadProgress | undefined }) {
  if (!progress) return <span>The node writes a copy …</span>;
  const { bytes, totalBytes } = progress;
  if (totalBytes === null) return <span>{bytesText(bytes)}</span>;
  return (
    <>
      <progress class="audit-progress" max={totalBytes} value={bytes} aria-label="Downloaded" />
      <span>
        {bytesText(bytes)} of {bytesText(totalBytes)}
      </span>
    </>
  );
}

function Failure({ problem }: { problem: unknown }) {
  if (problem instanceof LedgerTooLarge) {
    return (
      <Note kind="warn" title="The ledger is too large for the memory of a browser">
        Take the command below. It writes the file to the disk as it comes; <code>sha256sum</code> gives its
        checksum.
      </Note>
    );
  }
  return <ProblemNote problem={problem} />;
}

function Done({ ledger, isOnChain }: { ledger: DownloadedLedger; isOnChain: boolean | undefined }) {
  return (
    <div class="stack">
      <ul class="audit-ticks">
        <Tick state="good">
          {ledger.fileName} has arrived whole: {bytesText(ledger.bytes)}
        </Tick>
        {isOnChain === true && <Tick state="good">Its last block is on the chain that this node shows</Tick>}
        {isOnChain === false && (
          <Tick state="bad">Its last block has left the chain meanwhile: download the ledger again</Tick>
        )}
      </ul>
      <Facts>
        <Fact
          label="SHA-256"
          meaning="Computed in this browser from what arrived. Whoever gets the file from you can compare it."
        >
          <Hash value={ledger.sha256} whole />
        </Fact>
        <Fact label="Last block" meaning="The newest block in the file, as the node says.">
          <BlockLink height={ledger.height} hash={ledger.hash} /> <Hash value={ledger.hash} copy={false} />
        </Fact>
        <Fact label="Compare" meaning="Prints the checksum of the file on your disk.">
          <CommandLine command={`sha256sum ${ledger.fileName}`} />
        </Fact>
      </Facts>
    </div>
  );
}
