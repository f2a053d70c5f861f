/** The page "Assets". */

export default function AssetsPage() {
  return <h1>Assets</h1>;
}
