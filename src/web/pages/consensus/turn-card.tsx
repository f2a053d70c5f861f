/** Whose turn it is, with a countdown; or that the chain stands still, since when and why. */
import { useRef } from "preact/hooks";
import type { ConsensusAnswer } from "../../../api/agreement.ts";
import { getGenesis } from "../../../api/genesis.ts";
import { getMempoolStats } from "../../../api/mempool.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useEvery } from "../../live/use-every.ts";
import { useNow } from "../../live/use-now.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/note.tsx";
import { spanText } from "../../parts/quantity-text.ts";
import { AuthorityName } from "./authority-name.tsx";
import { busySince } from "./busy-since.ts";
import { isCutOff, type StallReason, stallReason, turnState } from "./turns.ts";

/** More than people read; the others are counted. */
const turnsShown = 8;
const tickMs = 250;
const waitingMs = 2_000;

export function TurnCard({ consensus }: { consensus: ConsensusAnswer }) {
  const { status } = useNode();
  const spec = useAnswer(({ api }, signal) => api.call(getGenesis, {}, { signal }), []);
  const waiting = useAnswer(({ api }, signal) => api.call(getMempoolStats, {}, { signal }), [], {
    reloadOn: ["head"],
  });
  // Events of all that waits would be thousands a second on a busy chain.
  useEvery(waitingMs, waiting.reload);
  const nowMs = useNow(tickMs);
  const { next, head } = consensus;
  const numbers = spec.answer?.spec ?? {};
  const stepMs = numberOf(numbers.stepMs);
  const heartbeatMs = numberOf(numbers.heartbeatMs);
  const headMs = status?.head.hash === head.hash ? status.head.timestampMs : undefined;
  const idleSeen = useRef({ hash: "", atMs: 0 });
  if (waiting.answer?.ready === false) idleSeen.current = { hash: waiting.answer.head.hash, atMs: nowMs };
  if (!spec.answer || next.length === 0) return null;
  const state = turnState({
    earliestMs: next.map(({ earliestMs }) => earliestMs),
    stepMs,
    heartbeatMs,
    busySinceMs: busySince({
      final: consensus.final,
      unsettledHeight: consensus.finality?.unsettledHeight ?? 0,
      hasChangeInFlight: consensus.changeInFlight !== null,
      headMs,
      waiting: waiting.answer,
      idleSeenMs: idleSeen.current.hash === head.hash ? idleSeen.current.atMs : 0,
    }),
    nowMs,
  });
  const at = state.kind === "now" ? state.rank : 0;
  const turn = next[at] ?? next[0];
  const behind = next[at + 1];
  // A node that catches up has an old head: that is no stall.
  const isStalled = state.kind === "stalled" && status !== undefined && status.syncing === null;
  const stall = isStalled ? stallTitle(status, head.height) : undefined;
  return (
    <Card title="Whose turn" lead={`block ${head.height + 1}`}>
      <div class="stack">
        <div class="consensus-turn">
          {state.kind === "idle" && (
            <p>
              Nothing waits to be sealed.{" "}
              {state.dueMs === undefined ? (
                "A block comes with the next transaction."
              ) : (
                <>
                  An empty block by {turn && <AuthorityName of={turn} />} is due in{" "}
                  <strong>{countdown(state.dueMs - nowMs)}</strong>.
                </>
              )}
            </p>
          )}
          {state.kind === "soon" && (
            <p>
              {turn && <AuthorityName of={turn} />} seals next, in{" "}
              <strong>{countdown(state.dueMs - nowMs)}</strong>.
            </p>
          )}
          {state.kind === "now" && (
            <p>
              It is the turn of {turn && <AuthorityName of={turn} />}.
              {behind && state.untilMs !== undefined && (
                <>
                  {" "}
                  If it stays silent, <AuthorityName of={behind} /> may seal in{" "}
                  <strong>{countdown(state.untilMs - nowMs)}</strong>.
                </>
              )}
            </p>
          )}
        </div>
        <p class="unseen" role="status">
          {stall}
        </p>
        {state.kind === "stalled" && stall !== undefined && status && (
          <Note kind="bad" title={stall}>
            <Stalled sinceMs={state.sinceMs} reason={stallReason(status)} />
          </Note>
        )}
        <ol class="consensus-order" aria-label="The order of turns">
          {next.slice(0, turnsShown).map((each, rank) => (
            <li key={each.address} aria-current={state.kind === "now" && rank === at ? "step" : undefined}>
              <AuthorityName of={each} />
              <span class="soft small">{rank === 0 ? "first" : `after ${spanText(rank * stepMs)}`}</span>
            </li>
          ))}
          {next.length > turnsShown && <li class="soft small">and {next.length - turnsShown} more</li>}
        </ol>
      </div>
    </Card>
  );
}

function Stalled({ sinceMs, reason }: { sinceMs: number; reason: StallReason }) {
  return (
    <>
      <p>
        The next block was due <AgeTime ms={sinceMs} />. {reason.why}
      </p>
      <p>What to do: {reason.next}</p>
    </>
  );
}

function stallTitle(status: Parameters<typeof isCutOff>[0], height: number): string {
  return isCutOff(status)
    ? `This node hears of no block after ${height}`
    : `The chain stands still after block ${height}`;
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** In tenths while it is near, so that one sees it move. */
function countdown(leftMs: number): string {
  const left = Math.max(0, leftMs);
  return left < 10_000 ? `${(left / 1_000).toFixed(1)} s` : spanText(Math.ceil(left / 1_000) * 1_000);
}
