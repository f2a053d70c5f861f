/** An authority by the best name there is: the registered one, else what its node calls itself, else its address. */
import { AccountLink } from "../../parts/links.tsx";

export interface NamedAuthority {
  readonly address: string;
  readonly name: string | null;
  readonly nodeName?: string | null;
}

export function AuthorityName({ of: { address, name, nodeName } }: { of: NamedAuthority }) {
  return <AccountLink address={address} name={name ?? (nodeName || null)} />;
}
