/** What the reader has to know on every page: the node does not answer, another chain is there, it catches up, it has a fault. */
import "./states.css";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Connection } from "../live/live-node.ts";
import { useNode } from "../live/node-view.ts";
import { useNow } from "../live/use-now.ts";
import { durationText } from "../parts/age-text.ts";
import { Button } from "../parts/button.tsx";
import { dateText } from "../parts/date-text.ts";
import { Hash } from "../parts/hash.tsx";
import { Note } from "../parts/note.tsx";
import { sentence } from "../parts/sentence-text.ts";
import { UserText } from "../parts/user-text.tsx";
import { rememberChain } from "./chain-memory.ts";
import { ownStorage } from "./own-storage.ts";
import { useSettings } from "./settings.ts";
import { clockText, retryText, syncText } from "./state-text.ts";

export function Notices() {
  const { status, sync, clockOffsetMs } = useNode();
  const advice = status?.advice ?? [];
  const faults = advice.filter(({ fault }) => fault);
  const hints = advice.filter(({ fault }) => !fault);
  const clock = clockText(
    clockOffsetMs,
    advice.some(({ code }) => code === "clock"),
  );
  return (
    <div class="notices">
      <div role="status">
        <LostNotice />
        <OtherChainNotice />
        <NewerPageNotice />
      </div>
      {status?.syncing && sync && (
        <Note kind="warn" title={`The node is ${syncText(sync)}`}>
          <p>
            It has block {status.syncing.height} of {status.syncing.targetHeight}. Until it has all of them,
            balances and lists are those of an earlier time.
          </p>
          <progress class="progress" max={100} value={sync.percent} aria-label="catching up" />
        </Note>
      )}
      {clock !== undefined && (
        <Note kind="warn" title={clock}>
          Ages on this page go by the clock of the node. Set the clock of this device.
        </Note>
      )}
      {faults.map(({ code, what, why, next }) => (
        <Note key={code} kind="warn" title={sentence(what)}>
          <UserText text={`${sentence(why)} ${sentence(next)}`} />
        </Note>
      ))}
      {hints.length > 0 && (
        <details class="hints">
          <summary>
            {hints.length === 1 ? "1 hint" : `${hints.length} hints`} for the operator of this node
          </summary>
          {hints.map(({ code, what, why, next }) => (
            <Note key={code} title={sentence(what)}>
              <UserText text={`${sentence(why)} ${sentence(next)}`} />
            </Note>
          ))}
        </details>
      )}
    </div>
  );
}

/** A break that is over at once is no news. */
const shownAfterMs = 2_000;

function LostNotice() {
  const { connection } = useNode();
  return connection.kind === "lost" ? <Lost connection={connection} /> : null;
}

function Lost({ connection }: { connection: Extract<Connection, { kind: "lost" }> }) {
  const { live, clockOffsetMs } = useNode();
  const { zone } = useSettings();
  // By the clock of the browser, as is all that the connection says.
  const nowMs = useNow(500) - (clockOffsetMs ?? 0);
  if (nowMs - connection.sinceMs < shownAfterMs) return null;
  return (
    <Note kind="bad" title="The node does not answer">
      <p>
        {connection.reason} {connection.next}
      </p>
      <div class="notice-row">
        {/* Read aloud once, not each second. */}
        <span aria-live="off">
          Silent for {durationText(nowMs - connection.sinceMs)}. What you see is from{" "}
          {dateText(connection.sinceMs, zone)}. {retryText(connection.retryAtMs, nowMs)}
        </span>
        <Button onClick={live.retry}>Try now</Button>
      </div>
    </Note>
  );
}

function OtherChainNotice() {
  const { baseUrl, chainId } = useNode();
  const [before, setBefore] = useState<string>();
  const seen = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (chainId === undefined) return;
    const storage = ownStorage();
    const remembered = storage && rememberChain(storage, baseUrl, chainId);
    const last = seen.current ?? remembered;
    if (last !== undefined && last !== chainId) setBefore(last);
    seen.current = chainId;
  }, [baseUrl, chainId]);
  if (before === undefined || chainId === undefined || before === chainId) return null;
  return (
    <Note kind="warn" title="Another chain answers at this address now">
      <p>
        Until now it was <Hash value={before} copy={false} />, now it is <Hash value={chainId} copy={false} />
        . Nothing of the old chain is shown any more: heights, balances and transactions are those of the new
        one.
      </p>
      <div class="notice-row">
        <Button onClick={() => setBefore(undefined)}>Understood</Button>
      </div>
    </Note>
  );
}

/** The node was started again: it may be a newer one, with other files of this page. */
function NewerPageNotice() {
  const { live } = useNode();
  const [isOld, setOld] = useState(false);
  useEffect(
    () =>
      live.onNews(({ reload }) => {
        if (reload === "restarted" || reload === "other-chain")
          void isPageOld().then((old) => setOld((was) => was || old));
      }, []),
    [live],
  );
  if (!isOld) return null;
  return (
    <Note kind="warn" title="The node serves a newer version of this page">
      <div class="notice-row">
        Some pages may not open until you have reloaded.
        <Button onClick={() => location.reload()}>Reload</Button>
      </div>
    </Note>
  );
}

/** Whether the page that is served now begins with another file than this one. */
async function isPageOld(): Promise<boolean> {
  const mine = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.src.split("/").at(-1);
  if (mine === undefined) return false;
  try {
    const response = await fetch("./", { cache: "no-cache" });
    return response.ok && !(await response.text()).includes(mine);
  } catch {
    return false;
  }
}
