/** Who is to become an authority or to leave: candidates with the command that votes for them, open votes, the change in flight. */
import type { ConsensusAnswer } from "../../../api/agreement.ts";
import type { AuthoritiesAnswer } from "../../../api/consensus.ts";
import { useNode } from "../../live/node-view.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Card } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { Note } from "../../parts/note.tsx";
import { Table } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { AuthorityName } from "./authority-name.tsx";
import { voteCommand } from "./vote-command.ts";

interface ChangesCardProps {
  readonly consensus: ConsensusAnswer;
  readonly authorities: AuthoritiesAnswer;
}

const policies: Readonly<Record<AuthoritiesAnswer["admission"], string>> = {
  "open-lan": "Nodes of this LAN are let in by themselves while the join window is open.",
  token: "Whoever was invited is let in by itself.",
  vote: "Operators let nodes in by their votes.",
};

export function ChangesCard({ consensus, authorities }: ChangesCardProps) {
  const { majority, changeInFlight, ballots } = consensus;
  const { candidates, admission, joinWindowEndsAtMs } = authorities;
  const count = consensus.authorities.length;
  const names = new Map(consensus.authorities.map((authority) => [authority.address, authority]));
  return (
    <Card
      title="Changes of the authorities"
      lead={count === 1 ? "one vote passes a change" : `${majority ?? 1} of ${count} votes pass a change`}
    >
      <div class="stack">
        <p class="soft">
          {policies[admission]}{" "}
          {joinWindowEndsAtMs !== null && (
            <>
              The join window of this node {joinWindowEndsAtMs > Date.now() ? "closes" : "closed"}{" "}
              <AgeTime ms={joinWindowEndsAtMs} />.
            </>
          )}
        </p>
        {changeInFlight && (
          <Note kind="warn" title="A change has passed">
            {changeInFlight.action === "add" ? "To join: " : "To leave: "}
            <AccountLink address={changeInFlight.address} name={changeInFlight.name} />. It is in force once
            the block in which it passed is final.
          </Note>
        )}
        <h3>Candidates</h3>
        {candidates.length === 0 ? (
          <EmptyState>Nobody asks to become an authority.</EmptyState>
        ) : (
          <ul class="consensus-candidates">
            {candidates.map((candidate) => (
              <Candidate key={candidate.address} of={candidate} majority={majority ?? 1} count={count} />
            ))}
          </ul>
        )}
        <h3>Open votes</h3>
        <Table
          caption="Votes for changes that have not passed"
          rows={ballots}
          keyOf={({ voter, action, address }) => `${voter} ${action} ${address}`}
          empty="No vote is open."
          columns={[
            {
              title: "Voter",
              cell: ({ voter }) => <AuthorityName of={names.get(voter) ?? { address: voter, name: null }} />,
            },
            { title: "Wants to", cell: ({ action }) => action },
            {
              title: "Whom",
              cell: ({ address, name }) => <AuthorityName of={names.get(address) ?? { address, name }} />,
            },
            { title: "Counts until block", isNumber: true, cell: ({ expiresAtHeight }) => expiresAtHeight },
          ]}
        />
      </div>
    </Card>
  );
}

interface CandidateProps {
  readonly of: AuthoritiesAnswer["candidates"][number];
  readonly majority: number;
  readonly count: number;
}

function Candidate({ of: { address, name, lastHeardMs, waitingBecause }, majority, count }: CandidateProps) {
  const { status } = useNode();
  const isAuthority = status?.authority === true;
  const enough =
    count === 1 ? "Its vote is enough." : `It takes ${majority} votes of the ${count} authorities.`;
  return (
    <li class="stack">
      <div class="row">
        {name !== "" && (
          <strong>
            <UserText text={name} />
          </strong>
        )}
        <AccountLink address={address} copy />
        <span class="soft small">
          heard <AgeTime ms={lastHeardMs} />
        </span>
      </div>
      <p>
        {waitingBecause === null
          ? `This node votes for it by itself. ${enough}`
          : isAuthority
            ? `This node does not vote for it by itself: ${waitingBecause}. To vote for it with this node, run this on the node's machine. ${enough}`
            : `To let it in, run this on the machines of ${majority} of the ${count} authorities. This node is none, so its own vote does not count.`}
      </p>
      {waitingBecause !== null && (
        <CommandLine
          command={voteCommand("add", address, isAuthority ? status.dataDir : undefined)}
          label="Copy the command that votes for this candidate"
        />
      )}
    </li>
  );
}
