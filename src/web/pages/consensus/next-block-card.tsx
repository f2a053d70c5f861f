/** When the next block of a Proof of Work chain may come: a search has no memory, so this is about odds. */
import type { MiningAnswer } from "../../../api/difficulty.ts";
import { useNow } from "../../live/use-now.ts";
import { ageText } from "../../parts/age-text.ts";
import { Card } from "../../parts/card.tsx";
import { hashesText, shareText, spanText } from "../../parts/quantity-text.ts";
import { Term } from "../../parts/term.tsx";
import { blockOdds, chanceOfWaiting } from "./block-odds.ts";

interface NextBlockCardProps {
  readonly mining: MiningAnswer;
  /** When the newest block was made; undefined: there is none but the genesis block. */
  readonly lastMs: number | undefined;
}

export function NextBlockCard({ mining, lastMs }: NextBlockCardProps) {
  const nowMs = useNow();
  const { difficulty, networkHashesPerSecond, targetBlockTimeMs, head } = mining;
  const odds = blockOdds(Number(difficulty), networkHashesPerSecond);
  const waitedMs = lastMs === undefined ? undefined : nowMs - lastMs;
  return (
    <Card title="Next block" lead={`block ${head.height + 1}`}>
      <div class="stack">
        {odds === undefined ? (
          <p>
            It takes {hashesText(Number(difficulty))} on average. Too few blocks are known to say how fast the
            network searches; the chain aims at {spanText(targetBlockTimeMs)}.
          </p>
        ) : (
          <p>
            Expected in <strong>{spanText(odds.meanMs)}</strong> on average: in half of all cases within{" "}
            {spanText(odds.halfMs)}, in nine of ten within {spanText(odds.mostMs)}.{" "}
            <Term meaning="Each hash has the same small chance, whatever was tried before. So the time that is left does not shrink while one waits.">
              The search has no memory
            </Term>
            .
          </p>
        )}
        {waitedMs !== undefined && (
          <p class="soft">
            The newest block was made {ageText(nowMs - waitedMs, nowMs)}.
            {odds && ` ${rarity(chanceOfWaiting(waitedMs, odds))}`}
          </p>
        )}
      </div>
    </Card>
  );
}

/** A wait so rare that something else than chance is likelier. */
const rareBelow = 0.001;

function rarity(chance: number): string {
  if (chance < rareBelow) {
    return "A search almost never takes so long: miners may have left, or this node hears no new blocks.";
  }
  return `${shareText(chance)} of all searches take so long or longer.`;
}
