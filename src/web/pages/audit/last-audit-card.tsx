/** What the last audit of the node's ledger came to, and how a reader runs it without trust in this node. */
import { type AuditedChain, type AuditedCheck, type AuditFinding, getAudit } from "../../../api/audit.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge, type Mood } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { Table } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";

const statusBadges: Readonly<Record<AuditedCheck["status"], readonly [Mood, string]>> = {
  holds: ["good", "holds"],
  fails: ["bad", "fails"],
  "not-judged": ["warn", "not judged"],
  "does-not-apply": ["plain", "does not apply"],
};

const verdictNotes: Readonly<Record<AuditedChain["verdict"], "good" | "warn" | "bad">> = {
  failed: "bad",
  consistent: "warn",
  authentic: "good",
  complete: "good",
};

export function LastAuditCard() {
  const { chainId = "CHAIN_ID" } = useNode();
  // No event tells of it: another program writes the result down.
  const last = useAnswer(({ api }, signal) => api.call(getAudit, {}, { signal }), [], {
    reloadOn: ["final"],
  });
  return (
    <Card
      title="Check that it is authentic"
      class="stack"
      lead="Twelve checks from the file alone: bytes, hashes, seals, signatures, certificates, the ledger replayed up to each state root."
    >
      <p>
        Of a downloaded ledger, on a machine of yours. The chain id has to come from a source that you trust.
      </p>
      <CommandLine command={`aurex-node audit ledger.sqlite --genesis ${chainId}`} />
      <h3>The last audit on the node's machine</h3>
      <Loaded of={last}>
        {({ audit }) =>
          audit === null ? (
            <>
              <p>There was none so far. Its result is shown here if it is run where the node's data are:</p>
              <CommandLine command={`aurex-node audit --genesis ${chainId}`} />
            </>
          ) : (
            <>
              <p>
                <AgeTime ms={audit.startedAtMs} />, of <UserText text={audit.file} />. This is what the node's
                operator says; your own audit is what proves it.
              </p>
              {audit.chains.map((chain) => (
                <ChainVerdict key={chain.chainId} chain={chain} />
              ))}
              {audit.chains.map(({ chainId: id, name, checks, findings }) => (
                <div class="stack" key={id}>
                  <Table
                    caption={`The checks of chain ${name}`}
                    columns={checkColumns}
                    rows={[audit.schema, ...checks]}
                    keyOf={(check) => check.name}
                    empty="No check was run."
                  />
                  <Findings findings={[...audit.findings, ...findings]} />
                </div>
              ))}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

function ChainVerdict({ chain }: { chain: AuditedChain }) {
  return (
    <Note kind={verdictNotes[chain.verdict]} title={chain.words}>
      <p>
        Chain <UserText text={chain.name} />
      </p>
      {chain.notProved.length > 0 && (
        <ul>
          {chain.notProved.map(({ what, next }) => (
            <li key={what}>
              <UserText text={what} /> <span class="audit-plain">What would prove it:</span>{" "}
              <code>{next}</code>
            </li>
          ))}
        </ul>
      )}
    </Note>
  );
}

const checkColumns = [
  { title: "Check", cell: ({ title }: AuditedCheck) => title },
  {
    title: "Result",
    cell: ({ status }: AuditedCheck) => {
      const [mood, text] = statusBadges[status];
      return <Badge kind={mood}>{text}</Badge>;
    },
  },
  { title: "Rows", isNumber: true, cell: ({ rows }: AuditedCheck) => rows },
  { title: "Findings", isNumber: true, cell: ({ findings }: AuditedCheck) => findings },
];

function Findings({ findings }: { findings: readonly AuditFinding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul class="audit-findings">
      {findings.map(({ table, row, column, expected, found, meaning }, index) => (
        <li key={index}>
          <UserText text={[table, row, column ?? ""].filter((part) => part !== "").join(", ")} />:{" "}
          <UserText text={meaning} />. Expected <code>{expected}</code>, found <code>{found}</code>.
        </li>
      ))}
    </ul>
  );
}
