/** The numbers beside the strip: finality, what waits, how fast the chain is. */
import { getMempoolStats } from "../../../api/mempool.ts";
import { getStats } from "../../../api/stats.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useEvery } from "../../live/use-every.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { BlockLink } from "../../parts/links.tsx";
import { Spark } from "../../parts/spark.tsx";
import { sinceFirst } from "../../parts/sparkline-points.ts";
import { useLink } from "../../shell/place.ts";
import { intervalsMs, medianOf, rateText, secondsText } from "./figure-texts.ts";
import type { StripBlock } from "./strip-layout.ts";

const everyMs = 10_000;

export function Figures({ blocks }: { blocks: readonly StripBlock[] }) {
  return (
    <div class="overview-figures">
      <Waiting />
      <Throughput />
      <BlockTime blocks={blocks} />
      <Finality />
    </div>
  );
}

function Waiting() {
  const link = useLink();
  const { answer } = useAnswer(({ api }, signal) => api.call(getMempoolStats, {}, { signal }), [], {
    reloadOn: ["mempool", "head"],
  });
  const fee = answer?.suggestedFees[0]?.fee ?? answer?.minimumFee;
  return (
    <Card title="Waiting" lead={<a href={link("mempool")}>Mempool</a>}>
      <p class="overview-figure">{answer ? answer.count.toLocaleString("en-GB") : "…"}</p>
      <p class="small soft">
        {fee === undefined ? (
          ""
        ) : (
          <>
            A transfer now costs <Amount value={fee} />.
          </>
        )}
      </p>
    </Card>
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
    <Card title="Transactions a second" lead="last hour">
      <p class="overview-figure">{now === undefined ? "…" : rateText(now)}</p>
      <Spark label="Transactions a second, by minute" values={known} format={rateText} />
    </Card>
  );
}

function BlockTime({ blocks }: { blocks: readonly StripBlock[] }) {
  const intervals = intervalsMs(blocks);
  const median = medianOf(intervals);
  return (
    <Card title="Block time" lead={`last ${intervals.length} blocks`}>
      <p class="overview-figure">{median === undefined ? "…" : secondsText(median)}</p>
      <Spark label="Time between blocks" values={intervals} format={secondsText} />
    </Card>
  );
}

function Finality() {
  const { status, engine } = useNode();
  const link = useLink();
  if (engine === "pow") {
    return (
      <Card title="Peers" lead={<a href={link("network")}>Network</a>}>
        <p class="overview-figure">{status?.peers ?? "…"}</p>
        <p class="small soft">Each block makes those below it harder to replace. None is ever final.</p>
      </Card>
    );
  }
  const final = status?.final ?? undefined;
  return (
    <Card title="Final" lead={<a href={link("consensus")}>Consensus</a>}>
      <p class="overview-figure">{final ? <BlockLink height={final.height} hash={final.hash} /> : "…"}</p>
      <p class="small soft">
        {status?.quorum
          ? `${status.quorum.heard} of ${status.authorities.length} authorities heard; ${status.quorum.needed} make a block final.`
          : ""}
      </p>
    </Card>
  );
}
