/** The block that comes next: who may make it and when, and how much waits for it. */
import { getConsensus } from "../../../api/agreement.ts";
import { getMining } from "../../../api/difficulty.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useNow } from "../../live/use-now.ts";
import { Countdown } from "../../parts/countdown.tsx";
import { shortHash } from "../../parts/short-hash.ts";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";
import { secondsText } from "./figure-texts.ts";

export function NextBlock() {
  const { engine, status } = useNode();
  const link = useLink();
  const waiting = status?.mempool ?? 0;
  return (
    <a class="overview-card overview-next" href={link("mempool")}>
      <span class="overview-card-top">
        <span class="overview-height">
          <span class="unseen">Next block: </span>
          {status ? (status.head.height + 1).toLocaleString("en-GB") : "…"}
        </span>
        <span class="overview-state">next</span>
      </span>
      <span class="overview-count">
        {waiting === 0 ? "nothing waits" : `${waiting.toLocaleString("en-GB")} waiting`}
      </span>
      <span class="overview-foot">
        {engine === "poa" && <NextAuthority waiting={waiting} />}
        {engine === "pow" && <NextMiner />}
      </span>
    </a>
  );
}

function NextAuthority({ waiting }: { waiting: number }) {
  const { answer } = useAnswer(({ api }, signal) => api.call(getConsensus, {}, { signal }), [], {
    reloadOn: ["head", "authority"],
  });
  const [turn] = answer?.next ?? [];
  const nowMs = useNow();
  if (!turn) return null;
  const isSettled = waiting === 0 && answer?.finality?.lagBlocks === 0;
  return (
    <>
      <span class="overview-producer">
        <UserText text={turn.name ?? turn.nodeName ?? shortHash(turn.address)} />
      </span>
      {isSettled && turn.earliestMs < nowMs ? (
        <span>when something waits</span>
      ) : (
        <Countdown dueMs={turn.earliestMs} />
      )}
    </>
  );
}

function NextMiner() {
  const { answer } = useAnswer(({ api }, signal) => api.call(getMining, {}, { signal }), [], {
    reloadOn: ["head"],
  });
  if (!answer) return null;
  return (
    <>
      <span class="overview-producer">any miner</span>
      <span>about every {secondsText(answer.averageBlockTimeMs ?? answer.targetBlockTimeMs)}</span>
    </>
  );
}
