/** The page of one account, by its address, its public key or its name. */
import type { PageProps } from "../../shell/pages.ts";
import { AccountView } from "./account-view.tsx";

export default function AccountPage({ values: { reference = "" } }: PageProps) {
  return (
    <div class="stack">
      <h1>Account</h1>
      <AccountView reference={reference} />
    </div>
  );
}
