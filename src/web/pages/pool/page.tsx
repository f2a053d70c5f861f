/** The page "Pool". */

export default function PoolPage() {
  return <h1>Pool</h1>;
}
