/** What a hit of the search is called, and which page shows it. */
import type { SearchHit } from "../../api/search.ts";

export interface HitText {
  /** The kind, in a word. */
  readonly kind: string;
  /** What was found: the text of a stranger for names and symbols. */
  readonly title: string;
  /** What tells it apart from others. */
  readonly detail: string;
  /** What names it in its page's address. */
  readonly reference: string;
  /** Whose strip of colours stands beside it: of what has a hash or an address. */
  readonly strip: string | undefined;
}

export function hitText(hit: SearchHit): HitText {
  switch (hit.type) {
    case "block":
      return {
        kind: hit.canonical ? "Block" : "Block of a branch",
        title: hit.height.toLocaleString("en-GB"),
        detail: shortened(hit.hash),
        // By its hash: at the height another block may stand by the time it is opened.
        reference: hit.hash,
        strip: hit.hash,
      };
    case "transaction":
      return {
        kind: "Transaction",
        title: shortened(hit.id),
        detail: hit.height === null ? hit.status : `in block ${hit.height.toLocaleString("en-GB")}`,
        reference: hit.id,
        strip: hit.id,
      };
    case "account":
      return {
        kind: "Account",
        title: hit.name ?? shortened(hit.address),
        detail: hit.name === null ? "no name" : shortened(hit.address),
        reference: hit.address,
        strip: hit.address,
      };
    case "user":
      return {
        kind: "User",
        title: hit.name,
        detail: shortened(hit.address),
        reference: hit.name,
        strip: hit.address,
      };
    case "asset":
      return {
        kind: "Asset",
        title: hit.symbol,
        detail: hit.assetId === "AUR" ? hit.name : `${hit.name}, ${shortened(hit.assetId)}`,
        reference: hit.assetId,
        strip: hit.assetId === "AUR" ? undefined : hit.assetId,
      };
  }
}

/** What `link` and `go` take to get to a hit's page. */
export function hitLink(hit: SearchHit): [page: SearchHit["type"], values: Record<string, string>] {
  const { reference } = hitText(hit);
  const names = {
    block: "reference",
    transaction: "id",
    account: "reference",
    user: "name",
    asset: "id",
  } as const;
  return [hit.type, { [names[hit.type]]: reference }];
}

/** Both ends, by which people compare: "aurex1k6va…7gz8". */
function shortened(text: string): string {
  const start = text.startsWith("aurex1") ? 12 : 8;
  return text.length <= start + 6 ? text : `${text.slice(0, start)}…${text.slice(-4)}`;
}

/** What the API takes as a text to search. */
const charactersMax = 192;

/** The text to ask for; undefined if there is nothing to search. */
export function searchText(typed: string): string | undefined {
  const text = typed.trim();
  return text === "" || text.length > charactersMax ? undefined : text;
}

/** The place that arrow keys lead to; -1 is the input itself, from which nothing is chosen. */
export function nextPlace(place: number, count: number, key: string): number {
  if (count === 0) return -1;
  switch (key) {
    case "ArrowDown":
      return place + 1 >= count ? -1 : place + 1;
    case "ArrowUp":
      return place === -1 ? count - 1 : place - 1;
    default:
      return place;
  }
}
