/** The page "Asset". */

export default function AssetPage() {
  return <h1>Asset</h1>;
}
