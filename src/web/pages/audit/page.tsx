/** The page "Audit": the SQL ledger as a download with its checksum, and how it is read and checked. */
import "./audit.css";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { DownloadCard } from "./download-card.tsx";
import { LastAuditCard } from "./last-audit-card.tsx";
import { checkingLines, commandOf, readingLines, type SqlLine } from "./sql-lines.ts";

export default function AuditPage() {
  const node = useAnswer(({ api }) => api.node(), [], { reloadOn: ["head"] });
  return (
    <div class="stack">
      <h1>Audit</h1>
      <p>
        A node can write its chain into one SQLite file beside its own store: every block, transaction, name,
        asset and balance as rows that any SQL program reads. Download it, and you need neither the node nor
        Aurex to check it.
      </p>
      <Loaded of={node}>
        {({ export: ledger }) => (ledger === null ? <NoLedger /> : <DownloadCard ledger={ledger} />)}
      </Loaded>
      <Lines title="What is in it" lines={readingLines} />
      <Lines
        title="Check that it is consistent"
        lead="Each line says what a sound file answers."
        lines={checkingLines}
      />
      <LastAuditCard />
    </div>
  );
}

function NoLedger() {
  const { status } = useNode();
  return (
    <Card title="This node writes no SQL ledger" class="stack">
      <p>
        <UserText text={status?.name ?? "It"} /> was started without one. With the next start it can write
        one, or the chain of a stopped node can be written out once.
      </p>
      <Facts>
        <Fact label="While it runs" meaning="Add this to the command that starts the node.">
          <CommandLine command="--export ledger.sqlite" />
        </Fact>
        <Fact
          label="Once"
          meaning="With the node stopped, on its machine, with the same --data-dir as the node."
        >
          <CommandLine command="aurex-node export --out ledger.sqlite" />
        </Fact>
      </Facts>
      <Note title="Another node of the network may have one">
        Every node of a chain writes the same rows, so ask any of them.
      </Note>
    </Card>
  );
}

function Lines({ title, lead, lines }: { title: string; lead?: string; lines: readonly SqlLine[] }) {
  return (
    <Card title={title} lead={lead ?? "In the folder of the file, with SQLite 3.8.3 or newer."}>
      <dl class="audit-lines">
        {lines.map(({ what, expected, sql }) => (
          <div key={sql}>
            <dt>
              {what} <span class="audit-expected">answers: {expected}</span>
            </dt>
            <dd>
              <CommandLine command={commandOf("ledger.sqlite", sql)} />
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
