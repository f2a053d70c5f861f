/** The page "Blocks". */

export default function BlocksPage() {
  return <h1>Blocks</h1>;
}
