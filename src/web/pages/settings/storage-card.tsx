/** What the page keeps in this browser, and how it is deleted. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Note } from "../../parts/note.tsx";
import { forgetAll, forgetAllButKeys, type KeptThings, keptThings } from "../../shell/page-storage.ts";

export function StorageCard() {
  const [kept, setKept] = useState<KeptThings | undefined>();
  const [isSure, setSure] = useState(false);
  const [done, setDone] = useState<{ kind: "good" | "bad"; text: string }>();
  const look = () => void keptThings().then(setKept);
  useEffect(look, []);
  const forget = async (act: () => Promise<void>, text: string) => {
    try {
      await act();
      setDone({ kind: "good", text });
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      setDone({
        kind: "bad",
        text: `The browser did not delete it: ${why}. Close the other tabs of this page, then try again.`,
      });
    }
    setSure(false);
    look();
  };
  return (
    <Card title="What this browser keeps" lead="Nothing of it is sent anywhere.">
      <Facts>
        <Fact
          label="Settings and notes"
          meaning="Settings, progress of the lessons, and which chain was seen at this address."
        >
          {kept === undefined ? "nothing" : count(kept.texts.length, "entry", "entries")}
        </Fact>
        <Fact
          label="Databases"
          meaning="The keys of the wallet, its address book and what it has sent; and what was verified already."
        >
          {kept?.databases === null
            ? "this browser does not say"
            : count(kept?.databases?.length ?? 0, "database", "databases")}
        </Fact>
      </Facts>
      <div class="settings-forget">
        <Button
          onClick={() =>
            void forget(forgetAllButKeys, "All but the keys is deleted. Reload the page to begin anew.")
          }
        >
          Forget all but the keys
        </Button>
        <label class="settings-sure">
          <input
            type="checkbox"
            checked={isSure}
            onChange={({ currentTarget }) => setSure(currentTarget.checked)}
          />
          <span>I have a copy of my keys elsewhere, or they own nothing</span>
        </label>
        <Button
          kind="danger"
          disabled={!isSure}
          onClick={() =>
            void forget(forgetAll, "All is deleted, with the keys. Reload the page to begin anew.")
          }
        >
          Forget all, with the keys
        </Button>
      </div>
      <div role="status">{done && <Note kind={done.kind} title={done.text} />}</div>
    </Card>
  );
}

function count(number: number, one: string, many: string): string {
  return `${number === 0 ? "no" : number} ${number === 1 ? one : many}`;
}
