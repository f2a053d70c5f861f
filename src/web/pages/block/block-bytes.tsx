/** The bytes of a block, loaded when somebody wants to see them. */
import { useState } from "preact/hooks";
import { getBlockRaw } from "../../../api/blocks.ts";
import { blockSpans } from "../../../protocol/field-spans.ts";
import { RawBytes } from "../../bytes/raw-bytes.tsx";
import { useAnswer } from "../../live/use-answer.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";

export function BlockBytes({ hash }: { hash: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Card title="Raw bytes" lead="As nodes send them to each other, each field in a colour">
      {isOpen ? <Bytes hash={hash} /> : <Button onClick={() => setOpen(true)}>Show the bytes</Button>}
    </Card>
  );
}

function Bytes({ hash }: { hash: string }) {
  const raw = useAnswer(
    ({ api }, signal) => api.call(getBlockRaw, { params: { reference: hash } }, { signal }),
    [hash],
  );
  return (
    <Loaded of={raw}>
      {(bytes) => {
        const spans = blockSpans(bytes);
        if (spans.ok) return <RawBytes of="block" bytes={bytes} spans={spans.value} />;
        return (
          <Note kind="bad" title="These bytes are no block">
            The node gave {bytes.length} bytes that cannot be read: {spans.fault.reason}.
          </Note>
        );
      }}
    </Loaded>
  );
}
