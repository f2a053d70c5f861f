/** How an authority is called: by the name that it has registered, else by what its node calls itself, else by its address. */
import { visibleText } from "../../../base/visible-text.ts";
import { shortHash } from "../../parts/short-hash.ts";

export interface NamedAuthority {
  readonly address: string;
  /** Registered: nobody else can have it. */
  readonly name: string | null;
  /** Anybody can call a node so. */
  readonly nodeName?: string | null;
}

/** What a node calls itself, unless it looks like a registered name: it would pass for whoever owns that. */
export function ownNodeName({ nodeName }: Pick<NamedAuthority, "nodeName">): string | undefined {
  return nodeName && !nodeName.includes("@") ? nodeName : undefined;
}

/** For a place with room for one name and no link; nothing in it is hidden. */
export function bestName(authority: NamedAuthority | undefined): string {
  if (!authority) return "";
  return visibleText(authority.name ?? ownNodeName(authority) ?? "") || shortHash(authority.address);
}
