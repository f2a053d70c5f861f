/** The header: whose page it is, search, and whether the node answers. */
import { useNode } from "../live/node-view.ts";
import { Badge } from "../parts/badge.tsx";
import { useLink } from "./place.ts";
import { SearchField } from "./search-field.tsx";

export function Head({ isMenuOpen, onMenu }: { isMenuOpen: boolean; onMenu: () => void }) {
  const { status, labName } = useNode();
  const link = useLink();
  return (
    <header class="head">
      <a class="head-name" href={link("overview")}>
        <img src="./favicon.svg" alt="" width="24" height="24" />
        <span>{status?.name ?? labName ?? "Aurex"}</span>
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
  const { connection, status } = useNode();
  const head = status ? `block ${status.head.height}` : "";
  const [kind, text] =
    connection.kind === "open"
      ? ["good", head]
      : connection.kind === "lost"
        ? ["bad", "no answer"]
        : ["warn", "connecting"];
  return (
    <p class="head-state">
      <span class={`dot ${kind}`} aria-hidden="true" />
      <span>{text}</span>
    </p>
  );
}
