/** The page "Keys": the keys of this browser, how one is made, taken over, opened, copied and removed. */
import "./wallet.css";
import { useState } from "preact/hooks";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { StorageNotes } from "../../wallet/storage-notes.tsx";
import { useWallet } from "../../wallet/use-wallet.ts";
import { ImportKey } from "./import-key.tsx";
import { KeyCard } from "./key-card.tsx";
import { NewKey } from "./new-key.tsx";

type Doing = "nothing" | "new" | "import";

export default function WalletPage() {
  const wallet = useWallet();
  const [doing, setDoing] = useState<Doing>("nothing");
  const [said, setSaid] = useState("");
  if (!wallet) {
    return (
      <div class="stack">
        <h1>Keys</h1>
        <p class="loading">Opening the wallet …</p>
      </div>
    );
  }
  const { state, ring } = wallet;
  const done = (text: string) => {
    setDoing("nothing");
    setSaid(text);
  };
  const start = (next: Doing) => {
    setSaid("");
    setDoing(next);
  };
  return (
    <div class="stack">
      <div class="page-head spread">
        <h1>Keys</h1>
        {state.unlocked.size > 0 && <Button onClick={wallet.lockEverywhere}>Lock all keys</Button>}
      </div>
      <p class="soft">
        A key is an account: whoever has it can spend what the account has. Keys are made and used in this
        browser, and never sent anywhere. The node sees signed transactions only.
      </p>
      <StorageNotes state={state} />
      <p class="wallet-said" role="status">
        {said}
      </p>
      {state.keys.map((row) => (
        <KeyCard key={row.id} row={row} locksAtMs={state.unlocked.get(row.id)} ring={ring} onDone={setSaid} />
      ))}
      {doing === "nothing" && (
        <Card title={state.keys.length === 0 ? "Begin" : "Another key"}>
          {state.keys.length === 0 && <EmptyState>There is no key in this browser yet.</EmptyState>}
          <div class="row">
            <Button kind="main" onClick={() => start("new")}>
              Make a new key
            </Button>
            <Button onClick={() => start("import")}>Import a key</Button>
          </div>
        </Card>
      )}
      {doing === "new" && <NewKey ring={ring} onDone={done} onCancel={() => start("nothing")} />}
      {doing === "import" && <ImportKey ring={ring} onDone={done} onCancel={() => start("nothing")} />}
    </div>
  );
}
