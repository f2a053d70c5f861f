/** The page "Transaction". */

export default function TransactionPage() {
  return <h1>Transaction</h1>;
}
