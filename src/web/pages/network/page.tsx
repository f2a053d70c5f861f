/** The page "Network". */

export default function NetworkPage() {
  return <h1>Network</h1>;
}
