/** How a Proof of Authority chain agrees: whose turn it is, who was there, what is final, and who is to join or leave. */
import { type ConsensusAnswer, getAuthorityUptime, getConsensus } from "../../../api/agreement.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Figure } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { spanText } from "../../parts/quantity-text.ts";
import { ChangesCard } from "./changes-card.tsx";
import { EvidenceCard } from "./evidence-card.tsx";
import { FinalityCard } from "./finality-card.tsx";
import { TurnCard } from "./turn-card.tsx";
import { UptimeCard } from "./uptime-card.tsx";

/** Blocks that the grid and the counts are about. */
const uptimeBlocks = 100;

export function AuthorityView() {
  const { chainId } = useNode();
  const consensus = useAnswer(({ api }, signal) => api.call(getConsensus, {}, { signal }), [], {
    reloadOn: ["head", "final", "authority", "status"],
  });
  const uptime = useAnswer(
    ({ api }, signal) =>
      api.call(getAuthorityUptime, { query: { blocks: String(uptimeBlocks) } }, { signal }),
    [],
    { reloadOn: ["head", "final"] },
  );
  const authorities = useAnswer(({ api }) => api.authorities(), [], { reloadOn: ["head", "authority"] });
  return (
    <Loaded of={consensus}>
      {(said) => (
        <>
          <Lead of={said} />
          <Figures of={said} />
          <TurnCard consensus={said} />
          <Loaded of={uptime}>
            {(known) => <UptimeCard uptime={known} consensus={said} authorities={authorities.answer} />}
          </Loaded>
          <FinalityCard key={chainId} consensus={said} />
          <Loaded of={authorities}>{(known) => <ChangesCard consensus={said} authorities={known} />}</Loaded>
          <EvidenceCard consensus={said} authorities={authorities.answer} />
        </>
      )}
    </Loaded>
  );
}

function Lead({ of: { authorities, finality } }: { of: ConsensusAnswer }) {
  const count = authorities.length;
  const quorum = finality?.quorum ?? count;
  return (
    <p class="soft consensus-lead">
      Proof of Authority:{" "}
      {count === 1
        ? "one authority seals the blocks, and certifies each by its vote."
        : `${count} authorities take turns and seal the blocks. The votes of ${quorum} of them certify a block.`}{" "}
      Once a block and the one on it are certified, it is final: nothing can undo it.
    </p>
  );
}

function Figures({ of: { authorities, finality } }: { of: ConsensusAnswer }) {
  const { status } = useNode();
  const count = authorities.length;
  const lag = finality?.lagBlocks ?? 0;
  return (
    <div class="card figure-row">
      <Figure
        name="Authorities heard"
        note={
          status?.quorum
            ? `${status.quorum.needed} ${status.quorum.needed === 1 ? "makes" : "make"} blocks final`
            : undefined
        }
      >
        {status?.quorum?.heard ?? "…"} of {count}
      </Figure>
      <Figure
        name="Not final yet"
        note={
          lag === 0
            ? "the head itself is final"
            : `${spanText(finality?.lagMs ?? 0)} from the final block to the head`
        }
      >
        {lag} {lag === 1 ? "block" : "blocks"}
      </Figure>
      <Figure
        name="Votes for the head"
        note={finality && `${finality.quorum} ${finality.quorum === 1 ? "certifies" : "certify"} it`}
      >
        {finality?.votesForHead.length ?? 0} of {count}
      </Figure>
    </div>
  );
}
