/** The page "Block". */

export default function BlockPage() {
  return <h1>Block</h1>;
}
