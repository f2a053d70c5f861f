/** What the reader has to know on every page: the node does not answer, it catches up, it has a fault. */
import { useNode } from "../live/node-view.ts";
import { AgeTime } from "../parts/age-time.tsx";
import { Note } from "../parts/note.tsx";

export function Notices() {
  const { connection, status } = useNode();
  return (
    <div class="notices" role="status">
      {connection.kind === "lost" && (
        <Note kind="bad" title="The node does not answer">
          {connection.reason}, <AgeTime ms={connection.sinceMs} />. What you see is what it said last. This
          page goes on by itself when the node answers again.
        </Note>
      )}
      {status?.syncing && (
        <Note kind="warn" title="The node catches up">
          Block {status.syncing.height} of {status.syncing.targetHeight}.
        </Note>
      )}
      {status?.advice
        .filter(({ fault }) => fault)
        .map(({ code, what, why, next }) => (
          <Note key={code} kind="warn" title={what}>
            {why}. {next}
          </Note>
        ))}
    </div>
  );
}
