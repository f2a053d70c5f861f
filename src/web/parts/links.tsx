/** Links to what the chain holds: a block by its height, a transaction by its id, an account by its name if it has one. */
import { useLink } from "../shell/place.ts";
import { Hash } from "./hash.tsx";
import { UserText } from "./user-text.tsx";

export function BlockLink({ height, hash }: { height: number; hash?: string }) {
  const link = useLink();
  return <a href={link("block", { reference: hash ?? height })}>{height}</a>;
}

export function TransactionLink({ id, copy = false }: { id: string; copy?: boolean }) {
  const link = useLink();
  return <Hash value={id} href={link("transaction", { id })} copy={copy} />;
}

/** @param name as registered; the address is shown if there is none */
export function AccountLink({
  address,
  name,
  copy = false,
}: {
  address: string;
  name?: string | null;
  copy?: boolean;
}) {
  const link = useLink();
  const href = link("account", { reference: address });
  if (!name) return <Hash value={address} href={href} copy={copy} />;
  return (
    <a href={href} title={address} data-same={address}>
      <UserText text={name} />
    </a>
  );
}

/** An asset by its symbol. */
export function AssetLink({ id, symbol }: { id: string; symbol: string }) {
  const link = useLink();
  return (
    <a href={link("asset", { id })}>
      <UserText text={symbol} />
    </a>
  );
}
