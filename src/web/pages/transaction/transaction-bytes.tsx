/** The bytes of a transaction, loaded when somebody wants to see them. */
import { useState } from "preact/hooks";
import { getTransactionRaw } from "../../../api/transactions.ts";
import { transactionSpans } from "../../../protocol/field-spans.ts";
import { RawBytes } from "../../bytes/raw-bytes.tsx";
import { useAnswer } from "../../live/use-answer.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";

export function TransactionBytes({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Card title="Raw bytes" lead="What was signed, with the signature, each field in a colour">
      {isOpen ? <Bytes id={id} /> : <Button onClick={() => setOpen(true)}>Show the bytes</Button>}
    </Card>
  );
}

function Bytes({ id }: { id: string }) {
  const raw = useAnswer(
    ({ api }, signal) => api.call(getTransactionRaw, { params: { id } }, { signal }),
    [id],
  );
  return (
    <Loaded of={raw}>
      {(bytes) => {
        const spans = transactionSpans(bytes);
        if (spans.ok) return <RawBytes of="transaction" bytes={bytes} spans={spans.value} />;
        return (
          <Note kind="bad" title="These bytes are no transaction">
            The node gave {bytes.length} bytes that cannot be read: {spans.fault.reason}.
          </Note>
        );
      }}
    </Loaded>
  );
}
