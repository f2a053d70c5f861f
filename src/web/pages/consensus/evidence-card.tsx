/** Authorities that contradicted themselves: what each did, what that means, and who is out for good. */
import type { ConsensusAnswer } from "../../../api/agreement.ts";
import type { AuthoritiesAnswer } from "../../../api/consensus.ts";
import { Card } from "../../parts/card.tsx";
import { BlockLink } from "../../parts/links.tsx";
import { AuthorityName } from "./authority-name.tsx";

interface EvidenceCardProps {
  readonly consensus: ConsensusAnswer;
  readonly authorities: AuthoritiesAnswer | undefined;
}

const meanings: Readonly<Record<ConsensusAnswer["evidence"][number]["kind"], string>> = {
  "double-seal": "signed two blocks on one parent, so that two histories could each look right",
  "vote-pair": "signed two votes that contradict each other, with which two blocks could both become final",
};

export function EvidenceCard({ consensus: { evidence, banned }, authorities }: EvidenceCardProps) {
  const slashed = new Map(authorities?.slashed.map((each) => [each.address, each]));
  return (
    <Card title="Evidence">
      {evidence.length + banned.length === 0 ? (
        <p class="soft">
          No authority has contradicted itself. If one signs two blocks on one parent, or two votes that
          contradict each other, its own signatures are the evidence, and its key is removed for good.
        </p>
      ) : (
        <ul class="consensus-evidence">
          {evidence.map((each) => (
            <li key={`${each.kind} ${each.address}`}>
              <AuthorityName of={each} /> {meanings[each.kind]}. One of the next blocks takes the evidence in,
              and removes its key for good.
            </li>
          ))}
          {banned.map((each) => {
            const said = slashed.get(each.address);
            return (
              <li key={each.address}>
                <AuthorityName of={each} /> was removed for good
                {said && `: ${said.why}`}
                {said?.height != null && (
                  <>
                    , by the evidence in block <BlockLink height={said.height} />
                  </>
                )}
                .
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
