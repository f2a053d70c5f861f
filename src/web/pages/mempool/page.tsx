/** The page "Mempool". */

export default function MempoolPage() {
  return <h1>Mempool</h1>;
}
