/** How a Proof of Work chain agrees: how hard the next block is, how fast blocks come, and who finds them. */
import {
  getMining,
  getMiningHistory,
  type MiningAnswer,
  type MiningHistoryAnswer,
} from "../../../api/difficulty.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card, Figure } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { hashesText, hashRateText, spanText } from "../../parts/quantity-text.ts";
import { Term } from "../../parts/term.tsx";
import { useLink } from "../../shell/place.ts";
import { MinersCard } from "./miners-card.tsx";
import { NextBlockCard } from "./next-block-card.tsx";
import { WorkCharts } from "./work-charts.tsx";

/** Blocks that charts and shares are about: one page of the list. */
const historyBlocks = 100;

export function WorkView() {
  const mining = useAnswer(({ api }, signal) => api.call(getMining, {}, { signal }), [], {
    reloadOn: ["head", "status"],
  });
  const history = useAnswer(
    ({ api }, signal) => api.call(getMiningHistory, { query: { limit: String(historyBlocks) } }, { signal }),
    [],
    { reloadOn: ["head"] },
  );
  return (
    <Loaded of={mining}>
      {(said) => (
        <>
          <p class="soft consensus-lead">
            Proof of Work: whoever finds a number that makes the block's hash small enough makes the block.
            The chain with the most work behind it wins, so a block is never final: with each block on top of
            it, it is harder to replace.
          </p>
          <Figures mining={said} />
          <Loaded of={history}>{({ items }) => <WorkCards mining={said} blocks={items} />}</Loaded>
        </>
      )}
    </Loaded>
  );
}

function Figures({ mining }: { mining: MiningAnswer }) {
  const { difficulty, networkHashesPerSecond, averageBlockTimeMs, targetBlockTimeMs } = mining;
  return (
    <div class="card figure-row">
      <Figure name="Difficulty" note="hashes for the next block, on average">
        {hashesText(Number(difficulty))}
      </Figure>
      <Figure name="Hash rate of the network" note={`estimated from ${mining.estimatedOverBlocks} blocks`}>
        {networkHashesPerSecond === null ? "not known yet" : hashRateText(networkHashesPerSecond)}
      </Figure>
      <Figure name="Time between blocks" note={`the chain aims at ${spanText(targetBlockTimeMs)}`}>
        {averageBlockTimeMs === null ? "not known yet" : spanText(averageBlockTimeMs)}
      </Figure>
    </div>
  );
}

interface WorkCardsProps {
  readonly mining: MiningAnswer;
  readonly blocks: MiningHistoryAnswer["items"];
}

function WorkCards({ mining, blocks }: WorkCardsProps) {
  return (
    <>
      <NextBlockCard mining={mining} lastMs={blocks[0]?.timestampMs} />
      <WorkCharts blocks={blocks} targetBlockTimeMs={mining.targetBlockTimeMs} />
      <MinersCard blocks={blocks} />
      <OwnMining mining={mining} />
    </>
  );
}

function OwnMining({ mining: { self, blockReward, retargetHalfLifeMs } }: { mining: MiningAnswer }) {
  const link = useLink();
  return (
    <Card title="Mining here">
      <div class="stack">
        <p>
          {!self.mining
            ? "This node does not mine."
            : self.hashesPerSecond === null
              ? "This node mines with no thread of its own: others search for it."
              : `This node searches with ${hashRateText(self.hashesPerSecond)}, and has tried ${hashesText(self.hashesTried ?? 0)} for the block under way.`}{" "}
          A block earns {blockReward} AUR and the fees of its transactions.
        </p>
        <p class="soft">
          <Term
            meaning={`If blocks come too fast or too slowly, the target follows: a deviation that lasts ${spanText(retargetHalfLifeMs)} halves or doubles the difficulty.`}
          >
            The difficulty follows the block times
          </Term>
          . Several miners can share the work and what it earns: see{" "}
          <a href={link("pool")}>the mining pool</a>.
        </p>
      </div>
    </Card>
  );
}
