/** The page "Accounts". */

export default function AccountsPage() {
  return <h1>Accounts</h1>;
}
