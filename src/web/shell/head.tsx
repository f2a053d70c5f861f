/** The header: whose page it is, search, and whether the node answers. */
import { useNode } from "../live/node-view.ts";
import { Badge } from "../parts/badge.tsx";
import { UserText } from "../parts/user-text.tsx";
import { useLink } from "./place.ts";
import { SearchField } from "./search-field.tsx";
import { syncText } from "./state-text.ts";

export function Head({ isMenuOpen, onMenu }: { isMenuOpen: boolean; onMenu: () => void }) {
  const { status, labName } = useNode();
  const link = useLink();
  return (
    <header class="head">
      <a class="head-name" href={link("overview")}>
        <img src="./favicon.svg" alt="" width="24" height="24" />
        <span>
          <UserText text={status?.name ?? labName ?? "Aurex"} />
        </span>
        {status && (
          <Badge>
            <abbr title={status.consensus === "pow" ? "Proof of Work" : "Proof of Authority"}>
              {status.consensus === "pow" ? "PoW" : "PoA"}
            </abbr>
          </Badge>
        )}
      </a>
      <SearchField />
      <ConnectionState />
      <button
        type="button"
        class="button menu-button"
        aria-expanded={isMenuOpen}
        aria-controls="side"
        onClick={onMenu}
      >
        Menu
      </button>
    </header>
  );
}

function ConnectionState() {
  const { connection, status, sync } = useNode();
  const head = status ? `block ${status.head.height}` : "";
  const [kind, text, meaning] = stateOf();
  return (
    <p class="head-state" title={meaning}>
      <span class={`dot ${kind}`} aria-hidden="true" />
      <span>{text}</span>
    </p>
  );

  function stateOf(): [kind: string, text: string, meaning: string] {
    if (connection.kind === "lost") return ["bad", "no answer", connection.reason];
    if (connection.kind === "connecting")
      return ["warn", "connecting", "Waiting for the node's first answer."];
    if (sync) return ["warn", `${head} · ${sync.percent} %`, `The node is ${syncText(sync)}.`];
    if (connection.isPolled) {
      return [
        "good",
        head,
        "Other tabs have the connections for live news: this node is asked every few seconds.",
      ];
    }
    return ["good", head, "What happens in the node is shown as it happens."];
  }
}
