/** A pool's figures, how one joins it, and its members. */
import type { PoolAnswer } from "../../../api/mining.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card, Figure } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { AccountLink, TransactionLink } from "../../parts/links.tsx";
import { hashRateText, shareText } from "../../parts/quantity-text.ts";
import { Table } from "../../parts/table.tsx";

/** The node answers with a thousand; more than a hundred rows are no help. */
const membersShown = 100;

export function PoolView({ pool }: { pool: PoolAnswer }) {
  return (
    <>
      <div class="card figure-row">
        <Figure name="Members" note={pool.sessions === 1 ? "1 connection" : `${pool.sessions} connections`}>
          {pool.memberCount}
        </Figure>
        <Figure name="Hash rate" note="by the shares that came">
          {hashRateText(pool.hashesPerSecond)}
        </Figure>
        <Figure name="Blocks found" note={foundNote(pool)}>
          {pool.blocksFound}
        </Figure>
      </div>
      <Card title="Join it">
        <div class="stack">
          <p>Members need no chain and no key, only an account that is to be paid:</p>
          {pool.addresses.length === 0 ? (
            <EmptyState>The pool has no address so far.</EmptyState>
          ) : (
            pool.addresses.map((address) => (
              <CommandLine key={address} command={`aurex-node pool join ${address} --account aurex1…`} />
            ))
          )}
        </div>
      </Card>
      <Card title="Earnings">
        <Facts>
          <Fact label="Account" meaning="It earns the pool's blocks, and pays the members">
            <AccountLink address={pool.address} copy />
          </Fact>
          <Fact label="Earned" meaning="By all members, in blocks of the pool that stand in the chain">
            <Amount value={pool.earned} />
          </Fact>
          <Fact label="Immature" meaning="The part of it in blocks that are too young to be spent">
            <Amount value={pool.immature} />
          </Fact>
          <Fact label="Paid" meaning="In payments that stand in the chain, their fees included">
            <Amount value={pool.paid} />
          </Fact>
          <Fact
            label="Owed"
            meaning="Earned less paid; below 0 if a block left the chain after it was paid for"
          >
            <Amount value={pool.owed} />
          </Fact>
          <Fact label="Terms">
            {pool.feePercent === 0 ? "The pool takes no fee." : `The pool takes ${pool.feePercent} %.`}{" "}
            Members who are owed at least <Amount value={pool.payoutMinimum} /> are paid every{" "}
            {pool.payoutEveryBlocks} blocks.
          </Fact>
          <Fact
            label="Shares"
            meaning="A share is a nonce that nearly seals a block: it shows how much its member has searched"
          >
            {pool.sharesAccepted} accepted, {pool.sharesRejected} rejected
            {pool.dropped > 0 && `; ${pool.dropped} members dropped for false shares`}
          </Fact>
        </Facts>
      </Card>
      <Card
        title="Members"
        lead={pool.memberCount > membersShown ? `those that earned most, of ${pool.memberCount}` : undefined}
      >
        <Members pool={pool} />
      </Card>
    </>
  );
}

function foundNote({ blocksFound, blocksOrphaned }: PoolAnswer): string {
  if (blocksOrphaned > 0) return `${blocksOrphaned} of them left the chain`;
  return blocksFound === 0 ? "none so far" : "all of them stand";
}

function Members({ pool }: { pool: PoolAnswer }) {
  return (
    <Table
      caption="Members of the pool: shares, hash rate, earnings, payments"
      rows={pool.members.slice(0, membersShown)}
      keyOf={({ address }) => address}
      empty="Nobody has joined so far."
      columns={[
        { title: "Member", cell: ({ address }) => <AccountLink address={address} /> },
        {
          title: "Hash rate",
          isNumber: true,
          cell: ({ hashesPerSecond }) => (
            <>
              {hashRateText(hashesPerSecond)}
              {pool.hashesPerSecond > 0 && (
                <span class="soft">, {shareText(hashesPerSecond / pool.hashesPerSecond)}</span>
              )}
            </>
          ),
        },
        {
          title: "Shares",
          isNumber: true,
          cell: ({ sharesAccepted, sharesRejected }) => (
            <>
              {sharesAccepted}
              {sharesRejected > 0 && <span class="soft">, {sharesRejected} rejected</span>}
            </>
          ),
        },
        { title: "Blocks", isNumber: true, cell: ({ blocksFound }) => blocksFound },
        { title: "Earned", isNumber: true, cell: ({ earned }) => <Amount value={earned} /> },
        {
          title: "Paid",
          isNumber: true,
          cell: ({ paid, payoutTransaction }) => (
            <span class="pool-paid">
              <Amount value={paid} />
              {payoutTransaction !== null && <TransactionLink id={payoutTransaction} />}
            </span>
          ),
        },
        { title: "Owed", isNumber: true, cell: ({ owed }) => <Amount value={owed} /> },
      ]}
    />
  );
}
