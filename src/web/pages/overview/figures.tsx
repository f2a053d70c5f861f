/** The numbers beside the strip: finality, what waits, how fast the chain is. */
import type { ComponentChildren } from "preact";
import { getMempoolStats } from "../../../api/mempool.ts";
import { getStats } from "../../../api/stats.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useEvery } from "../../live/use-every.ts";
import { Amount } from "../../parts/amount.tsx";
import { BlockLink } from "../../parts/links.tsx";
import { Spark } from "../../parts/spark.tsx";
import { sinceFirst } from "../../parts/sparkline-points.ts";
import { useLink } from "../../shell/place.ts";
import { intervalsMs, medianOf, rateText, secondsText } from "./figure-texts.ts";
import type { StripBlock } from "./strip-layout.ts";

const everyMs = 10_000;

export function Figures({ blocks }: { blocks: readonly StripBlock[] }) {
  return (
    <section class="card overview-figures" aria-label="Numbers">
      <Throughput />
      <BlockTime blocks={blocks} />
      <Waiting />
      <Finality />
    </section>
  );
}

interface OneFigureProps {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly children?: ComponentChildren;
}

function OneFigure({ name, value, children }: OneFigureProps) {
  return (
    <div class="overview-figure">
      <h2>{name}</h2>
      <p class="overview-number">{value ?? "…"}</p>
      <div class="small soft">{children}</div>
    </div>
  );
}

function Throughput() {
  const { answer, reload } = useAnswer(
    ({ api }, signal) => api.call(getStats, { query: { window: "1h" } }, { signal }),
    [],
  );
  useEvery(everyMs, reload);
  const values = sinceFirst((answer?.buckets ?? []).map((bucket) => bucket.transactionsPerSecond));
  // The last minute is not over: it would look like a fall.
  const known = values.length > 1 ? values.slice(0, -1) : values;
  const now = known.at(-1);
  return (
    <OneFigure name="Transactions a second" value={now === undefined ? undefined : rateText(now)}>
      <Spark label="Transactions a second, by minute" values={known} format={rateText} />
      {known.length > 1 ? `by minute, the last ${known.length} min` : "in the last minute"}
    </OneFigure>
  );
}

function BlockTime({ blocks }: { blocks: readonly StripBlock[] }) {
  const intervals = intervalsMs(blocks);
  const median = medianOf(intervals);
  return (
    <OneFigure name="Time between blocks" value={median === undefined ? undefined : secondsText(median)}>
      <Spark label="Time between blocks" values={intervals} format={secondsText} />
      {intervals.length > 0 && `the middle one of the last ${intervals.length}`}
    </OneFigure>
  );
}

function Waiting() {
  const link = useLink();
  const { answer } = useAnswer(({ api }, signal) => api.call(getMempoolStats, {}, { signal }), [], {
    reloadOn: ["mempool", "head"],
  });
  const fee = answer?.suggestedFees[0]?.fee ?? answer?.minimumFee;
  return (
    <OneFigure
      name="Waiting transactions"
      value={answer && <a href={link("mempool")}>{answer.count.toLocaleString("en-GB")}</a>}
    >
      {fee === "0" && "A transfer needs no fee now."}
      {fee !== undefined && fee !== "0" && (
        <>
          A transfer in the next block costs <Amount value={fee} />.
        </>
      )}
    </OneFigure>
  );
}

function Finality() {
  const { status, engine } = useNode();
  const link = useLink();
  if (engine === "pow") {
    return (
      <OneFigure name="Peers" value={status && <a href={link("network")}>{status.peers}</a>}>
        Each block makes those below it harder to replace. None is ever final.
      </OneFigure>
    );
  }
  const final = status?.final ?? undefined;
  const { quorum, authorities = [] } = status ?? {};
  return (
    <OneFigure name="Final block" value={final && <BlockLink height={final.height} hash={final.hash} />}>
      {quorum && (
        <>
          {quorum.heard} of {authorities.length} <a href={link("consensus")}>authorities</a> heard;{" "}
          {quorum.needed} make a block final.
        </>
      )}
    </OneFigure>
  );
}
